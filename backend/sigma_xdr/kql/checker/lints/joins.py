"""Joins."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding


def join_kind(outline: Outline) -> Iterator[Finding]:
    """A join without a kind is innerunique, which keeps one left row a key, whichever comes first."""
    for join in outline.joins:
        if join.kind is None:
            message = "a join without a kind drops all left rows of a key but one"
            yield Finding(
                "join-kind", "warning", message, join.span, "write kind=inner, or kind=innerunique if it is meant"
            )


def dynamic_key(outline: Outline) -> Iterator[Finding]:
    """The service takes no dynamic key; of ``on $left.X == $right.X`` the parser says it (KS241), of ``on X`` not."""
    for comparison in outline.comparisons:
        if comparison.operator == "on" and comparison.operands[0].type == "dynamic":
            hint = "cast it in an extend before the join"
            yield Finding("dynamic-key", "error", "a dynamic can't be a key of a join", comparison.span, hint)
