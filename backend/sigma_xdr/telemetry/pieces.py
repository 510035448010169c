"""Files in pieces, for several processes to read at once.

Only an uncompressed file of JSON lines is cut, at the ends of lines. A row may need what its neighbours tell: a piece is read with
some records before and after its own.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from sigma_xdr.telemetry.formats import BLANKS, HEAD, Kind, kind_of
from sigma_xdr.telemetry.intake import BATCH, Intake, Item
from sigma_xdr.telemetry.json_file import are_lines, line_events, lines_of
from sigma_xdr.telemetry.mapping import AHEAD, BEHIND
from sigma_xdr.telemetry.packed import buffered
from sigma_xdr.telemetry.reading import CountedFile, FileReading, opened
from sigma_xdr.telemetry.unreadable import Unreadable

__all__ = ["Piece", "Reading", "Source", "pieces", "read_piece"]

#: How much is looked at at a time where lines are counted, in bytes.
_STEP = 2**20
#: How many bytes of what was read before are looked at again: the mark of a batch may be cut through.
_TAIL = 64
#: Where a line may be blank: it begins with a blank, or with the next break.
_BLANK_LINE = re.compile(rb"\n[\x00-\x20]")


@dataclass(frozen=True)
class Source:
    """A file to read, or an entry of an archive.

    ``name`` is the file as it was given (``a.zip!entry`` in an archive), ``path`` where it is, ``member`` the entry's name, and
    ``size`` what it takes on the disk, in bytes.
    """

    name: str
    path: str
    member: str | None
    size: int


@dataclass(frozen=True)
class Piece:
    """A part of a source for one process to read: the lines from ``start`` to before ``end``, in bytes.

    ``first_number`` is the number of its first record and ``last_number`` that of its last one (None: all that follow). It is read
    from ``warm_start`` on, where the record ``warm_number`` begins, and on beyond ``end``: rows may need what stands near their
    record, unless it is ``alone``. ``end`` is None where the piece ends with its source.
    """

    source: Source
    start: int
    end: int | None
    first_number: int
    last_number: int | None
    warm_start: int
    warm_number: int
    alone: bool = False

    def by_itself(self) -> Piece:
        """The piece without what stands before and after its own records."""
        return replace(self, warm_start=self.start, warm_number=self.first_number, alone=True)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its source."""
        return self.start == 0 and self.end is None


def pieces(source: Source, size: int = 128 * 2**20) -> Iterator[Piece]:
    """A source in pieces of about that many bytes, or in one piece: only an uncompressed file of JSON lines is cut.

    Records are counted as :func:`~sigma_xdr.telemetry.reading.read_events` counts them. Where a line may hold more than one, all
    that follows is one piece.
    """
    try:
        yield from _cut(source, size) if source.size > size else [_whole(source)]
    except OSError:  # whoever reads it says so
        yield _whole(source)


def _whole(source: Source) -> Piece:
    return Piece(source, 0, None, 1, None, 0, 1)


def _cut(source: Source, size: int) -> Iterator[Piece]:
    start = number = warm_start = warm_number = -1
    with opened(source.path) as file:
        if source.member is None and _has_lines(file):
            ends: deque[tuple[int, int]] = deque([(0, 0)])
            start, number, warm_start, warm_number = 0, 1, 0, 1
            for end, count in _line_ends(file, min(size, _STEP)):
                ends.append((end, count))
                if end - start < size or end == file.size:
                    continue
                yield Piece(source, start, end, number, count, warm_start, warm_number)
                start, number = end, count + 1
                while len(ends) > 1 and ends[1][1] + BEHIND <= count:
                    ends.popleft()
                warm_start, warm_number = ends[0][0], ends[0][1] + 1
                if file.size - start <= size:  # what is left is the last piece
                    break
    yield Piece(source, start, None, number, None, warm_start, warm_number) if start > 0 else _whole(source)


