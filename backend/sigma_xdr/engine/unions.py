"""Unions, whose rows may lack a column that other rows have: a text that a row lacks is null in the local engine, empty in Kusto.

So the columns of each operand must have been chosen, by project, summarize or distinct, in it or in the let that it names;
and what tells null from empty text isn't run on a union's rows. What is left is a text that only some operands choose, and
that rows are then grouped by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigma_xdr.engine.forms import unknown
from sigma_xdr.engine.syntax import NAMES, Problem, Query, children, is_name, kind, meaning, name_of, text_of

__all__ = ["after_union", "is_shaped", "operands"]

_SHAPING = frozenset(
    {
        "ProjectOperator",
        "SummarizeOperator",
        "DistinctOperator",
        "CountOperator",
        "DataTableExpression",
        "PrintOperator",
    }
)
_EQUALITIES = frozenset({"==", "!=", "<>", "=~", "!~", "in", "!in", "in~", "!in~"})
_LACKS = "a text that a row lacks is null here and empty in Kusto"


def is_shaped(query: Query, *nodes: Any) -> bool:
    """Whether the columns of a pipe's rows were chosen in it, or in a let that it names."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if kind(node) in _SHAPING or (kind(node) in NAMES and name_of(node) in query.shaped):
            return True
        pending += children(node)
    return False


def operands(query: Query, union: Any) -> Iterator[Problem]:
    """The operands of a union whose columns nobody chose: what is unioned, and what is piped into it."""
    tables = [
        child
        for child in children(union)
        if kind(child) == "UnionOperatorExpression" and not kind(meaning(child)).startswith("Wildcard")
    ]
    before = _piped_in(union)
    for each, nodes in [(union, before), *((table, [table]) for table in tables)]:
        if nodes and not is_shaped(query, *nodes):
            shown = each if each is not union else before[0]
            hint = f"project the same columns from each operand first: {_LACKS}"
            yield Problem(shown.start, unknown(query.shown(shown), " in a union"), hint)


def _piped_in(union: Any) -> list[Any]:
    """What stands before a ``| union``; nothing where the union begins its pipe."""
    step = union
    while kind(step) not in ("PipedOperator", "PipeExpression"):
        step = step.parentCtx
    if kind(step) == "PipeExpression":
        return []
    siblings = children(step.parentCtx)
    return siblings[: siblings.index(step)]


def after_union(query: Query, node: Any) -> Iterator[Problem]:
    """What tells null from empty text, on a union's rows."""
    if kind(node) == "NamedFunctionCallExpression" and text_of(children(node)[0]) == "strcat_delim":
        yield Problem(
            node.start, unknown(query.shown(node), " after a union"), f"join the texts before the union: {_LACKS}"
        )
    if kind(node) not in ("EqualityExpression", "StringBinaryOperatorExpression") or len(children(node)) != 2:
        return
    left, comparison = children(node)
    operator, *compared = children(comparison)
    if text_of(left).startswith("$") or text_of(operator) not in _EQUALITIES:
        return
    if any(text_of(meaning(each)) in ('""', "''") for each in compared):
        yield Problem(node.start, unknown(query.shown(node), " after a union"), f"write isempty(…): {_LACKS}")
    elif is_name(left) and any(is_name(each) for each in compared):
        yield Problem(node.start, unknown(query.shown(node), " after a union"), f"compare before the union: {_LACKS}")
