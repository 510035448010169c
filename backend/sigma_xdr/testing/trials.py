r"""A case's rows: what the test file says, looked up in the schema, and defaults for what it leaves out.

A column that a row leaves out gets: ActionType the rule's first one; Timestamp a fixed time plus a second a row; DeviceId
``device-1``; ReportId a number of the row's own; FolderPath ``C:\Windows\System32\`` and the FileName, FileName the end of
the FolderPath; and InitiatingProcessFolderPath the same, in lower case as Defender has it (write ``''`` for a process without
a path). Other strings are empty, the rest is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sigma_xdr.errors import Diagnostic, SchemaError, SigmaXdrError
from sigma_xdr.rules import Key
from sigma_xdr.schema import Column, ColumnType, Table, xdr_schema
from sigma_xdr.telemetry import Record, Row, TelemetryError, map_records, record_of, why_unmapped
from sigma_xdr.testing.case_files import Case, CaseFile

__all__ = ["CaseError", "TableRow", "Trial", "trials_of"]

#: When a case's first row happens, unless it says so.
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
_FOLDER = "C:\\Windows\\System32\\"
#: Tables whose FolderPath always ends with the file's name; in others it may be the directory alone.
_WHOLE_PATHS = ("DeviceProcessEvents", "DeviceFileEvents", "DeviceImageLoadEvents")


class CaseError(SigmaXdrError):
    """A case can't be run: its rows don't fit the schema, or its record becomes no row of the rule's table."""


@dataclass(frozen=True)
class TableRow:
    """A row with all of its defaults: the table's name, and values of the columns' Kusto types. ``mapped`` is what Windows'
    records became, where it was made of some.
    """

    table: str
    columns: Mapping[str, Any] = field(hash=False)
    mapped: Row | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """What a rule is run on at one go: it matches if it selects one of the rows.

    ``records`` are the Windows records that the rows were made of, if any. ``label`` tells the trials of one case apart.
    """

    rows: tuple[TableRow, ...]
    records: tuple[Record, ...] = ()
    label: str | None = None


def trials_of(case: Case, file: CaseFile, tables: Mapping[str, Sequence[str]], first: int) -> tuple[Trial, ...]:
    """The trials of a case; all of them have to be as it expects.

    ``tables`` maps the tables that the rule reads to their ActionTypes, the rule's own first. ``first`` is the number of the
    case's first row. Raises CaseError with all that is wrong.
    """
    reader = _Rows(case, file, tables)
    match case.kind:
        case "raw":
            trials = reader.raw(first)
        case "events":
            trials = reader.correlated(first)
        case _:
            trials = reader.single(first)
    if reader.problems:
        raise CaseError(*reader.problems)
    return trials


