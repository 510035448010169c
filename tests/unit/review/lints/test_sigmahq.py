from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sigma_xdr.errors import UsageError
from sigma_xdr.review.lints import sigmahq
from tests.unit.review.lints.packs import lint, render

PATH = "sigma_rules/impact/proc_creation_win_wmic_shadowcopy.yml"
RIGHT = """title: WMIC Deletes Shadow Copies
id: 917b07c8-6586-4eba-ae00-bd43fe74d85c
status: experimental
description: Detects wmic.exe that deletes shadow copies.
references:
    - https://lolbas-project.github.io/lolbas/Binaries/Wmic/
author: somebody
date: 2026-11-22
tags:
    - attack.impact
    - attack.t1490
    - attack.s0357
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
        CommandLine|contains: 'shadowcopy delete'
    condition: selection
falsepositives:
    - Unlikely
level: medium
"""
CASES = yaml.safe_load(Path(__file__).with_name("sigmahq.yml").read_text(encoding="utf-8"))


def found(root: Path, text: str, path: str = PATH) -> str:
    findings = [each for each in lint(root, {path: text}, sigmahq=True) if each.code.startswith(("sigma-", "sigmahq-"))]
    return render(root, findings)


def test_a_rule_as_sigmahq_wants_it(tmp_path: Path) -> None:
    assert found(tmp_path, RIGHT) == ""


@pytest.mark.parametrize("case", CASES, ids=[case["said"].partition("[")[2].partition("]")[0] for case in CASES])
def test_what_the_validators_find(case: dict[str, str], tmp_path: Path) -> None:
    assert case["right"] in RIGHT
    lines = found(tmp_path, RIGHT.replace(case["right"], case["wrong"])).splitlines()
    assert [line for line in lines if line.startswith(PATH)] == [f"{PATH}:{case['said']}"]


def test_a_finding_leads_to_its_page(tmp_path: Path) -> None:
    path = "sigma_rules/impact/Proc_creation.yml"
    assert found(tmp_path, RIGHT, path) == (
        "sigma_rules/impact/Proc_creation.yml:1:1: warning[sigmahq-filename-convention]: the rule filename doesn't match SigmaHQ "
        "convention: 'Proc_creation.yml'\n"
        "   1 | title: WMIC Deletes Shadow Copies\n"
        "     | ^^^^^\n"
        "      = sigma-xdr lint --explain sigmahq-filename-convention"
    )


def test_two_rules_of_one_title(tmp_path: Path) -> None:
    other = RIGHT.replace("917b07c8", "927b07c8")
    files = {PATH: RIGHT, PATH.replace("wmic", "other"): other}
    [finding] = [each for each in lint(tmp_path, files, sigmahq=True) if each.code == "sigma-duplicate-title"]
    assert render(tmp_path, [finding]).splitlines() == [
        f"{PATH}:1:8: error[sigma-duplicate-title]: rule title used by multiple rules: 'WMIC Deletes Shadow Copies'",
        "   1 | title: WMIC Deletes Shadow Copies",
        "     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "      = sigma_rules/impact/proc_creation_win_other_shadowcopy.yml has the same",
    ]


def test_what_a_validator_can_not_read_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    for entry in ("''", "null", "5"):
        lines = found(
            tmp_path, RIGHT.replace("- Unlikely", f"- {entry}").replace("author: somebody\n", "")
        ).splitlines()
        said = f"{PATH}:20:1: error[sigmahq-falsepositives-capital]: SigmaHQ's check can't read what stands here: a value is "
        assert f"{said}empty, or no text" in lines
        assert f"{PATH}:1:1: warning[sigmahq-author-existence]: rule is missing the author field" in lines


def test_nothing_is_downloaded_and_nothing_kept(tmp_path: Path) -> None:
    """In a process of its own: the package fetches its data when it is imported first."""
    script = (
        "import socket\n"
        "def refuse(*_): raise SystemExit('a download')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from sigma_xdr.cli import main\n"
        "main(['lint', 'sigma_rules'])\n"
    )
    (tmp_path / "sigma_rules").mkdir()
    (tmp_path / "sigma_rules/proc_creation_win_a.yml").write_text(RIGHT.replace("t1490", "t1491"), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "1 rule linted: no findings\n")
    assert list(home.iterdir()) == []


def test_where_the_validators_are_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigmahq, "_PACKAGE", "sigma.validators.nowhere")
    sigmahq._validators.cache_clear()
    try:
        with pytest.raises(UsageError) as error:
            lint(tmp_path, {PATH: RIGHT}, sigmahq=True)
        assert str(error.value) == (
            "error[no-validators]: SigmaHQ's validators aren't installed\n"
            "  = pip install sigma-xdr[lint], or leave them out: --no-sigmahq"
        )
        assert sigmahq.codes() == {}
    finally:
        sigmahq._validators.cache_clear()
