"""Files of events: what they are is told by what is in them."""

from __future__ import annotations

import codecs
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.telemetry import Record, Unreadable, json_file, packed, read_events
from sigma_xdr.telemetry.stored import StoredRow

from .samples import SYSMON, corpus_files

EVENTS = [{"Channel": SYSMON, "EventID": event_id, "Image": f"{event_id}.exe"} for event_id in (1, 5, 11)]
LINES = "".join(f"{json.dumps(event)}\n" for event in EVENTS)


def read(path: Path) -> list[tuple[int, str]]:
    """Each record's number, and its image or why it can't be read."""
    found = []
    for record in read_events(path):
        assert record.file == str(path)
        found.append((record.number, record.reason if isinstance(record, Unreadable) else record.text("Image")))
    return found


ALL = [(1, "1.exe"), (2, "5.exe"), (3, "11.exe")]


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.replace("\n", "\r\n\r\n").encode(),
        LINES.rstrip().encode(),
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        json.dumps(EVENTS).encode(),
        json.dumps(EVENTS, indent=2).encode(),
        "\n".join(json.dumps(event, indent=2) for event in EVENTS).encode(),
    ],
)
def test_json(tmp_path: Path, data: bytes) -> None:
    plain, packed = tmp_path / "events", tmp_path / "packed"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    assert read(plain) == ALL
    assert read(packed) == ALL


def test_one_document(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(EVENTS[0]))
    assert read(path) == ALL[:1]
    path.write_text(json.dumps(EVENTS[0], indent=1))
    assert read(path) == ALL[:1]
    path.write_bytes(b"")
    assert read(path) == []


def test_what_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    one, two, three = LINES.encode().splitlines()
    deep = b'{"a":' * 100_000
    lines = [
        one,
        b"{broken",
        b"[1]",
        b'{"EventID": 1}',
        deep,
        two,
        b'{"Channel": "\xff", "EventID": 9}',
        b"\0\0",
        three,
    ]
    path.write_bytes(b"\n".join(lines))
    assert read(path) == [
        (1, "1.exe"),
        (2, "the record is no JSON: Expecting property name enclosed in double quotes"),
        (3, "the record is no JSON object"),
        (4, "the record is no Windows event: it has no Channel"),
        (5, "the JSON nests too deep"),
        (6, "5.exe"),
        (7, ""),
        (8, "11.exe"),
    ]


def test_a_broken_array_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps(EVENTS)[:-5])
    assert read(path) == [*ALL[:2], (3, "the record is no JSON: Unterminated string starting at")]


def test_a_broken_first_line_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("{broken\n" + LINES)
    assert [number for number, _ in read(path)] == [1, 2, 3, 4]
    assert read(path)[1:] == [(number + 1, image) for number, image in ALL]


def test_evtx_packed_or_not(tmp_path: Path, corpus: Path) -> None:
    path = corpus / "evtx_attack_samples" / "exec_wmic_xsl_internet_sysmon_3_1_11.evtx"
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    plain = [(record.number, dict(record.fields)) for record in read_events(path) if isinstance(record, Record)]
    assert len(plain) == 8
    assert [
        (record.number, dict(record.fields)) for record in read_events(packed) if isinstance(record, Record)
    ] == plain


def test_a_damaged_evtx_file(tmp_path: Path, corpus: Path) -> None:
    data = bytearray((corpus / "evtx_attack_samples" / "PanacheSysmon_vs_AtomicRedTeam01.evtx").read_bytes())
    path = tmp_path / "damaged.evtx"
    data[70_000:70_600] = b"\xff" * 600
    path.write_bytes(data)
    records = list(read_events(path))
    assert 400 < sum(isinstance(record, Record) for record in records) < 565
    assert any(isinstance(record, Unreadable) for record in records)
    path.write_bytes(data[:100])
    [broken] = read_events(path)
    assert isinstance(broken, Unreadable)
    assert broken.reason.startswith("the EVTX file can't be read: ")


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "events.gz"
    path.write_bytes(gzip.compress(LINES.encode())[:-8])
    *records, broken = read(path)
    assert records == ALL
    assert broken[1].startswith("the compressed file is damaged: ")
    path.write_bytes(gzip.compress(gzip.compress(LINES.encode())))
    assert read(path) == [(1, "the file is compressed twice")]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        list(read_events(tmp_path / "none"))
    assert str(refusal.value) == (
        f"error[unreadable-file]: {tmp_path / 'none'} can't be read: No such file or directory"
    )


def test_the_corpus_is_read_whole(corpus: Path) -> None:
    counts = [sum(isinstance(record, Record) for record in read_events(path)) for path in corpus_files(corpus)]
    assert sum(counts) == 64929


def test_broken_lines_at_the_start_hide_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("one\ntwo\n" + LINES)
    broken = "the record is no JSON: Expecting value"
    assert read(path) == [(1, broken), (2, broken), *((number + 2, image) for number, image in ALL)]


def test_an_array_that_is_cut_off_between_records(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps(EVENTS)[:-1] + ", ")
    assert read(path) == [*ALL, (4, "the array has no end: the file may be cut off")]


def test_a_file_that_holds_far_more_than_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "HELD", 1000)
    path = tmp_path / "events.gz"
    path.write_bytes(gzip.compress(LINES.encode() + b"\n" * 2**22))
    size = path.stat().st_size * 200
    assert read(path) == [*ALL, (4, f"the compressed file holds more than {size:,} bytes: decompress it first")]


