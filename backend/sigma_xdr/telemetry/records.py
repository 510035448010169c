"""One Windows event, whatever wrote it down: the names and values that Windows itself gave it.

That a document is an event is judged at once; everything else of it is looked for when it is asked for. The shapes in which
events come are in ``shapes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.telemetry.lazily import lazily
from sigma_xdr.telemetry.scalars import moved, text_of
from sigma_xdr.telemetry.shapes import FLAT, Head, NoEvent, Shape, shape_of

__all__ = ["Record", "TelemetryError", "moved", "record_of", "text_of"]

_HINT = (
    "write Windows' own JSON (Event with System and EventData), or Channel, EventID and the event's fields side by side: "
    r"{Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\Windows\System32\cmd.exe'}"
)


#: What tells an event's host, kind and time in flat JSON.
_OF_EVERY_EVENT = (
    *("Channel", "EventID", "Provider_Name", "SourceName", "Computer", "Hostname", "ComputerName", "UtcTime"),
    *("EventTime", "TimeCreated", "@timestamp"),
)


class TelemetryError(SigmaXdrError):
    """A record is no Windows event, and no row of Defender's."""


class Record:
    """One Windows event. It isn't to be changed.

    ``file`` and ``number`` (from 1) say where it was read; ``channel`` and ``provider`` are spelt as the event spells them;
    ``log`` is a short name of the log: ``sysmon``, ``security``, ``wmi`` …, or the channel in lower case. ``data`` is all that
    was given.
    """

    def __init__(self, file: str, number: int, data: Mapping[str, Any], shape: Shape, head: Head) -> None:
        self.file = file
        self.number = number
        self.data = data
        self.channel = head.channel
        self.provider = head.provider
        self.event_id = head.event_id
        self.log = head.log
        self._shape = shape
        self._head = head

    def __repr__(self) -> str:
        return f"Record({self.file!r}, {self.number}, {self.channel!r}, {self.event_id})"

    @lazily
    def host(self) -> str:
        """The computer's name; empty where the event doesn't say."""
        return self._shape.host(self.data)

    @lazily
    def time(self) -> datetime | None:
        """When it was, in UTC: what a collector wrote in local time is taken for UTC. None where the event doesn't say."""
        return self._shape.time(self.data)

    @lazily
    def zone(self) -> timedelta | None:
        """How far the collector's clock runs before UTC; None where ``time`` may be local: other records of the host may tell."""
        return self._shape.zone(self.data)

    @lazily
    def writer(self) -> int | None:
        """The id of the process that wrote the event: of PowerShell's, PowerShell itself."""
        writer = self._shape.writer(self.data)
        return writer if type(writer) is int and 0 < writer < 2**32 else None

    @lazily
    def fields(self) -> Mapping[str, Any]:
        """The event's own fields, named and valued as they came."""
        return self._shape.fields(self.data, self.log)

    @property
    def surface(self) -> Mapping[str, Any]:
        """The event's own fields among whatever else the document holds beside them: what is quickest to look at."""
        return self.data if self._shape is FLAT else self.fields

    def reduced(self, names: Sequence[str]) -> Record:
        """The same event with these of its fields and what every event has: it takes less room. Itself, where that isn't easy."""
        if self._shape is not FLAT:
            return self
        data = self.data
        kept = {name: data[name] for name in (*_OF_EVERY_EVENT, *names) if name in data}
        for value in kept.values():
            if type(value) is str and "&" in value:  # the message says how it is meant
                return self
        return Record(self.file, self.number, kept, self._shape, self._head)

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing, null, or no plain value."""
        return text_of(self.fields.get(name))


def record_of(data: Mapping[str, Any], file: str = "", number: int = 1) -> Record:
    """The record that a JSON document holds. Raises TelemetryError, which says what is missing."""
    shape = FLAT if "EventID" in data and "Event" not in data else shape_of(data)
    try:
        return Record(file, number, data, shape, shape.head(data))
    except NoEvent as why:
        raise TelemetryError(Diagnostic("no-event", f"the record is no Windows event: {why}", _HINT)) from None
