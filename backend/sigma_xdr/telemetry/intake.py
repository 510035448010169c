"""From the documents and rows of a file to events, each with its number.

A document is a Windows event, a row of Defender's, or holds many of either: a batch of the streaming API (``{"records": […]}``),
the answer of a query (Graph's ``results``, Kusto's ``Tables`` or frames).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from sigma_xdr.errors import visible
from sigma_xdr.schema import Table
from sigma_xdr.telemetry.json_values import NotJson, json_of
from sigma_xdr.telemetry.records import Record, TelemetryError, record_of
from sigma_xdr.telemetry.stored import StoredRow
from sigma_xdr.telemetry.stored_values import columns_of
from sigma_xdr.telemetry.tables import is_known_column, table_called, table_found, table_named
from sigma_xdr.telemetry.unreadable import Unreadable

__all__ = ["BATCH", "Intake", "Item"]

Item: TypeAlias = Record | StoredRow | Unreadable

#: How a line shows that it may hold many records. A line without it is one record, so that lines can be counted unread.
BATCH = re.compile(rb'"(?:records|[Rr]esults|[Tt]ables)"\s{0,8}:\s{0,8}\[')
_CATEGORY = "AdvancedHunting-"
#: How many columns that belong to no table are remembered by name, and how long a name may be, in characters.
_REMEMBERED, _LONGEST = 1000, 100
#: How many answers to the question of which table a row is of are remembered.
_TABLES = 1000


class Intake:
    """The events of one file, in order. ``number`` is the next record's; ``left_out`` counts rows by ``Table.Column``, the columns
    that they have and their table hasn't.
    """

    def __init__(self, name: str, left_out: Counter[str], number: int = 1) -> None:
        self.name = name
        self.number = number
        self._left_out = left_out
        self._tables: dict[tuple[tuple[str, ...], Any], Table | TelemetryError] = {}

    def broken(self, reason: str) -> Unreadable:
        """In place of a record that can't be read."""
        self.number += 1
        return Unreadable(self.name, self.number - 1, reason)

    def document(self, document: Any, batches: bool = True) -> Iterator[Item]:
        """The events of a document; where it may hold none of the ``batches``, it is one event."""
        if not isinstance(document, dict):
            yield self.broken("the record is no JSON object")
        elif "EventID" in document or "Event" in document or isinstance(document.get("winlog"), Mapping):
            yield self._record(document)
        elif isinstance(inner := document.get("_source"), dict) and "_source" not in inner:
            yield from self.document(inner, False)
        elif "category" in document and "properties" in document:
            yield self._streamed(document)
        elif batches and (many := _many(document)) is not None:
            for each in many:
                yield from self.document(each, False)
        elif "FrameType" in document:
            yield from self._frame(document)
        elif any(map(is_known_column, document)):
            yield self.row(document)
        else:
            yield self._record(document)

    def row(self, row: Mapping[str, Any], table: Table | None = None) -> Item:
        """A row of Defender's; which table's it is, is found where it isn't said."""
        try:
            if table is None:
                table, row = self._table_of(row)
            columns = columns_of(table, row, lambda column: self._leave_out(table, column))
        except TelemetryError as error:
            return self.broken(error.diagnostics[0].message)
        self.number += 1
        return StoredRow(self.name, self.number - 1, table.name, columns)

    def _record(self, document: Mapping[str, Any]) -> Item:
        try:
            record = record_of(document, self.name, self.number)
        except TelemetryError as error:
            return self.broken(error.diagnostics[0].message)
        self.number += 1
        return record

    def _table_of(self, row: Mapping[str, Any]) -> tuple[Table, Mapping[str, Any]]:
        """A row's table, and the row without the column that names it."""
        if named := table_named(row):
            table, naming = named
            return table, {name: value for name, value in row.items() if name != naming}
        action = row.get("ActionType")
        action = action if isinstance(action, str) else None
        key = tuple(row), action
        if key not in self._tables:
            if len(self._tables) >= _TABLES:
                self._tables.clear()
            try:
                self._tables[key] = table_found(row, action)
            except TelemetryError as error:
                self._tables[key] = error
        found = self._tables[key]
        if isinstance(found, TelemetryError):
            raise found.with_traceback(None)  # or its traceback grows each time
        return found, row

    def _leave_out(self, table: Table, column: str) -> None:
        name = f"{table.name}.{visible(column[:_LONGEST])}"
        if name not in self._left_out and len(self._left_out) >= _REMEMBERED:
            name = "other columns"
        self._left_out[name] += 1

    def _streamed(self, line: Mapping[str, Any]) -> Item:
        """A line of the streaming API."""
        category, properties = line["category"], line["properties"]
        if isinstance(properties, str):  # Parquet keeps them as text
            try:
                properties = json_of(properties.encode("utf-8", "surrogatepass"))
            except NotJson as error:
                return self.broken(f"properties: {error}")
        if not isinstance(category, str) or not isinstance(properties, Mapping):
            return self.broken("the line of the streaming API has no category, or its properties are no object")
        table = table_called(category.removeprefix(_CATEGORY))
        if table is None:
            return self.broken(f"the row's category is no table of Defender XDR: '{visible(category[:_LONGEST])}'")
        return self.row(properties, table)

    def _frame(self, frame: Mapping[str, Any]) -> Iterator[Item]:
        """A frame of Kusto's second protocol: its primary result has the rows."""
        if frame.get("TableKind") == "PrimaryResult" and frame.get("FrameType") == "DataTable":
            for each in _with_names(frame.get("Columns"), frame.get("Rows")):
                yield from self.document(each, False)
        elif frame.get("FrameType") == "DataSetCompletion" and frame.get("HasErrors"):
            yield self.broken("the query failed: what is here is a part of its answer")


def _many(document: Mapping[str, Any]) -> Iterable[Any] | None:
    """What a document holds, where it holds many; None where it doesn't."""
    for name in ("records", "results", "Results"):
        if isinstance(many := document.get(name), list):
            return many
    for name in ("Tables", "tables"):
        tables = document.get(name)
        if isinstance(tables, list) and tables and isinstance(first := tables[0], Mapping):
            # the first is the answer; what follows tells of the query
            return _with_names(first.get("Columns", first.get("columns")), first.get("Rows", first.get("rows")))
    return None


def _with_names(columns: Any, rows: Any) -> Iterator[Any]:
    """Rows that are lists, with their columns' names; what is none stays as it is, to be told of."""
    columns = columns if isinstance(columns, list) else []
    named = [each if isinstance(each, Mapping) else {} for each in columns]
    names = [str(each.get("ColumnName", each.get("name", ""))) for each in named]
    for row in rows if isinstance(rows, list) else ():
        yield dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row
