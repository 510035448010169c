"""Files of Windows events: EVTX, JSON lines, a JSON array or document, each also compressed with gzip.

What a file is, its content says, not its name. Records come one by one; of lines and of EVTX files only a piece is in
memory at a time. What can't be read is given back with its place and the reason, and never stops the rest.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.telemetry.evtx_file import evtx_documents
from sigma_xdr.telemetry.records import Record, TelemetryError, record_of

__all__ = ["Unreadable", "read_events"]

#: Longest line that is read, in bytes: a record of Windows' has at most 64 KiB.
_LONGEST_LINE = 64 * 2**20
#: Longest JSON array or document over several lines, in characters: it is read as a whole.
_LONGEST_TEXT = 2**29
#: How much of a compressed file is read at a time, in bytes.
_PIECE = 2**16
#: What a compressed file may hold: that many bytes, or if it is more, that many times its own size. Events shrink to a
#: twentieth or so, what was made to fill a disk to a thousandth.
_HELD, _HELD_TIMES = 2**30, 200
_GZIP, _EVTX = b"\x1f\x8b", b"ElfFile\x00"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANKS = "\ufeff \t\r\n\0"


@dataclass(frozen=True)
class Unreadable:
    """A record that can't be read: its file, its number there (from 1), and one sentence why."""

    file: str
    number: int
    reason: str


def read_events(path: str | Path) -> Iterator[Record | Unreadable]:
    """The records of a file, in order. Raises UsageError where the file can't be opened."""
    try:
        with Path(path).open("rb") as file:
            yield from _records(file, str(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(Diagnostic("unreadable-file", f"{path} can't be read: {reason}")) from None


def _records(file: IO[bytes], name: str) -> Iterator[Record | Unreadable]:
    for number, document in enumerate(_documents(file), 1):
        if isinstance(document, _Broken):
            yield Unreadable(name, number, document.reason)
        elif not isinstance(document, dict):
            yield Unreadable(name, number, "the record is no JSON object")
        else:
            try:
                yield record_of(document, name, number)
            except TelemetryError as error:
                yield Unreadable(name, number, error.diagnostics[0].message)


@dataclass(frozen=True)
class _Broken:
    """In place of a document that can't be read."""

    reason: str


def _documents(file: IO[bytes]) -> Iterator[Any]:
    """The documents of an open file, told apart by its first bytes."""
    start = file.read(8)
    file.seek(0)
    if start.startswith(_GZIP):
        yield from _decompressed(file)
    elif start.startswith(_EVTX):
        yield from _of_evtx(file)
    else:
        yield from _of_json(file, "utf-16" if start.startswith(_UTF16) else "utf-8-sig")


def _decompressed(file: IO[bytes]) -> Iterator[Any]:
    """What a gzip file holds, through a temporary file: EVTX is read here and there."""
    with tempfile.TemporaryFile() as whole:
        broken = None
        most = max(_HELD, _HELD_TIMES * file.seek(0, io.SEEK_END))
        file.seek(0)
        with gzip.GzipFile(fileobj=file) as compressed:
            try:  # read1, because read would lose what stands right before the damage
                while whole.tell() <= most and (piece := compressed.read1(_PIECE)):
                    whole.write(piece)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                broken = _Broken(f"the compressed file is damaged: {error}")
        if whole.tell() > most:
            broken = _Broken(f"the compressed file holds more than {most:,} bytes: decompress it first")
        whole.flush()
        whole.seek(0)
        if whole.read(2) == _GZIP:
            broken = _Broken("the file is compressed twice")
        else:
            whole.seek(0)
            yield from _documents(whole)
        if broken:
            yield broken


# ------------------------------------------------------------------------------------------------------------------- EVTX


def _of_evtx(file: IO[bytes]) -> Iterator[Any]:
    for text, is_record in evtx_documents(file):
        yield _parsed(text) if is_record else _Broken(text)


# ------------------------------------------------------------------------------------------------------------------- JSON


def _of_json(file: IO[bytes], encoding: str) -> Iterator[Any]:
    """Lines of JSON, unless what begins on the first line goes on below it."""
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="\n")
    try:
        lines = _lines(text)
        first = next(lines, None)
        if first is None:
            return
        second = next(lines, None)
        if _are_lines(first, second):
            yield _of_line(first)
            if second is not None:
                yield _of_line(second)
            yield from map(_of_line, lines)
        else:
            text.seek(0)
            whole = text.read(_LONGEST_TEXT + 1)
            if len(whole) > _LONGEST_TEXT:
                yield _Broken(
                    f"the JSON is longer than {_LONGEST_TEXT:,} characters: write each record on a line of its own"
                )
            else:
                yield from _in_text(whole)
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str | _Broken]:
    """The lines that aren't blank; of one too long only that it is there."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith("\n"):
            while (rest := text.readline(_LONGEST_LINE)) and not rest.endswith("\n"):
                pass
            yield _Broken(f"the line is longer than {_LONGEST_LINE:,} characters")
        elif line.strip(_BLANKS):
            yield line


def _are_lines(first: str | _Broken, second: str | _Broken | None) -> bool:
    if isinstance(first, _Broken) or isinstance(second, _Broken):
        return True
    start = first.lstrip(_BLANKS)[0]
    if start == "[":
        return False
    return start != "{" or not isinstance(_parsed(first), _Broken) or (second is not None and second.startswith("{"))


def _of_line(line: str | _Broken) -> Any:
    return line if isinstance(line, _Broken) else _parsed(line)


def _in_text(text: str) -> Iterator[Any]:
    """Documents one after the other, or the elements of an array; after the first that is broken nothing more is found."""
    decoder = json.JSONDecoder()
    position = arrays = 0
    while True:
        while position < len(text) and text[position] in "[]," + _BLANKS:
            arrays += (text[position] == "[") - (text[position] == "]")
            position += 1
        if position == len(text):
            if arrays > 0:
                yield _Broken("the array has no end: the file may be cut off")
            return
        try:
            document, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield _not_json(error)
            return
        yield document


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return _not_json(error)


def _not_json(error: Exception) -> _Broken:
    if isinstance(error, RecursionError):
        return _Broken("the JSON nests too deep")
    return _Broken(f"the record is no JSON: {error.msg if isinstance(error, json.JSONDecodeError) else error}")
