"""The time that a hunt looks at, as a person says it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["hunted_period"]

_AGO = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def hunted_period(
    since: str | None, until: str | None, now: datetime, default: timedelta = timedelta(days=30)
) -> tuple[datetime, datetime]:
    """From when to when to look, in UTC.

    ``since`` and ``until`` are ISO 8601 (``2026-01-31``, ``2026-01-31T12:00:00+01:00``; without an offset UTC) or how long
    before ``now``: ``90m``, ``12h``, ``7d``, ``2w``. Without ``until`` it is up to now, without ``since`` it begins ``default``
    before the end. Raises UsageError for anything else, and for a time that ends before it starts.
    """
    end = _time(until, "--until", now) if until is not None else now.astimezone(UTC)
    if since is not None:
        start = _time(since, "--since", now)
    elif end - datetime.min.replace(tzinfo=UTC) > default:
        start = end - default
    else:
        start = datetime.min.replace(tzinfo=UTC)
    if start >= end:
        message = f"--since {start.isoformat()} isn't before --until {end.isoformat()}"
        raise UsageError(Diagnostic("usage", message))
    return start, end


def _time(text: str, option: str, now: datetime) -> datetime:
    try:
        if ago := _AGO.fullmatch(text.strip()):
            return now.astimezone(UTC) - int(ago[1]) * _UNITS[ago[2]]
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "write 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 90m, 12h, 7d, 2w"
        raise UsageError(Diagnostic("usage", f"{option}: '{text[:60]}' is no time", hint)) from None
