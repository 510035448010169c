"""Windows of a group, and the slots that thin them out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sigma_xdr.evaluator.correlations.definition import Correlation
from sigma_xdr.evaluator.correlations.measures import GroupEvent
from sigma_xdr.evaluator.correlations.windows import last_of_each_slot, windows

START = datetime(2026, 3, 4)
COUNT = Correlation("event_count", ("a",), (), timedelta(seconds=10), limits=(("gte", 2),))


def event(second: float, report: int | str = 1, device: str = "D") -> GroupEvent:
    return GroupEvent(START + timedelta(seconds=second), device, report, frozenset("a"), frozenset())


def test_a_window_holds_both_its_ends_and_all_of_an_instant() -> None:
    events = [event(20, 2), event(20, 1, "E"), event(0), event(10), event(20, 1), event(20.5)]
    found = [
        (window.event.time.second, window.event.report, window.event.device, window.number, window.complete)
        for window in windows(COUNT, events)
    ]
    assert found == [
        (0, 1, "D", 1, False),
        (10, 1, "D", 2, True),
        (20, 1, "D", 4, True),
        (20, 1, "E", 4, True),
        (20, 2, "D", 4, True),
        (20, 1, "D", 4, True),
    ]
    *_, last = windows(COUNT, events)
    assert [each.time.second for each in last.inside] == [20, 20, 20, 20]


def test_reports_that_are_numbers_come_before_those_that_are_text() -> None:
    assert [window.event.report for window in windows(COUNT, [event(0, "1"), event(0, 2), event(0, 10)])] == [
        2,
        10,
        "1",
    ]


def test_no_events_no_windows() -> None:
    assert list(windows(COUNT, [])) == []


def test_the_last_window_of_each_slot() -> None:
    found = last_of_each_slot(COUNT.span, windows(COUNT, [event(second) for second in (0, 3, 9.5, 10, 29, 30)]))
    assert [window.event.time.second for window in found] == [9, 10, 29, 30]
