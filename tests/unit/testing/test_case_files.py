"""Rule test files: what they say, and every mistake in their form with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import render_all
from sigma_xdr.testing.case_files import Case, read_case_file


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems_of(text: str) -> str:
    Path("rule.yml").write_text(text, encoding="utf-8")
    file, problems = read_case_file(Path("rule.yml"))
    assert file is None
    return render_all(problems)


def test_a_file_with_all_that_it_can_say() -> None:
    Path("rule.yml").write_text(
        """\
cases:
    - name: Word starts wmic
      expect: match
      source: written for this test
      event: {FileName: WMIC.exe}
      each: {InitiatingProcessFileName: [WINWORD.EXE, EXCEL.EXE]}
    - name: a record
      expect: no_match
      rule: some_rule
      raw: {EventID: 1}
    - name: a burst
      expect: match
      events: [{FileName: a.exe}, {FileName: b.exe}]
equivalent:
    'drop-value x': no event has it
rule: another_rule
"""
    )
    file, problems = read_case_file(Path("rule.yml"))
    assert problems == []
    assert file is not None
    each = {"InitiatingProcessFileName": ["WINWORD.EXE", "EXCEL.EXE"]}
    assert file.cases == (
        Case(
            "Word starts wmic",
            True,
            "event",
            {"FileName": "WMIC.exe"},
            each,
            "written for this test",
            "another_rule",
            ("cases", 0),
        ),
        Case("a record", False, "raw", {"EventID": 1}, {}, None, "some_rule", ("cases", 1)),
        Case(
            "a burst",
            True,
            "events",
            [{"FileName": "a.exe"}, {"FileName": "b.exe"}],
            {},
            None,
            "another_rule",
            ("cases", 2),
        ),
    )
    assert [case.judges for case in file.cases] == [
        ("evaluator", "kql"),
        ("raw", "evaluator", "kql"),
        ("evaluator", "kql"),
    ]
    assert file.equivalent == {"drop-value x": "no event has it"}


def test_every_mistake_is_shown_in_its_place() -> None:
    text = """\
case: []
cases:
    - name: a
      expect: matches
      evnt: {FileName: a.exe}
    - expect: match
      event: {FileName: a.exe}
      raw: {EventID: 1}
    - text
    - name: c
      expect: match
      raw: {EventID: 1}
      each: {A: [1]}
      source: 5
    - name: d
      expect: match
      event: {}
      each: {A: [1, 2], B: [1]}
    - name: e
      expect: match
      event: {}
      each: [1]
equivalent: {a: }
"""
    assert problems_of(text) == (
        "rule.yml:1:1: error[test-file]: a test file has no 'case'\n"
        "   1 | case: []\n"
        "     | ^^^^\n"
        "      = did you mean cases?\n"
        "\n"
        "rule.yml:3:7: error[test-file]: the case has no event\n"
        "   3 |     - name: a\n"
        "     |       ^^^^\n"
        "      = event is a row, raw a Windows record, events the rows of a correlation\n"
        "\n"
        "rule.yml:4:7: error[test-file]: the case doesn't say what to expect\n"
        "   4 |       expect: matches\n"
        "     |       ^^^^^^\n"
        "      = write expect: match, or expect: no_match\n"
        "\n"
        "rule.yml:5:7: error[test-file]: a case has no 'evnt'\n"
        "   5 |       evnt: {FileName: a.exe}\n"
        "     |       ^^^^\n"
        "      = did you mean event?\n"
        "\n"
        "rule.yml:6:7: error[test-file]: a case has either event or raw\n"
        "   6 |     - expect: match\n"
        "     |       ^^^^^^\n"
        "      = event is a row, raw a Windows record, events the rows of a correlation\n"
        "\n"
        "rule.yml:6:7: error[test-file]: a case's name is one line of up to 150 characters\n"
        "   6 |     - expect: match\n"
        "     |       ^^^^^^\n"
        "      = say in it what happens: name: Word starts wmic\n"
        "\n"
        "rule.yml:9:7: error[test-file]: a case is a mapping\n"
        "   9 |     - text\n"
        "     |       ^^^^\n"
        "      = write name, expect and event under it\n"
        "\n"
        "rule.yml:13:7: error[test-file]: 'each' varies an event\n"
        "   13 |       each: {A: [1]}\n"
        "      |       ^^^^\n"
        "       = write the case with event\n"
        "\n"
        "rule.yml:14:7: error[test-file]: 'source' is text\n"
        "   14 |       source: 5\n"
        "      |       ^^^^^^\n"
        "       = quote it: '5'\n"
        "\n"
        "rule.yml:18:7: error[test-file]: the columns of 'each' need equally many values, at least one\n"
        "   18 |       each: {A: [1, 2], B: [1]}\n"
        "      |       ^^^^\n"
        "\n"
        "rule.yml:22:7: error[test-file]: 'each' maps a column to a list of its values\n"
        "   22 |       each: [1]\n"
        "      |       ^^^^\n"
        "       = each: {FileName: [a.exe, b.exe]}\n"
        "\n"
        "rule.yml:23:14: error[test-file]: the mutant 'a' has no reason\n"
        "   23 | equivalent: {a: }\n"
        "      |              ^\n"
        "       = say why no event shows the change"
    )


def test_two_cases_of_one_name() -> None:
    text = "cases:\n" + 2 * "    - {name: a, expect: match, event: {}}\n"
    assert problems_of(text) == (
        "rule.yml:3:8: error[test-file]: two cases are called 'a'\n"
        "   3 |     - {name: a, expect: match, event: {}}\n"
        "     |        ^^^^\n"
        "      = give this one a name of its own"
    )


@pytest.mark.parametrize("text", ["cases: []\n", "cases:\n", "rule: x\n"])
def test_no_cases(text: str) -> None:
    assert "error[test-file]: the file has no cases" in problems_of(text)


def test_what_is_no_test_file() -> None:
    assert "error[not-a-mapping]" in problems_of("- a\n")
    assert "error[empty-file]" in problems_of("")
    assert "error[not-yaml]" in problems_of("cases: [\n")
    assert "error[too-large]" in problems_of("x" * 1_000_001)
    nested = "cases: [{name: a, expect: match, event: {AdditionalFields: " + "[" * 1000 + "]" * 1000 + "}}]\n"
    assert "nests deeper than" in problems_of(nested)
    two = "cases:\n    - {name: a, expect: match, event: {}}\n"
    assert "error[test-file]: a test file holds one document" in problems_of(two + "---\n" + two)
    assert read_case_file(Path("missing.yml"))[1][0].message == "it can't be read: No such file or directory"
