"""What a correlation means, read literally off the definition: plain Python over rows, in quadratic time.

It is the authority for the KQL. It shares the definition's data classes with the compiler, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import eq, ge, gt, le, lt, ne

from sigma_xdr.kql.correlations import And, Correlation, Expression, Not, Or, Tag

Cell = str | int | None
Group = tuple[Cell, ...]
Identity = tuple[datetime, str, int]


@dataclass(frozen=True)
class Hit:
    """A row that the rule ``tag`` selects, with the values of its group-by fields and of the counted fields."""

    tag: str
    time: datetime
    device: str
    report: int
    keys: tuple[Cell, ...] = ()
    values: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Event:
    """An event of a group."""

    time: datetime
    device: str
    report: int
    tags: frozenset[str]
    values: frozenset[Group]

    @property
    def identity(self) -> Identity:
        return self.time, self.device, self.report


@dataclass(frozen=True)
class Alert:
    """The last completing event of a group and slot, the number of events or values in its window, the window's first
    time.
    """

    identity: Identity
    count: int
    first: datetime


def completing_events(correlation: Correlation, hits: Iterable[Hit]) -> dict[Group, list[Event]]:
    """The events that complete the correlation, by group."""
    groups = _groups(correlation, hits)
    span = timedelta(seconds=correlation.seconds)
    return {
        group: [event for event in events if _satisfied(correlation, event, _window(events, event, span))]
        for group, events in groups.items()
    }


def alerts(correlation: Correlation, hits: Sequence[Hit]) -> dict[tuple[Group, datetime], Alert]:
    """The alert of each group and slot."""
    groups = _groups(correlation, hits)
    span = timedelta(seconds=correlation.seconds)
    last: dict[tuple[Group, datetime], Event] = {}
    for group, events in completing_events(correlation, hits).items():
        for event in sorted(events, key=lambda event: (event.time, event.report, event.device)):
            last[group, slot(event.time, span)] = event
    found = {}
    for (group, start), event in last.items():
        window = _window(groups[group], event, span)
        found[group, start] = Alert(event.identity, _number(correlation, window), min(each.time for each in window))
    return found


def slot(time: datetime, span: timedelta) -> datetime:
    """Kusto's bin(): multiples of the timespan since the first day of the year 1."""
    return datetime.min + (time - datetime.min) // span * span


def _groups(correlation: Correlation, hits: Iterable[Hit]) -> dict[Group, list[Event]]:
    tags: dict[Group, dict[Identity, set[str]]] = defaultdict(lambda: defaultdict(set))
    values: dict[tuple[Group, Identity], set[Group]] = defaultdict(set)
    for hit in hits:
        if None in hit.keys or "" in hit.keys or None in hit.values or "" in hit.values:
            continue
        group = tuple(
            key.lower() if isinstance(key, str) and name != "DeviceId" else key
            for name, key in zip(correlation.group_by, hit.keys, strict=True)
        )
        identity = (hit.time, hit.device, hit.report)
        tags[group][identity].add(hit.tag)
        values[group, identity].add(tuple(str(value).lower() for value in hit.values))
    return {
        group: [
            Event(*identity, frozenset(found), frozenset(values[group, identity])) for identity, found in events.items()
        ]
        for group, events in tags.items()
    }


def _window(events: Sequence[Event], event: Event, span: timedelta) -> list[Event]:
    return [each for each in events if event.time - span <= each.time <= event.time]


def _satisfied(correlation: Correlation, event: Event, window: Sequence[Event]) -> bool:
    if correlation.kind == "temporal_ordered":
        tags = [source.tag for source in correlation.sources]
        return tags[-1] in event.tags and _chain(tags[:-1], event.time, window)
    if correlation.expression is not None:
        return _true(correlation.expression, {tag for each in window for tag in each.tags})
    compare = {"gte": ge, "gt": gt, "eq": eq, "neq": ne, "lt": lt, "lte": le}[correlation.operator]
    return bool(compare(_number(correlation, window), correlation.count))


def _number(correlation: Correlation, window: Sequence[Event]) -> int:
    if correlation.kind == "event_count":
        return len(window)
    if correlation.kind == "value_count":
        return len({value for event in window for value in event.values})
    return len({tag for event in window for tag in event.tags})


def _chain(tags: Sequence[str], until: datetime, window: Sequence[Event]) -> bool:
    """Whether the window has events with these tags, in their order, up to a time."""
    return not tags or any(
        tags[-1] in event.tags and event.time <= until and _chain(tags[:-1], event.time, window) for event in window
    )


def _true(expression: Expression, tags: set[str]) -> bool:
    match expression:
        case Tag(name):
            return name in tags
        case Not(operand):
            return not _true(operand, tags)
        case And(operands):
            return all(_true(operand, tags) for operand in operands)
        case Or(operands):
            return any(_true(operand, tags) for operand in operands)
