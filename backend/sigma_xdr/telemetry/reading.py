"""Files of events: Windows' own (EVTX, JSON), and rows of Defender's (CSV, JSON, Parquet), each also compressed or in an archive.

What a file is, its content says, not its name. Events come one by one, in bounded memory. What can't be read is given back with
its place and the reason, and never stops the rest.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.telemetry.csv_file import csv_events
from sigma_xdr.telemetry.evtx_file import evtx_documents
from sigma_xdr.telemetry.formats import HEAD, Kind, kind_of
from sigma_xdr.telemetry.intake import Intake, Item
from sigma_xdr.telemetry.json_file import json_events
from sigma_xdr.telemetry.json_values import NotJson, json_of
from sigma_xdr.telemetry.packed import (
    Budget,
    NoRoom,
    Unpacked,
    buffered,
    entry_problem,
    opened_entry,
    spooled,
    unpacked,
)
from sigma_xdr.telemetry.parquet_file import parquet_events
from sigma_xdr.telemetry.unreadable import Unreadable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["NO_EVENTS", "CountedFile", "FileReading", "Unreadable", "opened", "read_events"]

NO_EVENTS = (
    "the file is none that is read: it begins neither as EVTX, Parquet, JSON or CSV of events, nor as gzip, zstd or zip"
)


def read_events(path: str | Path) -> Iterator[Item]:
    """The events of a file, in order: ``Record``, ``StoredRow``, or ``Unreadable`` in place of what can't be read.

    Raises UsageError where the file can't be opened.
    """
    try:
        file = opened(path)
    except OSError as error:
        raise UsageError(Diagnostic("unreadable-file", f"{path} can't be read: {error.strerror or error}")) from None
    with file:
        yield from FileReading(file, str(path))


def opened(path: str | Path) -> CountedFile:
    """A file, open for reading. Raises OSError, also for what is no file."""
    mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(0, "it is a device")
    return CountedFile(path)


class CountedFile(io.FileIO):
    """A file that counts what is read of it, and ends where it ended when it was opened."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, "rb")
        found = os.fstat(self.fileno())
        self.is_regular = stat.S_ISREG(found.st_mode)
        self.size = found.st_size
        self.consumed = 0

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read, and count."""
        view = memoryview(buffer).cast("B")
        if self.is_regular:  # whoever writes to it while it is read may never end
            view = view[: max(self.size - self.tell(), 0)]
        count = super().readinto(view)
        self.consumed += count or 0
        return count

    def change(self) -> str | None:
        """How the file has changed while it was read to its end; None where it hasn't."""
        now = os.fstat(self.fileno()).st_size
        if not self.is_regular or now == self.size:
            return None
        if now > self.size:
            return f"the file has grown while it was read: what follows its first {self.size:,} bytes isn't read"
        return f"the file has shrunk while it was read, from {self.size:,} to {now:,} bytes"