class _Rows:
    """Makes the rows of one case and collects what is wrong with them."""

    def __init__(self, case: Case, file: CaseFile, tables: Mapping[str, Sequence[str]]) -> None:
        self.case = case
        self.file = file
        self.tables = tables
        self.problems: list[Diagnostic] = []

    def problem(self, message: str, hint: str | None, *keys: Key) -> None:
        self.problems.append(self.file.diagnostic(message, hint, *self.case.keys, *keys))

    def single(self, first: int) -> tuple[Trial, ...]:
        """A row, or one for each value of ``each``."""
        if len(self.tables) > 1:
            self.problem("a correlation needs several rows", "write them as a list under events", "event")
            return ()
        table = next(iter(self.tables))
        trials = []
        for index, varied in enumerate(self.varied()):
            row = self.row(self.case.data, table, first + index, ("event",), varied, index)
            label = ", ".join(f"{column}: {value}" for column, value in varied.items())
            trials.append(Trial((row,), label=label or None))
        return tuple(trials)

    def varied(self) -> Iterator[dict[str, Any]]:
        if not self.case.each:
            yield {}
            return
        for values in zip(*self.case.each.values(), strict=True):
            yield dict(zip(self.case.each, values, strict=True))

    def correlated(self, first: int) -> tuple[Trial, ...]:
        """The rows of a correlation, each of the table that it names, else of the first rule's."""
        if not isinstance(self.case.data, list) or not self.case.data:
            self.problem("'events' is a list of rows", "begin each with - and give it a Timestamp", "events")
            return ()
        rows = []
        for index, data in enumerate(self.case.data):
            keys: tuple[Key, ...] = ("events", index)
            columns = dict(data) if isinstance(data, dict) else data
            table = columns.pop("table", next(iter(self.tables))) if isinstance(columns, dict) else ""
            if isinstance(columns, dict) and (not isinstance(table, str) or table not in self.tables):
                hint = f"it reads {' and '.join(self.tables)}"
                self.problem(f"the correlation reads no table '{str(table)[:60]}'", hint, *keys, "table")
                continue
            rows.append(self.row(columns, table, first + index, keys))
        return (Trial(tuple(rows)),)

    def raw(self, first: int) -> tuple[Trial, ...]:
        """Windows records and their rows: once with whole paths of initiating processes, as in newer rows of Defender,
        and once with the directories alone, as in older ones.
        """
        given = self.case.data if isinstance(self.case.data, list) else [self.case.data]
        records = []
        for index, data in enumerate(given):
            keys: tuple[Key, ...] = ("raw", index) if isinstance(self.case.data, list) else ("raw",)
            if not isinstance(data, dict):
                hint = "raw: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\\Windows\\System32\\cmd.exe'}"
                self.problem("a Windows record is a mapping of fields to values", hint, *keys)
                continue
            try:
                records.append(record_of(data, self.case.name, index + 1))
            except TelemetryError as error:
                self.problem(error.diagnostics[0].message, error.diagnostics[0].hint, *keys)
        if self.problems:
            return ()
        trials = []
        for number, (label, whole) in enumerate((("whole paths", True), ("directories alone", False))):
            rows = self.mapped(records, whole, first + number * len(records))
            if not rows:
                return ()
            trials.append(Trial(rows, tuple(records), label))
        return tuple(trials)

    def mapped(self, records: Sequence[Record], whole: bool, first: int) -> tuple[TableRow, ...]:
        rows = list(map_records(records, whole_paths=whole))
        fitting = [row for row in rows if row.table in self.tables]
        if fitting:
            return tuple(TableRow(row.table, self.numbered(row.columns, first), row) for row in fitting)
        if rows:
            tables = " and ".join(dict.fromkeys(row.table for row in rows))
            message = f"the record becomes a row of {tables}, the rule reads {' and '.join(self.tables)}"
            self.problem(message, "use a record of the rule's own log source", "raw")
        else:
            reasons = dict.fromkeys(filter(None, map(why_unmapped, records)))
            hint = "use a record that Defender shows, or write the row under event"
            self.problem(f"the record becomes no row: {'; '.join(reasons) or 'Defender shows none of it'}", hint, "raw")
        return ()

    def numbered(self, columns: Mapping[str, Any], first: int) -> dict[str, Any]:
        """A mapped row's columns with a ReportId of its own, and a time if the record has none."""
        return {"Timestamp": START, **columns, "ReportId": first + columns["ReportId"] - 1}

    def row(
        self,
        data: Any,
        table_name: str,
        index: int,
        keys: tuple[Key, ...],
        varied: Mapping[str, Any] | None = None,
        number: int = 0,
    ) -> TableRow:
        """A whole row of what a case says."""
        if not isinstance(data, dict):
            self.problem("an event is a mapping of columns to values", "event: {FileName: wmic.exe}", *keys)
            return TableRow(table_name, {})
        table = xdr_schema().table(table_name)
        columns: dict[str, Any] = {}
        places = {name: (*keys, str(name)) for name in data} | {name: ("each", name, number) for name in varied or {}}
        for name, value in {**data, **(varied or {})}.items():
            column = self.column(table, name, places[name])
            if column is not None and value is not None:
                columns[column.name] = self.value(column, value, places[name])
        return TableRow(table.name, self.with_defaults(table, columns, index, keys))

    def column(self, table: Table, name: object, keys: tuple[Key, ...]) -> Column | None:
        try:
            column = table.column(str(name))
        except SchemaError as error:
            self.problem(error.diagnostics[0].message, error.diagnostics[0].hint, *keys)
            return None
        if column.name != name:
            self.problem(f"'{name}' is no column of {table.name}", f"did you mean {column.name}?", *keys)
            return None
        return column

    def value(self, column: Column, value: Any, keys: tuple[Key, ...]) -> Any:
        """The value as one of the column's type."""
        kind = column.type
        match value:
            case dict() if column.name == "AdditionalFields" and kind is ColumnType.STRING:
                return json.dumps(value, ensure_ascii=False)
            case str() if kind is ColumnType.DATETIME:
                if (time := _time(value)) is not None:
                    return time
            case bool():
                if kind in (ColumnType.BOOL, ColumnType.DYNAMIC):
                    return value
            case int() if kind in (ColumnType.INT, ColumnType.LONG):
                if -(2 ** _BITS[kind]) <= value < 2 ** _BITS[kind]:
                    return value
            case int() | float() if kind is ColumnType.REAL:
                return float(value)
            case _ if kind is ColumnType.DYNAMIC or (kind is ColumnType.STRING and isinstance(value, str)):
                return value
        self.problem(f"'{column.name}' is {_ARTICLES[kind]}, not {_shown(value)}", _hint(column, value), *keys)
        return None

    def with_defaults(self, table: Table, columns: dict[str, Any], index: int, keys: tuple[Key, ...]) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            "ActionType": next(iter(self.tables[table.name]), None),
            "Timestamp": START + timedelta(seconds=index),
            "DeviceId": "device-1",
            "ReportId": str(index) if table.name.startswith("Identity") else index,
        }
        path, name = columns.get("FolderPath"), columns.get("FileName")
        if path and name is None and "FileName" in table.columns:
            defaults["FileName"] = path.rpartition("\\")[2]
        elif name and path is None and "FolderPath" in table.columns:
            defaults["FolderPath"] = _FOLDER + name
        elif path and name and table.name in _WHOLE_PATHS and path.rpartition("\\")[2].lower() != name.lower():
            message = f"FolderPath ends in '{path.rpartition(chr(92))[2][:60]}', FileName is '{name[:60]}'"
            self.problem(message, f"{table.name} has the file's name in both: leave one out", *keys, "FolderPath")
        initiating = columns.get("InitiatingProcessFileName")
        if initiating and "InitiatingProcessFolderPath" in table.columns:
            defaults["InitiatingProcessFolderPath"] = (_FOLDER + initiating).lower()
        known = {name: value for name, value in defaults.items() if name in table.columns and value is not None}
        return {**known, **columns}


_BITS = {ColumnType.INT: 31, ColumnType.LONG: 63}
_ARTICLES = {
    ColumnType.BOOL: "a boolean",
    ColumnType.DATETIME: "a datetime",
    ColumnType.DYNAMIC: "dynamic",
    ColumnType.INT: "an int",
    ColumnType.LONG: "a long",
    ColumnType.REAL: "a real",
    ColumnType.STRING: "a string",
}


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # the first day of the year 1 is in the year 0 elsewhere
        return None


def _shown(value: object) -> str:
    match value:
        case str():
            return f"the text '{value[:60]}'"
        case bool():
            return str(value).lower()
        case dict() | list():
            return "a mapping" if isinstance(value, dict) else "a list"
    return f"the number {value}"


def _hint(column: Column, value: object) -> str | None:
    if column.type is ColumnType.STRING and isinstance(value, (bool, int, float)):
        return f"quote it: '{str(value).lower() if isinstance(value, bool) else value}'"
    if column.type is ColumnType.DATETIME:
        return "write it as 2026-01-31T12:00:00Z"
    if isinstance(value, str) and column.type is not ColumnType.STRING:
        return "leave the quotes out"
    return None
