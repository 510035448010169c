"""Columns, names and the clauses that all kinds share."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.errors import RuleError
from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.kql.correlations import Correlation, EventSource, write_correlation

from .correlation_reference import slot
from .rows import run


def grouped(*columns: tuple[str, str, str], other: tuple[tuple[str, str], ...] = ()) -> Correlation:
    """An event_count by (name, expression, type) columns; ``other`` are a second rule's expressions and types."""
    names, keys, types = zip(*columns, strict=True)
    sources = [EventSource("first", ("DeviceProcessEvents",), keys, types)]
    if other:
        sources.append(EventSource("second", ("DeviceNetworkEvents",), *zip(*other, strict=True)))
    return Correlation("event_count", tuple(sources), names, 60, "gte", 2)


def refused(correlation: Correlation) -> str:
    with pytest.raises(RuleError) as caught:
        write_correlation(correlation)
    return str(caught.value)


def rows_of(correlation: Correlation, let: str) -> list[str]:
    """The lines of one let, without its name."""
    (text,) = (text for text in write_correlation(correlation).lets if text.startswith(f"let {let} = "))
    return text.removeprefix(f"let {let} = ").split("\n    ")


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("AccountName", "AccountName"),
        ("user", "['user']"),
        ("by", "['by']"),
        ("source ip", "['source ip']"),
        ("source.ip", "['source.ip']"),
        ("src_IP", "src_IP"),
        ("1A", "['1A']"),
        ("a-B", "['a-B']"),
    ],
)
def test_names_are_quoted_where_they_must_be(duck: duckdb.DuckDBPyConnection, name: str, quoted: str) -> None:
    for kind, expression in (("string", "FileName"), ("long", "ProcessId")):
        query = write_correlation(grouped((name, expression, kind)))
        assert query.body[-1] == (
            f"| project Timestamp, DeviceId, ReportId, DeviceName, {quoted}, EventCount, FirstTimestamp"
        )
        assert kql_checker().check(query.text) == []
        assert kql_checker().columns(query.text)[4] == (name, kind)
        rows = [(datetime(2026, 8, 1), "d", report, "", "", "", 7, "a", "") for report in (1, 2)]
        assert [(row[name], row["ReportId"]) for row in run(duck, query.text, rows)] == [
            ("a" if kind == "string" else 7, 2)
        ]


@pytest.mark.parametrize("name", ["", "a'b", "a']; drop", "a\nb", "a\\b", "ü", " a", "a" * 129])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(RuleError) as caught:
        write_correlation(grouped((name, "FileName", "string")))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == f"'{name}' is no name for a column"
    assert diagnostic.hint == "use letters, digits, underscores, spaces, dots and dashes"
    assert diagnostic.keys == ("correlation", "group-by")


@pytest.mark.parametrize("name", ["Slot", "slot", "Rank", "Key1", "EventCount", "FIRSTTIMESTAMP", "Rule12"])
def test_columns_that_the_query_makes(name: str) -> None:
    assert refused(grouped((name, "FileName", "string"))) == (
        f"error[correlation-group]: '{name}' is a column that the query makes itself\n  = give the alias another name"
    )


def test_alias_that_hides_a_column_of_the_event() -> None:
    assert refused(grouped(("DeviceName", "RemoteUrl", "string"))) == (
        "error[correlation-group]: DeviceName is the event's own column, and the group-by field of that name is RemoteUrl in "
        "'first'\n  = give the alias another name"
    )
    assert refused(grouped(("devicename", "DeviceName", "string"))) == (
        "error[correlation-group]: 'devicename' differs from the column DeviceName in nothing but case\n"
        "  = give the alias another name"
    )


def test_strings_are_grouped_without_case_device_ids_are_not() -> None:
    correlation = grouped(
        ("DeviceId", "DeviceId", "string"), ("DeviceName", "DeviceName", "string"), ("ProcessId", "ProcessId", "long")
    )
    assert rows_of(correlation, "Hits") == [
        "materialize(DeviceProcessEvents",
        "| where isnotempty(DeviceId) and isnotempty(DeviceName) and isnotnull(ProcessId)",
        "| project Timestamp, DeviceId, ReportId, DeviceName, ProcessId, Key2 = tolower(DeviceName)",
        "| extend Slot = bin(Timestamp, 1m)",
        "| summarize DeviceName = take_any(DeviceName) by Timestamp, DeviceId, ReportId, Key2, ProcessId, Slot);",
    ]


def test_a_device_id_stays_as_it_stands_beside_another_column() -> None:
    correlation = grouped(("host", "DeviceId", "string"), other=(("RemoteDeviceName", "string"),))
    assert rows_of(correlation, "Rule2") == [
        "DeviceNetworkEvents",
        "| where isnotempty(RemoteDeviceName)",
        "| project Timestamp, DeviceId, ReportId, DeviceName, ['host'] = RemoteDeviceName, Key1 = tolower(RemoteDeviceName);",
    ]
    assert rows_of(correlation, "Rule1")[-1].endswith("['host'] = DeviceId, Key1 = DeviceId;")


def test_int_and_long_meet() -> None:
    correlation = grouped(("number", "ProcessId", "long"), other=(("RemotePort", "int"),))
    assert rows_of(correlation, "Rule2")[-1] == (
        "| project Timestamp, DeviceId, ReportId, DeviceName, ['number'] = tolong(RemotePort);"
    )
    assert kql_checker().check(write_correlation(correlation).text) == []


@pytest.mark.parametrize(("first", "second"), [("string", "long"), ("real", "long"), ("dynamic", "dynamic")])
def test_types_that_do_not_meet(first: str, second: str) -> None:
    assert refused(grouped(("number", "ProcessId", first), other=(("RemotePort", second),))) == (
        f"error[correlation-group]: the group-by field number is {first} in 'first', {second} in 'second'\n"
        "  = group by fields of one type"
    )


@pytest.mark.parametrize(
    ("seconds", "span"),
    [
        (1, "1s"),
        (90, "90s"),
        (60, "1m"),
        (3600, "1h"),
        (5400, "90m"),
        (86_400, "1d"),
        (604_800, "7d"),
        (2_592_000, "30d"),
    ],
)
def test_timespans(seconds: int, span: str) -> None:
    correlation = Correlation("event_count", (EventSource("a", ("DeviceProcessEvents",)),), (), seconds, "gte", 2)
    assert f"Slot = Slot + {span})" in write_correlation(correlation).text


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from([1, 7, 50, 300, 420, 5400, 25_200, 86_400, 129_600, 172_800, 604_800, 2_592_000]),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
)
def test_slots_are_those_of_kusto(duck: duckdb.DuckDBPyConnection, seconds: int, time: datetime) -> None:
    """Also where the local engine's own bin counts from another day."""
    correlation = Correlation("event_count", (EventSource("a", ("DeviceProcessEvents",)),), (), seconds, "gte", 1)
    lets = write_correlation(correlation).lets
    row = (time, "d", 1, "", "", "", None, "", "")
    (found,) = run(duck, f"{lets[0]}\nHits\n| project Slot", [row])
    assert found["Slot"] == slot(time, timedelta(seconds=seconds))
