"""The KQL that the local engine is known to run as Kusto does. Everything else is refused by name.

What a query may be made of stands in closed lists (``measured.py``); the checks here are for constructs that are run as Kusto
does in some forms only. Types are no matter of this room: a query is checked by Microsoft's language service before it
gets here.

Known and not refused, because only the data decides: ``dcount`` is exact here and an estimate in Kusto above some thousand
values; times have six digits of a second, not seven; letters beyond ASCII fold their case as DuckDB does (``=~`` and
``contains`` by lower case, ``has`` as regexes do); ``\\d``, ``\\w``, ``\\s`` and ``\\b`` know ASCII only; ``parse_json`` forgives a
trailing comma and NaN; the text of a real has an exponent as ``1e-05``, not ``1E-05``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb_kql
from duckdb_kql.timespans import ticks

from sigma_xdr.engine.escapes import literal_problem, literal_value
from sigma_xdr.engine.measured import AGGREGATES, GRAMMAR, OPERATORS, SCALARS
from sigma_xdr.engine.problem import EngineError, problem
from sigma_xdr.schema import ColumnType, xdr_schema

__all__ = ["named_tables"]

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
#: Longest piece of a query that a message repeats, in characters.
_SHOWN = 60
#: The seventh digit of a second.
_TICK = re.compile(r"\.[0-9]{6}[1-9]")


def named_tables(kql: str) -> tuple[str, ...]:
    """The XDR tables that a query names, in the schema's order.

    Raises EngineError with a diagnostic for each construct that the engine isn't known to run as Kusto does, and for a
    query that doesn't parse.
    """
    query = _Query(kql, _parsed(kql))
    found = [problem(kql, each.message, each.hint, **each.place) for each in query.problems()]
    if found:
        raise EngineError(*found)
    return tuple(table for table in xdr_schema().tables if table in query.names)


def _parsed(kql: str) -> Any:
    try:
        tree = duckdb_kql.parse(kql).tree
    except duckdb_kql.KqlSyntaxError as error:
        first = error.diagnostics[0]
        message = f"the query doesn't parse: {first.message.partition(' expecting ')[0]}"
        raise EngineError(problem(kql, message, line=first.span.line, column=first.span.column)) from None
    except RecursionError:
        raise EngineError(problem(kql, "the query is nested too deeply")) from None
    if tree is None:
        raise EngineError(problem(kql, "a control command is no query", line=1))
    return tree


# ------------------------------------------------------------------------------------------------------------- the tree


@dataclass(frozen=True)
class _Problem:
    """A construct that isn't run, and where it begins."""

    token: Any
    message: str
    hint: str | None = None

    @property
    def place(self) -> dict[str, int]:
        return {"line": self.token.line, "column": self.token.column, "length": len(self.token.text)}


def _kind(node: Any) -> str:
    return type(node).__name__.removesuffix("Context")


def _children(node: Any) -> list[Any]:
    return list(getattr(node, "children", None) or [])


_NAMES = frozenset({"IdentifierName", "KeywordName", "EscapedName"})


def _is_token(node: Any) -> bool:
    return hasattr(node, "symbol")


def _meaning(node: Any) -> Any:
    """The node that a chain of single children leads to: an expression's own operator, literal or name."""
    while len(children := _children(node)) == 1 and not _is_token(children[0]):
        node = children[0]
    return node


def _is_name(node: Any) -> bool:
    return _kind(_meaning(node)) in _NAMES


def _text(node: Any) -> str:
    found: str = node.getText()
    return found


def _name(node: Any) -> str:
    r"""A name without its quotes: ``['a b']``."""
    text = _text(node)
    return text if text[:1] != "[" else literal_value(text[1:-1])


