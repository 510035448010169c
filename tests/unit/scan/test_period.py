"""What a person may write for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.scan.period import hunted_period

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        (None, None, "2026-05-31T12:00", "2026-06-30T12:00"),
        ("90m", None, "2026-06-30T10:30", "2026-06-30T12:00"),
        ("12h", None, "2026-06-30T00:00", "2026-06-30T12:00"),
        ("2w", "7d", "2026-06-16T12:00", "2026-06-23T12:00"),
        (None, "2026-06-10", "2026-05-11T00:00", "2026-06-10T00:00"),
        (" 2026-06-01T00:00:00+02:00 ", "2026-06-02T00:00:00Z", "2026-05-31T22:00", "2026-06-02T00:00"),
        (None, "0001-01-02", "0001-01-01T00:00", "0001-01-02T00:00"),
    ],
)
def test_times(since: str | None, until: str | None, start: str, end: str) -> None:
    expected = (datetime.fromisoformat(f"{start}Z"), datetime.fromisoformat(f"{end}Z"))
    assert hunted_period(since, until, NOW) == expected
    assert hunted_period(since, until, NOW.astimezone(timezone(timedelta(hours=9)))) == expected


def test_the_default_can_be_chosen() -> None:
    assert hunted_period(None, None, NOW, timedelta(days=1)) == (NOW - timedelta(days=1), NOW)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-7d", "7", "d", "٧d", "999999w", "0001-01-01T00:00+14:00", "x" * 99]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        hunted_period(text, None, NOW)
    [problem] = caught.value.diagnostics
    assert (problem.message, problem.hint) == (
        f"--since: '{text[:60]}' is no time",
        "write 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 90m, 12h, 7d, 2w",
    )


def test_a_time_that_ends_before_it_starts() -> None:
    with pytest.raises(
        UsageError, match=r"--since 2026-06-30T00:00:00\+00:00 isn't before --until 2026-06-29T00:00:00\+00:00"
    ):
        hunted_period("2026-06-30", "2026-06-29", NOW)
