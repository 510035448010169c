"""What was once found out about rules, kept on disk for the next run.

An entry's key is made of all that it was found out from: bytes of rules, and :func:`code_version`, what this package and those it
stands on are. So an entry is never wrong, only never asked for again. Entries are JSON, and nothing of them is run. Whoever
deletes the cache, breaks it or runs many processes on it costs time and nothing else: an entry that isn't whole isn't there.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["RuleCache", "cache_folder", "code_version", "digest"]

_FILE = "rules.sqlite"
#: The file's bytes beyond which the older half of the entries is dropped; all of SigmaHQ's Windows rules take 6 MB.
_MAX_BYTES = 64 * 2**20
#: How long another process that writes is waited for, in seconds.
_PATIENCE = 2
#: SQLite's errors after which the file is as good as before; after any other one it is made anew.
_PASSING = tuple(
    f"SQLITE_{name}" for name in ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "FULL", "IOERR", "PERM", "AUTH", "NOMEM")
)
_TABLE = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, data BLOB NOT NULL)"
#: Folders of the package on which no rule depends: compiled Python, and the service that only checks finished queries.
_NOT_CODE = frozenset(("__pycache__", "language_service"))


class RuleCache:
    """Entries in a file of a folder, by default the user's own; both are made when there is something to save.

    A folder or a file that others could have written to is left alone, and so is one that can't be used: then nothing is known
    and nothing is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or cache_folder()
        self._new: dict[bytes, bytes] = {}
        self._code = code_version()
        #: What is wrong with the file: nothing, "busy" (it can't be used now), "broken" (it has to be made anew).
        self._trouble = ""
        self._database = self._opened()

    def __enter__(self) -> RuleCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._close()

    def get(self, *parts: bytes) -> Any | None:
        """The entry that was made of these parts, None if there is none."""
        key = self._key(parts)
        data = self._new.get(key) or self._stored(key)
        if not isinstance(data, bytes) or data[:32] != _checksum(key, data[32:]):
            return None
        return json.loads(data[32:])

    def put(self, entry: Any, *parts: bytes) -> None:
        """Keep plain data under these parts. What JSON would give back changed isn't kept."""
        try:
            written = json.dumps(entry)
        except (TypeError, ValueError):
            return
        if _same(json.loads(written), entry):
            key, data = self._key(parts), written.encode("ascii")
            self._new[key] = _checksum(key, data) + data

    def save(self) -> None:
        """Write what was put, all or nothing. What can't be written is forgotten."""
        new, self._new = self._new, {}
        if not new or self._code is None or self._trouble == "busy":
            return
        try:
            if self._trouble:
                self._remove()
            self._write(new)
        except sqlite3.Error as error:
            if not _is_passing(error):
                with suppress(OSError, sqlite3.Error):
                    self._remove()
                    self._write(new)
        except OSError:
            return

    # ----------------------------------------------------------------------------------------------------------- database

    def _opened(self) -> sqlite3.Connection | None:
        """The database, if there is one that can be trusted."""
        path = self._folder / _FILE
        if self._code is None or not (_is_own(self._folder, stat.S_ISDIR) and _is_own(path, stat.S_ISREG)):
            return None
        try:
            database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        except sqlite3.Error as error:
            self._note(error)
            return None
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA synchronous = OFF")  # what a power cut breaks is made anew
        except sqlite3.Error as error:
            self._note(error)
            database.close()
            return None
        return database

    def _note(self, error: Exception) -> None:
        self._trouble = "busy" if _is_passing(error) else "broken"

    def _stored(self, key: bytes) -> object:
        if self._database is None or self._trouble:
            return None
        try:
            row = self._database.execute("SELECT data FROM entries WHERE key = ?", (key,)).fetchone()
        except (sqlite3.Error, MemoryError) as error:  # a broken length may ask for any memory
            self._note(error)
            return None
        return row[0] if row else None

    def _write(self, new: Mapping[bytes, bytes]) -> None:
        if self._database is None:
            self._make()
            self._database = self._opened()
        if self._database is None:
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            # a broken index would lose entries without a word, for ever
            if self._database.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                raise sqlite3.DatabaseError("the file is broken")
            self._database.execute(_TABLE)
            self._make_room(self._database)
            self._database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", new.items())
            self._database.execute("COMMIT")
        except sqlite3.Error:
            self._close()  # which undoes it
            raise

    @staticmethod
    def _make_room(database: sqlite3.Connection) -> None:
        [(pages,)], [(free,)], [(size,)] = (
            database.execute(f"PRAGMA {name}").fetchall() for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size > _MAX_BYTES:
            middle = "SELECT (min(rowid) + max(rowid)) / 2 FROM entries"
            database.execute(f"DELETE FROM entries WHERE rowid <= ({middle})")

    def _make(self) -> None:
        """The folder and an empty file in it, both the user's alone, whatever other new files are."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(self._folder, stat.S_ISDIR):
            with suppress(FileExistsError):
                os.close(os.open(self._folder / _FILE, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _remove(self) -> None:
        self._close()
        self._trouble = ""
        if _is_own(self._folder, stat.S_ISDIR):
            for ending in ("", "-journal"):
                (self._folder / f"{_FILE}{ending}").unlink(missing_ok=True)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _key(self, parts: tuple[bytes, ...]) -> bytes:
        return digest(self._code or b"", *parts)


def _is_passing(error: Exception) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(_PASSING)


def digest(*parts: bytes) -> bytes:
    """A hash of several texts; where one ends and the next begins counts."""
    return sha256(b"".join(sha256(part).digest() for part in parts)).digest()


def _checksum(key: bytes, data: bytes) -> bytes:
    return sha256(key + data).digest()


def _same(some: Any, other: Any) -> bool:
    """Whether two values are the same to the last type: 1 is neither 1.0 nor True, and keys have an order."""
    if type(some) is not type(other):
        return False
    if isinstance(some, dict):
        return [*some] == [*other] and all(
            _same(*keys) and _same(*values)
            for keys, values in zip(
                zip(some, other, strict=True), zip(some.values(), other.values(), strict=True), strict=True
            )
        )
    if isinstance(some, list):
        return len(some) == len(other) and all(map(_same, some, other))
    return bool(some == other)


def _is_own(path: Path, is_kind: Any) -> bool:
    """Whether it is what it should be, the user's own, and nobody else can write to it. Windows' user folders are that."""
    try:
        found = path.lstat()
    except OSError:
        return False
    if not is_kind(found.st_mode):
        return False
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for what can be made anew: as the platform has it, or as ``XDG_CACHE_HOME`` says."""
    named = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named, "sigma-xdr")
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local", "sigma-xdr", "Cache")
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "sigma-xdr"


@cache
def code_version() -> bytes | None:
    """A hash of all that decides what is found out about a rule: this package's files, the other packages' versions, Python's.

    None if it can't be told: the package isn't in a folder.
    """
    found = sha256()
    package = Path(__file__).parent.parent
    files = list(_code_files(package))
    for path in files:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        found.update(digest(path.relative_to(package).as_posix().encode(), data))
    about = (platform.python_implementation(), sys.version, platform.platform(), *sorted(_installed()))
    found.update(digest(*(part.encode("utf-8", "surrogatepass") for part in about)))
    return found.digest() if files else None


def _code_files(package: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(package):
        folders[:] = sorted(name for name in folders if name not in _NOT_CODE)
        for name in sorted(names):
            yield Path(folder, name)


def _installed() -> Iterator[str]:
    """The packages that are installed, with their versions, as their folders are called."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        yield from (name for name in names if name.endswith((".dist-info", ".egg-info")))
