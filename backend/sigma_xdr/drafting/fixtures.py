"""A test case of something that happened: a hit of ``hunt --format jsonl``, a row of advanced hunting, a record of Windows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma_xdr.drafting.redaction import redacted
from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, TelemetryError, Unreadable, map_records, read_events, record_of
from sigma_xdr.telemetry.stored import StoredRow

__all__ = ["Fixture", "read_fixture"]

#: Largest file that is read for one event, in bytes.
_LARGEST = 20_000_000
#: Columns that say when and on which machine it was seen, and nothing that a rule could ask for: a case has its own.
_LEFT_OUT = frozenset(
    (
        *(
            "Timestamp",
            "TimeGenerated",
            "ReportId",
            "DeviceId",
            "TenantId",
            "MachineGroup",
            "SourceSystem",
            "Type",
            "AlertId",
        ),
        *("AccountObjectId", "InitiatingProcessAccountObjectId", "ProcessUniqueId", "InitiatingProcessUniqueId"),
    )
)


@dataclass(frozen=True)
class Fixture:
    """An event for a test file, redacted.

    ``kind`` is ``event``, a row of ``table``, or ``raw``, a record of Windows; then ``row`` is the row that it becomes, and
    ``table`` that row's, if it becomes one. ``notes`` say what a person should look at.
    """

    kind: str
    data: Mapping[str, Any]
    table: str | None
    row: Mapping[str, Any]
    notes: tuple[str, ...]


def read_fixture(path: Path, number: int | None = None) -> Fixture:
    """The event of a file, or its event of that number, counted from 1.

    Raises UsageError: there is no such file, no event in it, or several and no number.
    """
    try:
        if path.stat().st_size > _LARGEST:
            message = f"'{path}' is larger than {_LARGEST:,} bytes"
            raise UsageError(Diagnostic("no-event", message, "write the one event into a file of its own"))
        found = _hits(path.read_bytes()) or list(_events(path))
    except OSError as error:
        raise UsageError(Diagnostic("no-event", f"'{path}' can't be read: {error.strerror}")) from None
    if not found:
        hint = "give a hit of hunt --format jsonl, a row of advanced hunting or a record of Windows"
        raise UsageError(Diagnostic("no-event", f"'{path}' holds no event", hint))
    if number is None and len(found) > 1:
        raise UsageError(Diagnostic("no-event", f"'{path}' holds {len(found)} events", "choose one: --record 1"))
    if number is not None and not 1 <= number <= len(found):
        raise UsageError(Diagnostic("no-event", f"'{path}' holds {len(found)} events, there is no record {number}"))
    return _fixture(found[(number or 1) - 1], path)


_Found = Record | StoredRow | Unreadable


def _hits(data: bytes) -> list[_Found]:
    """The rows of a hunt's hits; none if the file holds something else."""
    try:
        text = data.decode("utf-8-sig")
        lines = [text] if _is_hit(_json(text)) else text.splitlines()
        hits = [_json(line) for line in lines if line.strip()]
    except UnicodeDecodeError:
        return []
    return [_row_of(hit, number) for number, hit in enumerate(hits, 1)] if hits and all(map(_is_hit, hits)) else []


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_hit(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and {"rule_id", "table", "row"} <= document.keys()
        and isinstance(document["row"], dict)
    )


def _row_of(hit: Mapping[str, Any], number: int) -> _Found:
    """The row of a hit; where untouched records were asked, the record."""
    row, table = hit["row"], str(hit["table"])
    if table in xdr_schema().tables:
        return StoredRow("the hit", number, table, {str(key): value for key, value in row.items()})
    try:
        return record_of({"Channel": table, **row}, "the hit", number)
    except TelemetryError as error:
        return Unreadable("the hit", number, error.diagnostics[0].message)


def _events(path: Path) -> Iterator[_Found]:
    yield from read_events(path)


def _fixture(found: _Found, path: Path) -> Fixture:
    match found:
        case Unreadable():
            message = f"record {found.number} of '{path}' is no event: {found.reason}"
            raise UsageError(Diagnostic("no-event", message, "give a row of Defender's or a record of Windows"))
        case StoredRow():
            clean = redacted(dict(found.columns))
            kept = {
                name: value for name, value in clean.event.items() if name not in _LEFT_OUT and value not in (None, "")
            }
            columns = _of_the_table(kept, found.table)
            return Fixture("event", columns, found.table, columns, clean.notes)
    clean = redacted(dict(found.data))
    row = next(map_records([record_of(clean.event, found.file, found.number)]), None)
    return Fixture("raw", clean.event, row.table if row else None, row.columns if row else {}, clean.notes)


def _of_the_table(columns: Mapping[str, Any], table: str) -> dict[str, Any]:
    """The columns that the table has. A path and a name that say different things stay as they are: the test file tells."""
    known = xdr_schema().table(table).columns
    return {name: value for name, value in columns.items() if name in known}
