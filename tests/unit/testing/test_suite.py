"""Rules paired with their test files, and what the judges say of each case."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import SigmaXdrError, UsageError, render_all
from sigma_xdr.rules import load_rules
from sigma_xdr.testing.suite import RuleTest, case_file_of, files_without_rules, folder_of_cases, load_suite

from .pack import CASES, RULE, write_pack


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def only_test(cases: str = CASES, rule: str = RULE) -> RuleTest:
    suite = load_suite([write_pack(Path(), cases, rule)], Path("tests/rules"))
    assert suite.problems == ()
    [test] = suite.tests
    return test


def failures(test: RuleTest) -> dict[str, str]:
    return {result.id: result.failure.render() for result in test.results() if result.failure}


def test_every_judge_says_what_each_case_expects() -> None:
    test = only_test()
    assert test.problems == ()
    assert [(result.id, result.passed, result.losses) for result in test.results()] == [
        (f"discovery/shadow::{case}[{judge}]", True, ())
        for case in ("lists", "in capitals", "two folders", "another program", "another class")
        for judge in ("evaluator", "kql")
    ] + [(f"discovery/shadow::a record[{judge}]", True, ()) for judge in ("raw", "evaluator", "kql")]


def test_a_failure_shows_the_verdicts_the_reason_and_the_line_that_decided() -> None:
    test = only_test(
        CASES.replace("expect: no_match, event: {FileName: wmic.exe", "expect: match, event: {FileName: wmic.exe")
    )
    explained = (
        "event: DeviceProcessEvents ActionType=ProcessCreated, FolderPath=C:\\Windows\\System32\\wmic.exe, "
        "FileName=wmic.exe, ProcessCommandLine=wmic os\n"
        "✗ WMIC Lists Shadow Copies\n"
        "  ✗ selection\n"
        "    ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wmic.exe'\n"
        "    ✗ CommandLine contains 'shadowcopy'   was 'wmic os'"
    )
    agree = "evaluator: no match   kql: no match   → they agree: it is the rule, or the case's expectation\n"
    assert failures(test) == {
        "discovery/shadow::another class[evaluator]": f"expected match, the rule doesn't match the row\n{agree}{explained}",
        "discovery/shadow::another class[kql]": (
            "expected match, the compiled query selected nothing\n"
            f"{agree}"
            'query line 5: | where ProcessCommandLine contains "shadowcopy"\n'
            f"{explained}"
        ),
    }


def test_a_failure_of_one_of_many_shows_which() -> None:
    test = only_test(CASES.replace("D:\\wmic.exe", "D:\\wbem.exe"))
    assert failures(test)["discovery/shadow::two folders[kql]"] == (
        "expected match, the compiled query selected nothing for 1 of 2 rows\n"
        "evaluator: no match   kql: no match   → they agree: it is the rule, or the case's expectation\n"
        'query line 4: | where FileName =~ "wmic.exe"\n'
        "event: [FolderPath: D:\\wbem.exe] DeviceProcessEvents ActionType=ProcessCreated, FileName=wbem.exe, "
        "ProcessCommandLine=wmic shadowcopy, FolderPath=D:\\wbem.exe\n"
        "✗ WMIC Lists Shadow Copies\n"
        "  ✗ selection\n"
        "    ✗ Image endswith '\\wmic.exe'          was 'D:\\wbem.exe'\n"
        "    ✓ CommandLine contains 'shadowcopy'   at 5: 'wmic »shadowcopy«'"
    )


def test_a_row_of_another_action_is_no_event_of_the_rule() -> None:
    row = "{ActionType: OpenProcess, FileName: wmic.exe, ProcessCommandLine: wmic shadowcopy}"
    test = only_test(CASES.replace("{FileName: vssadmin.exe, ProcessCommandLine: shadowcopy}", row))
    assert failures(test) == {}
    test = only_test(CASES.replace("{FileName: WMIC.EXE, ProcessCommandLine: WMIC SHADOWCOPY LIST}", row))
    said = failures(test)["discovery/shadow::in capitals[evaluator]"]
    assert said.endswith("\nthe event is none of the rule's log source")


def test_a_record_may_differ_from_its_row_by_a_listed_loss() -> None:
    rule = RULE.replace("'shadowcopy'", "':\\tools\\'")
    cases = """\
cases:
    - name: lost
      expect: no_match
      raw: {Provider_Name: Microsoft-Windows-Sysmon, EventID: 1, Image: 'C:\\tools\\wmic.exe', CommandLine: 'C:\\tools\\wmic.exe'}
    - name: kept
      expect: match
      raw: {Provider_Name: Microsoft-Windows-Sysmon, EventID: 1, Image: 'C:\\tools\\wmic.exe', CommandLine: 'wmic C:\\tools\\x'}
