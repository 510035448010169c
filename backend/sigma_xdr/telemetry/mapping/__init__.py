"""From Windows' records to Defender's rows.

A file a family of events says what the row of a record is; ``memory`` holds what other records say that belongs to it, and
``mapper`` puts both together. Nothing is invented: a column is there only where the records say what it holds.
"""

from __future__ import annotations

from sigma_xdr.telemetry.mapping.foretelling import ABOVE, FORETOLD, Foretold, written
from sigma_xdr.telemetry.mapping.mapper import AHEAD, Mapper, Wanted, map_records, why_unmapped
from sigma_xdr.telemetry.mapping.memory import BEHIND
from sigma_xdr.telemetry.mapping.rows import Row

__all__ = [
    "ABOVE",
    "AHEAD",
    "BEHIND",
    "FORETOLD",
    "Foretold",
    "Mapper",
    "Row",
    "Wanted",
    "map_records",
    "why_unmapped",
    "written",
]
