"""Hits as data, one after the other: lines of JSON for machines, CSV for spreadsheets.

Both are bytes, the same on every machine, and hold no character that drives a terminal: what stands in an event was chosen by
whoever made the event.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Protocol

from sigma_xdr.errors import visible
from sigma_xdr.scan.hits import Hit

__all__ = ["ROW_COLUMNS", "CsvTable", "HitWriter", "JsonLines", "json_text"]


class HitWriter(Protocol):
    """Writes hits as they come; none is kept."""

    def write(self, hit: Hit) -> None:
        """Write a hit."""


# ------------------------------------------------------------------------------------------------------------------- JSON

#: Data nests no deeper than this; what lies deeper is said to be there, and left out.
_DEEPEST = 100
_TOO_DEEP = "[nested too deeply]"


class JsonLines:
    """One JSON object a line, as :meth:`Hit.as_data` gives it, in ASCII.

    A number that JSON doesn't have is text (``"NaN"``, ``"-Infinity"``), half a character stays the escape that it is.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, hit: Hit) -> None:
        """Write a hit as a line."""
        self._stream.write(json_text(hit.as_data()).encode("ascii") + b"\n")


def json_text(value: Any) -> str:
    """A value as JSON in ASCII. A number that JSON doesn't have becomes text, and what lies too deep is left out."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # rare, so that only then each part is looked at
        return json.dumps(_plain(value), separators=(",", ":"), allow_nan=False)


def _plain(value: Any, depth: int = 0) -> Any:
    """The same as data that JSON has."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) < 10**4000 else hex(value)  # Python writes no longer number in decimal
        case float():
            return value if math.isfinite(value) else json.dumps(value)
        case datetime():
            return _time(value)
        case Mapping() | list() | tuple() if depth == _DEEPEST:
            return _TOO_DEEP
        case Mapping():
            return {str(name): _plain(each, depth + 1) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each, depth + 1) for each in value]
    return str(value)


def _time(time: datetime) -> str:
    return (time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time).isoformat() + "Z"


# -------------------------------------------------------------------------------------------------------------------- CSV

#: What every hit says, and then the columns of a row that a person looks at first.
_HIT_COLUMNS = ("level", "rule_id", "rule_title", "rule", "table", "timestamp", "device", "file", "record", "records")
ROW_COLUMNS = (
    "ActionType",
    "AccountName",
    "FileName",
    "FolderPath",
    "ProcessCommandLine",
    "InitiatingProcessAccountName",
    "InitiatingProcessFileName",
    "InitiatingProcessCommandLine",
    "InitiatingProcessParentFileName",
    "RegistryKey",
    "RegistryValueName",
    "RegistryValueData",
    "RemoteIP",
    "SHA256",
)
#: What a spreadsheet may take for the start of a formula (OWASP, "CSV Injection"), also as a wider, smaller or raised look-alike.
_FORMULA = "=+\\-@\u207a\u207c\u208a\u208c\u2212\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
#: Where a mark belongs. Where semicolons part cells, as in many countries, each of them may start one.
_CELL_START = re.compile(rf"(?:\A|(?<=;))(?=[ \"]*[{_FORMULA}]|')")
#: What a cell of Excel's holds; it puts what is left into the next line's first cell, where it could be a formula. In bytes, which
#: are never fewer than its own characters.
_LONGEST_CELL = 32_767
#: To what the values of too long a row are cut, in characters, until the row fits.
_CUTS = (8192, 2048, 512, 128, 32)


class CsvTable:
    """RFC 4180 with a line of headings, for a person with a spreadsheet: UTF-8 with a byte order mark, without which Excel
    takes it for another encoding.

    ``columns`` are those of the row that have a cell of their own; the last cell is the whole row as JSON, the exact one. In
    the other cells

    - what can't be printed is an escape (``\\n``, ``\\u202e``);
    - a ``'`` stands before what a spreadsheet might take for a formula, at a cell's start and after a semicolon, and before a ``'``
      that stands there by itself: remove one ``'`` from each of these places and you have the text;
    - what doesn't fit into a cell of Excel's is cut, and the cell says how much.

    The row holds no semicolon that isn't an escape. Where it doesn't fit, its longest values are cut and say so.
    """

    def __init__(self, stream: IO[bytes], columns: Sequence[str] = ROW_COLUMNS) -> None:
        self._stream = stream
        self._columns = tuple(columns)
        self._line = io.StringIO(newline="")
        self._writer = csv.writer(self._line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        stream.write(b"\xef\xbb\xbf")
        self._write([*_HIT_COLUMNS, "elsewhere", *self._columns, "row"])

    def write(self, hit: Hit) -> None:
        """Write a hit as a line."""
        data = hit.as_data()
        data["records"] = " ".join(map(str, hit.records))
        own = [_cell(data[name]) for name in _HIT_COLUMNS]
        elsewhere = [_cell("; ".join(f"{file}: {' '.join(map(str, each))}" for file, each in hit.elsewhere.items()))]
        self._write([*own, *elsewhere, *(_cell(hit.row.get(name)) for name in self._columns), _row_cell(hit.row)])

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow(cells)
        self._stream.write(self._line.getvalue().encode("utf-8"))
        self._line.seek(0)
        self._line.truncate()


def _cell(value: Any) -> str:
    """A value for a spreadsheet."""
    if value is None or value == "":
        return ""
    if isinstance(value, (int, float)):  # a sign before a number starts no formula that does anything
        return json_text(value)
    if isinstance(value, datetime):
        value = _time(value)
    text = value if isinstance(value, str) else json_text(value)
    text = _CELL_START.sub("'", text if text.isprintable() else visible(text))
    if len(text.encode("utf-8")) <= _LONGEST_CELL:
        return text
    return _cut(text, len(text.encode("utf-8")[: _LONGEST_CELL - 40].decode("utf-8", "ignore")))


def _cut(text: str, most: int) -> str:
    """The start of a text, so many characters, and how many more there are."""
    return f"{text[:most]} [{len(text) - most:,} more characters]"


def _row_cell(row: Mapping[str, Any]) -> str:
    """A row as JSON that no spreadsheet takes apart."""
    text = _row_json(row)
    cuts = iter(_CUTS)
    while len(text) > _LONGEST_CELL:
        most = next(cuts, None)
        if most is None:
            return _row_json({"": f"the row is too long for a cell, it has {len(row):,} columns: see --format jsonl"})
        text = _row_json({name: _shortened(value, most) for name, value in row.items()})
    return text


def _shortened(value: Any, most: int) -> Any:
    text = value if isinstance(value, str) else json_text(value)
    return _cut(text, most) if len(text) > most else value


def _row_json(row: Mapping[str, Any]) -> str:
    return json_text(dict(row)).replace(";", "\\u003b")  # JSON has semicolons in its texts alone
