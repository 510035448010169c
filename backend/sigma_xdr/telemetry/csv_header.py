"""The first line of a CSV file, if it names columns of Defender's tables or of Windows' events."""

from __future__ import annotations

import csv

from sigma_xdr.telemetry.tables import is_known_column

__all__ = ["delimiter_of"]

_DELIMITERS = (",", ";", "\t")
_OF_EVENTS = {"EventID", "Channel"}


def delimiter_of(line: str) -> str | None:
    """What stands between the names of a header; None for a line that is no header."""
    most, found = 0, None
    for delimiter in _DELIMITERS:
        names = _names(line, delimiter)
        known = sum(map(is_known_column, names))
        if set(names) >= _OF_EVENTS:
            known = max(known, 2)
        if known > most and known * 2 >= len(names):
            most, found = known, delimiter
    return found


def _names(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return []
