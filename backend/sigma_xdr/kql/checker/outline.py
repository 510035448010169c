"""The bound tree, boiled down to what the lints look at: read from the JSON that ``outline.js`` writes.

JavaScript counts UTF-16 units; every span here is in Python characters.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

from sigma_xdr.kql.checker.problem import Finding, Severity, Span


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison, or one argument of a call.

    ``type`` is Kusto's name of its scalar type (of its first column, for a table; None where it isn't known).
    ``value`` is the value of a constant string, or the JSON text of a constant dynamic. ``columns`` are the names of the
    columns that a datetime is computed from, sorted; empty for other types.
    """

    type: str | None
    value: str | None
    columns: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """A boolean operator over values: ``operator`` as written, and ``span`` its place; ``and``, ``or`` are none.

    ``within`` is ``where`` or ``join`` (its ``on`` clause) or empty. A key that a join names once is a comparison with
    the operator ``on`` and one operand.
    """

    operator: str
    span: Span
    within: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function; ``span`` is its name."""

    name: str
    span: Span
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """A join with its kind as written, None where it is left out; ``span`` is the keyword."""

    kind: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class ScalarLiteral:
    """A literal that isn't a string: its type, its text, and the value that the service read (None: null)."""

    type: str
    text: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Outline:
    """A query as the language service understands it.

    ``command`` says that it is a control command (``.drop table``), of which nothing else is known; ``queries`` are the
    statements that give rows.
    ``compound_strings`` are adjacent string literals; ``regex_parsers`` the keywords of ``parse kind=regex``;
    ``prose`` string literals and comments, given only where the text isn't ASCII. ``findings`` are Microsoft's own,
    ``columns`` the names and types of the result, empty where there is none.
    """

    text: str
    command: bool
    queries: tuple[Span, ...]
    comparisons: tuple[Comparison, ...]
    calls: tuple[Call, ...]
    joins: tuple[Join, ...]
    literals: tuple[ScalarLiteral, ...]
    compound_strings: tuple[Span, ...]
    regex_parsers: tuple[Span, ...]
    prose: tuple[Span, ...]
    findings: tuple[Finding, ...]
    columns: tuple[tuple[str, str], ...]


def read_outline(text: str, facts: str) -> Outline:
    """The outline of ``text`` from the JSON that ``outline.js`` gave for it."""
    found: dict[str, Any] = json.loads(facts)
    span = _span_reader(text)

    def operands(rows: Iterable[list[Any]]) -> tuple[Operand, ...]:
        return tuple(Operand(type_, value, tuple(columns), span(*at)) for type_, value, columns, *at in rows)

    return Outline(
        text=text,
        command=found["command"],
        queries=tuple(span(*at) for at in found["queries"]),
        comparisons=tuple(
            Comparison(operator, span(start, length), within, operands(rows))
            for operator, start, length, within, rows in found["comparisons"]
        ),
        calls=tuple(Call(name, span(start, length), operands(rows)) for name, start, length, rows in found["calls"]),
        joins=tuple(Join(kind, span(*at)) for kind, *at in found["joins"]),
        literals=tuple(ScalarLiteral(type_, token, value, span(*at)) for type_, token, value, *at in found["literals"]),
        compound_strings=tuple(span(*at) for at in found["compound_strings"]),
        regex_parsers=tuple(span(*at) for at in found["regex_parsers"]),
        prose=tuple(sorted(span(*at) for at in found["prose"])),
        findings=tuple(
            Finding(code, _severity(code, severity), message.removesuffix("."), span(*at))
            for code, severity, message, *at in found["diagnostics"]
            if severity != "Hidden"
        ),
        columns=tuple((name, type_) for name, type_ in found["columns"]),
    )


def _severity(code: str, given: str) -> Severity:
    """Microsoft's severity in our words.

    KS207 (another cluster) is only a warning to an editor, which may lack that cluster's schema. Advanced hunting has
    no other cluster, and nothing that is read from one would be checked.
    """
    return "error" if code == "KS207" else cast(Severity, given.lower())


def _span_reader(text: str) -> Callable[[int, int], Span]:
    """A function from a start and length in UTF-16 units to a span of ``text``."""
    if text.isascii() or max(text) <= "\uffff":
        return Span
    units = accumulate((2 if char > "\uffff" else 1 for char in text), initial=0)
    pairs = [unit for unit, char in zip(units, text, strict=False) if char > "\uffff"]

    def read(start: int, length: int) -> Span:
        first, end = (unit - bisect_left(pairs, unit) for unit in (start, start + length))
        return Span(first, end - first)

    return read
