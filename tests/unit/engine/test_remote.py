"""Many queries over a stretch of time, in slices where a service gives too little at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.engine import EngineError, KqlEngine, ServiceError, TenantEngine
from sigma_xdr.engine.limits import Limits, tenant_limits
from sigma_xdr.engine.remote import is_loopback
from sigma_xdr.errors import UsageError
from tests.unit.engine.services import (
    ROOT,
    Credential,
    GraphService,
    Hours,
    Row,
    Tables,
    as_time,
    error,
    graph_answer,
    in_order,
    serving,
)

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROWS = "DeviceProcessEvents | project Timestamp, DeviceId, ReportId, FileName"


def process(seconds: float, number: int, **columns: Any) -> Row:
    time = START + timedelta(seconds=seconds)
    return {"Timestamp": time, "DeviceId": "d", "ReportId": number, "ActionType": "ProcessCreated", **columns}


def hunt(
    tables: Tables,
    queries: Mapping[str, str],
    *,
    rows: int = 100_000,
    hours: float = 1,
    closed: bool = True,
    windows: Mapping[str, timedelta] | None = None,
    **limits: Any,
) -> tuple[dict[str, list[Row]], dict[str, list[str]], list[str]]:
    """The rows and the messages that each query gives, and the Timespans that were asked."""
    found: dict[str, list[Row]] = {}
    problems: dict[str, list[str]] = {}
    service = GraphService(tables, rows=rows, closed=closed)
    clock = Hours()
    service.clock = clock.clock.seconds
    own: Limits = replace(tenant_limits(), rows=rows, **limits)
    with (
        serving(service),
        TenantEngine(Credential(), service.url, limits=own, clock=clock.clock) as engine,
    ):
        for name, result in engine.run_all(queries, START, START + timedelta(hours=hours), windows):
            if isinstance(result, EngineError):
                problems[name] = [each.message for each in result.diagnostics]
            else:
                assert name not in problems
                found[name] = in_order(result)
    return found, problems, [call["Timespan"] for call in service.calls]


def test_a_query_that_fits_is_asked_once() -> None:
    events = [process(1, 1, FileName="a"), process(3601, 2, FileName="too late")]
    found, problems, spans = hunt({"DeviceProcessEvents": events}, {"one": ROWS, "other": "DeviceEvents"})
    row = {"Timestamp": datetime(2026, 1, 1, 12, 0, 1), "DeviceId": "d", "ReportId": 1, "FileName": "a"}
    assert (found, problems) == ({"one": [row], "other": []}, {})
    assert spans == ["2026-01-01T12:00:00Z/2026-01-01T13:00:00Z"] * 2


def test_a_query_with_too_many_rows_is_asked_in_halves() -> None:
    events = [process(number * 600, number) for number in range(6)]
    found, problems, spans = hunt({"DeviceProcessEvents": events}, {"q": ROWS}, rows=5)
    assert ([row["ReportId"] for row in found["q"]], problems) == ([0, 1, 2, 3, 4, 5], {})
    assert spans == [
        "2026-01-01T12:00:00Z/2026-01-01T13:00:00Z",
        "2026-01-01T12:00:00Z/2026-01-01T12:30:00Z",
        "2026-01-01T12:29:59Z/2026-01-01T13:00:00Z",
    ]


def test_a_minute_with_too_many_rows_is_told_and_its_rows_are_kept() -> None:
    events = [process(90 + number / 10, number) for number in range(8)]
    found, problems, _ = hunt({"DeviceProcessEvents": [*events, process(3000, 99)]}, {"q": ROWS}, rows=4)
    assert [row["ReportId"] for row in found["q"]] == [0, 1, 2, 3, 99]
    assert problems["q"] == [
        "2026-01-01T12:00:56Z/2026-01-01T12:01:52Z: the query gives 4 rows, as many as the service gives at once: "
        "there may be more"
    ]


def test_a_query_that_looks_at_many_rows_is_not_cut() -> None:
    events = [process(number * 600, number) for number in range(6)]
    found, problems, spans = hunt(
        {"DeviceProcessEvents": events}, {"q": "DeviceProcessEvents | summarize count() by ReportId"}, rows=5
    )
    assert len(found["q"]) == 5
    assert problems["q"] == [
        "2026-01-01T12:00:00Z/2026-01-01T13:00:00Z: the query gives 5 rows, as many as the service gives at once: "
        "there may be more"
    ]
    assert len(spans) == 1


def test_rows_that_dont_say_which_event_they_are_of_are_not_cut() -> None:
    events = [process(number * 600, number, FileName="same") for number in range(6)]
    found, problems, spans = hunt(
        {"DeviceProcessEvents": events}, {"q": "DeviceProcessEvents | project FileName"}, rows=5
    )
    assert (len(found["q"]), len(problems["q"]), len(spans)) == (5, 1, 1)


def test_slices_have_an_end() -> None:
    events = [process(number * 36, number) for number in range(100)]
    found, problems, spans = hunt({"DeviceProcessEvents": events}, {"q": ROWS}, rows=5, slices=10)
    assert len(spans) == 10
    [message] = problems["q"]
    assert message.startswith("after 10 calls the time of 2026-01-01T12:")
    assert message.endswith("/2026-01-01T13:00:00Z is left unasked")
    asked_until = message.split(" of ")[1][:20]
    assert {row["ReportId"] for row in found["q"]} >= {
        event["ReportId"] for event in events if as_time(event["Timestamp"]) < as_time(asked_until)
    }


def test_a_query_that_is_refused_is_no_reason_not_to_ask_the_next() -> None:
    found, problems, _ = hunt(
        {"DeviceProcessEvents": [process(1, 1)]}, {"wrong": "DeviceProcessEvents | where (", "right": ROWS}
    )
    assert list(found) == ["right"]
    assert list(problems) == ["wrong"]
    assert problems["wrong"][0].startswith("Defender XDR refuses the query: the query doesn't parse: ")


def test_where_nobody_is_let_in_no_other_query_is_asked() -> None:
    service = GraphService({})
    service.replies = [error(403, "Forbidden", "Missing scopes")]
    with serving(service), TenantEngine(Credential(), service.url) as engine:
        results = engine.run_all({"a": ROWS, "b": ROWS}, START, START + timedelta(hours=1))
        with pytest.raises(ServiceError):
            next(results)
    assert service.calls == []


def test_what_was_found_is_given_before_the_service_is_gone() -> None:
    events = [process(number * 600, number) for number in range(6)]
    service = GraphService({"DeviceProcessEvents": events}, rows=5)
    half = json.dumps(graph_answer([{"Timestamp": START, "ReportId": 1}])).encode()
    full = json.dumps(graph_answer([{"Timestamp": START, "ReportId": number} for number in range(5)])).encode()
    service.replies = [(200, {}, full), (200, {}, half), error(403, "Forbidden", "no more")]
    limits = replace(tenant_limits(), rows=5)
    with serving(service), TenantEngine(Credential(), service.url, limits=limits) as engine:
        results = engine.run_all({"a": ROWS, "b": ROWS}, START, START + timedelta(hours=1))
        name, rows = next(results)
        with pytest.raises(ServiceError) as caught:
            next(results)
    assert (name, rows) == ("a", [{"Timestamp": START.replace(tzinfo=None), "ReportId": 1}])
    assert caught.value.diagnostics[0].message == (
        "2026-01-01T12:30:00Z/2026-01-01T13:00:00Z: Microsoft Graph refuses access: no more"
    )
    assert caught.value.query == "a"


def test_times_without_an_offset_are_utc_and_have_an_order() -> None:
    service = GraphService({})
    with serving(service), TenantEngine(Credential(), service.url) as engine:
        naive = START.replace(tzinfo=None)
        assert list(engine.run_all({"a": ROWS}, naive, naive + timedelta(hours=1))) == [("a", [])]
        with pytest.raises(
            UsageError, match="the time to look at ends before it starts: 2026-01-01T12:00:00Z/2026-01-01T12"
        ):
            engine.run_all({"a": ROWS}, START, START)
    assert [call["Timespan"] for call in service.calls] == ["2026-01-01T12:00:00Z/2026-01-01T13:00:00Z"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3599), max_size=30), st.integers(2, 6), st.booleans())
def test_slices_give_the_rows_that_one_answer_would(seconds: list[int], rows: int, closed: bool) -> None:
    """As far as no minute has too many."""
    events = [process(second, number) for number, second in enumerate(seconds)]
    found, problems, _ = hunt({"DeviceProcessEvents": events}, {"q": ROWS}, rows=rows, closed=closed, slices=1_000)
    expected = in_order(KqlEngine({"DeviceProcessEvents": events}).run(ROWS))
    if problems:
        assert all(row in expected for row in found["q"])
    else:
        assert found["q"] == expected


def correlation() -> tuple[str, str]:
    """The pack's correlation: ten or more such commands within ten minutes on one device."""
    name = "correlations/correlation_wmic_remote_node_burst"
    return name, (ROOT / "tests" / "golden" / f"{name}.kql").read_text("utf-8")


