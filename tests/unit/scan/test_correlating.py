"""Correlations over a store: what the evaluator says of a list of events, whatever order they come in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.evaluator import CorrelationMatcher, EvaluatorError, Matcher, TimedEvent
from sigma_xdr.scan.correlating import Correlations, Place, Store, device_of
from sigma_xdr.telemetry import row_event
from tests.differential.correlations import RandomCorrelation, correlations, timed_rows

Row = tuple[str, Mapping[str, Any]]
#: An alert: its time, its device, the row that completes it, and all rows that contributed.
Told = tuple[datetime, str, int, frozenset[int]]

START = datetime(2026, 1, 1, tzinfo=UTC)


def by_store(documents: Sequence[dict[str, Any]], rows: Sequence[Row]) -> list[list[Told]]:
    """The alerts of each correlation among the documents."""
    named = {document["name"]: document for document in documents}
    asked = [document for document in documents if "correlation" in document]
    ready = Correlations(asked, named)
    told: list[list[Told]] = [[] for _ in asked]
    with Store(ready) as store:
        for number, (table, row) in enumerate(rows):
            place = Place(0, (number,), table, {**row, "Timestamp": row["Timestamp"].isoformat()})
            for rule in documents:
                if "detection" not in rule or not ready.names(rule):
                    continue
                event = row_event(table, row, rule["logsource"])
                if event is not None and Matcher(rule).matches(event):
                    store.add(ready.sightings(rule, event, row["Timestamp"], row["ReportId"], place))
        for alert in store.alerts():
            position = ready.asked[alert.correlation]
            assert position is not None
            records = frozenset(record for each in alert.contributed for record in each.records)
            told[position].append((alert.time, alert.device, alert.place.records[0], records))
    return told


def by_evaluator(documents: Sequence[dict[str, Any]], rows: Sequence[Row]) -> list[list[Told]]:
    named = {document["name"]: document for document in documents}
    events = [
        TimedEvent(row["Timestamp"], device_of(row), row["ReportId"], (number, table, row))
        for number, (table, row) in enumerate(rows)
    ]
    first = {(event.time, event.device, event.report): event.event[0] for event in reversed(events)}
    told = []
    for document in documents:
        if "correlation" in document:
            alerts = CorrelationMatcher(document, named).alerts(
                events, lambda rule, event: row_event(event[1], event[2], rule["logsource"])
            )
            told.append(
                [
                    (
                        alert.time,
                        alert.device,
                        first[alert.time.replace(tzinfo=UTC), alert.device, alert.report],
                        frozenset(event.event[0] for event in alert.events),
                    )
                    for alert in alerts
                ]
            )
    return told


def same(told: list[list[Told]], rows: Sequence[Row]) -> list[list[tuple[Any, ...]]]:
    """Alerts to compare: rows that are one event, because time, device and report are the same, are the first of them."""
    first: dict[tuple[Any, ...], int] = {}
    stands_for = [
        first.setdefault((row["Timestamp"], device_of(row), row["ReportId"]), number)
        for number, (_, row) in enumerate(rows)
    ]
    return [
        sorted(
            (time, device, stands_for[number], sorted({stands_for[each] for each in records}))
            for time, device, number, records in alerts
        )
        for alerts in told
    ]


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(correlations(), st.integers(0, 2**16))
def test_random_correlations_say_what_the_evaluator_says(correlation: RandomCorrelation, seed: int) -> None:
    documents = list(yaml.safe_load_all(correlation.text))
    rows = timed_rows(correlation, 24, Random(seed))
    try:
        expected = by_evaluator(documents, rows)
    except EvaluatorError:
        with pytest.raises(EvaluatorError):
            by_store(documents, rows)
        return
    found = by_store(documents, rows)
    assert same(found, rows) == same(expected, rows)
    other_way = same(by_store(documents, rows[::-1]), rows[::-1])
    assert [_without_numbers(alerts) for alerts in other_way] == [
        _without_numbers(alerts) for alerts in same(expected, rows)
    ]


def _without_numbers(alerts: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted((time, device, len(records)) for time, device, _, records in alerts)


RULE = {
    "title": "A process",
    "name": "a_process",
    "logsource": {"product": "windows", "category": "process_creation"},
    "detection": {"selection": {"CommandLine|contains": "a"}, "condition": "selection"},
}
COUNT = {
    "title": "Three in a minute",
    "name": "three",
    "correlation": {
        "type": "event_count",
        "rules": ["a_process"],
        "group-by": ["Computer"],
        "timespan": "1m",
        "condition": {"gte": 3},
    },
}
BURSTS = {
    "title": "Two bursts in an hour",
    "name": "bursts",
    "correlation": {
        "type": "event_count",
        "rules": ["three"],
        "group-by": ["Computer"],
        "timespan": "1h",
        "condition": {"gte": 2},
    },
}


def process(number: int, seconds: float, device: str = "host") -> Row:
    return "DeviceProcessEvents", {
        "Timestamp": START + timedelta(seconds=seconds),
        "DeviceId": device,
        "DeviceName": device,
        "ReportId": number,
        "ActionType": "ProcessCreated",
        "ProcessCommandLine": "a",
    }


def at(seconds: float) -> datetime:
    return (START + timedelta(seconds=seconds)).replace(tzinfo=None)


def test_events_out_of_order_count_by_their_times() -> None:
    rows = [process(3, 50), process(1, 0), process(9, 10, "other"), process(2, 20)]
    assert by_store([RULE, COUNT], rows) == [[(at(50), "host", 0, frozenset((0, 1, 3)))]]


def test_the_last_event_of_a_slot_stands_for_it() -> None:
    rows = [process(number, 10 * number) for number in range(8)]  # slots are whole minutes
    assert by_store([RULE, COUNT], rows) == [
        [(at(50), "host", 5, frozenset(range(6))), (at(70), "host", 7, frozenset(range(1, 8)))]
    ]


def test_a_correlation_of_a_correlation_has_the_rows_of_both_bursts() -> None:
    rows = [process(number, second) for number, second in enumerate((0, 1, 2, 600, 601, 602))]
    [inner, outer] = by_store([RULE, COUNT, BURSTS], rows)
    assert [each[:3] for each in inner] == [(at(2), "host", 2), (at(602), "host", 5)]
    assert outer == [(at(602), "host", 5, frozenset(range(6)))]


def test_one_that_only_another_names_gives_no_alert() -> None:
    named = {document["name"]: document for document in (RULE, COUNT, BURSTS)}
    ready = Correlations([BURSTS], named)
    assert ready.asked == [None, 0]


def test_a_full_disk_is_said() -> None:
    ready = Correlations([COUNT], {"a_process": RULE})
    table, row = process(1, 0)
    event = row_event(table, row, RULE["logsource"])
    assert event is not None
    large = Place(0, (1,), table, {"DeviceId": "x" * 100_000})
    with Store(ready) as store:
        store._database.execute("PRAGMA max_page_count = 8")  # SQLite's own limit says what a full disk says
        with pytest.raises(
            SigmaXdrError, match=r"error\[full-disk\]: what the correlations found can't be put aside in "
        ):
            store.add(ready.sightings(RULE, event, START, 1, large))


def test_what_it_wrote_is_gone() -> None:
    with Store(Correlations([COUNT], {"a_process": RULE})) as store:
        folder = store._folder.name
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{folder}/sightings?mode=ro", uri=True)
