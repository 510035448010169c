"""Compressed files and archives, as streams of what they hold.

Nothing is unpacked to a disk, unless its format is read here and there. How much a file may hold is bounded: what was made to
fill a disk shrinks to a thousandth, events to a twentieth or so.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from sigma_xdr.telemetry.formats import Kind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "Budget",
    "NoRoom",
    "Unpacked",
    "buffered",
    "entry_problem",
    "no_room",
    "opened_entry",
    "spooled",
    "unpacked",
]

#: What a compressed file may hold: that many bytes, or if it is more, that many times its own size.
HELD, HELD_TIMES = 2**30, 200
#: How much is unpacked at a time, in bytes.
_PIECE = 2**16
_BUFFER = 2**20
#: How damage shows, whatever the format.
_DAMAGE = (
    *(EOFError, ValueError, RuntimeError, NotImplementedError),
    *(gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, zlib.error, zstd.ZstdError),
)


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """A raw stream, to be read in pieces of any size."""
    return io.BufferedReader(raw, _BUFFER)


class NoRoom(Exception):
    """Why there is no temporary file."""


class Budget:
    """How many bytes a file may still hold."""

    def __init__(self, size: int) -> None:
        self.most = max(HELD, HELD_TIMES * size)
        self.left = self.most


class Unpacked(io.RawIOBase):
    """What ``read`` gives, as a stream. It ends where there is damage or too much; ``problem`` then says so."""

    def __init__(self, read: Callable[[int], bytes], budget: Budget | None = None) -> None:
        self.problem: str | None = None
        self._read = read
        self._budget = budget
        self._rest = b""

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, but at the end."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and (piece := self._rest or self._next()):
            taken = piece[: len(view) - filled]
            view[filled : filled + len(taken)] = taken
            self._rest = piece[len(taken) :]
            filled += len(taken)
        return filled

    def _next(self) -> bytes:
        if self.problem is not None:
            return b""
        try:
            piece = self._read(_PIECE)
        except _DAMAGE as error:
            self.problem = f"the compressed file is damaged: {error}"
            return b""
        if self._budget is not None:
            left = max(self._budget.left, 0)
            self._budget.left -= len(piece)
            if self._budget.left < 0:
                self.problem = f"the compressed file holds more than {self._budget.most:,} bytes: decompress it first"
                return piece[:left]
        return piece


def unpacked(stream: io.BufferedReader, kind: Kind, budget: Budget) -> Unpacked:
    """What a compressed stream of this kind holds; text in UTF-16 becomes UTF-8."""
    match kind:
        case Kind.GZIP:
            return Unpacked(
                gzip.GzipFile(fileobj=stream).read1, budget
            )  # read would lose what stands before the damage
        case Kind.ZSTD:
            return Unpacked(zstd.ZstdFile(stream).read1, budget)
        case Kind.UTF16:
            return Unpacked(_recoded(stream))
    raise AssertionError(kind)


def _recoded(stream: io.BufferedReader) -> Callable[[int], bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def read(count: int) -> bytes:
        text = ""
        while not text and (piece := stream.read(count)):
            text = decoder.decode(piece)
        return (text or decoder.decode(b"", final=True)).encode("utf-8", "replace")

    return read


def entry_problem(entry: zipfile.ZipInfo) -> str | None:
    """Why an archive's entry can't be read; None where it may be."""
    if entry.flag_bits & 1:
        return "it is encrypted: unpack the archive with its password first"
    return None


def opened_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Unpacked:
    """What an archive's entry holds."""
    opened: list[IO[bytes]] = []

    def read(count: int) -> bytes:
        if not opened:
            opened.append(archive.open(entry))
        return opened[0].read(count)

    return Unpacked(read, budget)


def spooled(stream: io.BufferedReader) -> IO[bytes]:
    """A temporary file with what a stream holds, for who has to read here and there. Raises NoRoom."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is handed on
    while piece := stream.read(_BUFFER):
        try:
            file.write(piece)
            file.flush()
        except OSError as error:
            file.close()
            raise NoRoom(no_room(error)) from None
    file.seek(0)
    return file


def no_room(error: OSError) -> str:
    """That there is no temporary file, and what to do."""
    reason = error.strerror or error
    return f"there is no room for it in {tempfile.gettempdir()} ({reason}): make room, or name another folder in TMPDIR"
