"""What is kept of rules for the next run: it is whole and the user's own, or it isn't there."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.rules import cache as module
from sigma_xdr.rules.cache import RuleCache, cache_folder, code_version, digest

ENTRIES = {str(n): {"a": [n, "é\ud800", None, True, 1.5, 10**40], "b": {"c": []}} for n in range(200)}
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")


def fill(folder: Path, entries: dict[str, Any] = ENTRIES) -> None:
    with RuleCache(folder) as cache:
        for name, entry in entries.items():
            cache.put(entry, b"n", name.encode())


def read(folder: Path) -> dict[str, Any]:
    with RuleCache(folder) as cache:
        found = {name: cache.get(b"n", name.encode()) for name in ENTRIES}
    return {name: entry for name, entry in found.items() if entry is not None}


def test_what_is_kept_comes_back_in_the_next_run(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "folder")
    assert read(tmp_path / "new" / "folder") == ENTRIES


def test_what_was_put_is_there_before_it_is_saved(tmp_path: Path) -> None:
    with RuleCache(tmp_path / "c") as cache:
        cache.put([1], b"a", b"b")
        assert cache.get(b"a", b"b") == [1]
        assert [cache.get(*parts) for parts in [(b"ab",), (b"a", b"b", b""), (b"", b"ab"), (b"b", b"a")]] == [None] * 4


def test_nothing_is_made_where_there_is_nothing_to_keep(tmp_path: Path) -> None:
    with RuleCache(tmp_path / "c") as cache:
        assert cache.get(b"a") is None
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "entry",
    [{1: 2}, {None: 1}, {True: 1}, [(1, 2)], float("nan"), {"a": {1}}, "\ud83d\ude00", {"a": b"b"}],
    ids=["int key", "null key", "boolean key", "tuple", "nan", "set", "two halves", "bytes"],
)
def test_what_json_would_change_is_not_kept(tmp_path: Path, entry: object) -> None:
    with RuleCache(tmp_path) as cache:
        cache.put(entry, b"a")
        assert cache.get(b"a") is None


def test_an_entry_of_other_code_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "c"
    fill(folder)
    with monkeypatch.context() as other:
        other.setattr(module, "code_version", lambda: b"other")
        assert read(folder) == {}
        other.setattr(module, "code_version", lambda: None)
        fill(folder, {"0": "unknown code"})
        assert read(folder) == {}
    assert read(folder) == ENTRIES


def test_the_code_has_a_version() -> None:
    version = code_version()
    assert version is not None
    assert len(version) == 32
    assert digest(b"a", b"b") != digest(b"ab", b"") != digest(b"ab")


# ------------------------------------------------------------------------------------------------------------- broken files


def spoiled(data: bytes, seed: int) -> bytes:
    """The bytes, broken in one of the ways in which files break."""
    chance = random.Random(seed)
    start = chance.randrange(len(data))
    length = chance.choice([1, 30, 5_000])
    end = start + length
    match seed % 5:
        case 0:
            return data[:start]
        case 1:
            return data[:start] + chance.randbytes(len(data[start:end])) + data[end:]
        case 2:
            return data[:start] + bytes(len(data[start:end])) + data[end:]
        case 3:
            return data[:start] + data[end:]
        case _:
            return data[:start] + bytes([data[start] ^ 1 << chance.randrange(8)]) + data[start + 1 :]


def test_a_spoiled_file_costs_entries_and_never_gives_others(tmp_path: Path) -> None:
    fill(tmp_path / "whole")
    whole = (tmp_path / "whole/rules.sqlite").read_bytes()
    lost = 0
    for seed in range(150):
        folder = tmp_path / str(seed)
        folder.mkdir(mode=0o700)
        (folder / "rules.sqlite").write_bytes(spoiled(whole, seed))
        (folder / "rules.sqlite").chmod(0o600)
        found = read(folder)
        assert found.items() <= ENTRIES.items()
        lost += found != ENTRIES
        fill(folder, {name: entry for name, entry in ENTRIES.items() if name not in found})
        again = read(folder)
        assert again.items() <= ENTRIES.items()
        fill(folder, {name: entry for name, entry in ENTRIES.items() if name not in again})
        assert read(folder) == ENTRIES
    assert lost > 50


@pytest.mark.parametrize("data", [b"", b"\0" * 9000, b"SQLite format 3\0" * 99, b"text\n"])
def test_a_foreign_file_is_replaced(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "c"
    fill(folder)
    (folder / "rules.sqlite").write_bytes(data)
    assert read(folder) == {}
    fill(folder)
    assert read(folder) == ENTRIES


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE entries (x)",
        "CREATE TABLE other (x)",
        "CREATE VIEW entries AS SELECT x'00' AS key, x'00' AS data",
        "CREATE TABLE entries (key, data); CREATE TRIGGER t BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
)
def test_a_foreign_database_is_replaced(tmp_path: Path, schema: str) -> None:
    folder = tmp_path / "c"
    fill(folder)
    (folder / "rules.sqlite").write_bytes(b"")
    database = sqlite3.connect(folder / "rules.sqlite")
    database.executescript(schema)
    database.close()
    assert read(folder) == {}
    fill(folder)
    assert read(folder) == ENTRIES


def test_entries_of_a_wrong_kind_or_checksum_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    fill(folder)
    database = sqlite3.connect(folder / "rules.sqlite", isolation_level=None)
    database.execute("UPDATE entries SET data = 'text' WHERE rowid % 4 = 0")
    database.execute("UPDATE entries SET data = 7 WHERE rowid % 4 = 1")
    database.execute("UPDATE entries SET data = x'' WHERE rowid % 4 = 2")
    # another entry's data, which are right for that one
    database.execute("UPDATE entries SET data = (SELECT data FROM entries WHERE rowid = 3) WHERE rowid % 4 = 3")
    database.close()
    assert read(folder) == {"2": ENTRIES["2"]}


# ------------------------------------------------------------------------------------------------------- shared and foreign


def test_while_another_process_writes_nothing_is_known_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0)
    folder = tmp_path / "c"
    fill(folder)
    other = sqlite3.connect(folder / "rules.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert read(folder) == {}
    fill(folder, {"0": "something else"})
    other.execute("ROLLBACK")
    other.close()
    assert read(folder) == ENTRIES


def test_two_that_make_it_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with RuleCache(folder) as one, RuleCache(folder) as two:
        for name, entry in ENTRIES.items():
            (one if int(name) % 3 else two).put(entry, b"n", name.encode())
    assert read(folder) == ENTRIES


@posix
def test_what_is_made_is_the_users_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        fill(tmp_path / "c")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "c", tmp_path / "c/rules.sqlite")]
    assert modes == [0o700, 0o600]


@posix
@pytest.mark.parametrize(
    ("name", "mode"), [(".", 0o770), (".", 0o707), ("rules.sqlite", 0o660), ("rules.sqlite", 0o602)]
)
def test_what_others_can_write_to_is_left_alone(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "c"
    fill(folder)
    (folder / name).chmod(mode)
    before = (folder / "rules.sqlite").read_bytes()
    assert read(folder) == {}
    fill(folder, {"0": "something else"})
    assert (folder / "rules.sqlite").read_bytes() == before


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("name", [".", "rules.sqlite"])
def test_what_is_somebody_elses_is_left_alone(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "c"
    fill(folder)
    os.chown(folder / name, 65534, -1)
    assert read(folder) == {}
    fill(folder, {"0": "something else"})
    os.chown(folder / name, 0, -1)
    assert read(folder) == ENTRIES


@posix
@pytest.mark.parametrize("name", [".", "rules.sqlite"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "c")
    if name == ".":
        (tmp_path / "link").symlink_to("c")
    else:
        (tmp_path / "link").mkdir(mode=0o700)
        (tmp_path / "link/rules.sqlite").symlink_to("../c/rules.sqlite")
    assert read(tmp_path / "link") == {}
    fill(tmp_path / "link", {"0": "something else"})
    assert read(tmp_path / "c") == ENTRIES


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fill(tmp_path / "file" / "folder")
    assert read(tmp_path / "file" / "folder") == {}
    fill(tmp_path / "file")
    assert (tmp_path / "file").read_text() == ""


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    (tmp_path / "c/rules.sqlite").mkdir(parents=True, mode=0o700)
    (tmp_path / "c").chmod(0o700)
    fill(tmp_path / "c")
    assert read(tmp_path / "c") == {}


def test_the_oldest_entries_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 20_000)
    folder = tmp_path / "c"
    fill(folder)
    size = (folder / "rules.sqlite").stat().st_size
    for name in ENTRIES:
        fill(folder, {name: ENTRIES[name]})
    found = read(folder)
    assert found.items() <= ENTRIES.items()
    assert "199" in found
    assert "0" not in found
    assert (folder / "rules.sqlite").stat().st_size <= size


@pytest.mark.skipif(sys.platform != "linux", reason="each platform has its own")
def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder({"XDG_CACHE_HOME": "/var/cache/x"}) == Path("/var/cache/x/sigma-xdr")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path("/home/somebody/.cache/sigma-xdr")
    assert cache_folder({}) == Path("/home/somebody/.cache/sigma-xdr")
