"""What the mapping remembers of other records: some rows need more than one. All of it is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sigma_xdr.telemetry.mapping.processes import as_initiating
from sigma_xdr.telemetry.naming import consumer_of, process_fields
from sigma_xdr.telemetry.records import Record, moved, text_of
from sigma_xdr.telemetry.values import number, object_name, unquoted

__all__ = ["Memory", "is_process_creation"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: How many entries each part of the memory keeps: the newest.
_KEPT = 20_000
#: How many records of one process creation or one binding are kept.
_TWINS = 8
#: Two records of one process creation are at most this far apart, time zones aside; NXLog cuts times to the second.
_SAME_TIME = timedelta(seconds=2)
_QUARTER = timedelta(minutes=15)


class Recent(OrderedDict[K, V], Generic[K, V]):
    """The newest entries."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > _KEPT:
            self.popitem(last=False)


@dataclass
class Memory:
    """What was seen, by host. ``see`` takes records in ahead of the one that is mapped, ``pass_by`` the mapped ones."""

    whole_paths: bool
    _zones: Recent[str, timedelta] = field(default_factory=Recent)
    _events: Recent[tuple[str, str, int], bool] = field(default_factory=Recent)
    _creations: Recent[tuple[str, int | None, str], tuple[Record, ...]] = field(default_factory=Recent)
    _parts: Recent[tuple[str, int, str], Record] = field(default_factory=Recent)
    _bound: Recent[tuple[str, int, str], bool] = field(default_factory=Recent)
    _bindings: Recent[tuple[str, str], tuple[Record, ...]] = field(default_factory=Recent)
    _logged: Recent[tuple[str, str], bool] = field(default_factory=Recent)
    _logons: Recent[tuple[str, int | None], Record] = field(default_factory=Recent)
    _by_guid: Recent[tuple[str, str], Mapping[str, Any]] = field(default_factory=Recent)
    _by_id: Recent[tuple[str, int], Mapping[str, Any]] = field(default_factory=Recent)

    def see(self, record: Record) -> None:
        """Take in a record that may be mapped much later."""
        host = record.host.lower()
        self._events[host, record.log, record.event_id] = True
        if record.zone is not None:
            self._zones[host] = record.zone
        if is_process_creation(record):
            key = _process_key(record)
            self._creations[key] = (*self._creations.get(key, ()), record)[-_TWINS:]
            if guid := record.text("ProcessGuid"):
                self._by_guid[host, guid] = as_initiating(record, self.whole_paths)
        elif record.log == "sysmon" and record.event_id in (19, 20):
            if record.text("Operation") in ("", "Created"):
                self._parts[host, record.event_id, unquoted(record.text("Name"))] = record
        elif (record.log, record.event_id) == ("wmi", 5861):
            self._logged[host, consumer_of(record)] = True
        elif record.log == "sysmon" and record.event_id == 21:
            binding = host, consumer_of(record)
            self._bindings[binding] = (*self._bindings.get(binding, ()), record)[-_TWINS:]
            for event, reference in ((19, "Filter"), (20, "Consumer")):
                self._bound[host, event, object_name(record.text(reference))] = True
        elif (record.log, record.event_id, record.text("LogonType")) == ("security", 4624, "3"):
            self._logons[host, number(record.text("TargetLogonId"))] = record

    def pass_by(self, record: Record) -> None:
        """Take in a process creation in its turn: ids are used again, so only what came before counts."""
        process = number(text_of(process_fields(record).get("ProcessId")))
        if process is not None:
            self._by_id[record.host.lower(), process] = as_initiating(record, self.whole_paths)

    def utc(self, record: Record) -> datetime | None:
        """The time of a record; where it may be local time, by the clock that other records of the host show."""
        if record.time is None or record.zone is not None or "UtcTime" in record.fields:
            return record.time
        return moved(record.time, -self._zones.get(record.host.lower(), timedelta(0)))

    def has(self, record: Record, log: str, event_id: int) -> bool:
        """Whether the record's host has records of that kind."""
        return (record.host.lower(), log, event_id) in self._events

    def twins(self, record: Record) -> list[Record]:
        """The records of the same process creation, this one too, in order."""
        key = _process_key(record)
        if key[1] is None:
            return [record]
        return [twin for twin in self._creations.get(key, (record,)) if _same_time(twin, record)]

    def parts(self, binding: Record) -> list[Record]:
        """The filter and the consumer that a binding binds, those that were seen."""
        host = binding.host.lower()
        bound = ((19, "Filter"), (20, "Consumer"))
        found = (self._parts.get((host, event, object_name(binding.text(to)))) for event, to in bound)
        return [part for part in found if part is not None]

    def is_bound(self, record: Record) -> bool:
        """Whether a binding was seen of this filter or consumer."""
        return (record.host.lower(), record.event_id, unquoted(record.text("Name"))) in self._bound

    def bindings(self, logged: Record) -> tuple[Record, ...]:
        """Sysmon's records of the binding that Windows' own log tells of."""
        return self._bindings.get((logged.host.lower(), consumer_of(logged)), ())

    def is_logged(self, binding: Record) -> bool:
        """Whether Windows' own log tells of the binding that Sysmon saw."""
        return (binding.host.lower(), consumer_of(binding)) in self._logged

    def network_logon(self, record: Record, logon: int) -> Record | None:
        """The logon over the network that has this id on the record's host."""
        return self._logons.get((record.host.lower(), logon))

    def process(self, record: Record, guid: str, process: int | None) -> Mapping[str, Any]:
        """What the creation of a process says of it, as columns; nothing where it wasn't seen."""
        host = record.host.lower()
        if guid:
            return self._by_guid.get((host, guid), {})
        return self._by_id.get((host, process), {}) if process is not None else {}


def is_process_creation(record: Record) -> bool:
    """Whether a record tells of a new process."""
    return (record.log, record.event_id) in (("sysmon", 1), ("security", 4688))


def _process_key(record: Record) -> tuple[str, int | None, str]:
    fields = process_fields(record)
    return record.host.lower(), number(text_of(fields.get("ProcessId"))), text_of(fields.get("Image")).lower()


def _same_time(one: Record, other: Record) -> bool:
    if one.time is None or other.time is None:
        return True
    apart = (one.time - other.time) % _QUARTER
    return min(apart, _QUARTER - apart) <= _SAME_TIME
