"""What a correlation means, read literally off the definition: over plain hits, in quadratic time.

It is the authority for the evaluator's windows. It shares nothing with them.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"gte": ge, "gt": gt, "eq": eq, "neq": ne, "lt": lt, "lte": le}
Identity = tuple[datetime, str, int]


@dataclass(frozen=True)
class Hit:
    """An event that the rule ``tag`` matches, with the values of its group-by fields and of the counted fields."""

    tag: str
    identity: Identity
    group: tuple[str | None, ...] = ()
    values: tuple[Any, ...] = ()


@dataclass
class Met:
    """An event of a group."""

    identity: Identity
    tags: set[str] = field(default_factory=set)
    values: set[tuple[Any, ...]] = field(default_factory=set)

    @property
    def time(self) -> datetime:
        return self.identity[0]


@dataclass(frozen=True)
class Asked:
    """A correlation; ``expression`` takes the set of tags."""

    kind: str
    tags: tuple[str, ...]
    span: timedelta
    limits: dict[str, int] = field(default_factory=dict)
    expression: Callable[[set[str]], bool] | None = None
    percentile: int = 50


def complete(asked: Asked, hits: Iterable[Hit]) -> dict[tuple[str, ...], list[tuple[Met, list[Met]]]]:
    """The completing events of each group, each with its window, by time, report and device."""
    groups: dict[tuple[str, ...], dict[Identity, Met]] = defaultdict(dict)
    for hit in hits:
        known = tuple(value.lower() for value in hit.group if value)
        if len(known) == len(hit.group) and all(value not in (None, "") for value in hit.values):
            met = groups[known].setdefault(hit.identity, Met(hit.identity))
            met.tags.add(hit.tag)
            met.values.add(hit.values)
    found = {}
    for group, events in groups.items():
        ordered = sorted(events.values(), key=lambda met: (met.time, met.identity[2], met.identity[1]))
        windows = [
            (met, [each for each in ordered if met.time - asked.span <= each.time <= met.time]) for met in ordered
        ]
        found[group] = [(met, window) for met, window in windows if satisfied(asked, met, window)]
    return found


def alerts(asked: Asked, hits: Iterable[Hit]) -> set[tuple[Any, ...]]:
    """Group, identity, number and first time of the last completing event of each group and slot."""
    last = {}
    for group, found in complete(asked, hits).items():
        for met, window in found:
            slot = (met.time - datetime(1, 1, 1)) // asked.span
            last[group, slot] = (group, *met.identity, number(asked, window), min(each.time for each in window))
    return set(last.values())


def satisfied(asked: Asked, met: Met, window: Sequence[Met]) -> bool:
    if asked.kind == "temporal_ordered":
        return asked.tags[-1] in met.tags and chain(asked.tags[:-1], met.time, window)
    if asked.expression is not None:
        return asked.expression({tag for each in window for tag in each.tags})
    return all(OPERATORS[name](number(asked, window), limit) for name, limit in asked.limits.items())


def number(asked: Asked, window: Sequence[Met]) -> Any:
    if asked.kind == "event_count":
        return len(window)
    if asked.kind.startswith("temporal"):
        return len({tag for met in window for tag in met.tags})
    if asked.kind == "value_count":
        return len({tuple(str(value).lower() for value in values) for met in window for values in met.values})
    numbers = sorted(values[0] for met in window for values in met.values)
    match asked.kind:
        case "value_sum":
            return sum(numbers)
        case "value_avg":
            return Fraction(sum(numbers), len(numbers))
        case "value_median":
            return statistics.median(numbers)
    return numbers[math.ceil(len(numbers) * asked.percentile / 100) - 1]


def chain(tags: Sequence[str], until: datetime, window: Sequence[Met]) -> bool:
    """Whether the window has events with these tags, in their order, up to a time."""
    return not tags or any(
        tags[-1] in met.tags and met.time <= until and chain(tags[:-1], met.time, window) for met in window
    )