"""
    results = list(only_test(cases, rule).results())
    assert [(result.case.name, result.judge, result.passed, result.losses) for result in results] == [
        ("lost", "raw", True, ("argv0-directory",)),
        ("lost", "evaluator", True, ()),
        ("lost", "kql", True, ()),
        ("kept", "raw", True, ()),
        ("kept", "evaluator", True, ()),
        ("kept", "kql", True, ()),
    ]


def test_too_few_cases_and_wrong_ones_are_the_tests_problems() -> None:
    test = only_test("cases:\n    - {name: a, expect: match, event: {FileNam: x}}\n")
    assert [problem.message for problem in test.problems] == [
        "'FileNam' is no column of DeviceProcessEvents",
        "the rule has 1 true positives, 3 are the least",
        "the rule has 0 near misses, 3 are the least",
    ]
    assert all(result.failure and result.failure.summary == "the case can't be judged" for result in test.results())


def test_a_rule_that_cant_be_compiled_fails_its_cases() -> None:
    test = only_test(rule=RULE.replace("CommandLine|contains", "Imphash"))
    problems = {problem.code for problem in test.problems}
    assert problems == {"lost-field"}


def test_a_rule_without_a_file_and_a_file_without_a_rule() -> None:
    pack = write_pack(Path(), cases=None)
    suite = load_suite([pack], Path("tests/rules"))
    assert render_all(suite.problems) == (
        "sigma_rules/discovery/shadow.yml:1:1: error[no-test-file]: the rule has no test file\n"
        "   1 | title: WMIC Lists Shadow Copies\n"
        "     | ^^^^^\n"
        "      = write tests/rules/discovery/shadow.yml, with at least 3 cases that match and 3 that don't"
    )
    write_pack(Path())
    Path("tests/rules/discovery/other.yml").write_text(CASES, encoding="utf-8")
    rules = load_rules([pack]).rules
    found = "tests/rules/discovery/other.yml: error[no-rule]: the test file has no rule\n"
    hint = "  = delete it, or name it as its rule, with .yml; a rule with errors doesn't count"
    for folder in (pack, pack / "discovery"):
        assert render_all(files_without_rules(folder, Path("tests/rules"), rules)) == found + hint
    assert files_without_rules(Path("elsewhere"), Path("tests/rules"), ()) == []


def test_a_test_file_with_the_other_ending_is_not_passed_over() -> None:
    pack = write_pack(Path())
    Path("tests/rules/discovery/other.yaml").write_text(CASES, encoding="utf-8")
    [problem] = files_without_rules(pack, Path("tests/rules"), load_rules([pack]).rules)
    assert (problem.code, problem.file) == ("no-rule", "tests/rules/discovery/other.yaml")


def test_a_second_rule_of_a_file_is_told_the_name_of_its_own_test_file() -> None:
    second = RULE.replace("11111111-1111", "11111112-1111")
    pack = write_pack(Path(), rule=f"{RULE}---\n{second}")
    [problem] = load_suite([pack], Path("tests/rules")).problems
    assert problem.hint == (
        "write tests/rules/discovery/shadow.2.yml, with at least 3 cases that match and 3 that don't"
    )


def test_two_rules_have_not_one_test_file() -> None:
    pack = write_pack(Path())
    Path("tests/rules/discovery/shadow.yml").rename("tests/rules/shadow.yml")
    (pack / "impact").mkdir()
    (pack / "impact/shadow.yml").write_text(RULE.replace("11111111-1111", "11111112-1111"), encoding="utf-8")
    suite = load_suite([pack], Path("tests/rules"))
    assert [test.rule.path for test in suite.tests] == [pack / "discovery/shadow.yml"]
    assert render_all(suite.problems) == (
        "sigma_rules/impact/shadow.yml:1:1: error[no-test-file]: the rule's test file tests/rules/shadow.yml is that of "
        "sigma_rules/discovery/shadow.yml already\n"
        "   1 | title: WMIC Lists Shadow Copies\n"
        "     | ^^^^^\n"
        "      = write tests/rules/impact/shadow.yml, with at least 3 cases that match and 3 that don't"
    )


def test_a_path_with_dots_doesnt_leave_the_folder_of_test_files(monkeypatch: pytest.MonkeyPatch) -> None:
    write_pack(Path())
    Path("cases").mkdir()
    Path("tests/rules/discovery").rename("cases/discovery")
    monkeypatch.chdir("cases")
    [rule] = load_rules([Path("../sigma_rules/discovery/shadow.yml")]).rules
    assert case_file_of(rule, Path("../cases")) == Path("../cases/discovery/shadow.yml")
    Path("discovery/shadow.yml").unlink()
    assert case_file_of(rule, Path("../cases")) is None  # not the rule itself, ../cases/../sigma_rules/…


def test_a_rule_is_tested_with_the_packs_own_site_file() -> None:
    pack = write_pack(Path(), rule=RULE.replace("contains: 'shadowcopy'", "contains|expand: '%what%'"))
    (pack / "site.default.yml").write_text("what: [shadowcopy]\n", encoding="utf-8")
    [test] = load_suite([pack / "discovery"], Path("tests/rules")).tests
    assert failures(test) == {}


def test_records_are_for_rules_that_read_records() -> None:
    own = RULE.replace("process_creation", "device_process_events").replace(
        "windows", "windows\n    service: defender-xdr"
    )
    own = own.replace("Image|", "ActionType: ProcessCreated\n        FolderPath|").replace("Command", "ProcessCommand")
    assert render_all(only_test(rule=own).problems) == (
        "tests/rules/discovery/shadow.yml:12:7: error[test-case]: the rule reads rows, not Windows' records: it is a "
        "correlation, or on Defender's own log source\n"
        "   12 |       raw: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\\wmic.exe.bak', "
        "CommandLine: shadowcopy}\n"
        "      |       ^^^\n"
        "       = write the rows under event or events"
    )


def test_the_file_of_a_rule_is_found_by_the_end_of_its_path(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    [rule] = load_rules([pack / "discovery" / "shadow.yml"]).rules
    assert case_file_of(rule, tmp_path / "tests/rules") == tmp_path / "tests/rules/discovery/shadow.yml"
    assert folder_of_cases([pack / "discovery"]) == Path("tests/rules")
    with pytest.raises(UsageError, match="there is no folder tests/rules beside the rules"):
        folder_of_cases([Path("/")])


FILTER = """\
title: Inventory May List Shadow Copies
id: 22222222-2222-4222-8222-222222222222
logsource:
    category: process_creation
    product: windows
