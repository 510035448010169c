"""A correlation rule, made ready to judge a list of events with their times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sigma_xdr.evaluator.correlations.sources import Correlated, Group, TimedEvent, View
from sigma_xdr.evaluator.correlations.windows import Window, last_of_each_slot
from sigma_xdr.evaluator.events import utc
from sigma_xdr.evaluator.explanation import Explanation, quoted
from sigma_xdr.evaluator.problems import document_of
from sigma_xdr.evaluator.transformations import Site

__all__ = ["Alert", "CorrelationMatcher"]


@dataclass(frozen=True)
class Alert:
    """The last event of a group and slot that completes the correlation.

    ``group`` are the values that the group was made by, as they are compared; ``spelled`` the same as this event has them.
    ``first`` is the time of the window's first event, ``count`` what the window holds of what the correlation asks for, ``events``
    all that contributed, by time. ``time`` and ``first`` are in UTC, without a zone.
    """

    group: Group
    spelled: tuple[Any, ...]
    time: datetime
    device: str
    report: int | str
    first: datetime
    count: Any
    events: tuple[TimedEvent, ...]


class CorrelationMatcher:
    """A correlation's meaning.

    ``rule`` is its document (or anything with a ``document``), ``rules`` the documents of the rules that it names, by id and by
    name, correlations among them; ``filters`` and ``site`` are for the rules' own matchers. Raises EvaluatorError for what
    can't be judged exactly.
    """

    def __init__(
        self, rule: Any, rules: Mapping[str, Any], filters: Iterable[Any] = (), site: Site | None = None
    ) -> None:
        self.document = document_of(rule)
        self._correlated = Correlated(self.document, rules, tuple(filters), site or {})

    @property
    def title(self) -> str:
        """The rule's title."""
        return str(self.document.get("title", "the correlation"))

    def alerts(self, events: Iterable[TimedEvent], view: View | None = None) -> list[Alert]:
        """One alert for each group and slot of time with an event that completes the correlation; by time, then group.

        ``view`` shows an event as a rule's log source does; by default every rule sees every event as it is.
        """
        groups = self._correlated.windows(tuple(events), view or _as_it_is)
        span = self._correlated.correlation.span
        alerts = [
            _alert(group, window)
            for group, found in groups.items()
            for window in last_of_each_slot(span, (window for window in found if window.complete))
        ]
        return sorted(alerts, key=lambda alert: (alert.time, alert.group))

    def matches(self, events: Iterable[TimedEvent], view: View | None = None) -> bool:
        """Whether an event completes the correlation."""
        groups = self._correlated.windows(tuple(events), view or _as_it_is)
        return any(window.complete for found in groups.values() for window in found)

    def explain(self, events: Iterable[TimedEvent], view: View | None = None) -> Explanation:
        """How many events each rule matched, and the best window of each group."""
        given, view = tuple(events), view or _as_it_is
        rules = [
            Explanation(bool(hits), f"rule {tag}", f"matched {len(hits):,} of {len(given):,} events")
            for tag, hits in self._correlated.hits(given, view)
        ]
        groups = [self._best(group, found) for group, found in self._correlated.windows(given, view).items()]
        return Explanation(any(group.passed for group in groups), self.title, None, (*rules, *groups))

    def _best(self, group: Group, found: Sequence[Window]) -> Explanation:
        """A group's window that completes the correlation, else the one that holds the most."""
        correlation = self._correlated.correlation
        best = max(found, key=lambda window: (window.complete, window.number))
        names = [f"{name} = {quoted(value)}" for name, value in zip(correlation.group_by, group, strict=True)]
        times = f"from {best.inside[0].time.isoformat(' ')} to {best.event.time.isoformat(' ')}"
        number = _shown(best.number)
        return Explanation(best.complete, ", ".join(names) or "all events", f"{number} {correlation.unit} {times}")


def _shown(number: Any) -> str:
    """A window's number, which is whole or a Fraction, for a reader."""
    try:
        return f"{number.numerator / number.denominator:,.6g}"
    except OverflowError:
        return "more than a float holds"


def _as_it_is(_: Mapping[str, Any], event: Any) -> Any:
    return event


def _alert(group: Group, window: Window) -> Alert:
    event = window.event
    origins = {(utc(each.time), str(each.report), each.device): each for each in _origins(window, set())}
    contributed = tuple(origins[identity] for identity in sorted(origins))
    first = window.inside[0].time
    return Alert(group, event.spelled, event.time, event.device, event.report, first, window.number, contributed)


def _origins(window: Window, seen: set[int]) -> Iterator[TimedEvent]:
    """The events that made a window, down through the correlations that it is about; none in ``seen`` is gone through again."""
    reached: dict[int, int] = {}
    for event in window.inside:
        if id(event) in seen:
            continue
        seen.add(id(event))
        for origin in event.origins:
            if isinstance(
                origin, Window
            ):  # windows of one group follow one another: each begins where the last one ended
                start = max(origin.first, reached.get(id(origin.events), 0))
                reached[id(origin.events)] = max(start, origin.end)
                yield from _origins(replace(origin, first=start), seen)
            else:
                yield origin