@dataclass
class _Query:
    kql: str
    tree: Any
    names: set[str] = field(default_factory=set)
    #: What the query's let statements give names to: the statement's node.
    lets: dict[str, Any] = field(default_factory=dict)
    #: Names of rows some of which lack a column that others have.
    mixed: set[str] = field(default_factory=set)

    def problems(self) -> Iterator[_Problem]:
        """Every construct that isn't run, in the query's order."""
        for statement in self._nodes(self.tree, "Statement"):
            mixed_from: int | None = None
            pending = [statement]
            while pending:
                node = pending.pop()
                kind = _kind(node)
                if _is_token(node):
                    continue
                if kind not in GRAMMAR:
                    yield _Problem(node.start, _unknown(_text(node) if "Wildcard" in kind else node.start.text))
                    continue
                if kind in _NAMES:
                    self.names.add(_name(node))
                if mixed_from is None and (kind == "UnionOperator" or (kind in _NAMES and _name(node) in self.mixed)):
                    mixed_from = node.stop.stop
                if check := _CHECKS.get(kind):
                    yield from check(self, node)
                if mixed_from is not None and node.start.start > mixed_from:
                    yield from _after_union(self, node)
                pending += reversed(_children(node))
            self._let(statement, mixed_from is not None)

    def _nodes(self, tree: Any, kind: str) -> Iterator[Any]:
        pending = [tree]
        while pending:
            node = pending.pop()
            if _kind(node) == kind:
                yield node
            else:
                pending += reversed(_children(node))

    def _let(self, statement: Any, mixed: bool) -> None:
        declaration = _meaning(statement)
        if _kind(declaration).startswith("Let"):
            _, name, _, *value = _children(declaration)
            self.lets[_name(name)] = value
            if mixed:
                self.mixed.add(_name(name))

    def shown(self, node: Any) -> str:
        """An expression as the query has it, in one line and not too long."""
        text = " ".join(self.kql[node.start.start : node.stop.stop + 1].split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

    def constant(self, node: Any) -> Any:
        """The literal that an expression is, or that its name stands for; the expression's own node otherwise."""
        node = _meaning(node)
        if _is_name(node) and len(value := self.lets.get(_name(node), ())) == 1:
            return _meaning(value[0])
        return node


def _unknown(construct: str, where: str = "") -> str:
    return f"the local engine isn't known to run '{construct}'{where} as Kusto does"


# ----------------------------------------------------------------------------------------------------------- the checks


def _call(query: _Query, node: Any) -> Iterator[_Problem]:
    name = _text(_children(node)[0])
    arguments = [child for child in _children(node) if _kind(child) == "ArgumentExpression"]
    if name not in SCALARS | AGGREGATES and name not in query.lets:
        yield _Problem(node.start, _unknown(f"{name}()"))
    elif name in _PATTERNS and len(arguments) > _PATTERNS[name]:
        yield from _pattern(query, arguments[_PATTERNS[name]])
    elif check := _CALLS.get(name):
        yield from check(query, node, arguments)


def _bin(query: _Query, node: Any, arguments: list[Any]) -> Iterator[_Problem]:
    width = query.constant(arguments[-1])
    if _kind(width) == "TimeSpanLiteralExpression" and _BINS_APART % ticks(_text(width)):
        hint = "Kusto's bins begin at year 1, the local engine's at 1970: take a width that divides a day, or 2d"
        yield _Problem(node.start, _unknown(query.shown(node)), hint)
    elif _kind(width) not in _WIDTHS:
        yield _Problem(node.start, _unknown(query.shown(node)), "write the width as a literal")


_WIDTHS = frozenset(
    {"TimeSpanLiteralExpression", "LongLiteralExpression", "IntLiteralExpression", "RealLiteralExpression"}
)


def _one_argument(query: _Query, node: Any, arguments: list[Any]) -> Iterator[_Problem]:
    if len(arguments) != 1:
        yield _Problem(
            node.start, _unknown(query.shown(node)), "leave the greatest size out: the local engine doesn't keep it"
        )


def _null_test(query: _Query, node: Any, arguments: list[Any]) -> Iterator[_Problem]:
    meant = [_meaning(argument) for argument in arguments]
    hint = f"write {'isempty' if _text(node).startswith('isnull') else 'isnotempty'}(…)"
    for each in meant:
        if _kind(each) == "FunctionCallOrPathPathExpression" or _text(each).startswith(("parse_json", "todynamic")):
            yield _Problem(node.start, _unknown(query.shown(node), " of a dynamic value"), hint)
        elif _is_name(each) and _column_types(_name(each)) == {ColumnType.STRING}:
            yield _Problem(node.start, f"{query.shown(node)} is the same for every row: a text is never null", hint)


def _column_types(name: str) -> set[ColumnType]:
    return {table.columns[name].type for table in xdr_schema().tables.values() if name in table.columns}


def _sorted_list(query: _Query, node: Any, arguments: list[Any]) -> Iterator[_Problem]:
    called = re.fullmatch(r"make_list\((\w+)\)", _text(arguments[0])) if arguments else None
    if called is None or not _column_types(called[1]) or _column_types(called[1]) - {ColumnType.DATETIME}:
        hint = "the local engine sorts numbers as text: sort the rows, or a list of times, array_sort_asc(make_list(Timestamp))"
        yield _Problem(node.start, _unknown(query.shown(node)), hint)


def _networks(query: _Query, node: Any, arguments: list[Any]) -> Iterator[_Problem]:
    if any(_kind(_meaning(argument)) != "StringLiteralExpression" for argument in arguments[1:]):
        yield _Problem(node.start, _unknown(query.shown(node)), "write each network as a text of its own")


_CALLS: Mapping[str, Callable[[_Query, Any, list[Any]], Iterator[_Problem]]] = {
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


def _pattern(query: _Query, node: Any) -> Iterator[_Problem]:
    literal = query.constant(node)
    if _kind(literal) != "StringLiteralExpression":
        yield _Problem(node.start, _unknown(query.shown(node), " as a regular expression"), "write it as a literal")
        return
    pattern = "".join(literal_value(_text(token)) for token in _children(literal))
    if found := next((token for token in _PATTERN_TOKEN.findall(pattern) if _TWO_WAYS.fullmatch(token)), None):
        yield _Problem(literal.start, _unknown(found, " in a regular expression"))


def _operator(query: _Query, node: Any) -> Iterator[_Problem]:
    operator, *operands = _children(node)
    text = re.sub(r"\s", "", _text(operator))
    if text not in OPERATORS:
        yield _Problem(node.start, _unknown(_text(operator)))
    elif text == "matchesregex":
        yield from _pattern(query, operands[0])


def _join(query: _Query, node: Any) -> Iterator[_Problem]:
    kind = next((_text(child) for child in _children(node) if _text(child).startswith("kind=")), "kind=innerunique")
    if kind == "kind=innerunique":
        hint = "write kind=inner: which of several equal rows innerunique takes is left to chance"
        yield _Problem(
            node.start, _unknown("join", " without a kind" if kind not in _text(node) else " of kind innerunique"), hint
        )


def _parameter(query: _Query, node: Any) -> Iterator[_Problem]:
    name, _, value = (_text(child) for child in _children(node))
    if name == "kind" and value in _OUTER_JOINS:
        hint = "where nothing is joined, the local engine's texts are null and Kusto's empty: use inner, leftsemi or leftanti"
        yield _Problem(node.start, _unknown(f"kind={value}"), hint)
    elif name.startswith("hint.") or (name == "kind" and value == "innerunique"):
        return
    elif name not in _PARAMETERS or ((values := _PARAMETERS[name]) is not None and value not in values):
        yield _Problem(node.start, _unknown(query.shown(node)))


def _string(query: _Query, node: Any) -> Iterator[_Problem]:
    for token in _children(node):
        if found := literal_problem(_text(token)):
            yield _Problem(token.symbol, _unknown(found, " in a string"), r"write the character itself, or \uXXXX")


def _truth(query: _Query, node: Any) -> Iterator[_Problem]:
    if not re.fullmatch(r"(?i)true|false|bool\((true|false|null)\)", _text(node)):
        yield _Problem(node.start, _unknown(query.shown(node)), "write true or false")


def _seventh_digit(query: _Query, node: Any) -> Iterator[_Problem]:
    if _TICK.search(_text(node)):
        yield _Problem(node.start, _unknown(query.shown(node)), "the local engine's times have six digits of a second")


_CHECKS: Mapping[str, Callable[[_Query, Any], Iterator[_Problem]]] = {
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


def _after_union(query: _Query, node: Any) -> Iterator[_Problem]:
    """Comparisons that a union's rows may decide otherwise: a text column that a row lacks is null here, not empty."""
    if _kind(node) not in ("EqualityExpression", "StringBinaryOperatorExpression") or len(_children(node)) != 2:
        return
    left, comparison = _children(node)
    operator, *operands = _children(comparison)
    if _text(left).startswith("$") or _text(operator) not in ("==", "!=", "<>", "=~", "!~", "in", "!in", "in~", "!in~"):
        return
    if any(_text(_meaning(operand)) in ('""', "''") for operand in operands):
        hint = "write isempty(…): after a union a text that a row lacks is null here and empty in Kusto"
        yield _Problem(node.start, _unknown(query.shown(node)), hint)
    elif _is_name(left) and any(_is_name(operand) for operand in operands):
        hint = "compare before the union: a text that a row lacks is null here and empty in Kusto"
        yield _Problem(node.start, _unknown(query.shown(node)), hint)
