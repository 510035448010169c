"""One Windows event, whatever wrote it down: the names and values that Windows itself gave it.

Two shapes are read. Windows' own nesting, ``{"Event": {"System": …, "EventData": …}}``, as ``evtx_dump`` and the EVTX
library write it, where attributes stand under ``#attributes`` and a value beside them under ``#text``. And flat JSON with
``EventID``, ``Channel`` and the event's fields side by side, as NXLog and the Security-Datasets write it, and as a person
writes it by hand in a test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import unescape

from sigma_xdr.errors import Diagnostic, SigmaXdrError

__all__ = ["Record", "TelemetryError", "moved", "record_of", "text_of"]

_HINT = (
    "write Windows' own JSON (Event with System and EventData), or Channel, EventID and the event's fields side by side: "
    r"{Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\Windows\System32\cmd.exe'}"
)


class TelemetryError(SigmaXdrError):
    """A record is no Windows event."""


@dataclass(frozen=True, eq=False)
class Record:
    """One Windows event.

    ``file`` and ``number`` (from 1) say where it was read; ``channel`` and ``provider`` are spelt as the event spells them;
    ``host`` is empty and ``time`` None where the event doesn't say. ``time`` is UTC; what a collector wrote in local time
    it takes for UTC, and ``zone``, how far the collector's clock runs before UTC, is None then: other records of the host
    may tell. ``writer`` is the id of the process that wrote the event: of PowerShell's, PowerShell itself. ``fields`` are
    the event's own, named and valued as they came; ``data`` is all that was given.
    """

    file: str
    number: int
    channel: str
    provider: str
    event_id: int
    host: str
    time: datetime | None
    zone: timedelta | None
    writer: int | None
    fields: Mapping[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def log(self) -> str:
        """A short name of the log: ``sysmon``, ``security``, ``wmi`` …, or the channel in lower case."""
        return _LOGS.get(self.channel.lower(), self.channel.lower())

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing, null, or no plain value."""
        return text_of(self.fields.get(name))


def text_of(value: object) -> str:
    """A plain value as Windows would write it; anything else is empty."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
    return ""


#: Channels by their short names, and the provider that writes them.
_CHANNELS = {
    "sysmon": ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    "security": ("Security", "Microsoft-Windows-Security-Auditing"),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational", "Microsoft-Windows-WMI-Activity"),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    "powershell-classic": ("Windows PowerShell", "PowerShell"),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
    "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler"),
}
_LOGS = {channel.lower(): log for log, (channel, _) in _CHANNELS.items()}
_CHANNEL_OF = {provider.lower(): channel for channel, provider in _CHANNELS.values()}
_PROVIDER_OF = {channel.lower(): provider for channel, provider in _CHANNELS.values()}


def record_of(data: Mapping[str, Any], file: str = "", number: int = 1) -> Record:
    """The record that a JSON document holds. Raises TelemetryError, which says what is missing."""
    if "Event" in data:
        return _nested(data, file, number)
    return _flat(data, file, number)


def _nested(data: Mapping[str, Any], file: str, number: int) -> Record:
    event = data["Event"]
    system = event.get("System") if isinstance(event, Mapping) else None
    if not isinstance(system, Mapping):
        raise _no_event("its Event has no System")
    attributes = _attributes(system.get("Provider"))
    return _record(
        data,
        (file, number),
        event_id=_plain(system.get("EventID")),
        channel=text_of(_plain(system.get("Channel"))),
        provider=text_of(attributes.get("Name")),
        host=text_of(_plain(system.get("Computer"))),
        writer=_attributes(system.get("Execution")).get("ProcessID"),
        fields=_event_data(event),
        time=_time(_attributes(system.get("TimeCreated")).get("SystemTime")),
        zone=timedelta(0),
    )


def _event_data(event: Mapping[str, Any]) -> dict[str, Any]:
    """The fields under EventData; under UserData they are one level deeper, below the event's template."""
    if isinstance(data := event.get("EventData"), Mapping):
        return _fields(data)
    if isinstance(data := event.get("UserData"), Mapping):
        return {
            name: value
            for template in data.values()
            if isinstance(template, Mapping)
            for name, value in _fields(template).items()
        }
    return {}


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in data.items() if name not in ("#attributes", "xmlns")}


def _plain(value: Any) -> Any:
    return value["#text"] if isinstance(value, Mapping) and "#text" in value else value


def _attributes(value: Any) -> Mapping[str, Any]:
    """The attributes of an element: under ``#attributes``, or the element itself."""
    inner = value.get("#attributes", value) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


# --------------------------------------------------------------------------------------------------------- flat documents

