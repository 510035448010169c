"""Conditions on strings that are not what they look like."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding

_SEARCHES = frozenset(
    name + case
    for word in ("has", "contains", "startswith", "endswith", "hasprefix", "hassuffix")
    for name in (word, f"!{word}")
    for case in ("", "_cs")
) | {"has_any", "has_all", "matches regex"}
_NULL_TESTS = {"isnull": ("false", "isempty"), "isnotnull": ("true", "isnotempty"), "notnull": ("true", "isnotempty")}


def adjacent_strings(outline: Outline) -> Iterator[Finding]:
    """``("a" "b")``: Kusto joins adjacent literals, so a missing comma silently makes one value of two."""
    for span in outline.compound_strings:
        message = "adjacent string literals are one string"
        yield Finding("adjacent-strings", "error", message, span, "put a comma between them, or write one literal")


def empty_needle(outline: Outline) -> Iterator[Finding]:
    """``contains ""`` holds for every row."""
    for comparison in outline.comparisons:
        if comparison.operator not in _SEARCHES:
            continue
        for needle in comparison.operands[1:]:
            if needle.value == "" and needle.type == "string":
                outcome = "false" if comparison.operator.startswith("!") else "true"
                message = f"{comparison.operator} with an empty string is always {outcome}"
                yield Finding("empty-needle", "error", message, needle.span, "isempty() asks for an empty column")


def null_test(outline: Outline) -> Iterator[Finding]:
    """A string is never null in Kusto."""
    for call in outline.calls:
        if call.name in _NULL_TESTS and [argument.type for argument in call.arguments] == ["string"]:
            outcome, instead = _NULL_TESTS[call.name]
            message = f"{call.name}() of a string is always {outcome}"
            yield Finding("null-test", "error", message, call.span, f"use {instead}()")
