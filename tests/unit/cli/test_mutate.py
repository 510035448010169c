from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigma_xdr.cli import main
from tests.unit.testing.pack import CASES, write_pack

#: Nothing of these is in capitals, and in no other field or place than the rule's.
FEW = """\
cases:
    - {name: lists, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: wmic shadowcopy list}}
    - {name: another program, expect: no_match, event: {FileName: vssadmin.exe, ProcessCommandLine: shadowcopy}}
    - {name: another class, expect: no_match, event: {FileName: wmic.exe, ProcessCommandLine: wmic os}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["mutate", *args])
    return ended.value.code, *capsys.readouterr()


def test_what_no_case_notices_is_shown_with_an_event_that_would(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), FEW)
    code, out, error = run(capsys)
    assert (code, error) == (1, "12 mutants of 1 rule: 9 noticed, 0 equivalent, 3 survived; score 75.0 %\n")
    assert out == (
        "SURVIVED discovery/shadow: weaken-modifier selection/Image|endswith -> contains\n"
        "  sigma_rules/discovery/shadow.yml:9:9: endswith became contains\n"
        '  a case with this event would notice: {"Image": "\\\\wmic.exe.b", "CommandLine": "shadowcopy"}\n'
        "\n"
        "SURVIVED discovery/shadow: strengthen-modifier selection/Image|endswith -> endswith|cased\n"
        "  sigma_rules/discovery/shadow.yml:9:9: endswith became endswith|cased\n"
        '  a case with this event would notice: {"CommandLine": "shadowcopy", "Image": "\\\\WMIC.EXE"}\n'
        "\n"
        "SURVIVED discovery/shadow: strengthen-modifier selection/CommandLine|contains -> contains|cased\n"
        "  sigma_rules/discovery/shadow.yml:10:9: contains became contains|cased\n"
        '  a case with this event would notice: {"Image": "\\\\wmic.exe", "CommandLine": "SHADOWCOPY"}\n'
        "\n"
        "discovery/shadow: 9 of 12 mutants noticed, 3 survived\n"
    )


def test_a_rule_that_fails_a_case_cant_be_scored(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), CASES.replace("ProcessCommandLine: wmic os", "ProcessCommandLine: shadowcopy"))
    code, out, _ = run(capsys)
    assert code == 1
    place = "tests/rules/discovery/shadow.yml:9:8: error[failing-case]"
    assert f"{place}: the rule itself fails 1 of its 6 cases, first 'another class'" in out


def test_equivalent_mutants_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    listed = "equivalent:\n    drop-selection selection: it isn't so\n"
    write_pack(Path(), FEW + listed)
    code, out, _ = run(capsys)
    assert code == 1
    assert (
        "tests/rules/discovery/shadow.yml:6:5: error[unknown-mutant]: the rule has no mutant 'drop-selection selection'\n"
        "   6 |     drop-selection selection: it isn't so\n"
    ) in out


def test_scores_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), FEW)
    code, out, _ = run(capsys, "--format", "json")
    data = json.loads(out)
    score = data["rules"]["discovery/shadow"]
    assert (code, data["problems"], score["mutants"]) == (1, [], score["killed"] + len(score["survivors"]))
    assert {"id", "operator", "description", "event", "searched"} == set(score["survivors"][0])