def remote_wmic(seconds: float, number: int, device: str = "d") -> Row:
    line = "wmic.exe /node:srv01 os get caption"
    return process(seconds, number, DeviceId=device, FileName="wmic.exe", ProcessCommandLine=line)


def test_a_correlation_is_cut_between_its_slots() -> None:
    """Six bursts, and one on another device over the border between two slots, where slices are cut."""
    name, kql = correlation()
    events = [remote_wmic(1200 * slot + 120 + 5 * each, 100 * slot + each) for slot in range(6) for each in range(12)]
    events += [remote_wmic(1800 - 25 + 5 * each, 5000 + each, "e") for each in range(12)]
    tables, window = {"DeviceProcessEvents": events}, {name: timedelta(minutes=10)}
    whole, none, one_call = hunt(tables, {name: kql}, hours=2, windows=window)
    found, problems, calls = hunt(tables, {name: kql}, hours=2, windows=window, rows=3)
    assert (len(whole[name]), none, len(one_call)) == (7, {}, 1)
    assert (found, problems) == (whole, {})
    assert "2026-01-01T12:19:59Z/2026-01-01T13:00:00Z" in calls
    uncut, told, _ = hunt(tables, {name: kql}, hours=2, rows=3)
    assert (len(uncut[name]), len(told[name])) == (3, 1)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7199), st.integers(1, 12), st.sampled_from("de")), max_size=8), st.integers(2, 4)
)
def test_slices_of_a_correlation_give_the_alerts_that_one_answer_would(
    bursts: list[tuple[int, int, str]], rows: int
) -> None:
    name, kql = correlation()
    times = [(second + 7 * number, device) for second, count, device in bursts for number in range(count)]
    events = [remote_wmic(second, number, device) for number, (second, device) in enumerate(times) if second <= 7200]
    tables = {"DeviceProcessEvents": events}
    window = {name: timedelta(minutes=10)}
    found, problems, _ = hunt(tables, {name: kql}, rows=rows, hours=2, windows=window, slices=1_000)
    expected = in_order(KqlEngine(tables).run(kql))
    if problems:
        assert all(row in expected for row in found[name])
    else:
        assert found[name] == expected


@pytest.mark.parametrize(
    ("url", "here"),
    [("http://localhost:5", True), ("http://127.0.0.1", True), ("http://[::1]:8/x", True), ("http://127.0.0.1.evil.com", False),
     ("http://localhost@evil.com", False), ("nothing", False)],
)  # fmt: skip
def test_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here
