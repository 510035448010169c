"""Each rule of the pack on its own examples: the compiled query, run on rows of its table.

A file mirrors its rule's: ``tests/rules/<family>/<rule>.yml``. ``event`` is a row of the rule's table in XDR columns,
``events`` the rows of a correlation; what a row leaves out gets a default.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_xdr import CompiledRule, KqlEngine, compile_rules, load_rules

PACK = Path(__file__).parents[2] / "sigma_rules"
CASES = Path(__file__).parent
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def compiled() -> dict[str, CompiledRule]:
    rules = compile_rules(load_rules([PACK]))
    return {rule.rule.relative.with_suffix("").as_posix(): rule for rule in rules}


def cases_of(file: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["cases"]
    return cases


def row(columns: dict[str, Any], index: int, action_type: str) -> dict[str, Any]:
    """A whole row: defaults under the columns given, the file's name from its path and the reverse."""
    path, name = columns.get("FolderPath"), columns.get("FileName")
    if path and not name:
        columns = {**columns, "FileName": path.rpartition("\\")[2]}
    if name and not path and "RemotePort" not in columns:
        columns = {**columns, "FolderPath": f"C:\\Windows\\System32\\{name}"}
    time = (START + timedelta(seconds=index)).isoformat()
    defaults = {"ActionType": action_type, "Timestamp": time, "DeviceId": "device-1", "ReportId": index}
    return {**defaults, **columns}


FILES = sorted(CASES.rglob("*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(CASES).with_suffix("").as_posix())
def test_a_rule_selects_what_it_says(file: Path) -> None:
    rule = compiled()[file.relative_to(CASES).with_suffix("").as_posix()]
    action_type = "ProcessCreated" if rule.rule.kind == "correlation" else rule.query.action_types[0]  # type: ignore[union-attr]
    cases = cases_of(file)
    assert len({case["name"] for case in cases}) == len(cases)
    found = {}
    if rule.rule.kind == "correlation":
        for case in cases:
            rows = [row(event, index, action_type) for index, event in enumerate(case["events"])]
            found[case["name"]] = bool(KqlEngine({rule.table: rows}).run(rule.kql))
    else:
        rows = [row(case["event"], index, action_type) for index, case in enumerate(cases)]
        selected = {hit["ReportId"] for hit in KqlEngine({rule.table: rows}).run(rule.kql)}
        found = {case["name"]: index in selected for index, case in enumerate(cases)}
    assert found == {case["name"]: case["expect"] == "match" for case in cases}


def test_every_rule_has_cases_on_both_sides_and_every_file_a_rule() -> None:
    sides = {
        file.relative_to(CASES).with_suffix("").as_posix(): [case["expect"] for case in cases_of(file)]
        for file in FILES
    }
    assert sides.keys() == compiled().keys()
    short = [rule for rule, found in sides.items() if min(found.count("match"), found.count("no_match")) < 3]
    assert short == []


def test_the_office_rule_returns_all_that_the_seeds_query_returns_and_only_more_programs_and_renamed_copies() -> None:
    seed = (
        "DeviceProcessEvents\n"
        '| where InitiatingProcessFileName in~ ("winword.exe", "excel.exe", "outlook.exe")\n'
        'and FileName =~"wmic.exe"'
    )
    parents = ("WINWORD.EXE", "excel.exe", "Outlook.exe", "powerpnt.exe", "explorer.exe", "winword.exe.exe", "")
    names = ("WMIC.exe", "wmic.exe", "renamed.exe", "wmic.exe.txt", "")
    originals = ("wmic.exe", "WMIC.EXE", "cmd.exe", "")
    rows = [
        row({"InitiatingProcessFileName": parent, "FileName": name, "ProcessVersionInfoOriginalFileName": original}, index,
            "ProcessCreated")
        for index, (parent, name, original) in enumerate(
            (parent, name, original) for parent in parents for name in names for original in originals
        )
    ]  # fmt: skip
    engine = KqlEngine({"DeviceProcessEvents": rows})
    ours = {hit["ReportId"] for hit in engine.run(compiled()["execution/proc_creation_win_wmic_office_parent"].kql)}
    theirs = {hit["ReportId"] for hit in engine.run(seed)}
    assert theirs
    assert theirs < ours
    for index in ours - theirs:
        beyond = rows[index]
        other_program = beyond["InitiatingProcessFileName"].lower() not in ("winword.exe", "excel.exe", "outlook.exe")
        renamed = beyond["FileName"].lower() != "wmic.exe"
        assert other_program or renamed
        assert "wmic.exe" in (beyond["FileName"].lower(), beyond["ProcessVersionInfoOriginalFileName"].lower())
