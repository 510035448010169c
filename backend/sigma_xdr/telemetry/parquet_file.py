"""Parquet, read by DuckDB: rows of Defender's tables, or of the streaming API with ``category`` and ``properties``.

The database reaches this one file and nothing else, and holds some thousand rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any

import duckdb

from sigma_xdr.telemetry.intake import Intake, Item

__all__ = ["parquet_events"]

#: How many rows are taken at a time.
_ROWS = 1000
#: How many rows a file may have: that many, or if it is more, as many as it has bytes. Rows that are all alike take no room.
_MOST = 10_000_000
_MEMORY = "1GB"
_EPOCH = datetime(1970, 1, 1)
_PLAIN = (
    *("VARCHAR", "BLOB", "BOOLEAN", "FLOAT", "DOUBLE", "HUGEINT"),
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
)


def parquet_events(file: IO[bytes], size: int, intake: Intake, progress: Callable[[float], None]) -> Iterator[Item]:
    """The events of an open file; ``progress`` is called with the part of its rows that is read."""
    try:
        with duckdb.connect(":memory:") as database:
            yield from _events(database, file, size, intake, progress)
    except duckdb.Error as error:
        yield intake.broken(f"the Parquet file can't be read: {str(error).partition(chr(10))[0][:200]}")


def _events(
    database: duckdb.DuckDBPyConnection,
    file: IO[bytes],
    size: int,
    intake: Intake,
    progress: Callable[[float], None],
) -> Iterator[Item]:
    path = f"/dev/fd/{file.fileno()}"  # the file that is open, whatever is called so by now, and no pattern of names
    for name, value in (
        ("threads", "1"),  # rows in their order
        ("memory_limit", f"'{_MEMORY}'"),
        ("temp_directory", "''"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allowed_paths", f"['{path}']"),
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
    ):
        database.execute(f"SET {name} = {value}")
    source = f"read_parquet('{path}', hive_partitioning = false)"
    counted = database.execute(f"SELECT num_rows FROM parquet_file_metadata('{path}')").fetchone()
    count = counted[0] if counted else 0
    if count > max(_MOST, size):
        yield intake.broken(f"the Parquet file says that it holds {count:,} rows in {size:,} bytes")
        return
    described = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = [(str(name), str(kind)) for name, kind, *_ in described]
    names = [name for name, _ in columns]
    readers = [_reader(kind) for _, kind in columns]
    cursor = database.execute(f"SELECT {', '.join(_selected(*column) for column in columns)} FROM {source}")
    read = 0
    while rows := cursor.fetchmany(_ROWS):
        for row in rows:
            values = (reader(value) if value is not None else None for reader, value in zip(readers, row, strict=True))
            yield from intake.document(dict(zip(names, values, strict=True)), False)
        read += len(rows)
        progress(read / max(count, 1))


def _selected(name: str, kind: str) -> str:
    """A column in SQL as something that Python has: times by the microsecond, what is nested as JSON."""
    column = '"' + name.replace('"', '""') + '"'
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch_us({column})" if kind.startswith("TIMESTAMP") else f"epoch_us({column}::TIMESTAMP)"
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("]"):
        return f"to_json({column})::VARCHAR"
    return column if kind in _PLAIN or kind.startswith("DECIMAL") else f"{column}::VARCHAR"


def _reader(kind: str) -> Callable[[Any], Any]:
    if kind.startswith(("TIMESTAMP", "DATE")):
        return _time
    return _decoded if kind == "BLOB" else lambda value: value


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _time(microseconds: int) -> datetime | str:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} microseconds after 1970"
