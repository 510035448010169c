"""KQL for Sigma correlations, with windows that slide exactly. :mod:`~sigma_xdr.kql.correlations.definition` says
what one means.
"""

from __future__ import annotations

from sigma_xdr.kql.correlations.counts import counting_query
from sigma_xdr.kql.correlations.definition import (
    And,
    Correlation,
    CorrelationQuery,
    EventSource,
    Expression,
    Kind,
    Not,
    Operator,
    Or,
    Tag,
    check,
)
from sigma_xdr.kql.correlations.frame import Frame
from sigma_xdr.kql.correlations.temporal import ordered_query, temporal_query

__all__ = [
    "And",
    "Correlation",
    "CorrelationQuery",
    "EventSource",
    "Expression",
    "Kind",
    "Not",
    "Operator",
    "Or",
    "Tag",
    "write_correlation",
]


def write_correlation(correlation: Correlation, *, prefix: str = "", every: bool = False) -> CorrelationQuery:
    """The KQL of a correlation: one alert a group and slot.

    Its columns: those of the sources, the group-by columns, ``EventCount`` or ``ValueCount`` where something is
    counted (in the window of the alert's event), and ``FirstTimestamp``, the time of that window's first event.

    ``every`` gives all completing events instead, without the last columns: what a correlation of correlations takes
    as an :class:`EventSource` (``lets=query.lets, lines=query.body``). ``prefix`` then keeps the names of the lets
    apart; it is an identifier. Raises RuleError for what can't be said, or can never fire, ValueError for another prefix.
    """
    if prefix and not (prefix.isascii() and prefix.isidentifier()):
        raise ValueError(f"{prefix!r} can't start the name of a let")
    check(correlation)
    frame = Frame(correlation, prefix, every)
    if not correlation.is_temporal:
        return counting_query(frame)
    if correlation.kind == "temporal_ordered" and len(correlation.sources) > 1:
        return ordered_query(frame)
    return temporal_query(frame)
