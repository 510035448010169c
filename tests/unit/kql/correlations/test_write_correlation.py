"""The whole text of a correlation of each kind, and what Microsoft's language service says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.kql.correlations import And, Correlation, CorrelationQuery, EventSource, Not, Or, Tag, write_correlation

GOLDEN = Path(__file__).parent / "golden"

WMIC = ("DeviceProcessEvents", '| where ActionType == "ProcessCreated"', '| where FileName =~ "wmic.exe"')
SHADOWS = (
    "DeviceProcessEvents",
    '| where ActionType == "ProcessCreated"',
    '| where ProcessCommandLine contains "shadowcopy"\n    or ProcessCommandLine contains "shadows"',
)
FROM_WMI = (
    "DeviceProcessEvents",
    '| where ActionType == "ProcessCreated"',
    '| where InitiatingProcessFileName =~ "wmiprvse.exe"',
)
RPC = ("DeviceNetworkEvents", '| where ActionType == "InboundConnectionAccepted"', "| where LocalPort == 135")


def source(tag: str, lines: tuple[str, ...], *keys: str, values: tuple[str, ...] = ()) -> EventSource:
    """Rows of a Device table; keys and values are strings."""
    return EventSource(tag, lines, keys, ("string",) * len(keys), values, ("string",) * len(values))


def of_burst() -> Correlation:
    """A correlation of a correlation: a burst of wmic, then a process that WMI starts."""
    query = write_correlation(
        Correlation("event_count", (source("wmic", WMIC, "DeviceId"),), ("DeviceId",), 300, "gte", 4),
        prefix="Burst",
        every=True,
    )
    burst = EventSource("burst", query.body, ("DeviceId",), ("string",), lets=query.lets)
    return Correlation(
        "temporal_ordered", (burst, source("from_wmi", FROM_WMI, "DeviceId")), ("DeviceId",), 1800, "gte", 2
    )


CORRELATIONS = {
    "event_count": Correlation(
        "event_count",
        (source("wmic", WMIC, "DeviceId", "AccountName"),),
        ("DeviceId", "AccountName"),
        600,
        "gte",
        10,
    ),
    "event_count_aliases": Correlation(
        "event_count",
        (source("wmic", WMIC, "AccountName"), source("from_wmi", FROM_WMI, "InitiatingProcessAccountName")),
        ("user",),
        7 * 86_400,
        "eq",
        2,
    ),
    "event_count_identities": Correlation(
        "event_count",
        (
            EventSource(
                "logons",
                ("IdentityLogonEvents", '| where ActionType == "LogonFailed"'),
                ("AccountUpn", "Port"),
                ("string", "int"),
                columns=("Timestamp", "ReportId"),
            ),
        ),
        ("AccountUpn", "Port"),
        3600,
        "gt",
        100,
    ),
    "value_count": Correlation(
        "value_count",
        (source("wmic", WMIC, "DeviceId", values=("ProcessCommandLine",)),),
        ("DeviceId",),
        300,
        "gte",
        4,
    ),
    "temporal": Correlation(
        "temporal",
        (source("rpc", RPC, "DeviceId"), source("shadows", SHADOWS, "DeviceId")),
        ("DeviceId",),
        3600,
        "gte",
        2,
    ),
    "temporal_expression": Correlation(
        "temporal",
        (source("rpc", RPC), source("shadows", SHADOWS), source("from_wmi", FROM_WMI)),
        (),
        90,
        expression=And((Tag("shadows"), Or((Tag("from_wmi"), Not(Tag("rpc")))))),
    ),
    "temporal_ordered": Correlation(
        "temporal_ordered",
        (
            source("rpc", RPC, "DeviceId"),
            source("from_wmi", FROM_WMI, "DeviceId"),
            source("shadows", SHADOWS, "DeviceId"),
        ),
        ("DeviceId",),
        300,
        "gte",
        3,
    ),
    "correlation_of_correlation": of_burst(),
}
EVENT = [("Timestamp", "datetime"), ("DeviceId", "string"), ("ReportId", "long"), ("DeviceName", "string")]
FIRST = ("FirstTimestamp", "datetime")
COLUMNS = {
    "event_count": [*EVENT, ("AccountName", "string"), ("EventCount", "long"), FIRST],
    "event_count_aliases": [*EVENT, ("user", "string"), ("EventCount", "long"), FIRST],
    "event_count_identities": [
        ("Timestamp", "datetime"),
        ("ReportId", "string"),
        ("AccountUpn", "string"),
        ("Port", "int"),
        ("EventCount", "long"),
        FIRST,
    ],
    "value_count": [*EVENT, ("ValueCount", "long"), FIRST],
    "temporal": [*EVENT, FIRST],
    "temporal_expression": [*EVENT, FIRST],
    "temporal_ordered": [*EVENT, FIRST],
    "correlation_of_correlation": [*EVENT, FIRST],
}


@pytest.mark.parametrize("name", CORRELATIONS)
def test_text(name: str) -> None:
    assert write_correlation(CORRELATIONS[name]).text + "\n" == (GOLDEN / f"{name}.kql").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CORRELATIONS)
def test_language_service_has_nothing_to_say(name: str) -> None:
    alerts = write_correlation(CORRELATIONS[name]).text
    every = write_correlation(CORRELATIONS[name], every=True).text
    assert kql_checker().check(alerts) == []
    assert kql_checker().check(every) == []
    assert kql_checker().columns(alerts) == COLUMNS[name]
    assert kql_checker().columns(every) == [
        column for column in COLUMNS[name] if column[0] not in ("EventCount", "ValueCount", "FirstTimestamp")
    ]


def test_prefix_keeps_the_names_of_lets_apart() -> None:
    correlation = CORRELATIONS["value_count"]
    plain, nested = write_correlation(correlation), write_correlation(correlation, prefix="A1")
    names = [let.split(" = ")[0].removeprefix("let ") for let in plain.lets]
    assert names == [
        "Hits", "Values", "Busy", "Moments", "Near", "Pairs", "Points", "Enter", "Leave", "Counted", "Latest", "Alerts",
    ]  # fmt: skip
    assert [let.split(" = ")[0].removeprefix("let ") for let in nested.lets] == [f"A1{name}" for name in names]
    both = CorrelationQuery((*plain.lets, *nested.lets), nested.body)
    assert kql_checker().check(both.text) == []


@pytest.mark.parametrize("prefix", ["1", "a b", "x;", "é"])
def test_prefix_must_start_a_name(prefix: str) -> None:
    with pytest.raises(ValueError, match="can't start the name of a let"):
        write_correlation(CORRELATIONS["temporal"], prefix=prefix)


def test_deterministic() -> None:
    for correlation in CORRELATIONS.values():
        assert write_correlation(correlation) == write_correlation(correlation)
