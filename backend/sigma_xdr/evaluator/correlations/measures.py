"""What a window holds, kept up to date while it slides: events come in at its end and go out at its start.

Of a ``value_`` kind the rows without a value (for sums and the like: without a number) are no events of the correlation. An event
that several rules read different values in has all of them. A percentile is the nearest rank: the least value that so many of a
hundred don't exceed; the median of an even number of values is the mean of the two in the middle.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sigma_xdr.evaluator.correlations.definition import Correlation
from sigma_xdr.evaluator.events import Event

__all__ = ["GroupEvent", "Measure", "measure_of"]


@dataclass(frozen=True)
class GroupEvent:
    """An event in a group.

    ``tags`` are the rules that matched it, ``values`` what they read in the counted fields: of ``value_count`` tuples of text, of
    the other ``value_`` kinds numbers. ``spelled`` are its group-by values as they were found, ``origins`` the caller's events, or
    windows of an inner correlation, that it stands for.
    """

    time: datetime
    device: str
    report: int | str
    tags: frozenset[str]
    values: frozenset[Any]
    spelled: tuple[Any, ...] = ()
    origins: tuple[Any, ...] = ()


class Measure:
    """A window's number. ``add`` takes the events of one instant, later ones than all before; ``remove`` the oldest event."""

    def __init__(self, correlation: Correlation) -> None:
        self.correlation = correlation

    def add(self, batch: Sequence[GroupEvent]) -> None:
        """Events of one time come in."""
        raise NotImplementedError

    def remove(self, event: GroupEvent) -> None:
        """The oldest event goes out."""
        raise NotImplementedError

    def number(self) -> Any:
        """How many, or how much, the window holds."""
        raise NotImplementedError

    def completes(self, event: GroupEvent) -> bool:
        """Whether an event of the last instant completes the correlation."""
        return self.correlation.allows(self.number())


def measure_of(correlation: Correlation) -> Measure:
    """An empty window of a correlation's kind."""
    match correlation.kind:
        case "event_count":
            return _Events(correlation)
        case "value_count":
            return _Distinct(correlation, lambda event: event.values)
        case "temporal":
            return _Tags(correlation, lambda event: event.tags)
        case "temporal_ordered":
            return _Chain(correlation)
        case "value_sum" | "value_avg":
            return _Sum(correlation)
    return _Ranked(correlation)


class _Events(Measure):
    """The number of events."""

    count = 0

    def add(self, batch: Sequence[GroupEvent]) -> None:
        self.count += len(batch)

    def remove(self, event: GroupEvent) -> None:
        self.count -= 1

    def number(self) -> int:
        return self.count


class _Distinct(Measure):
    """The number of distinct things that events have."""

    def __init__(self, correlation: Correlation, things: Callable[[GroupEvent], frozenset[Any]]) -> None:
        super().__init__(correlation)
        self.counts: Counter[Any] = Counter()
        self._things = things

    def add(self, batch: Sequence[GroupEvent]) -> None:
        for event in batch:
            self.counts.update(self._things(event))

    def remove(self, event: GroupEvent) -> None:
        for thing in self._things(event):
            self.counts[thing] -= 1
            if not self.counts[thing]:
                del self.counts[thing]

    def number(self) -> int:
        return len(self.counts)


class _Tags(_Distinct):
    """The number of rules that matched, or a boolean condition over them."""

    def completes(self, event: GroupEvent) -> bool:
        expression = self.correlation.expression
        return super().completes(event) if expression is None else expression.holds(Event(self.counts))


class _Chain(_Tags):
    """Rules in order. For each rule the latest time at which a chain up to it began; the times never decrease."""

    def __init__(self, correlation: Correlation) -> None:
        super().__init__(correlation, lambda event: event.tags)
        self._began: list[datetime | None] = [None] * len(correlation.tags)

    def add(self, batch: Sequence[GroupEvent]) -> None:
        super().add(batch)
        tags = frozenset[str]().union(*(event.tags for event in batch))
        for index, tag in enumerate(self.correlation.tags):
            if tag in tags:  # what came at the same instant is in order
                self._began[index] = self._began[index - 1] if index else batch[0].time

    def completes(self, event: GroupEvent) -> bool:
        began = self._began[-1]
        last = self.correlation.tags[-1]
        return last in event.tags and began is not None and event.time - began <= self.correlation.span


class _Sum(Measure):
    """The sum, or the mean, of numbers, exactly."""

    def __init__(self, correlation: Correlation) -> None:
        super().__init__(correlation)
        self._sum, self._count = Fraction(0), 0

    def add(self, batch: Sequence[GroupEvent]) -> None:
        for event in batch:
            self._change(event, 1)

    def remove(self, event: GroupEvent) -> None:
        self._change(event, -1)

    def _change(self, event: GroupEvent, sign: int) -> None:
        self._sum += sign * sum(map(Fraction, event.values))
        self._count += sign * len(event.values)

    def number(self) -> Fraction:
        return self._sum if self.correlation.kind == "value_sum" else self._sum / self._count


class _Ranked(Measure):
    """A percentile, or the median, of numbers."""

    def __init__(self, correlation: Correlation) -> None:
        super().__init__(correlation)
        self._sorted: list[Any] = []

    def add(self, batch: Sequence[GroupEvent]) -> None:
        for event in batch:
            for value in event.values:
                insort(self._sorted, value)

    def remove(self, event: GroupEvent) -> None:
        for value in event.values:
            del self._sorted[bisect_left(self._sorted, value)]

    def number(self) -> Fraction:
        values, count = self._sorted, len(self._sorted)
        if self.correlation.kind == "value_median":
            return (Fraction(values[(count - 1) // 2]) + Fraction(values[count // 2])) / 2
        return Fraction(values[-(-count * self.correlation.percentile // 100) - 1])
