"""Conditions on strings that aren't what they look like."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked

WHERE = "DeviceEvents | where "


@pytest.mark.parametrize("literals", ['"a.exe" "b.exe"', "'a' \"b\" @'c'", '"a"\n   "b"'])
def test_adjacent_literals_are_a_missing_comma(literals: str) -> None:
    assert marked(f"{WHERE}FileName in~ ({literals})") == [
        (
            "adjacent-strings",
            "error",
            literals,
            "adjacent string literals are one string",
            "put a comma between them, or write one literal",
        )
    ]


@pytest.mark.parametrize("literals", ['"a.exe", "b.exe"', "'it''s'", r'"\"a\" \"b\""', '@"a""b"'])
def test_quotes_within_a_literal_are_none(literals: str) -> None:
    assert "adjacent-strings" not in codes(f"{WHERE}FileName in~ ({literals.replace(chr(39) * 2, '')})")


@pytest.mark.parametrize(
    ("condition", "operator", "outcome"),
    [
        ('FileName has ""', "has", "true"),
        ("FileName contains ''", "contains", "true"),
        ('FileName startswith ""', "startswith", "true"),
        ('FileName endswith_cs @""', "endswith_cs", "true"),
        ('FileName !contains ""', "!contains", "false"),
        ('FileName has_any ("a", "")', "has_any", "true"),
        ('FileName matches regex ""', "matches regex", "true"),
    ],
)
def test_a_search_for_nothing_finds_everything(condition: str, operator: str, outcome: str) -> None:
    [problem] = marked(WHERE + condition)
    assert problem[:2] == ("empty-needle", "error")
    assert problem[2] in ('""', "''", '@""')
    assert problem[3:] == (f"{operator} with an empty string is always {outcome}", "isempty() asks for an empty column")


@pytest.mark.parametrize(
    "condition", ['FileName == ""', 'FileName in ("")', 'FileName has " "', 'FileName !in~ ("", "a")']
)
def test_equality_with_nothing_is_a_test_for_an_empty_string(condition: str) -> None:
    assert codes(WHERE + condition) == []


@pytest.mark.parametrize(
    ("name", "outcome", "instead"),
    [("isnull", "false", "isempty"), ("isnotnull", "true", "isnotempty"), ("notnull", "true", "isnotempty")],
)
def test_a_string_is_never_null(name: str, outcome: str, instead: str) -> None:
    assert marked(f"{WHERE}{name}(FileName)") == [
        ("null-test", "error", name, f"{name}() of a string is always {outcome}", f"use {instead}()")
    ]
    assert codes(f"{WHERE}{name}(ProcessId) or {name}(parse_json(AdditionalFields).X) or {instead}(FileName)") == []
