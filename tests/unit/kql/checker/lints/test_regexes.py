"""Regexes, wherever Kusto takes one."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked

LOOK_AROUND = "look-around, '(?=', isn't known to Kusto, at 0 of the regex"


@pytest.mark.parametrize(
    "expression",
    [
        'FileName matches regex "(?=a)"',
        'extract("(?=a)", 0, FileName) == "a"',
        'array_length(extract_all("(?=a)", FileName)) > 1',
        'replace_regex(FileName, "(?=a)", "") == "a"',
        'trim("(?=a)", FileName) == "a"',
        'trim_start("(?=a)", FileName) == "a"',
        'trim_end("(?=a)", FileName) == "a"',
        'indexof_regex(FileName, "(?=a)") > 1',
        'countof(FileName, "(?=a)", "regex") > 1',
    ],
)
def test_a_regex_that_kusto_cannot_run_is_refused(expression: str) -> None:
    [problem] = marked(f"DeviceEvents | where {expression}")
    assert problem[:4] == ("bad-regex", "error", '"(?=a)"', LOOK_AROUND)


def test_the_value_of_a_literal_is_judged_and_not_its_text() -> None:
    assert codes(r"DeviceEvents | where FileName matches regex '\\d\\.exe' or FileName matches regex @'\d\.exe'") == []
    assert codes(r"DeviceEvents | where FileName matches regex @'(a)\1'") == ["bad-regex"]


def test_a_regex_with_a_name_is_judged() -> None:
    kql = 'let Pattern = "(?=a)"; DeviceEvents | where FileName matches regex Pattern'
    assert [problem[:4] for problem in marked(kql)] == [("bad-regex", "error", "Pattern", LOOK_AROUND)]


@pytest.mark.parametrize("regex", ["FolderPath", 'strcat("a", "b")'])
def test_a_regex_that_only_a_run_knows_is_reported(regex: str) -> None:
    assert marked(f"DeviceEvents | where FileName matches regex {regex}") == [
        ("unchecked-regex", "warning", regex, "this regex is no literal, so it isn't checked", None)
    ]


def test_the_regexes_of_parse_are_not_checked() -> None:
    assert marked("DeviceEvents | parse kind=regex FileName with 'a' X") == [
        ("unchecked-regex", "warning", "parse", "the regexes of parse kind=regex aren't checked", None)
    ]
    assert codes("DeviceEvents | parse FileName with '(?=' X | parse-where FileName with '[' Y") == []


def test_what_is_no_regex_is_not_judged() -> None:
    assert codes('DeviceEvents | where countof(FileName, "(?=a)") > 1 or FileName has "(?=a)"') == []
