from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.cli import main
from tests.unit.testing.pack import RULE

CORRELATION = """\
title: Three Listings
id: 33333333-3333-4333-8333-333333333333
correlation:
    type: event_count
    rules: [11111111-1111-4111-8111-111111111111]
    group-by: [Computer]
    timespan: 1m
    condition: {gte: 3}
"""


def record(second: int, command_line: str, **fields: Any) -> dict[str, Any]:
    time = f"2026-01-01 12:00:{second:02}.000"
    head = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Computer": "ws01", "UtcTime": time}
    return {**head, "Image": "C:\\Windows\\System32\\wbem\\WMIC.exe", "CommandLine": command_line, **fields}


@pytest.fixture(autouse=True)
def _rule_and_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rule.yml").write_text(RULE, encoding="utf-8")
    events = [
        record(0, "wmic os get caption"),
        record(1, "wmic shadowcopy list"),
        record(2, "x", EventID=3),
        record(3, "wmic SHADOWCOPY list\x1b[2J"),
    ]
    Path("events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["explain", *args])
    return ended.value.code, *capsys.readouterr()


def test_what_matches_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "rule.yml", "events.jsonl") == (
        0,
        "events.jsonl record 2\n"
        "✓ WMIC Lists Shadow Copies\n"
        "  ✓ selection\n"
        "    ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wbem\\WMIC.exe'\n"
        "    ✓ CommandLine contains 'shadowcopy'   at 5: 'wmic »shadowcopy« list'\n"
        "\n"
        "events.jsonl record 4\n"
        "✓ WMIC Lists Shadow Copies\n"
        "  ✓ selection\n"
        "    ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wbem\\WMIC.exe'\n"
        "    ✓ CommandLine contains 'shadowcopy'   at 5: 'wmic »SHADOWCOPY« list\\x1b[2J'\n"
        "\n",
        "4 records, 3 of the rule's log source, 2 that match\n",
    )


def test_one_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "rule.yml", "events.jsonl", "--record", "1") == (
        0,
        "events.jsonl record 1\n"
        "✗ WMIC Lists Shadow Copies\n"
        "  ✗ selection\n"
        "    ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wbem\\WMIC.exe'\n"
        "    ✗ CommandLine contains 'shadowcopy'   was 'wmic os get caption'\n"
        "\n",
        "1 records, 1 of the rule's log source, 0 that match\n",
    )
    assert run(capsys, "rule.yml", "events.jsonl", "--record", "3")[::2] == (
        3,
        "error[no-event]: record 3 is no event of the rule's log source\n  = records are counted from 1\n",
    )
    assert run(capsys, "rule.yml", "events.jsonl", "--record", "9")[0] == 3


def test_a_correlation(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pack/discovery").mkdir(parents=True)
    Path("pack/correlations").mkdir()
    Path("pack/discovery/rule.yml").write_text(RULE, encoding="utf-8")
    Path("pack/correlations/three.yml").write_text(CORRELATION, encoding="utf-8")
    code, out, error = run(capsys, "pack/correlations/three.yml", "events.jsonl")
    assert (code, error) == (0, "4 records, 4 with a time\n")
    assert out == (
        "✗ Three Listings\n"
        "  ✓ rule 11111111-1111-4111-8111-111111111111   matched 2 of 4 events\n"
        "  ✗ Computer = 'ws01'                           2 events (gte 3) from 2026-01-01 12:00:01 to 2026-01-01 12:00:03\n"
        "\n"
    )


def test_explanations_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rule.yml", "events.jsonl", "--format", "json", "--record", "2")
    data = json.loads(out)
    assert (code, data["records"], data["judged"], data["matches"]) == (0, 1, 1, 1)
    [explained] = data["explained"]
    assert (explained["file"], explained["record"], explained["matches"]) == ("events.jsonl", 2, True)
    [selection] = explained["explanation"]["children"]
    assert [(child["passed"], child["text"]) for child in selection["children"]] == [
        (True, "Image endswith '\\wmic.exe'"),
        (True, "CommandLine contains 'shadowcopy'"),
    ]


def test_what_cant_be_read_is_told_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("events.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{\n" + "[" * 1000 + "\n")
    code, _, error = run(capsys, "rule.yml", "events.jsonl")
    assert code == 2
    assert error.count("events.jsonl: error[unreadable-record]: record ") == 2
    assert error.endswith("4 records, 3 of the rule's log source, 2 that match, 2 could not be read\n")


def test_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "nowhere.yml", "events.jsonl")[0] == 3
    assert run(capsys, "rule.yml", "nowhere.jsonl")[0] in (2, 3)
    Path("broken.yml").write_text(RULE.replace("selection\n", "selektion\n"), encoding="utf-8")
    code, _, error = run(capsys, "broken.yml", "events.jsonl")
    assert code == 2
    assert "error[unknown-selection]: there is no selection 'selektion'" in error
    Path("two.yml").write_text(RULE + "---\n" + RULE.replace("1111-", "2222-"), encoding="utf-8")
    assert run(capsys, "two.yml", "events.jsonl")[::2] == (
        3,
        "error[no-rule]: 'two.yml' holds 2 rules, one is explained at a time\n  = give the file of one rule or correlation\n",
    )


def test_no_part_of_a_file_name_drives_the_terminal_or_stops_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    name = "e\x1b[2J\udcff.json"
    Path(name).write_text(json.dumps(record(0, "shadowcopy")), encoding="utf-8")
    assert run(capsys, "rule.yml", name)[1].splitlines()[0] == "e\\x1b[2J\\udcff.json record 1"
    found = run(capsys, "rule.yml", name, "--format", "json")[1]
    assert found.isascii()
    assert json.loads(found)["explained"][0]["file"] == name
    Path(name).write_text("{", encoding="utf-8")
    assert run(capsys, "rule.yml", name)[2].startswith("e\\x1b[2J\\udcff.json: error[unreadable-record]: record 1: ")


def test_a_correlation_is_about_no_single_record(capsys: pytest.CaptureFixture[str]) -> None:
    Path("both/correlations").mkdir(parents=True)
    Path("both/correlations/c.yml").write_text(CORRELATION, encoding="utf-8")
    Path("both/rule.yml").write_text(RULE, encoding="utf-8")
    assert run(capsys, "both/correlations/c.yml", "events.jsonl", "--record", "2") == (
        3,
        "",
        "error[no-event]: a correlation is about several records, not about one\n  = leave --record out\n",
    )
