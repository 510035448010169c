"""Kusto's function on time zones, which DuckDB has in an extension that isn't loaded here."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["CLOCK_FUNCTIONS", "local_time"]

#: Kusto's name of a function, and the name of the one here that does its work.
CLOCK_FUNCTIONS = {"datetime_utc_to_local": "local_time"}


def local_time(time: datetime | None, zone: str) -> datetime | None:
    """The local time in a zone of IANA's database; null where the time is, or where there is no such zone."""
    if time is None:
        return None
    try:
        return time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return None
