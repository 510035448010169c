"""Windows events on their way into Defender's tables.

``records`` and ``reading`` take in what Windows wrote, ``naming`` says what Sigma's log sources call it, ``mapping`` makes
Defender's rows of it, ``losses`` says what is lost on the way, ``views`` shows a row with Sysmon's names again, and
``explaining`` finds the loss behind two different verdicts. The
compiler's pipeline knows the same two worlds; nothing here is shared with it, so a mistake on either side shows.
"""

from __future__ import annotations

from sigma_xdr.telemetry.explaining import explains
from sigma_xdr.telemetry.losses import LOSSES, Loss, losses_of
from sigma_xdr.telemetry.mapping import AHEAD, BEHIND, Mapper, Row, map_records, why_unmapped
from sigma_xdr.telemetry.naming import record_event
from sigma_xdr.telemetry.reading import Unreadable, read_events
from sigma_xdr.telemetry.records import Record, TelemetryError, record_of
from sigma_xdr.telemetry.views import row_event

__all__ = [
    "AHEAD",
    "BEHIND",
    "LOSSES",
    "Loss",
    "Mapper",
    "Record",
    "Row",
    "TelemetryError",
    "Unreadable",
    "explains",
    "losses_of",
    "map_records",
    "read_events",
    "record_event",
    "record_of",
    "row_event",
    "why_unmapped",
]
