"""What a hunt finds: a rule's hit, and what all hits of a rule come to."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Hit", "HuntedRule", "Place", "RuleSummary"]

#: How many of a rule's hits are remembered with their places.
_PLACES = 3


@dataclass(frozen=True)
class HuntedRule:
    """What a hit says of its rule. ``path`` is the rule's place in its folder; ``level`` one of Sigma's, or None."""

    id: str | None
    title: str
    level: str | None
    path: str


@dataclass(frozen=True)
class Hit:
    """A row that a rule selects, or for a correlation the row that completes it.

    ``table`` is Defender's; where untouched records are judged, the record's log. ``timestamp`` is ISO 8601 in UTC, None where
    the event has none. ``file`` and ``record`` (from 1) are where the event was read; ``records`` all of the file's records
    that the hit stands for, ``elsewhere`` those of other files. ``row`` holds the columns, or the record's fields.
    """

    rule: HuntedRule
    table: str
    timestamp: str | None
    device: str
    file: str
    record: int
    records: tuple[int, ...]
    row: Mapping[str, Any]
    elsewhere: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """The hit as plain data, for machines."""
        elsewhere = {name: list(numbers) for name, numbers in self.elsewhere.items()}
        return {
            "rule_id": self.rule.id,
            "rule_title": self.rule.title,
            "level": self.rule.level,
            "rule": self.rule.path,
            "table": self.table,
            "timestamp": self.timestamp,
            "device": self.device,
            "file": self.file,
            "record": self.record,
            "records": list(self.records),
            **({"elsewhere": elsewhere} if elsewhere else {}),
            "row": dict(self.row),
        }


@dataclass(frozen=True)
class Place:
    """Where a hit was read, and when it was. Places have an order: by time, those without one last, then file and record."""

    timestamp: str | None
    file: str
    record: int

    def __lt__(self, other: Place) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[bool, str, str, int]:
        return (self.timestamp is None, _moment(self.timestamp or ""), self.file, self.record)


@dataclass
class RuleSummary:
    """All hits of a rule: how many, on which devices, from when to when (ISO 8601, UTC; None: no hit has a time).

    ``places`` are those of its first few hits, whatever the order in which they came.
    """

    rule: HuntedRule
    hits: int = 0
    devices: set[str] = field(default_factory=set)
    first: str | None = None
    last: str | None = None
    places: list[Place] = field(default_factory=list)

    def add(self, hit: Hit) -> None:
        """Count a hit."""
        self.hits += 1
        if hit.device:
            self.devices.add(hit.device.lower())
        self._count(hit.timestamp, hit.timestamp, (Place(hit.timestamp, hit.file, hit.record),))

    def merge(self, other: RuleSummary) -> None:
        """Count the hits of the same rule that were found elsewhere."""
        self.hits += other.hits
        self.devices |= other.devices
        self._count(other.first, other.last, other.places)

    def _count(self, first: str | None, last: str | None, places: Iterable[Place]) -> None:
        if first is not None and last is not None:
            self.first = min(self.first or first, first, key=_moment)
            self.last = max(self.last or last, last, key=_moment)
        for place in places:
            if len(self.places) < _PLACES or place < self.places[-1]:
                insort(self.places, place)
                del self.places[_PLACES:]


def _moment(timestamp: str) -> str:
    """A time as text that sorts: a whole second comes before its parts, though ``.`` comes before ``Z``."""
    return timestamp.removesuffix("Z")
