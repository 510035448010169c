"""Records to rows, each in its turn, with a look ahead: what belongs together may come in any order."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry.mapping.devices import dns_query, pipe_used, process_opened, thread_created
from sigma_xdr.telemetry.mapping.files import (
    creation_time_changed,
    driver_loaded,
    file_created,
    file_deleted,
    image_loaded,
)
from sigma_xdr.telemetry.mapping.logons import logon
from sigma_xdr.telemetry.mapping.memory import Memory, is_process_creation
from sigma_xdr.telemetry.mapping.network import connection
from sigma_xdr.telemetry.mapping.powershell import commands
from sigma_xdr.telemetry.mapping.processes import as_initiating, process_created, wmi_process
from sigma_xdr.telemetry.mapping.registry import registry_event
from sigma_xdr.telemetry.mapping.rows import Built, Row
from sigma_xdr.telemetry.mapping.wmi import binding_logged, binding_seen
from sigma_xdr.telemetry.naming import is_registry_event, process_fields
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.values import iso_time, known, name_of, number, sound

__all__ = ["AHEAD", "Mapper", "Wanted", "map_records", "why_unmapped"]

#: Whether a row is wanted of a record; of a process creation it may depend on what the row has in InitiatingProcessParentFileName,
#: which only other records tell.
Wanted = bool | Callable[[str], bool]

#: How many records are read ahead of the one that is mapped.
AHEAD = 10_000

_ROWS: Mapping[tuple[str, int], Callable[[Record, bool], Built]] = {
    ("sysmon", 1): process_created,
    ("security", 4688): process_created,
    ("sysmon", 2): creation_time_changed,
    ("sysmon", 3): connection,
    ("security", 5156): connection,
    ("sysmon", 6): driver_loaded,
    ("sysmon", 7): image_loaded,
    ("sysmon", 8): thread_created,
    ("sysmon", 10): process_opened,
    ("sysmon", 11): file_created,
    ("sysmon", 12): registry_event,
    ("sysmon", 13): registry_event,
    ("sysmon", 14): registry_event,
    ("sysmon", 17): pipe_used,
    ("sysmon", 18): pipe_used,
    ("sysmon", 22): dns_query,
    ("sysmon", 23): file_deleted,
    ("sysmon", 26): file_deleted,
    ("security", 4624): logon,
    ("security", 4625): logon,
    ("wmi", 5861): binding_logged,
}
#: What is mapped with more than the record itself.
_TOGETHER = {("sysmon", 19), ("sysmon", 20), ("sysmon", 21), ("powershell", 4103), ("powershell-classic", 800)}
#: Two logs tell of the same events: of the first kind there are rows only where the host has none of the second.
_TOLD_BETTER = {("security", 5156): ("sysmon", 3), ("powershell-classic", 800): ("powershell", 4103)}
_LOG_NAMES = {
    "sysmon": "Sysmon",
    "security": "Security",
    "wmi": "WMI-Activity",
    "powershell": "PowerShell",
    "powershell-classic": "PowerShell",
}


def map_records(
    records: Iterable[Record],
    whole_paths: bool = True,
    unmapped: Callable[[Record, str], None] = lambda record, reason: None,
) -> Iterator[Row]:
    """The rows that Defender would have of the records, in the records' order.

    ``whole_paths``: whether InitiatingProcessFolderPath (and FolderPath in DeviceEvents) ends with the file's name, as in
    newer rows, or holds the directory alone, as in older ones. ``unmapped`` is called with each record that no row stands
    for, and the reason. Some thousand records are read ahead and remembered; what lies further apart isn't joined.
    """
    mapper = Mapper(whole_paths, unmapped)
    for record in records:
        yield from mapper.take(record)
    yield from mapper.rest()


def why_unmapped(record: Record) -> str | None:
    """Why no row can stand for a record, whatever other records there are; None where one may."""
    kind = record.log, record.event_id
    name = kind_name(record)
    if kind not in _ROWS and kind not in _TOGETHER:
        return f"{name} has no Defender table"
    if kind in (("sysmon", 19), ("sysmon", 20), ("sysmon", 21)) and record.text("Operation") not in ("", "Created"):
        return f"{name}: that a subscription goes has no Defender table"
    if kind == ("sysmon", 10) and not record.text("TargetImage").lower().endswith("\\lsass.exe"):
        return f"{name}: of handles to other processes, Defender has those to lsass.exe alone"
    if record.log == "sysmon" and record.event_id in (12, 13, 14) and not is_registry_event(record):
        return f"{name}: what was done isn't said (EventType)"
    return None


def kind_name(record: Record) -> str:
    """The log and the event's id: ``Security 4658``."""
    return f"{_LOG_NAMES.get(record.log, record.channel)} {record.event_id}"


