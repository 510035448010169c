"""Made-up events, in Sigma's field names, as Windows would record them and as Defender's rows would show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, Row, TelemetryError, map_records, record_of, row_event

__all__ = ["record_with", "rows_with", "views_with"]

LogSource = Mapping[str, Any]

_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_TIME = "2026-01-01 12:00:00.000"
#: Sigma's log sources as one kind of record each, with what such a record always says.
_RECORDS: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "process_creation": (_SYSMON, 1, {}),
    "file_change": (_SYSMON, 2, {}),
    "network_connection": (_SYSMON, 3, {"Initiated": "true"}),
    "driver_load": (_SYSMON, 6, {}),
    "image_load": (_SYSMON, 7, {}),
    "create_remote_thread": (_SYSMON, 8, {}),
    "process_access": (_SYSMON, 10, {}),
    "file_event": (_SYSMON, 11, {}),
    "registry_add": (_SYSMON, 12, {"EventType": "CreateKey"}),
    "registry_delete": (_SYSMON, 12, {"EventType": "DeleteValue"}),
    "registry_event": (_SYSMON, 13, {"EventType": "SetValue"}),
    "registry_set": (_SYSMON, 13, {"EventType": "SetValue"}),
    "registry_rename": (_SYSMON, 14, {"EventType": "RenameKey"}),
    "pipe_created": (_SYSMON, 17, {}),
    "wmi_event": (_SYSMON, 21, {"EventType": "WmiBindingEvent", "Operation": "Created"}),
    "dns_query": (_SYSMON, 22, {}),
    "file_delete": (_SYSMON, 23, {}),
    "security": ("Security", 4624, {}),
}


def record_with(fields: Mapping[str, Any], log_source: LogSource) -> Record | None:
    """The record of a log source that says these fields and no others; None where the log source has no record of Windows,
    or the fields can't be one.
    """
    known = _RECORDS.get(str(log_source.get("category") or log_source.get("service")))
    if known is None:
        return None
    channel, event_id, always = known
    told = {name: value for name, value in fields.items() if value is not None}
    number = str(told.pop("EventID", event_id))
    head = {
        "Channel": channel,
        "EventID": int(number) if number.isdecimal() else event_id,
        "Computer": "host-1",
        "UtcTime": _TIME,
    }
    try:
        return record_of({**head, **always, **told})
    except TelemetryError:
        return None


def rows_with(fields: Mapping[str, Any], log_source: LogSource, whole_paths: bool = True) -> Iterator[Row]:
    """The rows that Defender would have of such a record."""
    record = record_with(fields, log_source)
    return map_records([record], whole_paths=whole_paths) if record is not None else iter(())


def views_with(fields: Mapping[str, Any], log_source: LogSource, whole_paths: bool = True) -> Iterator[Event]:
    """Those rows as the log source shows them; for one of Defender's own tables, the row with these columns, if it has the
    ActionType that every such row has.
    """
    if log_source.get("service") == "defender-xdr":
        table = _table_of(str(log_source.get("category")))
        known = xdr_schema().table(table).columns
        columns: Mapping[str, Any] = {name: value for name, value in fields.items() if name in known}
        is_row = "ActionType" not in known or bool(columns.get("ActionType"))
        rows: list[tuple[str, Mapping[str, Any]]] = [(table, columns)] if is_row else []
    else:
        rows = [(row.table, row.columns) for row in rows_with(fields, log_source, whole_paths)]
    for table, columns in rows:
        view = row_event(table, columns, log_source)
        if view is not None:
            yield view


def _table_of(category: str) -> str:
    """The table that a category of Defender's own log sources names: ``device_events`` is DeviceEvents."""
    return xdr_schema().table(category.replace("_", "")).name
