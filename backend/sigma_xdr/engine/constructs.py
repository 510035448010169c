"""The KQL that the local engine is known to run as Kusto does. Everything else is refused by name.

What a query may be made of stands in closed lists (``measured.py``); what is run as Kusto runs it in some forms only has a check
(``forms.py``, ``unions.py``). Types are no matter of this room: a query is checked by Microsoft's language service before it
gets here.

Known and not refused, because only the data decides: ``dcount`` is exact here and an estimate in Kusto above some thousand
values; times have six digits of a second, not seven; letters beyond ASCII fold their case as DuckDB does (``=~`` and
``contains`` by lower case, ``has`` as regexes do); ``\\d``, ``\\w``, ``\\s`` and ``\\b`` know ASCII only; ``parse_json`` forgives a
trailing comma and NaN, and finds nothing where a ``\\u`` escape is half a character; the text of a real has an exponent as
``1e-05``, not ``1E-05``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigma_xdr.engine.forms import CHECKS, unknown
from sigma_xdr.engine.measured import GRAMMAR
from sigma_xdr.engine.problem import EngineError, problem
from sigma_xdr.engine.syntax import NAMES, Problem, Query, children, is_token, kind, meaning, name_of, parsed, text_of
from sigma_xdr.engine.unions import after_union, is_shaped, operands
from sigma_xdr.schema import xdr_schema

__all__ = ["named_tables"]


def named_tables(kql: str) -> tuple[str, ...]:
    """The XDR tables that a query names, in the schema's order.

    Raises EngineError with a diagnostic for each construct that the engine isn't known to run as Kusto does, and for a
    query that doesn't parse.
    """
    query, names = parsed(kql), set[str]()
    found = [
        problem(kql, each.message, each.hint, **each.place)
        for statement in _statements(query.tree)
        for each in _problems(query, statement, names)
    ]
    if found:
        raise EngineError(*found)
    return tuple(table for table in xdr_schema().tables if table in names)


def _statements(tree: Any) -> Iterator[Any]:
    for child in children(tree):
        if kind(child) == "Statement":
            yield child
        else:
            yield from _statements(child)


def _problems(query: Query, statement: Any, names: set[str]) -> Iterator[Problem]:
    """The problems of one statement in its order; adds to ``names``, and to what the query knows of its lets."""
    mixed_from: int | None = None
    pending = [statement]
    while pending:
        node = pending.pop()
        rule = kind(node)
        if is_token(node):
            continue
        if rule not in GRAMMAR:
            yield Problem(node.start, unknown(text_of(node) if "Wildcard" in rule else node.start.text))
            continue
        if rule in NAMES:
            names.add(name_of(node))
        if check := CHECKS.get(rule):
            yield from check(query, node)
        if rule == "UnionOperator":
            yield from operands(query, node)
        if mixed_from is not None and node.start.start > mixed_from:
            yield from after_union(query, node)
        elif mixed_from is None and (rule == "UnionOperator" or (rule in NAMES and name_of(node) in query.mixed)):
            mixed_from = node.stop.stop
        pending += reversed(children(node))
    _remember(query, statement, mixed=mixed_from is not None)


def _remember(query: Query, statement: Any, mixed: bool) -> None:
    declaration = meaning(statement)
    if kind(declaration).startswith("Let"):
        _, name, _, *value = children(declaration)
        query.lets[name_of(name)] = value
        if mixed:
            query.mixed.add(name_of(name))
        if is_shaped(query, *value):
            query.shaped.add(name_of(name))
