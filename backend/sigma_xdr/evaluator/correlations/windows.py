"""The windows of a group: one for each event, found with two pointers that only move forward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sigma_xdr.evaluator.correlations.definition import Correlation
from sigma_xdr.evaluator.correlations.measures import GroupEvent, measure_of

__all__ = ["Window", "last_of_each_slot", "windows"]


@dataclass(frozen=True)
class Window:
    """The window of one event, its last: ``events[first:end]`` of its group.

    ``index`` is the event's own place; events of the same instant may stand behind it. ``number`` is what the window holds of what
    the correlation asks for, and ``complete`` says whether that is enough.
    """

    events: Sequence[GroupEvent]
    index: int
    first: int
    end: int
    number: Any
    complete: bool

    @property
    def event(self) -> GroupEvent:
        """The event whose window it is."""
        return self.events[self.index]

    @property
    def inside(self) -> Sequence[GroupEvent]:
        """The events in it."""
        return self.events[self.first : self.end]


def windows(correlation: Correlation, events: Iterable[GroupEvent]) -> Iterator[Window]:
    """The window of each event of a group, by time, report and device."""
    ordered = sorted(events, key=_order)
    measure = measure_of(correlation)
    first = end = 0
    while end < len(ordered):
        start, time = end, ordered[end].time
        while end < len(ordered) and ordered[end].time == time:
            end += 1
        measure.add(ordered[start:end])
        while time - ordered[first].time > correlation.span:
            measure.remove(ordered[first])
            first += 1
        number = measure.number()
        for index in range(start, end):
            yield Window(ordered, index, first, end, number, measure.completes(ordered[index]))


def _order(event: GroupEvent) -> tuple[datetime, bool, int | str, str]:
    return event.time, isinstance(event.report, str), event.report, event.device


def last_of_each_slot(span: timedelta, complete: Iterable[Window]) -> list[Window]:
    """Of a group's complete windows, in order, the last one of each slot of time: multiples of the timespan since the first day
    of the year 1.
    """
    slots = {(window.event.time - datetime.min) // span: window for window in complete}
    return list(slots.values())
