from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sigma_xdr import load_rules
from sigma_xdr.cli import main

ROOT = Path(__file__).parents[3]
PACK = ROOT / "sigma_rules"
GOLDEN = ROOT / "tests" / "golden"
EXAMPLE_SITE = "with the example values of sigma_rules/site.default.yml: give your site's with --site\n"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return ended.value.code, *capsys.readouterr()


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.kql"))}


def test_the_packs_kql_is_what_the_goldens_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, message = run(capsys, "compile", str(PACK), "-o", str(tmp_path))
    pack = load_rules([PACK])
    rules = (*pack.rules, *pack.correlations)
    deployed = [rule.relative.stem for rule in rules if pack.generates(rule)]
    assert (code, message) == (
        0,
        f"{len(deployed)} rules compiled to {tmp_path}; {len(pack.filters)} filters not applied (--filters)\n"
        f"{len(rules) - len(deployed)} rules only for correlations not written (generate: true would)\n"
        f"{EXAMPLE_SITE}",
    )
    assert texts(tmp_path) == texts(GOLDEN)
    assert sorted(deployed) == sorted(path.stem for path in GOLDEN.rglob("*.kql"))


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "sigma_xdr", "compile", str(PACK), "-o", str(tmp_path / seed), "--no-check"],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            check=True,
            capture_output=True,
        )
    assert texts(tmp_path / "1") == texts(tmp_path / "2") == texts(GOLDEN)


