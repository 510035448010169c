"""The values of a stored row in their columns' types, whatever wrote them: JSON, CSV or Parquet.

What is empty or null is left out. A value that is none of its column's type is an error; what a lenient reader would make of it
would be invented.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sigma_xdr.errors import Diagnostic, visible
from sigma_xdr.schema import ColumnType, Table, xdr_schema
from sigma_xdr.telemetry.json_values import json_of
from sigma_xdr.telemetry.records import TelemetryError
from sigma_xdr.telemetry.values import iso_time, sound

__all__ = ["columns_of"]

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,20}(?:\.0+)?\s*", re.ASCII)
#: How a message repeats a wrong value: some 60 characters of it, and not its depths.
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60
_Read = Callable[[Any], Any]


def columns_of(table: Table, given: Mapping[str, Any], left_out: Callable[[str], None]) -> dict[str, Any]:
    """A row's columns as :class:`StoredRow` has them; ``left_out`` is called with each name that is no column of the table.

    Raises TelemetryError for a value that is none of its column's type.
    """
    known = _readers(table.name)
    columns: dict[str, Any] = {}
    is_sound = True
    for name, value in given.items():
        own, read = name, known.get(name)
        if read is None:
            spelling = _spellings(table.name).get(name.lower()) if name.isascii() else None
            if spelling is None:
                left_out(name)
                continue
            if spelling in given or spelling in columns:
                raise _misfit(table, f"{spelling} is there twice")
            own, read = spelling, known[spelling]
        if read is _text and type(value) is str and value.isascii():  # what most values are, in the least time
            if value:
                columns[own] = value
            continue
        if value is None or value == "" or (type(value) is float and math.isnan(value)):  # Parquet's null may be NaN
            continue
        try:
            columns[own] = value = read(value)
        except _Unfit as unfit:
            raise _misfit(table, f"{own} is {unfit}, not {_shown(value)}") from None
        is_sound = is_sound and (type(value) is not str or value.isascii())
    return columns if is_sound else sound(columns)


@cache
def _spellings(table: str) -> Mapping[str, str]:
    """The columns by their names in lower case. The table itself knows them too, but ponders over what is none."""
    return {name.lower(): name for name in xdr_schema().table(table).columns}


def _misfit(table: Table, what: str) -> TelemetryError:
    return TelemetryError(Diagnostic("misfit", f"the row is none of {table.name}: {what}"))


def _shown(value: Any) -> str:
    try:
        return visible(_REPR.repr(value))
    except ValueError:  # a number of thousands of digits
        return f"a huge {type(value).__name__}"


class _Unfit(Exception):
    """What the column holds, and the value isn't."""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (Mapping, list)):  # AdditionalFields: some exports keep it as data, the table has its text
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        except (RecursionError, ValueError):
            pass
    raise _Unfit("text (string)")


def _integer(bits: int) -> _Read:
    expected = f"a whole number of {bits} bits ({'int' if bits == 32 else 'long'})"

    def read(value: Any) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value.partition(".")[0])
        elif isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise _Unfit(expected)
        return value

    return read


def _real(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, (int, float, str, Decimal)):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise _Unfit("a number (real)")


_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def _bool(value: Any) -> bool:
    if isinstance(value, (str, int)) and (found := _TRUTH.get(str(value).strip().lower())) is not None:
        return found
    raise _Unfit("true or false (bool)")


def _datetime(value: Any) -> str:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            text = iso_time(value) if value.tzinfo else f"{value.isoformat()}Z"
            if text is not None:
                return text
    except (ValueError, OverflowError):
        pass
    raise _Unfit("a time (datetime)")


def _dynamic(value: Any) -> Any:
    """Data; of text, what it says as JSON, where it says an object or an array."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json_of(value.encode("utf-8", "surrogatepass"))
        except ValueError:
            return value
    return value


_READERS: Mapping[ColumnType, _Read] = {
    ColumnType.BOOL: _bool,
    ColumnType.DATETIME: _datetime,
    ColumnType.DYNAMIC: _dynamic,
    ColumnType.INT: _integer(32),
    ColumnType.LONG: _integer(64),
    ColumnType.REAL: _real,
    ColumnType.STRING: _text,
}


@cache
def _readers(table: str) -> Mapping[str, _Read]:
    return {column.name: _READERS[column.type] for column in xdr_schema().table(table).columns.values()}
