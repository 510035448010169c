"""Time filters."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding

_COMPARISONS = frozenset(("==", "!=", "<>", "<", "<=", ">", ">=", "between", "!between", "in", "!in"))


def timestamp_filter(outline: Outline) -> Iterator[Finding]:
    """``where Timestamp > ago(1d)``: a custom detection's rows are chosen by its frequency, and by when they arrived.

    Comparing Timestamp with a column, or its hour with a number, is no such filter.
    """
    for comparison in outline.comparisons:
        if comparison.within == "where" and comparison.operator in _COMPARISONS:
            read = [operand.columns for operand in comparison.operands]
            if ("Timestamp",) in read and set(read) == {("Timestamp",), ()}:
                message = "a filter on Timestamp: a custom detection looks at the rows that its frequency gives it"
                span = comparison.operands[read.index(("Timestamp",))].span
                yield Finding("timestamp-filter", "warning", message, span, "leave it out of a custom detection")
