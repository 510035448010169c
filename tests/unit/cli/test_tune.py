"""From ordinary work to a filter that silences it, and what such a filter would lose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sigma_xdr.cli import main
from tests.unit.testing.pack import RULE, write_pack

CASES = """\
cases:
    - {name: by a person, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: wmic shadowcopy, AccountName: anna}}
    - name: by a script
      expect: match
      event: {FileName: wmic.exe, ProcessCommandLine: shadowcopy, InitiatingProcessFileName: cmd.exe}
    - {name: quoted, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: '"wmic" shadowcopy'}}
    - {name: nothing, expect: no_match, event: {FileName: wmic.exe, ProcessCommandLine: wmic os}}
"""
TABLE = """\
discovery/shadow.yml: 5 hits on 5 devices; 3 true positives asked
  column                          value         hits    true positives lost
  ProcessCommandLine              wmic …           5    1: by a person
  InitiatingProcessFileName       backup.exe       3    none
  InitiatingProcessCommandLine    backup.exe       3    none
  AccountName                     anna             3    1: by a person
  InitiatingProcessFileName       cmd.exe          2    1: by a script
  InitiatingProcessCommandLine    cmd.exe          2    none
  AccountName                     svc              2    none
  DeviceName                      srv0             1    none
  DeviceName                      srv1             1    none
  DeviceName                      srv2             1    none
  DeviceName                      srv3             1    none
  DeviceName                      srv4             1    none
  a filter of 2 silences 5 of 5 and loses no true positive:
    title: Ordinary Work of WMIC Lists Shadow Copies
    id: ffb9d2a5-b644-48b1-ba89-cf98f1c9c989
    description: 'Proposed by sigma-xdr tune: silences 5 of 5 hits on ordinary work. Look at each value before it is put on.'
    logsource:
        category: process_creation
        product: windows
    filter:
        rules:
            - 11111111-1111-4111-8111-111111111111
        selection:
            -   ParentImage|endswith:
                    - \\backup.exe
            -   ParentCommandLine:
                    - cmd.exe
        condition: not selection"""


def event(parent: str, user: str, line: str = "wmic shadowcopy list", second: int = 0) -> dict[str, object]:
    return {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Computer": f"srv{second}",
        "UtcTime": f"2026-01-01 00:00:0{second}.000",
        "Image": r"C:\Windows\System32\wbem\wmic.exe",
        "CommandLine": line,
        "ParentImage": parent,
        "ParentCommandLine": parent,
        "User": rf"CORP\{user}",
    }


EVENTS = [
    event(r"C:\Program Files\Backup.exe", "anna"),
    event(r"C:\Program Files\backup.exe", "anna", second=1),
    event(r"C:\backup.exe", "svc", second=2),
    event(r"C:\Windows\System32\cmd.exe", "svc", second=3),
    event(r"C:\Windows\System32\cmd.exe", "anna", second=4),
    event(r"C:\Windows\System32\cmd.exe", "anna", "wmic os", 5),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    write_pack(Path(), CASES)
    write_events(EVENTS)


def write_events(events: list[dict[str, object]]) -> None:
    Path("events.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in events), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([*args])
    return ended.value.code, *capsys.readouterr()


def tune(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    code, out, error = run(capsys, "tune", "events.jsonl", *args)
    return code, "\n".join(line.rstrip() for line in out.splitlines()).rstrip("\n"), error


def test_the_whole_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = tune(capsys)
    assert (code, error) == (0, "6 records of 1 file: 5 hits of 1 rule on 5 devices\n")
    assert out == TABLE


def test_the_same_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = tune(capsys, "--format", "json")
    assert code == 0
    [rule] = json.loads(out)
    assert {key: rule[key] for key in ("rule", "hits", "devices", "true_positives", "why_no_filter")} == {
        "rule": "discovery/shadow.yml",
        "hits": 5,
        "devices": 5,
        "true_positives": 3,
        "why_no_filter": None,
    }
    assert rule["values"][0] == {
        "column": "ProcessCommandLine",
        "value": "wmic",
        "whole": False,
        "hits": 5,
        "lost": ["by a person"],
    }
    assert rule["filter"]["values"] == [
        {"column": "InitiatingProcessFileName", "value": "backup.exe"},
        {"column": "InitiatingProcessCommandLine", "value": "cmd.exe"},
    ]
    assert (rule["filter"]["hits"], rule["filter"]["lost"]) == (5, [])
    assert rule["filter"]["yaml"] == "".join(f"{line[4:]}\n" for line in TABLE.splitlines()[15:])


def test_a_proposed_filter_silences_what_it_says_and_fails_no_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(capsys, "--output", "proposed")[0] == 0
    file = Path("proposed/discovery/shadow.yml")
    first = file.read_bytes()
    assert tune(capsys, "--output", "proposed", "--jobs", "2")[0] == 0
    assert file.read_bytes() == first
    hunted = run(capsys, "hunt", "events.jsonl", "--no-cache", "--format", "jsonl", "--filters", "proposed")
    assert hunted[:2] == (0, "")
    assert run(capsys, "test", "sigma_rules", "--filters", "proposed")[0] in (0, 1)
    assert tune(capsys, "--filters", "proposed")[1] == ""


def test_values_that_would_lose_true_positives_are_not_taken(capsys: pytest.CaptureFixture[str]) -> None:
    alone = {"Computer": "", "ParentCommandLine": ""}
    write_events([event(r"C:\cmd.exe", "anna", "wmic shadowcopy list") | alone])
    code, out, _ = tune(capsys)
    assert code == 0
    assert out == (
        "discovery/shadow.yml: 1 hit; 3 true positives asked\n"
        "  column                       value      hits    true positives lost\n"
        "  InitiatingProcessFileName    cmd.exe       1    1: by a script\n"
        "  AccountName                  anna          1    1: by a person\n"
        "  ProcessCommandLine           wmic …        1    1: by a person\n"
        "  no filter: every value would lose true positives"
    )


def test_a_rule_without_tests_gets_no_filter(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tests/rules/discovery/shadow.yml").unlink()
    code, out, _ = tune(capsys)
    assert code == 0
    assert out.endswith(
        "  no filter: without true positives nobody knows what a filter would lose: write the rule's tests first"
    )
    assert "unknown" in out


@pytest.mark.parametrize(
    "names",
    [
        ["\x1b[2J.exe", "*.exe", "a?b.exe", "[red]x.exe", "'\": {}.exe"],
        ["- x: &a *a.exe", "\u202egpj.exe", "%x%.exe", "\ud800.exe", "\x85\u2028.exe"],
    ],
    ids=["signs", "letters"],
)
def test_hostile_text_drives_no_terminal_and_no_yaml(capsys: pytest.CaptureFixture[str], names: list[str]) -> None:
    nobody = {"Computer": "", "User": ""}
    write_events([event(rf"C:\{name}", "", second=number) | nobody for number, name in enumerate(names)])
    code, out, _ = tune(capsys, "--output", "proposed")
    assert code == 0
    assert {char for char in out if not char.isprintable()} == {"\n"}
    [file] = Path("proposed").rglob("*.yml")
    [asked] = yaml.safe_load(file.read_text("utf-8"))["filter"]["selection"]
    assert [*asked] == ["ParentImage|endswith"]
    assert len(asked["ParentImage|endswith"]) == len(names)
    hunted = run(capsys, "hunt", "events.jsonl", "--no-cache", "--format", "jsonl", "--filters", "proposed")
    assert hunted[:2] == (0, "")


def test_a_correlation_is_counted_and_not_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sigma_rules/discovery/burst.yml").write_text(
        "title: Burst\nid: 21111111-1111-4111-8111-111111111111\nlevel: low\n"
        "correlation: {type: event_count, rules: [11111111-1111-4111-8111-111111111111], group-by: [Image], "
        "timespan: 10m, condition: {gte: 3}}\n",
        encoding="utf-8",
    )
    _, out, _ = tune(capsys)
    assert out.endswith(
        "discovery/burst.yml: 1 hit on 1 device; no true positives to ask\n"
        "  no filter: a filter changes rules, not correlations: filter the rules that it names"
    )


def test_no_hit_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write_events(EVENTS[-1:])
    assert tune(capsys) == (0, "", "1 record of 1 file: no hit\n")
    assert tune(capsys, "--format", "json")[1] == "[]"


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "tune", "nothing.jsonl") == (
        3,
        "",
        "error[unreadable-file]: nothing.jsonl can't be read: No such file or directory\n",
    )
    code, _, error = tune(capsys, "--output", "events.jsonl/x")
    assert (code, error) == (
        3,
        "error[output]: the filters can't be written to events.jsonl/x: Not a directory\n  = name another folder: --output DIR\n",
    )
    Path("sigma_rules/discovery/wrong.yml").write_text(RULE.replace("endswith", "endwith"), encoding="utf-8")
    code, out, error = tune(capsys)
    assert code == 2
    assert out.startswith("discovery/shadow.yml: 5 hits")
    assert error.startswith("sigma_rules/discovery/wrong.yml:9:15: error[unknown-modifier]: ")
