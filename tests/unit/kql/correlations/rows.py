"""Random timed rows, and the local engine over them: what the property tests of correlations stand on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import duckdb
import duckdb_kql
from hypothesis import strategies as st

from sigma_xdr.kql.correlations import Correlation, EventSource, write_correlation

from .correlation_reference import Alert, Group, Hit, Identity, alerts, completing_events, slot

#: The columns of the one table that the tests use, with DuckDB's types.
COLUMNS = {
    "Timestamp": "TIMESTAMP",
    "DeviceId": "VARCHAR NOT NULL DEFAULT ''",
    "ReportId": "BIGINT",
    "DeviceName": "VARCHAR NOT NULL DEFAULT ''",
    "AccountName": "VARCHAR NOT NULL DEFAULT ''",
    "InitiatingProcessAccountName": "VARCHAR NOT NULL DEFAULT ''",
    "ProcessId": "BIGINT",
    "FileName": "VARCHAR NOT NULL DEFAULT ''",
    "ProcessCommandLine": "VARCHAR NOT NULL DEFAULT ''",
}
Row = tuple[Any, ...]


class Selection(Protocol):
    """Something that a correlation names: in KQL, and in Python."""

    @property
    def tag(self) -> str: ...

    @property
    def source(self) -> EventSource: ...

    def hits(self, rows: Sequence[Row]) -> Iterator[Hit]: ...


@dataclass(frozen=True)
class Rule:
    """A rule that selects the rows whose FileName holds the tag, and the columns that the correlation reads from
    them.
    """

    tag: str
    keys: tuple[str, ...]
    values: tuple[str, ...] = ()

    @property
    def source(self) -> EventSource:
        return EventSource(
            tag=self.tag,
            lines=("DeviceProcessEvents", f'| where FileName contains "{self.tag}"'),
            keys=self.keys,
            key_types=tuple(_type(key) for key in self.keys),
            values=self.values,
            value_types=tuple(_type(value) for value in self.values),
        )

    def hits(self, rows: Sequence[Row]) -> Iterator[Hit]:
        """The rule's hits, selected in Python."""
        for row in rows:
            cells = dict(zip(COLUMNS, row, strict=True))
            if self.tag in cells["FileName"]:
                yield Hit(
                    self.tag,
                    cells["Timestamp"],
                    cells["DeviceId"],
                    cells["ReportId"],
                    tuple(cells[key] for key in self.keys),
                    tuple(cells[value] for value in self.values),
                )


def _type(column: str) -> str:
    return "long" if column == "ProcessId" else "string"


def row(time: datetime, tags: str, report: int, device: str = "d1", value: str = "x") -> Row:
    """One row."""
    return (time, device, report, "host", "eve", "eve", 7, tags, value)


def timed_rows(seconds: int) -> st.SearchStrategy[list[Row]]:
    """Rows in any order: few devices, accounts and values, duplicates, empty fields, times about the edges of slots."""
    span = timedelta(seconds=seconds)
    start = slot(datetime(2026, 8, 1), span)
    tick = timedelta(microseconds=1)
    offsets = [timedelta(0), tick, timedelta(seconds=3), span / 2, span - tick]
    times = st.builds(
        lambda number, offset: start + number * span + offset,
        st.sampled_from([0, 1, 1, 1, 2, 2, 4]),
        st.sampled_from(offsets),
    )
    rows = st.tuples(
        times,
        st.sampled_from(["d1", "d2", "d3", "d4", "D1", ""]),
        st.integers(1, 4),
        st.just("host"),
        st.sampled_from(["Eve", "eve", "eve", "Bob", ""]),
        st.sampled_from(["Eve", "EVE", "eve", "bob", ""]),
        st.sampled_from([7, 7, 7, 8, None]),
        st.sampled_from(["a", "b", "c", "x", "ab", "bc", "abc", "-"]),
        st.sampled_from(["x", "X", "y", "z", ""]),
    )
    return st.one_of(st.lists(rows, max_size=8), st.lists(rows, min_size=30, max_size=60))


def empty_engine() -> duckdb.DuckDBPyConnection:
    """DuckDB with an empty DeviceProcessEvents."""
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute("SET threads = 1")
    duck.execute(f"CREATE TABLE DeviceProcessEvents ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    return duck


@lru_cache(maxsize=256)
def _sql(query: str) -> str:
    return str(duckdb_kql.to_sql(query, schema={"DeviceProcessEvents": list(COLUMNS)}))


def run(duck: duckdb.DuckDBPyConnection, query: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows that a query gives over ``rows``."""
    duck.execute("DELETE FROM DeviceProcessEvents")
    if rows:
        places = ", ".join(f"({', '.join('?' * len(COLUMNS))})" for _ in rows)
        duck.execute(f"INSERT INTO DeviceProcessEvents VALUES {places}", [cell for row in rows for cell in row])
    result = duck.execute(_sql(query))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def hits_of(correlation: Correlation, rules: Sequence[Selection], rows: Sequence[Row]) -> list[Hit]:
    """What the correlation's rules select."""
    assert [rule.tag for rule in rules] == [source.tag for source in correlation.sources]
    return [hit for rule in rules for hit in rule.hits(rows)]


def assert_agrees(
    duck: duckdb.DuckDBPyConnection, correlation: Correlation, rules: Sequence[Selection], rows: Sequence[Row]
) -> None:
    """The compiled queries and the reference give the same alerts, and the same completing events."""
    hits = hits_of(correlation, rules, rows)
    found = run(duck, write_correlation(correlation).text, rows)
    assert {
        (_group(correlation, row), slot(row["Timestamp"], timedelta(seconds=correlation.seconds))): _alert(row)
        for row in found
    } == {
        key: Alert(alert.identity, alert.count if "_count" in correlation.kind else 0, alert.first)
        for key, alert in alerts(correlation, hits).items()
    }
    assert len(found) == len(alerts(correlation, hits))
    every = run(duck, write_correlation(correlation, every=True).text, rows)
    assert {(_group(correlation, row), _identity(row)) for row in every} == {
        (group, event.identity) for group, events in completing_events(correlation, hits).items() for event in events
    }


def _group(correlation: Correlation, row: dict[str, Any]) -> Group:
    cells = ((name, row[name]) for name in correlation.group_by)
    return tuple(cell.lower() if isinstance(cell, str) and name != "DeviceId" else cell for name, cell in cells)


def _identity(row: dict[str, Any]) -> Identity:
    return row["Timestamp"], row["DeviceId"], row["ReportId"]


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(_identity(row), row.get("EventCount", row.get("ValueCount", 0)), row["FirstTimestamp"])
