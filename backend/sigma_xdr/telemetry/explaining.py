"""Why a rule says one thing of a record and another of its row: which of the listed losses it is, if any.

The rule is asked again of the record without what it loses. Where it then says what it says of the row, the loss explains
the difference; where no loss does, something is wrong with the mapping, the compiler, or the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.telemetry.mapping import Row, map_records
from sigma_xdr.telemetry.naming import record_event
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.reductions import REDUCTIONS
from sigma_xdr.telemetry.views import row_event

__all__ = ["explains", "told_by_others"]


def explains(
    matches: Callable[[Event], bool],
    record: Record,
    logsource: Mapping[str, Any],
    verdict: bool,
    row: Row | None = None,
) -> tuple[str, ...] | None:
    """The losses under which a rule says ``verdict``, which is what it says of the record's row, of the record.

    One loss if one explains it, else as few as can be left of all together; None if no loss does. ``matches`` is the rule,
    ``logsource`` its log source. ``row`` is the record's row, where other records helped to make it; else it is what the
    record alone becomes.
    """
    event = record_event(record, logsource)
    if event is None:
        return None
    made = [row] if row is not None else list(map_records([record]))
    views = [view for each in made if (view := row_event(each.table, each.columns, logsource)) is not None]
    if not views:
        return None if verdict else ("no-row",)
    reduced = _Reduced(record, event, views[0], told_by_others(row, logsource))
    for code in reduced.codes:
        if matches(reduced.by((code,))) == verdict:
            return (code,)
    needed = list(reduced.codes)
    if matches(reduced.by(needed)) != verdict:
        return None
    for code in reduced.codes:
        without = [each for each in needed if each != code]
        if matches(reduced.by(without)) == verdict:
            needed = without
    return tuple(needed)


class _Reduced:
    """A record's event without what some losses take."""

    def __init__(self, record: Record, event: Event, view: Event, told: Mapping[str, Any]) -> None:
        self._record = record
        self._event = event
        self._view = view
        self._told = told
        fields = dict(event.fields)
        changing = [code for code, reduce in REDUCTIONS.items() if reduce(record, fields) != fields]
        self.codes: tuple[str, ...] = (*(("other-records",) if told else ()), *changing, "keyword-text")

    def by(self, codes: Sequence[str]) -> Event:
        """The event that is left."""
        fields = dict(self._event.fields)
        if "other-records" in codes:
            fields = {**fields, **self._told}
        for code, reduce in REDUCTIONS.items():
            if code in codes:
                fields = reduce(self._record, fields)
        texts = self._view.texts if "keyword-text" in codes else None
        return Event(fields, "kinds-of-nothing" in codes, texts)


def told_by_others(row: Row | None, logsource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that a row has from other records than its own."""
    if row is None or not row.derived:
        return {}
    own = {name: value for name, value in row.columns.items() if name not in row.derived}
    with_all, with_own = (row_event(row.table, columns, logsource) for columns in (row.columns, own))
    if with_all is None or with_own is None:
        return {}
    return {name: value for name, value in with_all.fields.items() if with_own.fields.get(name) != value}