def _has_lines(file: CountedFile) -> bool:
    if not file.is_regular:
        return False
    stream = buffered(file)
    try:
        if kind_of(stream.peek(HEAD)[:HEAD]) is not Kind.JSON:
            return False
        if stream.peek(3).startswith(codecs.BOM_UTF8):
            stream.read(3)
        first = list(islice(lines_of(stream), 2))
        return bool(first) and are_lines(first)
    finally:
        stream.detach()


def _line_ends(file: CountedFile, step: int) -> Iterator[tuple[int, int]]:
    """Now and then the end of a line, and how many records stand before it; up to where a line may hold more than one."""
    count, blank, before = 0, True, b""
    file.seek(0)
    offset = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
    file.seek(offset)
    while data := file.read(step):
        if _may_be_batch(before + data):
            return
        before = (before + data)[-_TAIL:]
        first, last = data.find(b"\n"), data.rfind(b"\n")
        if first >= 0:
            count += not blank or bool(data[:first].strip(BLANKS))
            count += _lines_in(data[first : last + 1])
            blank = True
            yield offset + last + 1, count
        blank = blank and not data[last + 1 :].strip(BLANKS)
        offset += len(data)


def _may_be_batch(data: bytes) -> bool:
    named = b'ecords"' in data or b'esults"' in data or b'ables"' in data  # quick, and mostly enough
    return named and BATCH.search(data) is not None


def _lines_in(data: bytes) -> int:
    """How many lines that aren't blank there are between the first and the last line break."""
    if not _BLANK_LINE.search(data):
        return data.count(b"\n") - 1
    return sum(bool(line.strip(BLANKS)) for line in data.split(b"\n")[1:-1])


class Reading:
    """The events of a piece, each with its number in the source, and meanwhile what else there is to say of it.

    Those before ``first_number`` and after ``last_number`` are its neighbours. ``consumed`` is how many of the piece's own bytes
    are read; ``left_out`` counts rows by ``Table.Column``, the columns that they have and their table hasn't.
    """

    def __init__(self, piece: Piece) -> None:
        self.left_out: Counter[str] = Counter()
        self._piece = piece
        self._file: CountedFile | None = None
        self._whole: FileReading | None = None
        self._consumed = 0

    @property
    def consumed(self) -> int:
        """How many of the piece's own bytes are read."""
        if self._whole is not None:
            self._consumed = min(self._whole.consumed, self._piece.source.size)
        elif self._file is not None and not self._file.closed:
            end = self._file.size if self._piece.end is None else self._piece.end
            self._consumed = max(min(self._file.tell(), end) - self._piece.start, 0)
        return self._consumed

    def __iter__(self) -> Iterator[Item]:
        piece = self._piece
        try:
            file = opened(piece.source.path)
        except OSError as error:
            reason = f"the file can't be opened: {error.strerror or error}"
            yield Unreadable(piece.source.name, piece.first_number, reason)
            return
        with file:
            if piece.is_whole:
                self._whole = FileReading(file, piece.source.name, piece.source.member)
                self._whole.left_out = self.left_out
                yield from self._whole
            else:
                self._file = file
                yield from self._lines(file)
            self._consumed = self.consumed

    def _lines(self, file: CountedFile) -> Iterator[Item]:
        piece = self._piece
        file.seek(piece.warm_start)
        stream = buffered(file)
        intake = Intake(piece.source.name, self.left_out, piece.warm_number)
        try:
            if piece.warm_start == 0 and stream.peek(3).startswith(codecs.BOM_UTF8):
                stream.read(3)
            ahead = 0 if piece.alone else AHEAD
            count = None if piece.last_number is None else piece.last_number + ahead + 1 - piece.warm_number
            yield from line_events(islice(lines_of(stream), count), intake)
        except OSError as error:
            yield intake.broken(f"the file can't be read any further: {error.strerror or error}")
        else:
            if piece.last_number is None or intake.number <= piece.last_number:
                change = file.change()
                if change or piece.last_number is not None:
                    yield intake.broken(change or "the file has changed while it was read: there are less lines")
        finally:
            stream.detach()


def read_piece(piece: Piece) -> Iterator[Item]:
    """The events of a piece and of its neighbourhood, each with its number in the source."""
    return iter(Reading(piece))