filter:
    rules:
        - 11111111-1111-4111-8111-111111111111
    selection:
        ParentImage|endswith: '\\inventory.exe'
    condition: not selection
"""


def test_a_filters_cases_name_the_rule_that_it_is_put_on() -> None:
    pack = write_pack(Path())
    event = "FileName: wmic.exe, ProcessCommandLine: wmic shadowcopy, InitiatingProcessFileName"
    for folder, text in (
        ("sigma_rules", FILTER),
        (
            "tests/rules",
            "rule: 11111111-1111-4111-8111-111111111111\n"
            "cases:\n"
            f"    - {{name: silenced, expect: no_match, event: {{{event}: inventory.exe}}}}\n"
            f"    - {{name: still found, expect: match, event: {{{event}: cmd.exe}}}}\n"
            f"    - {{name: nowhere, expect: match, rule: nobody, event: {{{event}: cmd.exe}}}}\n",
        ),
    ):
        path = Path(folder, "filters", "inventory.yml")
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    suite = load_suite([pack], Path("tests/rules"))
    results = {
        result.id: result.passed for test in suite.tests for result in test.results() if test.rule.kind == "filter"
    }
    assert results == {
        "filters/inventory::silenced[evaluator]": True,
        "filters/inventory::silenced[kql]": True,
        "filters/inventory::still found[evaluator]": True,
        "filters/inventory::still found[kql]": True,
        "filters/inventory::nowhere[evaluator]": False,
        "filters/inventory::nowhere[kql]": False,
    }
    test = next(test for test in suite.tests if test.rule.kind == "filter")
    with pytest.raises(SigmaXdrError, match="there is no rule 'nobody'"):
        test.subject(test.file.cases[2])


def test_two_filters_of_one_file_are_two() -> None:
    pack = write_pack(Path())
    second = FILTER.replace("22222222", "33333333").replace("inventory", "backup")
    event = "{FileName: wmic.exe, ProcessCommandLine: shadowcopy, InitiatingProcessFileName: %s.exe}"
    for name, number, other in (("inventory", "", "backup"), ("backup", ".2", "inventory")):
        path = Path("tests/rules/filters", f"f{number}.yml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "rule: 11111111-1111-4111-8111-111111111111\ncases:\n"
            f"    - {{name: allowed, expect: no_match, event: {event % name}}}\n"
            f"    - {{name: not allowed, expect: match, event: {event % other}}}\n",
            encoding="utf-8",
        )
    (pack / "filters").mkdir()
    (pack / "filters/f.yml").write_text(f"{FILTER}---\n{second}", encoding="utf-8")
    suite = load_suite([pack / "filters"], Path("tests/rules"))  # the folder alone finds its rules too
    assert (suite.problems, [test.name for test in suite.tests]) == ((), ["filters/f", "filters/f.2"])
    assert [failures(test) for test in suite.tests] == [{}, {}]
