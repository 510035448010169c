"""What a hunt finds: a rule's hit, and what all hits of a rule come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Hit", "HuntedRule", "RuleSummary"]


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


@dataclass
class RuleSummary:
    """All hits of a rule: how many, on which devices, from when to when (ISO 8601, UTC; None: no hit has a time)."""

    rule: HuntedRule
    hits: int = 0
    devices: set[str] = field(default_factory=set)
    first: str | None = None
    last: str | None = None

    def add(self, hit: Hit) -> None:
        """Count a hit."""
        self.hits += 1
        if hit.device:
            self.devices.add(hit.device.lower())
        if hit.timestamp is not None:
            self.first = min(self.first or hit.timestamp, hit.timestamp)
            self.last = max(self.last or hit.timestamp, hit.timestamp)
