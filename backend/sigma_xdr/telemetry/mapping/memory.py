"""What the mapping remembers of other records: some rows need more than one.

What is remembered is what stands in the file at most ``BEHIND`` records before the one that is mapped. So a row depends on what
is near its record alone, and a long file can be read in pieces.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sigma_xdr.telemetry.naming import consumer_of, process_fields
from sigma_xdr.telemetry.records import Record, moved, text_of
from sigma_xdr.telemetry.values import number, object_name, unquoted

__all__ = ["BEHIND", "Memory", "is_process_creation"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: How many records back a record is remembered.
BEHIND = 20_000
#: How many records of one process creation or one binding are kept.
_TWINS = 8
#: Two records of one process creation are at most this far apart, time zones aside; NXLog cuts times to the second.
_SAME_TIME = timedelta(seconds=2)
_QUARTER = timedelta(minutes=15)


class Recent(Generic[K, V]):
    """Entries with the numbers of the records that they came from; old ones are nothing."""

    def __init__(self) -> None:
        self._entries: dict[K, tuple[int, V]] = {}

    def put(self, key: K, value: V, number: int) -> None:
        """Remember a value that a record gives."""
        self._entries[key] = number, value

    def get(self, key: K, now: int) -> V | None:
        """The value that was put last, unless the record at ``now`` is too far behind it."""
        entry = self._entries.get(key)
        return None if entry is None or entry[0] < now - BEHIND else entry[1]

    def forget(self, now: int) -> None:
        """Let go of what is old."""
        self._entries = {key: entry for key, entry in self._entries.items() if entry[0] >= now - BEHIND}


class _Host:
    """What was seen of one host, of that which comes with every record: the rest of the memory is smaller.

    ``events`` has the number of the last record of each kind; ``creations`` are those of a process id, of which several records may
    tell; ``by_guid`` has the last one of a GUID, whenever it comes, ``by_id`` the last one of an id whose turn has come.
    """

    __slots__ = ("by_guid", "by_id", "clock", "creations", "events")

    def __init__(self) -> None:
        self.events: dict[tuple[str, int], int] = {}
        self.clock: Record | None = None
        self.creations: dict[int, tuple[Record, ...]] = {}
        self.by_guid: dict[str, Record] = {}
        self.by_id: dict[int, Record] = {}

    def forget(self, before: int) -> bool:
        """Let go of the records before that number; whether any is left."""
        self.events = {kind: number for kind, number in self.events.items() if number >= before}
        self.clock = _recent(self.clock, before)
        self.creations = {key: records for key, records in self.creations.items() if records[-1].number >= before}
        self.by_guid = {key: record for key, record in self.by_guid.items() if record.number >= before}
        self.by_id = {key: record for key, record in self.by_id.items() if record.number >= before}
        return bool(self.events)


def _recent(record: Record | None, before: int) -> Record | None:
    """The record, unless it stands before that number."""
    return None if record is None or record.number < before else record


@dataclass
class Memory:
    """What was seen, by host. ``see`` takes records in ahead of the one that is mapped, ``pass_by`` the mapped ones.

    ``now`` is the number of the record that is mapped.
    """

    whole_paths: bool
    now: int = 0
    _forgot: int = 0
    #: By the name in lower case, and as records spell it.
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _parts: Recent[tuple[str, int, str], Record] = field(default_factory=Recent)
    _bound: Recent[tuple[str, int, str], bool] = field(default_factory=Recent)
    _bindings: Recent[tuple[str, str], tuple[Record, ...]] = field(default_factory=Recent)
    _logged: Recent[tuple[str, str], bool] = field(default_factory=Recent)
    _logons: Recent[tuple[str, int | None], Record] = field(default_factory=Recent)

    def see(self, record: Record, is_wanted: bool = True) -> tuple[Record, int | None]:
        """Take in a record that may be mapped much later, or that isn't wanted for a row of its own.

        It gives what ``pass_by`` takes when the record's turn comes: what is remembered of it, and the id of the process that it
        creates.
        """
        seen, surface, kind = self._host(record), record.surface, (record.log, record.event_id)
        seen.events[kind] = record.number
        if "UtcTime" in surface:
            seen.clock = record
        if kind in _CREATIONS:
            process = process_id(record)
            if not is_wanted and (process is None or "ProcessId" in surface):
                record = record.reduced(_OF_PROCESS)
            if process is not None:
                twins = seen.creations.get(process)
                seen.creations[process] = (record,) if twins is None else (*twins, record)[-_TWINS:]
            if guid := surface.get("ProcessGuid"):
                seen.by_guid[guid if type(guid) is str else text_of(guid)] = record
            return record, process
        host, at = record.host.lower(), record.number
        if kind in (("sysmon", 19), ("sysmon", 20)):
            if record.text("Operation") in ("", "Created"):
                self._parts.put((host, record.event_id, unquoted(record.text("Name"))), record, at)
        elif kind == ("wmi", 5861):
            self._logged.put((host, consumer_of(record)), True, at)
        elif kind == ("sysmon", 21):
            binding = host, consumer_of(record)
            self._bindings.put(binding, (*(self._bindings.get(binding, self.now) or ()), record)[-_TWINS:], at)
            for event, reference in ((19, "Filter"), (20, "Consumer")):
                self._bound.put((host, event, object_name(record.text(reference))), True, at)
        elif kind == ("security", 4624) and record.text("LogonType") == "3":
            self._logons.put((host, number(record.text("TargetLogonId"))), record, at)
        return record, None

    def turn_to(self, number: int) -> None:
        """The number of the record that is mapped now."""
        self.now = number
        if number - self._forgot >= BEHIND:
            self._forgot = number
            left = {host for host in set(self._hosts.values()) if host.forget(number - BEHIND)}
            self._hosts = {name: host for name, host in self._hosts.items() if host in left}
            for part in vars(self).values():
                if isinstance(part, Recent):
                    part.forget(self.now)

    def pass_by(self, record: Record, process: int | None) -> None:
        """Take in a process creation in its turn: ids are used again, so only what came before counts."""
        if process is not None:
            self._host(record).by_id[process] = record

    def _host(self, record: Record) -> _Host:
        """What is remembered of a record's host."""
        host = self._hosts.get(record.host)
        if host is None:
            host = self._hosts.setdefault(record.host.lower(), _Host())
            self._hosts[record.host] = host
        return host

    def utc(self, record: Record) -> datetime | None:
        """The time of a record; where it may be local time, by the clock that other records of the host show."""
        if record.time is None or record.zone is not None or "UtcTime" in record.fields:
            return record.time
        other = _recent(self._host(record).clock, self.now - BEHIND)
        zone = None if other is None else other.zone
        return moved(record.time, -zone) if zone else record.time

    def has(self, record: Record, log: str, event_id: int) -> bool:
        """Whether the record's host has records of that kind."""
        return self._host(record).events.get((log, event_id), -BEHIND) >= self.now - BEHIND

    def twins(self, record: Record, process: int | None) -> list[Record]:
        """The records of the same process creation, this one too, in order."""
        if process is None:
            return [record]
        found = self._near(self._host(record).creations.get(process)) or (record,)
        image = _image(record)
        return [twin for twin in found if twin is record or (_image(twin) == image and _same_time(twin, record))]

    def parts(self, binding: Record) -> list[Record]:
        """The filter and the consumer that a binding binds, those that were seen."""
        host = binding.host.lower()
        bound = ((19, "Filter"), (20, "Consumer"))
        found = (self._parts.get((host, event, object_name(binding.text(to))), self.now) for event, to in bound)
        return [part for part in found if part is not None]

    def is_bound(self, record: Record) -> bool:
        """Whether a binding was seen of this filter or consumer."""
        name = unquoted(record.text("Name"))
        return self._bound.get((record.host.lower(), record.event_id, name), self.now) is not None

    def bindings(self, logged: Record) -> tuple[Record, ...]:
        """Sysmon's records of the binding that Windows' own log tells of."""
        return self._near(self._bindings.get((logged.host.lower(), consumer_of(logged)), self.now))

    def is_logged(self, binding: Record) -> bool:
        """Whether Windows' own log tells of the binding that Sysmon saw."""
        return self._logged.get((binding.host.lower(), consumer_of(binding)), self.now) is not None

    def network_logon(self, record: Record, logon: int) -> Record | None:
        """The logon over the network that has this id on the record's host."""
        return self._logons.get((record.host.lower(), logon), self.now)

    def creation(self, record: Record, guid: str, process: int | None) -> Record | None:
        """The creation of a process on the record's host, by its GUID or else by its id; None where it wasn't seen."""
        seen = self._host(record)
        found = seen.by_guid.get(guid) if guid else None if process is None else seen.by_id.get(process)
        return _recent(found, self.now - BEHIND)

    def _near(self, records: tuple[Record, ...] | None) -> tuple[Record, ...]:
        """Those of the records that aren't too far back."""
        return tuple(record for record in records or () if record.number >= self.now - BEHIND)