class FileReading:
    """The events of an open file, and meanwhile what else there is to say of it.

    ``consumed`` is how many of its bytes are read; ``left_out`` counts rows by ``Table.Column``, the columns that they have and
    their table hasn't. Of an archive, ``member`` is the one entry that is read, under ``name`` as it is; else all are.
    """

    def __init__(self, file: CountedFile, name: str, member: str | None = None) -> None:
        self.left_out: Counter[str] = Counter()
        self._file = file
        self._name = name
        self._member = member
        self._part = 0
        self._budget = Budget(file.size)

    @property
    def consumed(self) -> int:
        """How many bytes of the file are read."""
        return min(max(self._file.consumed, self._part), self._file.size)

    def __iter__(self) -> Iterator[Item]:
        intake = Intake(self._name, self.left_out)
        stream = buffered(self._file)
        try:
            kind = kind_of(_head(stream))
            if kind is Kind.ZIP:
                yield from self._archive(stream)
            else:
                yield from self._stream(stream, intake, kind)
        except OSError as error:
            yield intake.broken(f"the file can't be read any further: {error.strerror or error}")
        except NoRoom as error:
            yield intake.broken(str(error))
        else:
            if change := self._file.change():
                yield intake.broken(change)
        finally:
            stream.detach()

    def _archive(self, stream: io.BufferedReader) -> Iterator[Item]:
        """The entries of a zip file, each with a name of its own. Names are only shown: nothing is written where they point."""
        with _seekable(stream) as file:
            try:
                archive = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                yield Intake(self._name, self.left_out).broken(f"the archive is damaged: {error}")
                return
            intakes: dict[str, Intake] = {}  # an archive may have several entries of one name
            for entry in archive.infolist():
                if entry.is_dir() or self._member not in (None, entry.filename):
                    continue
                name = self._name if self._member is not None else f"{self._name}!{entry.filename}"
                intake = intakes.setdefault(name, Intake(name, self.left_out))
                if problem := entry_problem(entry):
                    yield intake.broken(problem)
                else:
                    yield from self._held(opened_entry(archive, entry, self._budget), intake, ())

    def _held(self, raw: Unpacked, intake: Intake, layers: tuple[Kind, ...]) -> Iterator[Item]:
        """What a compressed stream holds, and its damage."""
        with buffered(raw) as stream:
            kind = kind_of(_head(stream))
            if kind is Kind.ZIP:
                yield intake.broken("it is an archive in a compressed file: unpack it first")
                return
            if kind in (Kind.GZIP, Kind.ZSTD) and layers:
                yield intake.broken("the file is compressed twice")
                return
            if kind is not None or raw.problem is None:
                yield from self._stream(stream, intake, kind, layers)
            if raw.problem is not None:
                yield intake.broken(raw.problem)

    def _stream(
        self, stream: io.BufferedReader, intake: Intake, kind: Kind | None, layers: tuple[Kind, ...] = ()
    ) -> Iterator[Item]:
        match kind:
            case None:
                yield intake.broken(NO_EVENTS)
            case Kind.JSON:
                yield from json_events(stream, intake)
            case Kind.CSV:
                yield from csv_events(stream, intake)
            case Kind.EVTX:
                with _seekable(stream) as file:
                    yield from self._evtx(file, intake)
            case Kind.PARQUET:
                with _seekable(stream) as file:
                    size = file.seek(0, io.SEEK_END)
                    yield from parquet_events(file, size, intake, self._progress)
            case _:
                inner = layers if kind is Kind.UTF16 else (*layers, kind)
                yield from self._held(unpacked(stream, kind, self._budget), intake, inner)

    def _evtx(self, file: IO[bytes], intake: Intake) -> Iterator[Item]:
        cut_off = _cut_off(file)
        is_whole = isinstance(file, io.BufferedReader) and _is_whole(file)
        for text, is_record in evtx_documents(file):
            if is_whole:  # the process that reads has the file's position in common with this one
                self._part = os.lseek(file.fileno(), 0, os.SEEK_CUR)
            if not is_record:
                yield intake.broken(text)
                continue
            try:
                yield from intake.document(json_of(text.encode("utf-8", "surrogatepass")), False)
            except NotJson as error:
                yield intake.broken(str(error))
        if cut_off:
            yield intake.broken(cut_off)

    def _progress(self, part: float) -> None:
        self._part = int(part * self._file.size)


#: Of an EVTX file: the size of its header, where the header has the number of chunks (16 bits), and a chunk's size.
_EVTX_HEADER, _EVTX_COUNT, _EVTX_CHUNK = 4096, 42, 2**16


def _cut_off(file: IO[bytes]) -> str | None:
    """That an EVTX file is shorter than its header says; the parser reads what is there and doesn't tell."""
    size = file.seek(0, io.SEEK_END)
    file.seek(_EVTX_COUNT)
    chunks = int.from_bytes(file.read(2), "little")
    there = (size - _EVTX_HEADER) // _EVTX_CHUNK
    return f"the file is cut off: {there:,} of its {chunks:,} chunks are whole" if 0 <= there < chunks else None


@contextmanager
def _seekable(stream: io.BufferedReader) -> Iterator[IO[bytes]]:
    """A file in which one can read here and there: the file itself, or a temporary one."""
    if _is_whole(stream):
        stream.seek(0)
        yield stream
    else:
        with spooled(stream) as file:
            yield file


def _is_whole(stream: io.BufferedReader) -> bool:
    """Whether a stream is a file on the disk as it is."""
    return isinstance(stream.raw, CountedFile) and stream.raw.is_regular


def _head(stream: io.BufferedReader) -> bytes:
    return stream.peek(HEAD)[:HEAD]
