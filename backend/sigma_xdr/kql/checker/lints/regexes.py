"""Regexes: the parser doesn't look into them, the service fails on them."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Operand, Outline
from sigma_xdr.kql.checker.problem import Finding
from sigma_xdr.kql.regex import RegexProblem, check_kusto_regex

#: Which argument of a function is a regex.
_FUNCTIONS = {
    "extract": 0,
    "extract_all": 0,
    "indexof_regex": 1,
    "replace": 1,
    "replace_regex": 1,
    "trim": 0,
    "trim_end": 0,
    "trim_start": 0,
}


def bad_regex(outline: Outline) -> Iterator[Finding]:
    """A constant regex that Kusto can't run, or that means another thing in the local engine."""
    for pattern in _patterns(outline):
        if pattern.value is not None and pattern.type == "string":
            try:
                check_kusto_regex(pattern.value)
            except RegexProblem as problem:
                place = "" if problem.offset is None else f", at {problem.offset} of the regex"
                yield Finding("bad-regex", "error", f"{problem.message}{place}", pattern.span, problem.hint)


def unchecked_regex(outline: Outline) -> Iterator[Finding]:
    """A regex that is known only when the query runs."""
    for pattern in _patterns(outline):
        if pattern.value is None:
            yield Finding("unchecked-regex", "warning", "this regex is no literal, so it isn't checked", pattern.span)
    for span in outline.regex_parsers:
        yield Finding("unchecked-regex", "warning", "the regexes of parse kind=regex aren't checked", span)


def _patterns(outline: Outline) -> Iterator[Operand]:
    for comparison in outline.comparisons:
        if comparison.operator == "matches regex":
            yield from comparison.operands[1:]
    for call in outline.calls:
        place = _FUNCTIONS.get(call.name)
        if call.name == "countof" and [argument.value for argument in call.arguments[2:]] == ["regex"]:
            place = 1
        if place is not None:
            yield from call.arguments[place : place + 1]
