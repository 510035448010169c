"""What a call names, as a list of files to read.

A folder stands for the files in it and in its folders, by name. What is hidden in it (its name begins with a dot), and what is a
link, isn't read: a link may lead out of the folder, or round in circles. Neither is a file that begins like none of the formats.
All of that is told of, a file each. ``-`` is standard input, which is kept in a temporary file.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import tempfile
import weakref
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.telemetry.formats import HEAD, Kind, kind_of
from sigma_xdr.telemetry.packed import Budget, NoRoom, buffered, entry_problem, no_room, opened_entry
from sigma_xdr.telemetry.pieces import Piece, Reading, Source, pieces, read_piece
from sigma_xdr.telemetry.reading import opened

__all__ = ["Piece", "Reading", "Source", "Sources", "find_sources", "pieces", "read_piece"]

#: How much is read at a time, in bytes.
_STEP = 2**20


class Sources(list[Source]):
    """The sources of a call. ``not_read`` are the files of its folders and archives that aren't read, by name, with the reason.

    Also a context manager, which takes away what standard input was kept in; so does the end of the program.
    """

    def __init__(self) -> None:
        super().__init__()
        self.not_read: dict[str, str] = {}
        self._kept: list[str] = []
        self._take_away = weakref.finalize(self, _take_away, self._kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_away()

    def keep(self, stream: io.BufferedReader) -> str:
        """The path of a temporary file with what a stream holds. Raises NoRoom."""
        try:
            descriptor, path = tempfile.mkstemp(prefix="sigma-xdr-")
            self._kept.append(path)
            with open(descriptor, "wb") as file:
                shutil.copyfileobj(stream, file, _STEP)
        except OSError as error:
            raise NoRoom(no_room(error)) from None
        return path


def _take_away(paths: list[str]) -> None:
    for path in paths:
        Path(path).unlink(missing_ok=True)


def find_sources(paths: Iterable[str | Path]) -> Sources:
    """The files that the paths stand for, in the paths' order; each once.

    Raises UsageError with all paths that are wrong: there is no such file, or it can't be opened.
    """
    found = _Finder()
    for path in map(str, paths):
        try:
            found.path(path)
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            found.problems.append(Diagnostic("unreadable-file", f"{path} can't be read: {reason}"))
        except NoRoom as error:
            found.problems.append(Diagnostic("unreadable-file", f"{path} can't be read: {error}"))
    if found.problems:
        raise UsageError(*found.problems)
    return found.sources


class _Finder:
    """Paths to sources."""

    def __init__(self) -> None:
        self.sources = Sources()
        self.problems: list[Diagnostic] = []
        self._seen: set[str] = set()

    def path(self, path: str) -> None:
        """A path of the call."""
        if path == "-":
            self._add(path, self.sources.keep(sys.stdin.buffer))  # type: ignore[arg-type]
            return
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            self._folder(path)
        elif stat.S_ISREG(mode):
            self._file(path, is_given=True)
        else:
            with buffered(opened(path)) as stream:  # a pipe can be read once
                self._add(path, self.sources.keep(stream))

    def _folder(self, path: str) -> None:
        with os.scandir(path) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            try:
                if reason := self._entry(entry):
                    self.sources.not_read[entry.path] = reason
            except OSError as error:
                self.sources.not_read[entry.path] = f"it can't be read: {error.strerror or error}"

    def _entry(self, entry: os.DirEntry[str]) -> str | None:
        """Take in an entry of a folder, or say why not."""
        if entry.name.startswith("."):
            return "it is hidden"
        if entry.is_symlink():
            return "it is a link"
        if entry.is_dir():
            self._folder(entry.path)
            return None
        return self._file(entry.path) if entry.is_file() else "it is no regular file"

    def _file(self, path: str, is_given: bool = False) -> str | None:
        """Take in a file, or say why not; one that is given itself is always read."""
        real = os.path.realpath(path)
        if real in self._seen:
            return "it is read already"
        self._seen.add(real)
        with buffered(opened(path)) as stream:
            kind = kind_of(stream.peek(HEAD)[:HEAD])
            if kind is Kind.ZIP and self._archive(path, stream):
                return None
        if not is_given and kind is None:
            return "it is no file of events"
        if not is_given and not os.path.getsize(path):
            return "it is empty"
        self._add(path, path)
        return None

    def _archive(self, path: str, stream: io.BufferedReader) -> bool:
        """Take in an archive's entries; whether it can be read as one."""
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError):
            return False
        budget = Budget(os.stat(path).st_size)
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        for name, entry in entries.items():
            if not entry_problem(entry):
                held = opened_entry(archive, entry, budget)
                if kind_of(held.read(HEAD)) is None and held.problem is None:
                    self.sources.not_read[f"{path}!{name}"] = "it is no file of events"
                    continue
            self.sources.append(Source(f"{path}!{name}", path, name, entry.compress_size))
        return True

    def _add(self, name: str, path: str) -> None:
        self.sources.append(Source(name, path, None, os.stat(path).st_size))
