"""A site's working hours, for rules that ask whether something happened within them.

The site file says them by day and local time, and in which time zone::

    time_zone: Europe/Berlin
    working_hours:
        - Mon-Fri 07:00-19:00
        - Sat 08:00-12:30

A rule asks with ``UtcTime|expand: '%working_hours%'``. A time zone of IANA's database is needed, summer time and all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

__all__ = ["PLACEHOLDER", "TIME_ZONE", "Span", "WorkingHours", "working_hours", "wrong_hours", "wrong_zone"]

#: The name of the placeholder, and of the site's time zone.
PLACEHOLDER, TIME_ZONE = "working_hours", "time_zone"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "|".join(_DAYS)
_SPAN = re.compile(rf"({_DAY})(?:-({_DAY}))? ([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")


@dataclass(frozen=True)
class Span:
    """Some days of the week (0 is Monday), from a minute of the day to before another one."""

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class WorkingHours:
    """The spans of a week, in local time of a zone."""

    zone: str
    spans: tuple[Span, ...]


def working_hours(site: Mapping[str, Sequence[str]]) -> WorkingHours | None:
    """A site's working hours; None where it doesn't say both them and its time zone, or says them wrongly."""
    hours, zones = site.get(PLACEHOLDER, ()), site.get(TIME_ZONE, ())
    if not hours or len(zones) != 1 or wrong_zone(zones[0]) or any(map(wrong_hours, hours)):
        return None
    return WorkingHours(zones[0], tuple(map(_span, hours)))


def wrong_zone(text: str) -> str | None:
    """What is wrong with a time zone; None: nothing."""
    return None if text in available_timezones() else f"'{text[:60]}' is no time zone of IANA's database"


def wrong_hours(text: str) -> str | None:
    """What is wrong with a span of working hours; None: nothing."""
    found = _SPAN.fullmatch(text)
    if found is None:
        return f"'{text[:60]}' is no span of working hours"
    span = _span(text)
    if not span.days:
        return f"'{text}' ends on a day before it begins: Monday comes first"
    if not 0 <= span.start < span.end <= 24 * 60:
        return f"'{text}' ends before it begins: write a span over midnight as two"
    return None


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    assert found is not None
    first, last, *clock = found.groups()
    days = range(_DAYS.index(first), _DAYS.index(last or first) + 1)
    hours, minutes, until_hours, until_minutes = map(int, clock)
    return Span(tuple(days), hours * 60 + minutes, until_hours * 60 + until_minutes)
