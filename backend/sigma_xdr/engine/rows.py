"""A row's values in their columns' types, as Kusto holds them.

What a row doesn't say is empty text in a string column (Kusto has no null text) and null in any other; empty text says
nothing in any column. Numbers, times and truth values may come as the text that an export writes. A time without an
offset is UTC; Kusto keeps seven digits of a second and DuckDB six: the seventh is cut off. Half a character (a lone
surrogate), which no UTF-8 holds, becomes U+FFFD.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sigma_xdr.engine.problem import EngineError
from sigma_xdr.errors import Diagnostic
from sigma_xdr.schema import Column, ColumnType, Table

__all__ = ["column_lists"]

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,20}\s*", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
#: How a message repeats a wrong value: some 60 characters of it, and not its depths.
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60


def column_lists(table: Table, rows: Sequence[Mapping[str, Any]], first: int) -> dict[Column, list[Any]]:
    """The rows as a list a column, of all columns that one of them has, in the table's order.

    ``first`` is the number of the first row in messages. Raises SchemaError for a column that the table doesn't have, and
    EngineError for a value that doesn't fit its column or a column that a row has twice (names know no case).
    """
    spellings: dict[Column, list[str]] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        spellings.setdefault(table.column(name), []).append(name)
    return {
        column: _column_list(table, column, spellings[column], rows, first)
        for column in table.columns.values()
        if column in spellings
    }


def _column_list(
    table: Table, column: Column, names: Sequence[str], rows: Sequence[Mapping[str, Any]], first: int
) -> list[Any]:
    """One column's values; ``names`` are its spellings in the rows."""
    values = [row.get(names[0]) for row in rows]
    for name in names[1:]:
        for index, row in enumerate(rows):
            if name in row:
                if any(other in row for other in names[: names.index(name)]):
                    raise _wrong(table, first + index, f"{column.name} is there twice")
                values[index] = row[name]
    read = _READERS[column.type]
    taken: list[Any] = []
    try:
        taken.extend(read(value) for value in values)
    except _Unfit as unfit:
        shown = _shown(values[len(taken)])
        raise _wrong(table, first + len(taken), f"{column.name} is {unfit.expected}, not {shown}", unfit.hint) from None
    return taken


def _wrong(table: Table, number: int, what: str, hint: str | None = None) -> EngineError:
    return EngineError(Diagnostic("engine", f"row {number} of {table.name}: {what}", hint))


def _shown(value: Any) -> str:
    try:
        return _REPR.repr(value)
    except ValueError:  # a number of thousands of digits
        return f"a huge {type(value).__name__}"


class _Unfit(Exception):
    """A value that isn't one of its column's type."""

    def __init__(self, expected: str, hint: str | None = None) -> None:
        self.expected = expected
        self.hint = hint


def _or_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reader of a column that has null: for None, and for empty text."""
    return lambda value: None if value is None or value == "" else read(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if value is None:
        return ""
    hint = "quote it" if isinstance(value, (bool, int, float, date)) else "give its JSON as text"
    raise _Unfit("text (string)", hint)


def _integer(bits: int) -> Callable[[Any], int]:
    expected = f"a whole number of {bits} bits ({'int' if bits == 32 else 'long'})"

    def read(value: Any) -> int:
        if (isinstance(value, str) and _INTEGER.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise _Unfit(expected)
        return value

    return read


def _real(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, (int, float, str)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise _Unfit("a number (real)")


def _bool(value: Any) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
    found = known.get(value.lower() if isinstance(value, str) else value) if isinstance(value, (int, str)) else None
    if found is None:
        raise _Unfit("true or false (bool)")
    return found


def _datetime(value: Any) -> datetime:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if isinstance(value, datetime):
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    except (ValueError, OverflowError):
        pass
    raise _Unfit("a time (datetime)", "write it as 2026-01-31T12:34:56.789Z")


def _dynamic(value: Any) -> str:
    try:
        return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        raise _Unfit("data that JSON can say (dynamic)") from None
    except RecursionError:
        raise _Unfit("data that JSON can say (dynamic)", "it is nested too deeply") from None


_READERS: Mapping[ColumnType, Callable[[Any], Any]] = {
    ColumnType.BOOL: _or_null(_bool),
    ColumnType.DATETIME: _or_null(_datetime),
    ColumnType.DYNAMIC: _or_null(_dynamic),
    ColumnType.INT: _or_null(_integer(32)),
    ColumnType.LONG: _or_null(_integer(64)),
    ColumnType.REAL: _or_null(_real),
    ColumnType.STRING: _text,
}
