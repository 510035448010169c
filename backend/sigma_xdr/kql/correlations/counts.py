"""event_count and value_count: how many events, or distinct values, a sliding window holds.

A count is a difference of ranks. Put the *points* of a group (for event_count its events) and the moments at which it
is counted in one sorted list: the last place of a moment *t* is the number of points and moments up to *t*, less one.
Put the points in a second list, each later by a timespan, with the same moments: the first place of *t* is the number
of points that have left the window and of moments before *t*. The moments cancel out, and the difference is the
number of points in the window. A sorted list with ``mv-expand with_itemindex`` is the only rank that both engines
have; equal times need no care.

value_count's points: of a value only its first time in a slot and its last time in the slot before matter. If they
are no further apart than the timespan, the value is in every window that ends in the slot, as a point at the slot's
start would be. Otherwise it leaves the window before it comes back, and both times are points.
"""

from __future__ import annotations

from sigma_xdr.kql.correlations.definition import OPERATORS, CorrelationQuery
from sigma_xdr.kql.correlations.frame import Frame

__all__ = ["counting_query"]


def counting_query(frame: Frame) -> CorrelationQuery:
    """The query of an event_count or a value_count."""
    operator, count = frame.correlation.operator, frame.correlation.count
    condition = f"{OPERATORS[operator][0]} {count}"
    busy = not frame.every and operator in ("gte", "gt")
    lets = [
        *frame.hits(),
        *_values(frame),
        *(_busy(frame, condition) if busy else ()),
        _moments(frame, busy),
        *_points(frame),
        *_ranks(frame),
        _counted(frame, condition),
    ]
    counted = frame.name("Counted")
    return frame.result(lets, [f"union {frame.name('Busy')}, {counted}" if busy else counted])


def _values(frame: Frame) -> list[str]:
    """The first and the last time of each value in a slot."""
    if not frame.values:
        return []
    by = frame.by(*frame.values, "Slot")
    return [
        frame.let("Values", frame.name("Hits"), f"| summarize First = min(Timestamp), Last = max(Timestamp) by {by}")
    ]


def _busy(frame: Frame, condition: str) -> list[str]:
    """Slots that satisfy "at least" or "more than" by themselves: their last event completes, whatever came
    before.
    """
    source, last = ("Values", "Last") if frame.values else ("Hits", "Timestamp")
    return [
        frame.let(
            "Busy",
            frame.name(source),
            f"| summarize Own = count(), Timestamp = max({last}) by {frame.by('Slot')}",
            f"| where Own {condition}",
        )
    ]


def _moments(frame: Frame, busy: bool) -> str:
    """The times at which windows are counted, each once."""
    calm = (f"| join kind=leftanti {frame.name('Busy')} on {frame.by('Slot')}",) if busy else ()
    return frame.let("Moments", frame.name("Hits"), *calm, f"| distinct {frame.by('Slot', 'Timestamp')}")


def _points(frame: Frame) -> list[str]:
    """What is counted, in the slots of the windows that can hold it; and ``Near``, where it is needed."""
    near = [] if frame.every and frame.values else [frame.near()]
    pairs, points = _value_points(frame) if frame.values else ([], [frame.name("Near")])
    start = f"Start = min(Timestamp) - {frame.span}"
    return [
        *near,
        *pairs,
        frame.let(
            "Points",
            *points,
            f"| join kind=inner ({frame.name('Moments')} | summarize {start} by {frame.by('Slot')}) on {frame.by('Slot')}",
            "| where Timestamp >= Start",
            f"| project {frame.by('Slot', 'Timestamp')}",
        ),
    ]


def _value_points(frame: Frame) -> tuple[list[str], list[str]]:
    """Of a value and slot the last time in the slot before and the first time in it, and the lines that make points
    of them.
    """
    values, pairs, columns = frame.name("Values"), frame.name("Pairs"), frame.by(*frame.values)
    let = frame.let(
        "Pairs",
        f"union ({values} | project {columns}, Slot, Timestamp = First),",
        f"    ({values} | project {columns}, Slot = Slot + {frame.span}, Timestamp = Last)",
        f"| summarize First = min(Timestamp), Last = max(Timestamp) by {columns}, Slot",
    )
    return [let], [
        f"union ({pairs} | extend Timestamp = iff(Last > First and Last <= First + {frame.span}, Slot, First)),",
        f"    ({pairs} | where Last > First + {frame.span} | extend Timestamp = Last)",
    ]


def _ranks(frame: Frame) -> list[str]:
    """The last place of each time among points that enter, and the first among points that leave."""
    points, moments = frame.name("Points"), frame.name("Moments")
    lines = (
        f"| summarize Timestamp = array_sort_asc(make_list(Timestamp)) by {frame.by('Slot')}",
        "| mv-expand with_itemindex=Rank Timestamp to typeof(datetime)",
    )
    by = frame.by("Slot", "Timestamp")
    return [
        frame.let("Enter", f"union {points}, {moments}", *lines, f"| summarize Entered = max(Rank) by {by}"),
        frame.let(
            "Leave",
            f"union ({points} | extend Timestamp = Timestamp + {frame.span}), {moments}",
            *lines,
            f"| summarize Left = min(Rank) by {by}",
        ),
    ]


def _counted(frame: Frame, condition: str) -> str:
    """The moments whose windows satisfy the condition."""
    by = frame.by("Slot", "Timestamp")
    return frame.let(
        "Counted",
        frame.name("Moments"),
        f"| join kind=inner {frame.name('Enter')} on {by}",
        f"| join kind=inner {frame.name('Leave')} on {by}",
        f"| where Entered - Left {condition}",
    )
