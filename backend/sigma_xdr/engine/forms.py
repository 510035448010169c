"""Constructs that are run as Kusto runs them in some forms only: a check each, by the grammar rule that it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from duckdb_kql.timespans import ticks

from sigma_xdr.engine.escapes import literal_problem, literal_value
from sigma_xdr.engine.measured import AGGREGATES, OPERATORS, SCALARS
from sigma_xdr.engine.syntax import Problem, Query, children, is_name, kind, meaning, name_of, text_of
from sigma_xdr.schema import ColumnType, xdr_schema

__all__ = ["CHECKS", "unknown"]

#: What an operator's parameter may be called, and what it may say.
_PARAMETERS: Mapping[str, frozenset[str] | None] = {
    "kind": frozenset({"inner", "leftsemi", "leftanti", "rightsemi", "rightanti", "outer"}),
    "with_itemindex": None,
    "withsource": None,
}
_OUTER_JOINS = frozenset({"leftouter", "rightouter", "fullouter"})

#: Of which parameter of a function the value is a regular expression, from 0.
_PATTERNS = {
    "extract": 0, "extract_all": 0, "replace_regex": 1, "trim": 0, "trim_start": 0, "trim_end": 0
}  # fmt: skip
#: A regular expression's tokens: a class, an escape, or any other character.
_PATTERN_TOKEN = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\\\]])*\]|\\b\{|\\.|.", re.DOTALL)
#: Those that Kusto, which runs Rust's regex crate, and RE2 read in two ways: words' edges, quoting, bytes, sets of classes.
_TWO_WAYS = re.compile(r"\\(?:[<>QEC]|b\{)|\[.*?(?:&&|--|~~|(?<=.)\[(?!:)).*", re.DOTALL)
#: Days from year 1, where Kusto's bins begin, to 1970, where the local engine's do, in ticks of 100 ns.
_BINS_APART = 719_162 * 86_400 * 10_000_000
#: The seventh digit of a second.
_TICK = re.compile(r"\.[0-9]{6}[1-9]")


def unknown(construct: str, where: str = "") -> str:
    """The message of a refusal."""
    return f"the local engine isn't known to run '{construct}'{where} as Kusto does"


def _call(query: Query, node: Any) -> Iterator[Problem]:
    name = text_of(children(node)[0])
    arguments = [child for child in children(node) if kind(child) == "ArgumentExpression"]
    if name not in SCALARS | AGGREGATES and name not in query.lets:
        yield Problem(node.start, unknown(f"{name}()"))
    elif name in _PATTERNS and len(arguments) > _PATTERNS[name]:
        yield from _pattern(query, arguments[_PATTERNS[name]])
    elif check := _CALLS.get(name):
        yield from check(query, node, arguments)


def _bin(query: Query, node: Any, arguments: list[Any]) -> Iterator[Problem]:
    width = query.constant(arguments[-1]) if arguments else node
    if kind(width) == "TimeSpanLiteralExpression" and not _divides(text_of(width)):
        hint = "Kusto's bins begin at year 1, the local engine's at 1970: take a width that divides a day, or 2d"
        yield Problem(node.start, unknown(query.shown(node)), hint)
    elif kind(width) not in _WIDTHS:
        yield Problem(node.start, unknown(query.shown(node)), "write the width as a literal")


def _divides(timespan: str) -> bool:
    """Whether bins of that width begin alike, counted from year 1 and from 1970."""
    try:
        return _BINS_APART % ticks(timespan) == 0
    except (ValueError, ZeroDivisionError):
        return False


_WIDTHS = frozenset(
    {"TimeSpanLiteralExpression", "LongLiteralExpression", "IntLiteralExpression", "RealLiteralExpression"}
)


def _one_argument(query: Query, node: Any, arguments: list[Any]) -> Iterator[Problem]:
    if len(arguments) != 1:
        yield Problem(
            node.start, unknown(query.shown(node)), "leave the greatest size out: the local engine doesn't keep it"
        )


def _null_test(query: Query, node: Any, arguments: list[Any]) -> Iterator[Problem]:
    meant = [meaning(argument) for argument in arguments]
    hint = f"write {'isempty' if text_of(node).startswith('isnull') else 'isnotempty'}(…)"
    for each in meant:
        if kind(each) == "FunctionCallOrPathPathExpression" or text_of(each).startswith(("parse_json", "todynamic")):
            yield Problem(node.start, unknown(query.shown(node), " of a dynamic value"), hint)
        elif is_name(each) and _column_types(name_of(each)) == {ColumnType.STRING}:
            yield Problem(node.start, f"{query.shown(node)} is the same for every row: a text is never null", hint)


def _column_types(name: str) -> set[ColumnType]:
    return {table.columns[name].type for table in xdr_schema().tables.values() if name in table.columns}


def _sorted_list(query: Query, node: Any, arguments: list[Any]) -> Iterator[Problem]:
    called = re.fullmatch(r"make_list\((\w+)\)", text_of(arguments[0])) if arguments else None
    if called is None or not _column_types(called[1]) or _column_types(called[1]) - {ColumnType.DATETIME}:
        hint = "the local engine sorts numbers as text: sort the rows, or a list of times, array_sort_asc(make_list(Timestamp))"
        yield Problem(node.start, unknown(query.shown(node)), hint)


def _networks(query: Query, node: Any, arguments: list[Any]) -> Iterator[Problem]:
    if any(kind(meaning(argument)) != "StringLiteralExpression" for argument in arguments[1:]):
        yield Problem(node.start, unknown(query.shown(node)), "write each network as a text of its own")


_CALLS: Mapping[str, Callable[[Query, Any, list[Any]], Iterator[Problem]]] = {
    "array_sort_asc": _sorted_list,
    "bin": _bin,
    "floor": _bin,
    "ipv4_is_in_any_range": _networks,
    "ipv4_is_in_range": _networks,
    "ipv6_is_in_any_range": _networks,
    "ipv6_is_in_range": _networks,
    "isnotnull": _null_test,
    "isnull": _null_test,
    "make_list": _one_argument,
    "make_set": _one_argument,
}


def _pattern(query: Query, node: Any) -> Iterator[Problem]:
    literal = query.constant(node)
    if kind(literal) != "StringLiteralExpression":
        yield Problem(node.start, unknown(query.shown(node), " as a regular expression"), "write it as a literal")
        return
    pattern = "".join(literal_value(text_of(token)) for token in children(literal))
    if found := next((token for token in _PATTERN_TOKEN.findall(pattern) if _TWO_WAYS.fullmatch(token)), None):
        yield Problem(literal.start, unknown(found, " in a regular expression"))


def _operator(query: Query, node: Any) -> Iterator[Problem]:
    operator, *operands = children(node)
    text = re.sub(r"\s", "", text_of(operator))
    if text not in OPERATORS:
        yield Problem(node.start, unknown(text_of(operator)))
    elif text == "matchesregex":
        yield from _pattern(query, operands[0])


def _join(query: Query, node: Any) -> Iterator[Problem]:
    chosen = next((text_of(child) for child in children(node) if text_of(child).startswith("kind=")), None)
    if chosen in (None, "kind=innerunique"):
        hint = "write kind=inner: which of several equal rows innerunique takes is left to chance"
        yield Problem(node.start, unknown("join", " of kind innerunique" if chosen else " without a kind"), hint)


def _parameter(query: Query, node: Any) -> Iterator[Problem]:
    name, _, value = (text_of(child) for child in children(node))
    if name == "kind" and value in _OUTER_JOINS:
        hint = "where nothing is joined, the local engine's texts are null and Kusto's empty: use inner, leftsemi or leftanti"
        yield Problem(node.start, unknown(f"kind={value}"), hint)
    elif name.startswith("hint.") or (name == "kind" and value == "innerunique"):
        return
    elif name not in _PARAMETERS or ((values := _PARAMETERS[name]) is not None and value not in values):
        yield Problem(node.start, unknown(query.shown(node)))


def _string(query: Query, node: Any) -> Iterator[Problem]:
    for token in children(node):
        if found := literal_problem(text_of(token)):
            yield Problem(token.symbol, unknown(found, " in a string"), r"write the character itself, or \uXXXX")


def _truth(query: Query, node: Any) -> Iterator[Problem]:
    if not re.fullmatch(r"(?i)true|false|bool\((true|false|null)\)", text_of(node)):
        yield Problem(node.start, unknown(query.shown(node)), "write true or false")


def _seventh_digit(query: Query, node: Any) -> Iterator[Problem]:
    if _TICK.search(text_of(node)):
        yield Problem(node.start, unknown(query.shown(node)), "the local engine's times have six digits of a second")


CHECKS: Mapping[str, Callable[[Query, Any], Iterator[Problem]]] = {
    "BetweenEqualityExpression": _operator,
    "BooleanLiteralExpression": _truth,
    "DateTimeLiteralExpression": _seventh_digit,
    "JoinOperator": _join,
    "ListEqualityExpression": _operator,
    "NamedFunctionCallExpression": _call,
    "RelaxedQueryOperatorParameter": _parameter,
    "StrictQueryOperatorParameter": _parameter,
    "StringBinaryOperation": _operator,
    "StringLiteralExpression": _string,
}
