"""A service's answer as typed rows: the values that the local engine gives for the same rows.

Microsoft Graph names .NET's types (``DateTime``, ``Int64``, ``SByte``) and Kusto its own (``datetime``, ``long``, ``bool``). Times
become naive ``datetime`` in UTC with six digits of a second, dynamic values Python data, and text is never None. A value that
isn't one of its column's type is an error: what a service sends is no more trusted than a file.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sigma_xdr.engine.problem import EngineError
from sigma_xdr.errors import Diagnostic

__all__ = ["Answer", "typed_answer"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
#: Kusto's text of a timespan: ``1.02:03:04.0000005``.
_TIMESPAN = re.compile(r"(-)?(?:([0-9]{1,8})\.)?([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """The result's columns in their order, and its rows, each with all of them."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]


class _Unfit(Exception):
    """A value that isn't one of its column's type; the message says what is expected."""


def typed_answer(schema: Iterable[tuple[Any, Any]], rows: Any) -> Answer:
    """Rows in the types of ``schema``, pairs of a column's name and its type's.

    A row is an object (a column that it leaves out is null, and what isn't a column is no data: OData's annotations) or a
    list of as many values as there are columns. The values of a type that isn't known stay what JSON gives. Raises
    EngineError for anything that isn't so; rows are numbered from 1.
    """
    columns = list(schema)
    names = [name for name, _ in columns]
    if not all(isinstance(text, str) for column in columns for text in column) or len(set(names)) < len(names):
        raise _malformed("its columns are no list of different names with types")
    if not isinstance(rows, list):
        raise _malformed("its rows are no list")
    readers = [(name, type_, _READERS.get(type_.lower(), _dynamic)) for name, type_ in columns]
    return Answer(tuple(names), [_row(readers, row, number) for number, row in enumerate(rows, 1)])


def _row(readers: Sequence[tuple[str, str, Callable[[Any], Any]]], row: Any, number: int) -> dict[str, Any]:
    if isinstance(row, Mapping):
        values = [row.get(name) for name, _, _ in readers]
    elif isinstance(row, list) and len(row) == len(readers):
        values = row
    else:
        raise _malformed(f"row {number} doesn't have its columns")
    typed = {}
    for (name, type_, read), value in zip(readers, values, strict=True):
        try:
            typed[name] = read(value)
        except (_Unfit, ValueError, OverflowError, RecursionError):
            raise _malformed(f"row {number}: {name} is no {type_}: {_shown(value)}") from None
    return typed


def _malformed(what: str) -> EngineError:
    return EngineError(Diagnostic("engine", f"the service's answer can't be read: {what}"))


def _shown(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # a number of thousands of digits
        return f"a huge {type(value).__name__}"


def _or_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == "" else read(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unfit
    return value if value.isascii() else _SURROGATE.sub("\ufffd", value)


def _integer(value: Any) -> int:
    if (isinstance(value, str) and _INTEGER.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise _Unfit
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _Unfit
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise _Unfit from None


def _bool(value: Any) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    found = known.get(str(value).lower()) if isinstance(value, (bool, int, str)) else None
    if found is None:
        raise _Unfit
    return found


def _datetime(value: Any) -> datetime:
    if not isinstance(value, str):
        raise _Unfit
    time = datetime.fromisoformat(value)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _timespan(value: Any) -> timedelta:
    found = _TIMESPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Unfit
    sign, days, hours, minutes, seconds, fraction = found.groups()
    microseconds = int((fraction or "").ljust(6, "0")[:6])
    span = timedelta(int(days or 0), int(seconds), microseconds, minutes=int(minutes), hours=int(hours))
    return -span if sign else span


def _dynamic(value: Any) -> Any:
    """Python data; a service may write an object or a list as its JSON text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return _text(value)
    written = json.dumps(value, ensure_ascii=False)
    return value if not _SURROGATE.search(written) else json.loads(_SURROGATE.sub("\ufffd", written))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("string", "guid"), _text),
    **dict.fromkeys(("datetime", "date"), _or_null(_datetime)),
    **dict.fromkeys(("int64", "long", "int32", "int", "int16", "byte"), _or_null(_integer)),
    **dict.fromkeys(("sbyte", "bool", "boolean"), _or_null(_bool)),
    **dict.fromkeys(("double", "real", "single"), _or_null(_real)),
    **dict.fromkeys(("decimal", "sqldecimal"), _or_null(_decimal)),
    **dict.fromkeys(("timespan", "time"), _or_null(_timespan)),
    **dict.fromkeys(("object", "dynamic"), _dynamic),
}
