"""A row of Defender's, and what the mapping of one record builds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sigma_xdr.telemetry.losses import Loss, losses_of
from sigma_xdr.telemetry.records import Record

__all__ = ["Built", "Row"]


@dataclass(frozen=True)
class Built:
    """A row's table, its ActionType, its other columns, and the keys of its AdditionalFields.

    ``concluded``: no record tells of this event; others let one conclude it.
    """

    table: str
    action: str
    columns: Mapping[str, Any]
    additional: Mapping[str, Any] = field(default_factory=dict)
    concluded: bool = False


@dataclass(frozen=True, eq=False)
class Row:
    """A row of one of Defender's tables.

    ``columns`` hold what the records say, and nothing else: text, whole numbers, times as ISO 8601 text in UTC; a column
    that nothing is known of isn't there. ``records`` are those that the row stands for, the one that it was made of first.
    ``derived`` names the columns that this record alone doesn't say; ``row``: the row as a whole is concluded.
    """

    table: str
    columns: Mapping[str, Any]
    records: tuple[Record, ...]
    derived: frozenset[str]

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """What the first record lost on the way."""
        return losses_of(self.records[0])
