"""Plain values as events hold them: texts and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["moved", "text_of", "time_of"]


def text_of(value: object) -> str:
    """A plain value as Windows would write it; anything else is empty."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
    return ""


def time_of(value: object) -> datetime | None:
    """A time in UTC: ISO 8601, or as Sysmon writes it; without a zone it is UTC. None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def moved(time: datetime, by: timedelta) -> datetime | None:
    """A time, so much later; None where the calendar ends before."""
    try:
        return time + by
    except OverflowError:
        return None