class Mapper:
    """Records in their turn to rows; ``whole_paths`` and ``unmapped`` as :func:`map_records` has them.

    Only the records from number ``first`` to number ``last`` (None: the end) are mapped. Those before them, ``BEHIND`` at most, and
    after them, ``AHEAD`` at most, are what their rows may need.
    """

    def __init__(
        self,
        whole_paths: bool = True,
        unmapped: Callable[[Record, str], None] = lambda record, reason: None,
        first: int = 1,
        last: int | None = None,
    ) -> None:
        self.memory = Memory(whole_paths)
        self._whole_paths = whole_paths
        self._unmapped = unmapped
        self._first, self._last = first, last
        self._ahead: deque[tuple[int, Record, int | None, Wanted]] = deque()

    def take(self, record: Record, wanted: Wanted = True) -> Iterable[Row]:
        """Take in the next record; the rows of those whose turn it is then. One that isn't ``wanted`` is for others' rows alone."""
        ahead, before = self._ahead, record.number - AHEAD
        # first those that this record is too far from: what they see of it mustn't depend on what stands between
        rows: Iterable[Row] = ()
        while ahead and ahead[0][0] < before:
            if ahead[0][3] is not False:
                rows = list(self._due(before))
            else:
                self._pass(*ahead.popleft())
        kept, process = self.memory.see(record, wanted is not False)
        if wanted is not False or process is not None:
            ahead.append((record.number, kept, process, wanted))
        return rows

    def rest(self) -> Iterator[Row]:
        """The rows of the records that are left."""
        return self._due(None)

    def _due(self, before: int | None) -> Iterator[Row]:
        """The rows of the records before that number."""
        ahead = self._ahead
        while ahead and (before is None or ahead[0][0] < before):
            at, record, process, wanted = ahead.popleft()
            if wanted is False or at < self._first:
                self._pass(at, record, process)
            elif self._last is None or at <= self._last:
                self.memory.turn_to(at)
                if wanted is True or wanted(self._parent_of_parent(record)):
                    yield from self._rows(record, process)
                else:
                    self.memory.pass_by(record, process)

    def _pass(self, at: int, record: Record, process: int | None, _: Wanted = False) -> None:
        """It is the turn of a record that no row is made of."""
        self.memory.turn_to(at)
        self.memory.pass_by(record, process)

    def _rows(self, record: Record, process: int | None) -> Iterator[Row]:
        """The rows of a record; none where the row of another record stands for it, or none can."""
        if reason := why_unmapped(record) or self._why_alone(record):
            self._unmapped(record, reason)
        elif is_process_creation(record):
            yield from self._process(record, process)
        elif record.log in ("powershell", "powershell-classic"):
            yield from self._commands(record)
        elif (record.log, record.event_id) == ("wmi", 5861):
            bindings = self.memory.bindings(record)
            parts = [part for binding in bindings for part in self.memory.parts(binding)]
            yield self._row(record, binding_logged(record, self._whole_paths), *bindings, *parts)
        elif record.log == "sysmon" and record.event_id in (19, 20, 21):
            yield from self._binding(record)
        else:
            yield self._row(record, _ROWS[record.log, record.event_id](record, self._whole_paths))

    def _why_alone(self, record: Record) -> str | None:
        """Why a record has no row although others of its kind have."""
        better = _TOLD_BETTER.get((record.log, record.event_id))
        if better and self.memory.has(record, *better):
            return f"{kind_name(record)}: the host's {_LOG_NAMES[better[0]]} {better[1]} tell the same"
        if record.log == "sysmon" and record.event_id in (19, 20) and not self.memory.is_bound(record):
            return f"{kind_name(record)}: a filter or a consumer has no Defender table, only their binding"
        return None

    def _process(self, record: Record, process: int | None) -> Iterator[Row]:
        """A new process, of which several records may tell: Sysmon's tells the most."""
        twins = self.memory.twins(record, process)
        told = record.log != "sysmon" and (twins[0] is not record or any(twin.log == "sysmon" for twin in twins))
        if told:
            self.memory.pass_by(record, process)
            return
        row = self._row(
            record,
            process_created(record, self._whole_paths),
            *(twin for twin in twins if twin is not record and twin.log != "sysmon"),
        )
        self.memory.pass_by(record, process)
        yield row
        logon = row.columns.get("LogonId")
        by_wmi = str(row.columns.get("InitiatingProcessFileName")).lower() == "wmiprvse.exe"
        if by_wmi and logon and (source := self.memory.network_logon(record, logon)):
            built = wmi_process(row.columns, known(source.text("IpAddress")))
            yield self._row(record, built, *row.records[1:], source)

    def _commands(self, record: Record) -> Iterator[Row]:
        """PowerShell's commands."""
        rows = [self._row(record, built) for built in commands(record, self._whole_paths)]
        if not rows:
            self._unmapped(record, f"{kind_name(record)}: no command is named")
        yield from rows

    def _binding(self, record: Record) -> Iterator[Row]:
        """A binding by Sysmon, where Windows' own log doesn't tell of it; a filter or consumer stands in its binding's row."""
        if record.event_id == 21 and not self.memory.is_logged(record):
            parts = self.memory.parts(record)
            yield self._row(record, binding_seen(record, parts), *parts)

    def _row(self, record: Record, built: Built, *others: Record) -> Row:
        """The row with what stands in every row, and what other records say of the process that acts."""
        said = sound(built.columns)
        others_say = {} if built.concluded else self._others_say(record, built.table, said)
        host = record.host.lower()
        columns = {
            "Timestamp": iso_time(self.memory.utc(record)),
            "DeviceId": host,
            "DeviceName": host,
            "ActionType": built.action,
            **said,
            **others_say,
            "AdditionalFields": _json(built.additional),
            "ReportId": record.number,
        }
        derived = {"row"} if built.concluded else {"DeviceId", *others_say} & sound(columns).keys()
        return Row(built.table, sound(columns), (record, *others), frozenset(derived))

    def _others_say(self, record: Record, table: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """What the creation of the acting process says of it and the record doesn't, as far as the table has columns."""
        created = self._creation(record, said.get("InitiatingProcessId"), said.get("InitiatingProcessFileName"))
        if created is None:
            return {}
        columns = xdr_schema().table(table).columns
        return {
            column: value
            for column, value in sound(as_initiating(created, self._whole_paths)).items()
            if column not in said and column in columns
        }

    def _creation(self, record: Record, process: int | None, name: str | None) -> Record | None:
        """The creation of the process that acts, as the record names it; None where it wasn't seen, or was another program's."""
        guid = record.text("ParentProcessGuid" if is_process_creation(record) else "ProcessGuid")
        guid = guid or record.text("SourceProcessGUID") or record.text("SourceProcessGuid")
        created = self.memory.creation(record, guid, process)
        if created is None or not name:
            return created
        image = sound({"": name_of(known(text_of(process_fields(created).get("Image"))))}).get("", "")
        return created if str(name).lower() == str(image).lower() else None

    def _parent_of_parent(self, record: Record) -> str:
        """What the row of a process creation has in InitiatingProcessParentFileName."""
        fields = process_fields(record)
        parent = sound({"": name_of(known(text_of(fields.get("ParentImage"))))}).get("")
        created = self._creation(record, number(text_of(fields.get("ParentProcessId"))), parent)
        if created is None:
            return ""
        above = name_of(known(text_of(process_fields(created).get("ParentImage"))))
        return str(sound({"": above}).get("", ""))


def _json(additional: Mapping[str, Any]) -> str:
    return json.dumps(sound(additional), ensure_ascii=False) if additional else ""
