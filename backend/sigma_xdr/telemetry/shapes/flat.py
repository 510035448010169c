"""Flat JSON with ``EventID``, ``Channel`` and the event's fields side by side.

NXLog and the Security-Datasets write it so, and a person who writes an event by hand in a test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import unescape

from sigma_xdr.telemetry.scalars import moved, text_of, time_of
from sigma_xdr.telemetry.shapes.head import Head, head_of

__all__ = ["FLAT", "NOT_WRITTEN"]

#: What every flat record says of itself; ``Record`` has it apart.
_ENVELOPE = frozenset(
    (
        *("Channel", "EventID", "SourceName", "Provider_Name", "ProviderGuid", "Hostname", "Computer", "ComputerName"),
        *("TimeCreated", "@timestamp", "Level", "Task", "Keywords"),
    )
)
#: What NXLog and its relatives add to an event's own fields, some of them under names that an event may have too.
_COLLECTOR = _ENVELOPE | frozenset(
    (
        *(
            "AccountName",
            "AccountType",
            "ActivityID",
            "Category",
            "Domain",
            "EventReceivedTime",
            "EventTime",
            "EventType",
        ),
        *("EventTypeOrignal", "ExecutionProcessID", "Opcode", "OpcodeValue", "ProcessID", "RecordNumber", "Severity"),
        *("SeverityValue", "SourceModuleName", "SourceModuleType", "ThreadID", "UserID", "Version", "host", "port"),
        *("tags", "type", "@version"),
    )
)
#: Fields that the collector's own hide, or that it leaves out; the message has them, before any text of the event's doing.
_HIDDEN = {
    "sysmon": re.compile(r"^(RuleName|EventType|ProcessId): ?(.*?)\r?$", re.MULTILINE),
    "security": re.compile(r"^\t(Process ID):\t+(\d+)\r?$", re.MULTILINE),
}


#: Names under which a flat document may have something else than the event's own field.
NOT_WRITTEN = _COLLECTOR | {"RuleName", "ProcessId", "Message"}


class _Flat:
    """See :class:`sigma_xdr.telemetry.shapes.Shape`."""

    def head(self, data: Mapping[str, Any]) -> Head:
        channel, provider = data.get("Channel"), data.get("Provider_Name")
        if type(channel) is not str:
            channel = text_of(channel)
        if type(provider) is not str or not provider:
            provider = text_of(provider) or text_of(data.get("SourceName"))
        return head_of(data.get("EventID"), channel, provider)

    def host(self, data: Mapping[str, Any]) -> str:
        return text_of(data.get("Computer")) or text_of(data.get("Hostname")) or text_of(data.get("ComputerName"))

    def time(self, data: Mapping[str, Any]) -> datetime | None:
        return time_of(data.get("UtcTime")) or _collected(data)

    def zone(self, data: Mapping[str, Any]) -> timedelta | None:
        utc, collected = time_of(data.get("UtcTime")), _collected(data)
        return None if utc is None or collected is None else _quarters(collected - utc)

    def writer(self, data: Mapping[str, Any]) -> Any:
        return data.get("ExecutionProcessID", data.get("ProcessID")) if "EventTime" in data else None

    def fields(self, data: Mapping[str, Any], log: str) -> Mapping[str, Any]:
        """The event's own fields, without the collector's."""
        others = _COLLECTOR if "SourceName" in data and "EventTime" in data else _ENVELOPE
        own = {name: value for name, value in data.items() if name not in others}
        if message := text_of(data.get("Message")):
            own |= {name: unescaped for name, value in own.items() if (unescaped := _unescaped(value, message))}
            if log in _HIDDEN:
                del own["Message"]  # it repeats the fields, and explains them
                hidden = reversed(_HIDDEN[log].findall(message))  # the first of a name is the event's own
                own = {**{name.replace(" ID", "ID"): text for name, text in hidden}, **own}
        return own


def _unescaped(value: Any, message: str) -> str | None:
    """Some collectors leave text as XML escapes it; the message shows what it was. None where it isn't so."""
    if type(value) is str and "&" in value:
        plain = unescape(value, {"&quot;": '"', "&apos;": "'"})
        return plain if plain in message and value not in message else None
    return None


def _collected(data: Mapping[str, Any]) -> datetime | None:
    """When the collector says that it was. Its EventTime is local time; ``@timestamp``, some seconds later, tells the zone."""
    local, later = time_of(data.get("EventTime")), time_of(data.get("@timestamp"))
    if local is not None and later is not None:
        return moved(local, -_quarters(local - later))
    return local or time_of(data.get("TimeCreated")) or later


def _quarters(span: timedelta) -> timedelta:
    """A span of time in whole quarters of an hour, as time zones are."""
    quarter = timedelta(minutes=15)
    return quarter * round(span / quarter)


FLAT = _Flat()