@pytest.mark.parametrize(
    "rule",
    [PACK / path.relative_to(GOLDEN).with_suffix(".yml") for path in sorted(GOLDEN.rglob("*.kql"))],
    ids=lambda path: path.stem,
)
def test_a_rule_compiles_to_the_same_text_by_itself(rule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, message = run(capsys, "compile", str(rule), "-o", "-", "--no-check")
    assert (code, message) == (0, f"1 rule compiled to stdout (not checked: --no-check)\n{EXAMPLE_SITE}")
    assert out == (GOLDEN / rule.relative_to(PACK).with_suffix(".kql")).read_text()


def test_a_query_without_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    rule = PACK / "impact" / "proc_creation_win_wmic_shadowcopy_delete.yml"
    _, out, _ = run(capsys, "compile", str(rule), "-o", "-", "--no-header", "--no-check")
    golden = (GOLDEN / "impact" / "proc_creation_win_wmic_shadowcopy_delete.kql").read_text()
    assert out == golden.split("\n", 1)[1]


def test_json_says_what_deployment_needs(capsys: pytest.CaptureFixture[str]) -> None:
    rule = PACK / "impact" / "proc_creation_win_wmic_shadowcopy_delete.yml"
    _, out, _ = run(capsys, "compile", str(rule), "-o", "-", "--format", "json")
    facts = json.loads(out)
    query, columns = facts.pop("query"), facts.pop("columns")
    assert query.startswith("DeviceProcessEvents\n| where ActionType ==")
    assert query.endswith(f"| project {', '.join(columns)}")
    assert facts == {
        "id": "917b07c8-6586-4eba-ae00-bd43fe74d85c",
        "title": "WMIC Deletes Shadow Copies",
        "level": "high",
        "rule": rule.as_posix(),
        "tables": ["DeviceProcessEvents"],
        "missing_columns": [],
        "near_real_time": True,
        "near_real_time_obstacles": [],
        "near_real_time_doubts": [],
        "schedule": {"frequency": "PT0S", "lookback": "PT0S"},
        "entities": {
            "host": {"deviceId": "DeviceId", "name": "DeviceName"},
            "account": {"sid": "AccountSid", "name": "AccountName", "ntDomain": "AccountDomain"},
            "file": {"sha256": "SHA256", "name": "FileName"},
        },
        "warnings": [],
    }


RULE = """\
title: A Rule
id: 11111111-2222-4333-8444-555555555555
logsource: {category: process_creation, product: windows}
detection:
    selection:
        CommandLine|contains|expand: '%tools%'
    condition: selection
"""
FILTER = """\
title: Our Servers
logsource: {category: process_creation, product: windows}
filter:
    rules: [11111111-2222-4333-8444-555555555555]
    selection:
        Computer|startswith: 'SCCM'
    condition: not selection
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "rules/a.yml": RULE,
        "filters/servers.yml": FILTER,
        "site.yml": "tools: [psexec, 'paexec*64']\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_site_file_gives_placeholders_their_values(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "compile", "rules", "-o", "-", "--site", "site.yml")
    assert out.splitlines()[1:4] == [
        "DeviceProcessEvents",
        '| where ActionType == "ProcessCreated"',
        '| where ProcessCommandLine contains "psexec"',
    ]
    assert 'ProcessCommandLine matches regex "(?is)paexec.*64"' in out


def test_filters_are_applied_when_they_are_asked_for(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, filtered, message = run(capsys, "compile", "rules", "-o", "-", "--site", "site.yml", "--filters", "filters")
    assert '| where DeviceName !startswith "SCCM"' in filtered.splitlines()
    assert message == "1 rule compiled to stdout\n"
    _, plain, message = run(capsys, "compile", "rules", "filters", "-o", "-", "--site", "site.yml")
    assert plain == "\n".join(line for line in filtered.split("\n") if "SCCM" not in line)
    assert message == "1 rule compiled to stdout; 1 filter not applied (--filters)\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tools: []\n", "site.yml:1:1: error[site]: 'tools' has no values: a rule that asks for it would find nothing"),
        ("tools: [a, {b: c}]\n", "site.yml:1:12: error[site]: a value of 'tools' is text or a number"),
        ("tools: a\ntools: b\n", "site.yml:2:1: error[duplicate-key]: the key 'tools' stands twice, first in line 1"),
        ("- a\n", "site.yml:1:1: error[not-a-mapping]: a rule is a mapping of keys to values, this is a list"),
    ],
)
def test_a_wrong_site_file(site: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    Path("site.yml").write_text(text)
    code, out, err = run(capsys, "compile", "rules", "-o", "-", "--site", "site.yml")
    assert (code, out, err.splitlines()[0]) == (2, "", message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["compile", "nosuch", "-o", "x"], "error[no-such-path]: 'nosuch' doesn't exist"),
        (["compile", "rules", "rules2", "-o", "-"], "error[output]: -o - prints one rule; 2 were given"),
        (["compile", "rules", "rules2", "-o", "x"], "error[output]: rules/a.yml and rules2/a.yml would both be written to a.kql"),
        (
            ["compile", "rules", "-o", "x", "--site", "no.yml"],
            "error[site]: can't read the site file no.yml: No such file or directory",
        ),
        (["compile", "rules"], "Usage: sigma-xdr compile [OPTIONS] [RULES]..."),
        (["compil"], "Usage: sigma-xdr [OPTIONS] COMMAND [ARGS]..."),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong_ends_with_three(
    site: Path, capsys: pytest.CaptureFixture[str], args: list[str], message: str
) -> None:
    Path("rules/a.yml").write_text(RULE.replace("|expand", ""))
    Path("rules2").mkdir()
    Path("rules2/a.yml").write_text(RULE.replace("|expand", "").replace("1111", "2222"))
    code, _, err = run(capsys, *args)
    assert (code, err.splitlines()[0]) == (3, message)


def test_further_documents_of_a_file_have_its_name_and_their_number(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = RULE.replace("1111", "2222").replace("A Rule", "Another")
    Path("rules/a.yml").write_text(f"{RULE}---\n{second}".replace("|expand", ""))
    run(capsys, "compile", "rules", "-o", "out")
    assert sorted(texts(Path("out"))) == ["a.2.kql", "a.kql"]


def test_a_rule_that_fails_now_has_no_query_any_more(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rules/a.yml").write_text(RULE.replace("|expand", ""))
    run(capsys, "compile", "rules", "-o", "out")
    assert sorted(texts(Path("out"))) == ["a.kql"]
    Path("rules/a.yml").write_text(RULE.replace("CommandLine", "ComandLine"))
    code, _, _ = run(capsys, "compile", "rules", "-o", "out")
    assert (code, texts(Path("out"))) == (2, {})
