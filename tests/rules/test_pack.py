"""The pack as a whole: what no test file of a single rule can say. The cases themselves are collected from the YAML files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sigma_xdr import KqlEngine, load_rules
from sigma_xdr.testing.mutation.of_tests import mutation_score
from sigma_xdr.testing.suite import RuleTest, Suite, load_suite

PACK = Path(__file__).parents[2] / "sigma_rules"
TESTS = Path(__file__).parent
RULES = sorted(path.relative_to(TESTS).with_suffix("").as_posix() for path in TESTS.rglob("*.yml"))


@cache
def suite() -> Suite:
    return load_suite([PACK], TESTS)


def rule_test(name: str) -> RuleTest:
    return next(test for test in suite().tests if test.name == name)


@pytest.mark.parametrize("rule", RULES)
def test_no_mutant_of_a_rule_survives_its_cases(rule: str) -> None:
    score = mutation_score(rule_test(rule))
    assert [(survivor.mutant.id, survivor.event) for survivor in score.survivors] == []
    assert [problem.render() for problem in score.problems] == []
    assert len(score.mutants) > 5


def test_every_rule_on_a_windows_log_source_has_a_raw_case() -> None:
    on_windows = [
        test for test in suite().tests if test.rule.document.get("logsource", {}).get("service") != "defender-xdr"
    ]
    lacking = [
        test.name
        for test in on_windows
        if test.rule.kind == "rule" and not any(case.kind == "raw" for case in test.file.cases)
    ]
    assert lacking == []


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
        {
            "ActionType": "ProcessCreated",
            "ReportId": index,
            "InitiatingProcessFileName": parent,
            "FileName": name,
            "ProcessVersionInfoOriginalFileName": original,
        }
        for index, (parent, name, original) in enumerate(
            (parent, name, original) for parent in parents for name in names for original in originals
        )
    ]
    test = rule_test("execution/proc_creation_win_wmic_office_parent")
    kql = test.subject(test.file.cases[0]).compiled.kql
    with KqlEngine({"DeviceProcessEvents": rows}) as engine:
        ours = {hit["ReportId"] for hit in engine.run(kql)}
        theirs = {hit["ReportId"] for hit in engine.run(seed)}
    assert theirs
    assert theirs < ours
    for index in ours - theirs:
        beyond = rows[index]
        parent, name, original = (
            str(beyond[column]).lower()
            for column in ("InitiatingProcessFileName", "FileName", "ProcessVersionInfoOriginalFileName")
        )
        assert parent not in ("winword.exe", "excel.exe", "outlook.exe") or name != "wmic.exe"
        assert "wmic.exe" in (name, original)


def test_what_deserves_a_look_alerts_by_itself_whatever_correlations_name_it() -> None:
    pack = load_rules([PACK])
    silent = [rule for rule in (*pack.rules, *pack.correlations) if not pack.generates(rule)]
    assert {rule.level for rule in silent} <= {"informational", "low"}
    assert {rule.name for rule in silent} >= {"network_logon", "inbound_rpc"}
