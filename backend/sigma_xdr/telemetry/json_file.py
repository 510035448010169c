"""JSON: a document a line, an array, or documents one after the other over any number of lines."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from sigma_xdr.telemetry.formats import BLANKS
from sigma_xdr.telemetry.intake import BATCH, Intake, Item
from sigma_xdr.telemetry.json_values import DECODER, NotJson, json_of
from sigma_xdr.telemetry.records import TelemetryError, record_of

__all__ = ["LONGEST", "Line", "are_lines", "json_events", "line_events", "lines_of"]

#: Longest line, and longest document over several lines, in bytes: a record of Windows' has at most 64 KiB, a query's answer 50 MB.
LONGEST = 64 * 2**20
#: How much is read at a time where there are no lines.
_PIECE = 2**20
_BLANK_TEXT = "\ufeff" + BLANKS.decode()


@dataclass(frozen=True)
class TooLong:
    """In place of a line that is too long."""

    reason: str


Line = bytes | TooLong


def json_events(stream: io.BufferedReader, intake: Intake) -> Iterator[Item]:
    """The events of a stream of JSON. Of lines, one is in memory at a time; of other JSON, one document."""
    if stream.peek(3).startswith(codecs.BOM_UTF8):
        stream.read(3)
    lines = lines_of(stream)
    start = [line for _, line in zip(range(2), lines, strict=False)]
    if not start or are_lines(start):
        yield from line_events(chain(start, lines), intake)
    else:
        whole = b"".join(line for line in start if isinstance(line, bytes))
        yield from _text_events(chain([whole], iter(lambda: stream.read(_PIECE), b"")), intake)


def lines_of(stream: io.BufferedReader) -> Iterator[Line]:
    """The lines that aren't blank; of one too long only that it is there."""
    readline = stream.readline
    while line := readline(LONGEST + 1):
        if len(line) > LONGEST and line[-1] != 10:
            blank = not line.strip(BLANKS)
            while (rest := readline(_PIECE)) and rest[-1] != 10:
                blank = blank and not rest.strip(BLANKS)
            if not (blank and not rest.strip(BLANKS)):
                yield TooLong(f"the line is longer than {LONGEST:,} bytes")
        elif line[0] > 32 or line.strip(BLANKS):
            yield line


def are_lines(start: list[Line]) -> bool:
    """Whether a file that starts with these lines, two at most, has a document a line."""
    first, second = start[0], start[1] if start[1:] else b""
    if isinstance(first, TooLong) or isinstance(second, TooLong):
        return True
    opening = first.removeprefix(codecs.BOM_UTF8).lstrip(BLANKS)[:1]
    if opening == b"[":
        return False
    return opening != b"{" or second.startswith(b"{") or _is_json(first)


def _is_json(line: bytes) -> bool:
    try:
        json_of(line)
    except NotJson:
        return False
    return True


def line_events(lines: Iterator[Line], intake: Intake) -> Iterator[Item]:
    """The events of lines."""
    name, loads = intake.name, orjson.loads
    for line in lines:
        if isinstance(line, TooLong):
            yield intake.broken(line.reason)
            continue
        try:
            document = loads(line)
        except orjson.JSONDecodeError:
            try:
                document = json_of(line)
            except NotJson as error:
                yield intake.broken(str(error))
                continue
        if type(document) is dict and "EventID" in document:
            try:  # what most lines are, in the least time
                record = record_of(document, name, intake.number)
            except TelemetryError as error:
                yield intake.broken(error.diagnostics[0].message)
            else:
                intake.number += 1
                yield record
        else:
            yield from intake.document(document, BATCH.search(line) is not None)


def _text_events(pieces: Iterator[bytes], intake: Intake) -> Iterator[Item]:
    """Documents one after the other, or the elements of an array; after the first that is broken nothing more is found."""
    text = _Text(pieces)
    try:
        for document in text.documents():
            yield from intake.document(document)
    except NotJson as error:
        yield intake.broken(str(error))


class _Text:
    """Text of which so much is in memory as the next document needs."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._position = 0
        self._ended = False

    def documents(self) -> Iterator[Any]:
        """The documents. Raises NotJson where there is none, or one too long."""
        arrays = 0
        while True:
            while self._position < len(self._text) and (char := self._text[self._position]) in "[]," + _BLANK_TEXT:
                arrays += (char == "[") - (char == "]")
                self._position += 1
            if self._position < len(self._text):
                yield self._document()
            elif self._ended:
                break
            else:
                self._read_on()
        if arrays > 0:
            raise NotJson("the array has no end: the file may be cut off")

    def _document(self) -> Any:
        while True:
            try:
                document, end = DECODER.raw_decode(self._text, self._position)
            except (ValueError, RecursionError) as error:
                if self._ended or not self._may_be_cut_off(error):
                    raise NotJson.of(error) from None
            else:
                if self._ended or end < len(self._text):  # a number may go on
                    self._position = end
                    return document
            if len(self._text) - self._position > LONGEST:
                message = f"a document of the JSON is longer than {LONGEST:,} characters"
                raise NotJson(f"{message}: write each record on a line of its own")
            self._read_on()

    def _may_be_cut_off(self, error: Exception) -> bool:
        """Whether more text may mend it: the error is at the text's end, or is a string that begins somewhere and has no end."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos > len(self._text) - 16 or error.msg.startswith("Unterminated string")

    def _read_on(self) -> None:
        """Read as much again as there is, so that a long document isn't begun too often."""
        parts = [self._text[self._position :]]
        self._position, wanted = 0, max(len(parts[0]), 1)
        while wanted > 0 and not self._ended:
            piece = next(self._pieces, b"")
            self._ended = not piece
            parts.append(self._decoder.decode(piece, final=self._ended))
            wanted -= len(parts[-1])
        self._text = "".join(parts)
