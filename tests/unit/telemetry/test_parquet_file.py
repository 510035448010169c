"""Parquet, as DuckDB writes it."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from sigma_xdr.telemetry import Unreadable, parquet_file, read_events
from sigma_xdr.telemetry.stored import StoredRow


def write(path: Path, select: str, options: str = "") -> None:
    with duckdb.connect(":memory:") as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet{options})")


TYPED = r"""
    SELECT 'AdvancedHunting' AS x, TIMESTAMP '2024-01-01 00:00:00.123456' AS Timestamp, 'host' AS DeviceName,
        'ProcessCreated' AS ActionType, 'cmd\xff'::BLOB AS FileName, 7::HUGEINT AS ProcessId, 5.0::DOUBLE AS FileSize,
        TIMESTAMPTZ '2024-01-01 00:00:01Z' AS ProcessCreationTime, {'a': 'true'} AS AdditionalFields,
        true AS IsInitiatingProcessRemoteSession, NULL::BIGINT AS LogonId, 'High' AS ProcessIntegrityLevel
"""


def test_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "with * and 'quotes'.parquet"
    write(tmp_path / "plain", TYPED)
    (tmp_path / "plain").rename(path)
    [row] = read_events(path)
    assert isinstance(row, StoredRow)
    assert (row.table, row.columns) == (
        "DeviceProcessEvents",
        {
            "Timestamp": "2024-01-01T00:00:00.123456Z",
            "DeviceName": "host",
            "ActionType": "ProcessCreated",
            "FileName": "cmd\ufffd",
            "ProcessId": 7,
            "FileSize": 5,
            "ProcessCreationTime": "2024-01-01T00:00:01Z",
            "AdditionalFields": '{"a":"true"}',
            "IsInitiatingProcessRemoteSession": True,
            "ProcessIntegrityLevel": "High",
        },
    )


@pytest.mark.parametrize("properties", ["{'FileName': 'a' || i}", "'{\"FileName\": \"a' || i || '\"}'"])
def test_lines_of_the_streaming_api_also_compressed(tmp_path: Path, properties: str) -> None:
    path, packed = tmp_path / "p", tmp_path / "gz"
    columns = f"now() AS time, 'AdvancedHunting-DeviceFileEvents' AS category, {properties} AS properties"
    write(path, f"SELECT {columns} FROM range(3000) AS t(i)", ", ROW_GROUP_SIZE 2048")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for each in (path, packed):
        rows = list(read_events(each))
        assert [(row.number, row.columns) for row in rows if isinstance(row, StoredRow)] == [
            (number + 1, {"FileName": f"a{number}"}) for number in range(3000)
        ]


def test_times_that_no_calendar_has(tmp_path: Path) -> None:
    path = tmp_path / "p"
    write(path, "SELECT TIMESTAMP '20000-01-01 00:00:00' AS Timestamp, 'High' AS ProcessIntegrityLevel")
    [broken] = read_events(path)
    assert broken == Unreadable(
        str(path),
        1,
        "the row is none of DeviceProcessEvents: Timestamp is a time (datetime), not "
        "'568971820800000000 microseconds after 1970'",
    )


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "p"
    write(path, TYPED)
    data = path.read_bytes()
    path.write_bytes(data[:-40])
    [broken] = read_events(path)
    assert isinstance(broken, Unreadable)
    assert broken.reason.startswith("the Parquet file can't be read: ")
    path.write_bytes(b"PAR1" + b"\xff" * 300 + data[300:])
    assert all(isinstance(each, Unreadable) for each in read_events(path))


def test_rows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "_MOST", 1000)
    path = tmp_path / "p"
    write(path, "SELECT 'x' AS DeviceName FROM range(1000000)")
    size = path.stat().st_size
    assert list(read_events(path)) == [
        Unreadable(str(path), 1, f"the Parquet file says that it holds 1,000,000 rows in {size:,} bytes")
    ]
