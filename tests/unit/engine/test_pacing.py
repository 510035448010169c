"""When a service is asked, and asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.engine.pacing import Pace, Patience, retry_after
from tests.unit.engine.services import Hours


@given(st.integers(1, 5), st.lists(st.floats(0, 90), min_size=1, max_size=30))
def test_no_minute_has_more_calls_than_it_may(calls: int, work: list[float]) -> None:
    hours = Hours()
    pace = Pace(calls, hours.clock)
    times: list[float] = []
    for seconds in work:
        pace.wait()
        times.append(hours.now)
        hours.now += seconds
    for time in times:
        assert sum(time - 59.999 < each <= time for each in times) <= calls


def test_calls_may_be_without_number() -> None:
    hours = Hours()
    pace = Pace(None, hours.clock)
    for _ in range(1_000):
        pace.wait()
    assert hours.slept == []


@pytest.mark.parametrize(
    ("reason", "waits"),
    [("busy", [15, 30, 60, 120, 240, 480]), ("broken", [1, 2, 4, 8]), ("unreachable", [1, 2])],
)
def test_patience_ends(reason: str, waits: list[float]) -> None:
    hours = Hours()
    patience = Patience(hours.clock)
    while patience.again(reason):
        pass
    assert hours.slept == waits


def test_what_the_service_asks_for_goes_first_up_to_twenty_minutes() -> None:
    hours = Hours()
    patience = Patience(hours.clock)
    assert [patience.again("busy", asked) for asked in (7.0, 0.0, 1_100.0, 200.0)] == [True, True, True, False]
    assert hours.slept == [7, 0, 1_100]


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert soon is not None
    assert 80 < soon <= 90
    texts = [
        "120",
        " 7 ",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Fri, 99 Oct 2015 07:28:00 GMT",
        "-5",
        "soon",
        "",
        "٣",
        None,
    ]
    assert [retry_after(text) for text in texts] == [120, 7, 0, None, None, None, None, None, None]