def test_a_document_too_long_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([EVENTS[0], "x" * 3_000_000, EVENTS[1]], indent=1))
    assert read(path) == [ALL[0], (2, "the record is no JSON object"), (3, "5.exe")]
    monkeypatch.setattr(json_file, "LONGEST", 2**20)
    assert read(path) == [
        ALL[0],
        (
            2,
            "a document of the JSON is longer than 1,048,576 characters: write each record on a line of its own",
        ),
    ]


NO_EVENTS = (
    "the file is none that is read: it begins neither as EVTX, Parquet, JSON or CSV of events, nor as gzip, zstd or zip"
)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 500, b"# Logs\n\nThey are [here](b).\n", b"\xff\xfe\0"]
)
def test_what_is_no_file_of_events(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "events"
    path.write_bytes(data)
    assert read(path) == [(1, NO_EVENTS)]


def test_a_folder_or_a_device(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "Is a directory"), (Path("/dev/zero"), "it is a device")):
        with pytest.raises(UsageError) as refusal:
            list(read_events(path))
        assert str(refusal.value) == f"error[unreadable-file]: {path} can't be read: {why}"


def test_a_line_of_200_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as file:
        file.write(LINES.encode())
        file.write(b'{"a": "')
        file.seek(200 * 2**20)  # sparse: NULs
        file.write(b'"}\n' + LINES.encode())
    limit = 600 * 2**20
    program = f"""
import resource
from sigma_xdr.telemetry import Record, read_events
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
for event in read_events({str(path)!r}):
    print(event.number, event.text("Image") if isinstance(event, Record) else event.reason)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            "1 1.exe",
            "2 5.exe",
            "3 11.exe",
            "4 the line is longer than 67,108,864 bytes",
            "5 1.exe",
            "6 5.exe",
            "7 11.exe",
        ],
        "",
    )


def test_a_long_hole_holds_no_record(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as file:
        file.write(LINES.encode())
        file.truncate(100 * 2**20)
    assert read(path) == ALL


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(LINES)
    size = path.stat().st_size
    events = read_events(path)
    first = next(events)
    assert isinstance(first, Record)
    with path.open("a") as file:
        file.write(LINES * 1000)
    rest = list(events)
    assert [event.number for event in rest] == [2, 3, 4]
    assert rest[-1] == Unreadable(
        str(path), 4, f"the file has grown while it was read: what follows its first {size} bytes isn't read"
    )


def test_a_file_that_is_cut_off_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(LINES * 100_000)
    size = path.stat().st_size
    events = read_events(path)
    next(events)
    path.write_text(LINES)
    *rest, last = events
    assert all(isinstance(event, Record) for event in rest[:-1])  # the last may be cut through
    assert last == Unreadable(
        str(path),
        len(rest) + 2,
        f"the file has shrunk while it was read, from {size:,} to {len(LINES):,} bytes",
    )


def test_a_file_that_is_deleted_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(LINES * 100_000)
    events = read_events(path)
    next(events)
    path.unlink()
    assert sum(isinstance(event, Record) for event in events) == 299_999


def test_a_truncated_evtx_file(tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "cut.evtx"
    data = (corpus / "evtx_attack_samples" / "PanacheSysmon_vs_AtomicRedTeam01.evtx").read_bytes()
    path.write_bytes(data[: len(data) // 2])
    events = list(read_events(path))
    records = [event for event in events if isinstance(event, Record)]
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert len(records) > 100
    assert [event.reason for event in events if isinstance(event, Unreadable)] == [
        "the file is cut off: 8 of its 15 chunks are whole"
    ]


def test_times_that_are_missing_or_at_the_end_of_time(tmp_path: Path) -> None:
    path = tmp_path / "events"
    times: list[dict[str, str]] = [{}, {"UtcTime": "9999-12-31 23:59:59.999"}, {"UtcTime": "10000-01-01"}]
    path.write_text("".join(json.dumps({**EVENTS[0], **time}) + "\n" for time in times))
    records = [event for event in read_events(path) if isinstance(event, Record)]
    assert [record.time and record.time.year for record in records] == [None, 9999, None]


def test_rows_that_defender_wrote(corpus: Path) -> None:
    rows = [
        event
        for name in ("real_defender_rows", "splunk_background")
        for event in read_events(corpus / "background" / f"{name}.jsonl.gz")
    ]
    assert all(isinstance(row, StoredRow) for row in rows)
    assert len(rows) == 3998
    first = rows[0]
    assert isinstance(first, StoredRow)
    assert (first.number, first.table) == (1, "DeviceProcessEvents")
    some = ("Timestamp", "FileSize", "FileName", "LogonId", "AccountUpn")
    assert {name: first.columns.get(name) for name in some} == {
        "Timestamp": "2021-12-15T23:00:03.449000Z",
        "FileSize": 72192,
        "FileName": "sc.exe",
        "LogonId": 999,
        "AccountUpn": None,
    }


def test_many_kinds_of_records_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "events"
    row = {"Timestamp": "2024-01-01", "ActionType": "ImageLoaded"}
    lines = [
        EVENTS[0],
        {"winlog": {"channel": SYSMON, "event_id": 5}},
        {"category": "AdvancedHunting-DeviceEvents", "properties": row},
        {"schema": [], "results": [row, row]},
        EVENTS[2],
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [
        (event.number, event.table if isinstance(event, StoredRow) else getattr(event, "event_id", event))
        for event in read_events(path)
    ] == [(1, 1), (2, 5), (3, "DeviceEvents"), (4, "DeviceImageLoadEvents"), (5, "DeviceImageLoadEvents"), (6, 11)]
    path.write_text(json.dumps({"schema": [], "results": [row] * 3}, indent=2))
    assert [event.number for event in read_events(path)] == [1, 2, 3]
