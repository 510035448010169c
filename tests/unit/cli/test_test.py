from __future__ import annotations

import json
from pathlib import Path

import pytest
from junitparser import JUnitXml

from sigma_xdr.cli import main
from tests.unit.testing.pack import CASES, write_pack

FAILING = CASES.replace("ProcessCommandLine: wmic os", "ProcessCommandLine: wmic shadowcopy")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["test", *args])
    return ended.value.code, *capsys.readouterr()


def test_a_pack_whose_cases_are_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path())
    expected = (0, "", "6 cases of 1 rule, 13 verdicts; all as expected\n")
    assert run(capsys) == expected
    assert run(capsys, "sigma_rules/discovery") == expected
    assert run(capsys, "sigma_rules/discovery/shadow.yml", "--tests", "tests/rules") == expected


def test_a_failing_case_is_shown_once_with_the_judges_that_fail_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), FAILING)
    assert run(capsys) == (
        1,
        "FAILED discovery/shadow::another class[evaluator, kql]\n"
        "  expected no match, the compiled query selected it\n"
        "  evaluator: match   kql: match   → they agree: it is the rule, or the case's expectation\n"
        "  event: DeviceProcessEvents ActionType=ProcessCreated, FolderPath=C:\\Windows\\System32\\wmic.exe, "
        "FileName=wmic.exe, ProcessCommandLine=wmic shadowcopy\n"
        "  ✓ WMIC Lists Shadow Copies\n"
        "    ✓ selection\n"
        "      ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wmic.exe'\n"
        "      ✓ CommandLine contains 'shadowcopy'   at 5: 'wmic »shadowcopy«'\n"
        "\n",
        "6 cases of 1 rule, 13 verdicts; 2 failed\n",
    )


def test_a_wrong_case_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), CASES.replace("ProcessCommandLine: wmic os", "CommandLine: wmic os"))
    assert run(capsys) == (
        2,
        "tests/rules/discovery/shadow.yml:9:75: error[test-case]: 'CommandLine' is no column of DeviceProcessEvents\n"
        "   9 |     - {name: another class, expect: no_match, event: {FileName: wmic.exe, CommandLine: wmic os}}\n"
        "     |                                                                           ^^^^^^^^^^^\n"
        "      = did you mean ProcessCommandLine?\n"
        "\n",
        "6 cases of 1 rule, 13 verdicts; 2 failed; 1 problem\n",
    )


def test_a_rule_without_tests_and_tests_without_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(Path(), cases=None)
    code, _, error = run(capsys)
    assert (code, error.splitlines()[0]) == (
        3,
        "error[no-tests]: there is no folder tests/rules beside the rules, or above them",
    )
    write_pack(Path())
    Path("tests/rules/discovery/other.yml").write_text(CASES, encoding="utf-8")
    code, out, error = run(capsys, str(pack))
    assert (code, error) == (1, "6 cases of 1 rule, 13 verdicts; all as expected; 1 problem\n")
    assert out.startswith("tests/rules/discovery/other.yml: error[no-rule]: the test file has no rule\n")
    code, _, error = run(capsys, "nowhere")
    assert (code, error.splitlines()[0]) == (3, "error[no-such-path]: 'nowhere' doesn't exist")


def test_a_broken_rule_is_an_error_and_the_others_are_tested(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path())
    Path("sigma_rules/discovery/broken.yml").write_text("title: [", encoding="utf-8")
    code, out, error = run(capsys)
    assert (code, error) == (2, "6 cases of 1 rule, 13 verdicts; all as expected; 1 problem\n")
    assert out.startswith("sigma_rules/discovery/broken.yml:2:1: error[not-yaml]")


def test_a_report_for_build_servers(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), FAILING.replace("name: lists", 'name: "lists \\u2028"'))
    assert run(capsys, "--junit", "report.xml")[0] == 2
    write_pack(Path(), FAILING)
    assert run(capsys, "--junit", "report.xml")[0] == 1
    [suite] = JUnitXml.fromfile("report.xml")
    assert (suite.name, suite.tests, suite.failures, suite.errors) == ("discovery/shadow", 13, 2, 0)
    failed = {case.name: case.result[0] for case in suite if case.result}
    assert {name: result.message for name, result in failed.items()} == {
        "another class[evaluator]": "expected no match, the rule matches the row",
        "another class[kql]": "expected no match, the compiled query selected it",
    }
    assert "evaluator: match   kql: match" in failed["another class[kql]"].text
    assert run(capsys, "--junit", "nowhere/report.xml")[::2] == (
        3,
        "error[junit]: can't write nowhere/report.xml: No such file or directory\n",
    )
    assert sorted(path.name for path in Path().iterdir()) == ["report.xml", "sigma_rules", "tests"]


def test_results_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path(), FAILING)
    code, out, _ = run(capsys, "--format", "json")
    data = json.loads(out)
    assert (code, len(data["results"]), data["problems"]) == (1, 13, [])
    assert data["results"][0] == {
        "rule": "discovery/shadow",
        "case": "lists",
        "judge": "evaluator",
        "expect": "match",
        "passed": True,
        "losses": [],
        "failure": None,
    }
    [failed] = [each for each in data["results"] if not each["passed"] and each["judge"] == "kql"]
    assert (failed["case"], failed["failure"]["verdicts"]) == ("another class", {"evaluator": "match", "kql": "match"})


FILTER = """\
title: Nobody Lists
id: 22222222-2222-4222-8222-222222222222
logsource: {category: process_creation, product: windows}
filter:
    rules: any
    selection: {CommandLine|contains: ' list'}
    condition: not selection
"""


def test_a_filter_that_blinds_a_rule_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(Path())
    Path("site").mkdir()
    Path("site/all.yml").write_text(FILTER, encoding="utf-8")
    code, out, error = run(capsys, "--filters", "site")
    assert (code, error) == (1, "6 cases of 1 rule, 13 verdicts; 4 failed\n")
    assert "FAILED discovery/shadow::lists[evaluator, kql]\n" in out
    assert "  ✗ filter Nobody Lists\n" in out
