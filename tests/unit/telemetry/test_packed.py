"""Compressed files and archives: what they hold, and what was made to do harm."""

from __future__ import annotations

import gzip
import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from sigma_xdr.telemetry import Unreadable, packed, read_events

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LINES = b"".join(json.dumps({"Channel": "Security", "EventID": number}).encode() + b"\n" for number in (1, 2))


def read(path: Path) -> list[tuple[str, int, object]]:
    """Of each event the file's name behind the path, the number, and the event's id or why it can't be read."""
    return [
        (
            event.file.removeprefix(str(path)),
            event.number,
            event.reason if isinstance(event, Unreadable) else getattr(event, "event_id", None),
        )
        for event in read_events(path)
    ]


BOTH = [("", 1, 1), ("", 2, 2)]


def test_zstd(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(zstd.compress(LINES[:40]) + zstd.compress(LINES[40:]))
    assert read(path) == BOTH
    path.write_bytes(zstd.compress(LINES * 1000)[:-7])
    *_, broken = read(path)
    assert broken[2] == (
        "the compressed file is damaged: Compressed file ended before the end-of-stream marker was reached"
    )


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_what_is_made_to_fill_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: object) -> None:
    monkeypatch.setattr(packed, "HELD", 1000)
    path = tmp_path / "events"
    assert callable(compress)
    path.write_bytes(compress(LINES + b"\n" * 2**23))
    most = path.stat().st_size * 200
    assert read(path) == [
        *BOTH,
        ("", 3, f"the compressed file holds more than {max(most, 1000):,} bytes: decompress it first"),
    ]


def test_an_archive_that_is_made_to_fill_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "HELD", 1000)
    monkeypatch.setattr(packed, "HELD_TIMES", 1)
    path = tmp_path / "events"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abc":
            archive.writestr(name, LINES * 10)
    found = read(path)
    assert found[:20] == [("!a", number, 2 - number % 2) for number in range(1, 21)]
    reason = "the compressed file holds more than 1,000 bytes: decompress it first"
    assert [(name, why) for name, _, why in found if isinstance(why, str)] == [
        ("!b", "the record is no JSON: Expecting value"),  # the line that is cut through
        ("!b", reason),
        ("!c", reason),
    ]


def test_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", LINES)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/x", LINES)
        archive.writestr("folder/", b"")
        archive.writestr("folder/x.gz", gzip.compress(LINES))
        archive.writestr("folder/twice", gzip.compress(gzip.compress(LINES)))
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("picture", b"\x89PNG\r\n")
        archive.writestr("empty", b"")
    assert read(path) == [
        ("!../../etc/x", 1, 1),
        ("!../../etc/x", 2, 2),
        ("!folder/x.gz", 1, 1),
        ("!folder/x.gz", 2, 2),
        ("!folder/twice", 1, "the file is compressed twice"),
        ("!inner.zip", 1, "it is an archive in a compressed file: unpack it first"),
        (
            "!picture",
            1,
            "the file is none that is read: it begins neither as EVTX, Parquet, JSON or CSV of events, nor as gzip, zstd "
            "or zip",
        ),
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_entries_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", LINES)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x", LINES)
    assert [(name, number) for name, number, _ in read(path)] == [("!x", number) for number in (1, 2, 3, 4)]


def test_an_encrypted_entry_and_an_unknown_method(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("locked", "x", "odd"):
            archive.writestr(name, LINES)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    odd = data.rindex(b"PK\x01\x02")
    struct.pack_into("<H", data, odd + 10, 99)
    path.write_bytes(data)
    assert read(path) == [
        ("!locked", 1, "it is encrypted: unpack the archive with its password first"),
        ("!x", 1, 1),
        ("!x", 2, 2),
        ("!odd", 1, "the compressed file is damaged: That compression method is not supported"),
    ]


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", LINES)
        archive.writestr("y", LINES)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"EventID": 2', b'"EventID": 3', 1))
    assert read(path) == [
        ("!x", 1, "the compressed file is damaged: Bad CRC-32 for file 'x'"),
        ("!y", 1, 1),
        ("!y", 2, 2),
    ]
    path.write_bytes(data[:-30])
    assert read(path) == [("", 1, "the archive is damaged: File is not a zip file")]


def test_an_archive_in_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip.gz"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", LINES)
    path.write_bytes(gzip.compress(inner.getvalue()))
    assert read(path) == [("", 1, "it is an archive in a compressed file: unpack it first")]