#: What every flat record says of itself; ``Record`` has it apart.
_ENVELOPE = (
    "Channel EventID SourceName Provider_Name ProviderGuid Hostname Computer ComputerName TimeCreated @timestamp "
    "Level Task Keywords"
)
#: What NXLog and its relatives add to an event's own fields, some of them under names that an event may have too.
_COLLECTOR = (
    "AccountName AccountType ActivityID Category Domain EventReceivedTime EventTime EventType EventTypeOrignal "
    "ExecutionProcessID Opcode OpcodeValue ProcessID RecordNumber Severity SeverityValue SourceModuleName "
    "SourceModuleType ThreadID UserID Version host port tags type @version"
)
#: Fields that the collector's own hide, or that it leaves out; the message has them, before any text of the event's doing.
_HIDDEN = {
    "sysmon": re.compile(r"^(RuleName|EventType|ProcessId): ?(.*?)\r?$", re.MULTILINE),
    "security": re.compile(r"^\t(Process ID):\t+(\d+)\r?$", re.MULTILINE),
}


def _flat(data: Mapping[str, Any], file: str, number: int) -> Record:
    provider = text_of(data.get("Provider_Name")) or text_of(data.get("SourceName"))
    channel = text_of(data.get("Channel")) or _CHANNEL_OF.get(provider.lower(), "")
    utc, collected = _time(data.get("UtcTime")), _collected(data)
    return _record(
        data,
        (file, number),
        event_id=data.get("EventID"),
        channel=channel,
        provider=provider,
        host=text_of(data.get("Computer")) or text_of(data.get("Hostname")) or text_of(data.get("ComputerName")),
        writer=data.get("ExecutionProcessID", data.get("ProcessID")) if "EventTime" in data else None,
        fields=_own_fields(data, _LOGS.get(channel.lower(), "")),
        time=utc or collected,
        zone=None if utc is None or collected is None else _quarters(collected - utc),
    )


def _own_fields(data: Mapping[str, Any], log: str) -> dict[str, Any]:
    """An event's own fields, without the collector's."""
    is_collected = {"SourceName", "EventTime"} <= data.keys()
    others = {*_ENVELOPE.split(), *(_COLLECTOR.split() if is_collected else ())}
    message = text_of(data.get("Message"))
    own = {name: _unescaped(value, message) for name, value in data.items() if name not in others}
    if log in _HIDDEN and message:
        del own["Message"]  # it repeats the fields, and explains them
        hidden = reversed(_HIDDEN[log].findall(message))  # the first of a name is the event's own
        own = {**{name.replace(" ID", "ID"): text for name, text in hidden}, **own}
    return own


def _unescaped(value: Any, message: str) -> Any:
    """Some collectors leave text as XML escapes it; the message shows what it was."""
    if isinstance(value, str) and "&" in value and message:
        plain = unescape(value, {"&quot;": '"', "&apos;": "'"})
        return plain if plain in message and value not in message else value
    return value


def _collected(data: Mapping[str, Any]) -> datetime | None:
    """When the collector says that it was. Its EventTime is local time; ``@timestamp``, some seconds later, tells the zone."""
    local, later = _time(data.get("EventTime")), _time(data.get("@timestamp"))
    if local is not None and later is not None:
        return moved(local, -_quarters(local - later))
    return local or _time(data.get("TimeCreated")) or later


def _quarters(span: timedelta) -> timedelta:
    """A span of time in whole quarters of an hour, as time zones are."""
    quarter = timedelta(minutes=15)
    return quarter * round(span / quarter)


# ---------------------------------------------------------------------------------------------------------------- records


def _record(
    data: Mapping[str, Any],
    place: tuple[str, int],
    event_id: Any,
    channel: str,
    provider: str,
    host: str,
    writer: Any,
    fields: Mapping[str, Any],
    time: datetime | None,
    zone: timedelta | None,
) -> Record:
    number = text_of(event_id).strip()
    if not number:
        raise _no_event("it has no EventID")
    if not (number.isascii() and number.isdecimal() and len(number) <= 10):
        raise _no_event(f"its EventID is no number: '{number[:60]}'")
    if not channel:
        unknown = f", and its provider '{provider[:60]}' is none known" if provider else ""
        raise _no_event(f"it has no Channel{unknown}")
    return Record(
        *place,
        channel=channel,
        provider=provider or _PROVIDER_OF.get(channel.lower(), ""),
        event_id=int(number),
        host=host,
        time=time,
        zone=zone,
        writer=writer if type(writer) is int and 0 < writer < 2**32 else None,
        fields=fields,
        data=data,
    )


def _time(value: Any) -> datetime | None:
    """A time in UTC: ISO 8601, or as Sysmon writes it; without a zone it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def moved(time: datetime, by: timedelta) -> datetime | None:
    """A time, so much later; None where the calendar ends before."""
    try:
        return time + by
    except OverflowError:
        return None


def _no_event(why: str) -> TelemetryError:
    return TelemetryError(Diagnostic("no-event", f"the record is no Windows event: {why}", _HINT))
