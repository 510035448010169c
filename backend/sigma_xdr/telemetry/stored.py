"""A row that Defender itself wrote: an export of advanced hunting, or a line of the streaming API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["StoredRow"]


@dataclass(frozen=True, eq=False)
class StoredRow:
    """One row of one of Defender's tables, with the file and the number (from 1) where it was read.

    ``columns`` are the table's alone, with values as the mapping gives them: text, whole numbers, times as ISO 8601 text in UTC;
    a column that is empty or null isn't there.
    """

    file: str
    number: int
    table: str
    columns: Mapping[str, Any]