#: What a process creation says that rows of other records may need.
_OF_PROCESS = (
    *("ProcessGuid", "ProcessId", "Image", "CommandLine", "User", "Hashes", "OriginalFileName"),
    *("Description", "Product", "Company", "IntegrityLevel", "LogonId", "ParentImage"),
    *(
        "ParentProcessId",
        "TerminalSessionId",
        "TokenElevationType",
        "NewProcessName",
        "NewProcessId",
        "ParentProcessName",
    ),
    *("MandatoryLabel", "SubjectUserName", "SubjectDomainName", "SubjectUserSid"),
    *("SubjectLogonId", "TargetUserName", "TargetDomainName", "TargetUserSid", "TargetLogonId"),
)
_CREATIONS = {("sysmon", 1): "ProcessId", ("security", 4688): "NewProcessId"}


def is_process_creation(record: Record) -> bool:
    """Whether a record tells of a new process."""
    return (record.log, record.event_id) in _CREATIONS


def process_id(record: Record) -> int | None:
    """The id of the process that a process creation creates."""
    value = record.surface.get(_CREATIONS[record.log, record.event_id])
    if value is None:
        return number(record.text(_CREATIONS[record.log, record.event_id]))
    return number(value if type(value) is str else text_of(value))


def _image(record: Record) -> str:
    return text_of(process_fields(record).get("Image")).lower()


def _same_time(one: Record, other: Record) -> bool:
    if one.time is None or other.time is None:
        return True
    apart = (one.time - other.time) % _QUARTER
    return min(apart, _QUARTER - apart) <= _SAME_TIME
