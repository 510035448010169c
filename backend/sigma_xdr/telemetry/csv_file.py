"""CSV as advanced hunting exports it: a row a record, its columns named in the first line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Self

from sigma_xdr.telemetry.csv_header import delimiter_of
from sigma_xdr.telemetry.intake import Intake, Item
from sigma_xdr.telemetry.json_file import LONGEST

__all__ = ["csv_events"]

#: Longest value, in characters. The csv module has one limit for the whole process, and 128 KiB by default.
_LONGEST_VALUE = 2**24


def csv_events(stream: io.BufferedReader, intake: Intake) -> Iterator[Item]:
    """The events of a stream of CSV. A row that doesn't fit its header can't be read; the next ones can."""
    csv.field_size_limit(_LONGEST_VALUE)
    if stream.peek(3).startswith(codecs.BOM_UTF8):
        stream.read(3)
    lines = _Lines(stream)
    first = next(lines, "")
    rows = csv.reader(chain([first], lines), delimiter=delimiter_of(first) or ",", strict=True)
    header: list[str] = []
    while True:
        try:
            row = next(rows, None)
            problem = lines.problem()
        except csv.Error as error:
            yield intake.broken(lines.problem() or f"the row is no CSV: {error}")
            continue
        if row is None:
            return
        if problem:
            yield intake.broken(problem)
        elif not header:
            header = row
            if twice := next((name for name in header if header.count(name) > 1), None):
                yield intake.broken(f"the header names the column '{twice[:100]}' twice")
                return
        elif row and len(row) != len(header):
            yield intake.broken(f"the row has {len(row)} values, the header {len(header)} columns")
        elif row:
            yield from intake.document(dict(zip(header, row, strict=True)), False)


class _Lines:
    """A stream's lines as text. One too long is cut off, and a problem."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._problem: str | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        if len(line) > LONGEST and line[-1] != 10:
            self._problem = f"the line is longer than {LONGEST:,} bytes"
            line = b"\n"
            while (rest := self._stream.readline(2**20)) and rest[-1] != 10:
                pass
        return line.decode("utf-8", "replace")

    def problem(self) -> str | None:
        """The problem of the lines that were taken since one asked, if any."""
        problem, self._problem = self._problem, None
        return problem
