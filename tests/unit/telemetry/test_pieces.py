"""A file in pieces is the file."""

from __future__ import annotations

import codecs
import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.telemetry import Record, Unreadable, pieces, read_events
from sigma_xdr.telemetry.pieces import Piece, Reading, Source, read_piece
from sigma_xdr.telemetry.pieces import pieces as cut
from sigma_xdr.telemetry.stored import StoredRow

EVENT = {"Channel": "Security", "EventID": 1}
ROW = {"category": "AdvancedHunting-DeviceFileEvents", "properties": {"FileName": "a"}}
LINES = st.sampled_from(
    [
        json.dumps({**EVENT, "Image": "x" * 40}).encode(),
        json.dumps(EVENT).encode() + b"\r",
        json.dumps(ROW).encode(),
        json.dumps({"records": [ROW, EVENT, 7]}).encode(),
        b'{"records" : [ ]}',
        b"",
        b"\r",
        b" \t",
        b"\0\0\0",
        b"{broken",
        b"[1]",
        b"\xff\xfe",
        codecs.BOM_UTF8,
        b"",
    ]
)


def source_of(path: Path) -> Source:
    return Source(str(path), str(path), None, path.stat().st_size)


def plain(event: Any) -> Any:
    match event:
        case Record():
            return event.number, event.file, dict(event.data)
        case StoredRow():
            return event.number, event.file, event.table, dict(event.columns)
    return event


def own(piece: Piece) -> list[Any]:
    last = piece.last_number
    return [
        plain(event)
        for event in read_piece(piece)
        if event.number >= piece.first_number and (last is None or event.number <= last)
    ]


@given(st.lists(LINES, max_size=30), st.integers(1, 300), st.booleans(), st.booleans(), st.integers(0, 5))
def test_all_pieces_together_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, bom: bool, ended: bool, around: int
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "events.jsonl"
    path.write_bytes(codecs.BOM_UTF8 * bom + b"\n".join(lines) + b"\n" * ended)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "BEHIND", around)
        patch.setattr(pieces, "AHEAD", around)
        found = list(cut(source_of(path), size))
        assert [event for piece in found for event in own(piece)] == list(map(plain, read_events(path)))


def test_pieces_and_their_neighbourhood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BEHIND", 3)
    monkeypatch.setattr(pieces, "AHEAD", 2)
    path = tmp_path / "events.jsonl"
    line = json.dumps(EVENT) + "\n"
    path.write_text(line * 20)
    source, length = source_of(path), len(line)
    found = list(cut(source, 8 * length))
    assert found == [
        Piece(source, 0, 8 * length, 1, 8, 0, 1),
        Piece(source, 8 * length, 16 * length, 9, 16, 0, 1),
        Piece(source, 16 * length, None, 17, None, 8 * length, 9),
    ]
    assert [[event.number for event in read_piece(piece)] for piece in found] == [
        [*range(1, 11)],
        [*range(1, 19)],
        [*range(9, 21)],
    ]
    assert [[event.number for event in read_piece(piece.by_itself())] for piece in found] == [
        [*range(1, 9)],
        [*range(9, 17)],
        [*range(17, 21)],
    ]
    readings = [Reading(pickle.loads(pickle.dumps(piece))) for piece in found]
    assert [len(list(reading)) for reading in readings] == [10, 18, 12]
    assert [reading.consumed for reading in readings] == [8 * length, 8 * length, 4 * length]


@pytest.mark.parametrize("kind", ["gzip", "utf-16", "array", "csv", "batch"])
def test_what_is_not_cut(tmp_path: Path, kind: str) -> None:
    lines = (json.dumps(EVENT) + "\n") * 100
    path = tmp_path / "events"
    path.write_bytes(
        {
            "gzip": gzip.compress(lines.encode()),
            "utf-16": lines.encode("utf-16"),
            "array": json.dumps([EVENT] * 100).encode(),
            "csv": b"Timestamp,DeviceName\n" * 100,
            "batch": (json.dumps({"records": [ROW]}) + "\n").encode() * 100,
        }[kind]
    )
    source = source_of(path)
    assert list(cut(source, 10)) == [Piece(source, 0, None, 1, None, 0, 1)]


def test_progress_of_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "events.gz"
    path.write_bytes(gzip.compress((json.dumps(EVENT) + "\n").encode() * 1000))
    [piece] = cut(source_of(path))
    reading = Reading(piece)
    assert reading.consumed == 0
    assert len(list(reading)) == 1000
    assert reading.consumed == path.stat().st_size


def test_a_file_that_changes_between_the_cut_and_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = json.dumps(EVENT) + "\n"
    path.write_text(line * 20)
    first, last = cut(source_of(path), 10 * len(line))
    path.write_text(line * 5)
    assert list(read_piece(first))[5:] == [
        Unreadable(str(path), 6, "the file has changed while it was read: there are less lines")
    ]
    path.unlink()
    reason = "the file can't be opened: No such file or directory"
    assert list(read_piece(first)) == [Unreadable(str(path), 1, reason)]
    assert list(read_piece(last)) == [Unreadable(str(path), 11, reason)]
    assert list(cut(Source(str(path), str(path), None, 9**9))) == [
        Piece(Source(str(path), str(path), None, 9**9), 0, None, 1, None, 0, 1)
    ]
