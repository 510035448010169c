"""Where a correlation's events come from: what its rules match, merged into events, by group."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sigma_xdr.evaluator.correlations.definition import Correlation, read_correlation
from sigma_xdr.evaluator.correlations.measures import GroupEvent
from sigma_xdr.evaluator.correlations.windows import Window, windows
from sigma_xdr.evaluator.events import Event, Found, event_of, fold, number_of, text_of, utc
from sigma_xdr.evaluator.matcher import Matcher
from sigma_xdr.evaluator.problems import document_of, refusal
from sigma_xdr.evaluator.transformations import Site

__all__ = ["Correlated", "Group", "Look", "Member", "TimedEvent", "Value", "View", "named", "reader"]

#: Correlations of correlations of …: deeper down they name themselves.
_DEEPEST = 10

#: The values that make a group, as they are compared.
Group = tuple[str, ...]
#: An event as the log source of a rule's document shows it; None if it is none of its events.
View = Callable[[Mapping[str, Any], Any], Event | Mapping[str, Any] | None]


@dataclass(frozen=True)
class TimedEvent:
    """An event with what makes it one event: its time, its device, the number of its report. A time without a zone is UTC.

    ``event`` is whatever the caller's ``view`` takes; without one an Event, or a mapping of a raw event's fields.
    """

    time: datetime
    device: str
    report: int | str
    event: Any = field(compare=False)


@dataclass(frozen=True)
class Value:
    """A field's value as a correlation compares it, and as it was found."""

    compared: str
    spelled: Any


#: Reads a field of what a rule matched; None where it has no value.
Look = Callable[[str], Value | None]


@dataclass(frozen=True)
class Member:
    """What makes a match an event of a correlation: its group, as it is compared and as it was found, and the counted values."""

    group: Group
    spelled: tuple[Any, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class _Hit:
    """A row that a rule matched, or a window that completed an inner correlation; ``look`` reads its fields."""

    time: datetime
    device: str
    report: int | str
    origin: TimedEvent | Window
    look: Look


class _Source(Protocol):
    """What a correlation names: a rule, or another correlation."""

    def hits(self, events: Sequence[TimedEvent], view: View) -> Iterator[_Hit]:
        """What it finds among the events."""


@dataclass(frozen=True)
class _Rule:
    """A detection rule."""

    matcher: Matcher

    def hits(self, events: Sequence[TimedEvent], view: View) -> Iterator[_Hit]:
        for timed in events:
            seen = view(self.matcher.document, timed.event)
            if seen is not None:
                event = event_of(seen)
                if self.matcher.matches(event):
                    yield _Hit(utc(timed.time), timed.device, timed.report, timed, reader(event, timed.device))


def reader(event: Event, device: str) -> Look:
    """What reads a field of an event for a correlation: nothing, and empty text, are no value.

    Text is compared without case, a device's id as it stands.
    """

    def look(name: str) -> Value | None:
        keyed = name in event.keys
        values = Found([event.keys[name]] if keyed else event.look(name).values, one_nothing=True).values
        if not values:
            return None
        text = text_of(values[0])
        return Value(text if name == "DeviceId" or (keyed and text == device) else fold(text), values[0])

    return look


class Correlated:
    """A correlation with its rules, each ready to judge.

    ``rules`` are documents by id and by name. ``built`` holds the correlations that are ready, by the identity of their
    documents: several may name the same one, and in ten levels there are more ways down than anyone can go. Raises
    EvaluatorError for a rule that isn't there or can't be judged.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        rules: Mapping[str, Any],
        filters: Sequence[Any],
        site: Site,
        built: dict[int, Correlated] | None = None,
        depth: int = 1,
    ) -> None:
        _check_depth(depth)
        built = {} if built is None else built
        self.correlation: Correlation = read_correlation(document)
        self._levels = 1
        self._sources: dict[str, _Source] = {}
        for tag in self.correlation.tags:
            rule = named(tag, rules)
            if "correlation" in rule:
                inner = built.get(id(rule)) or Correlated(rule, rules, filters, site, built, depth + 1)
                self._levels = max(self._levels, 1 + inner._levels)
                self._sources[tag] = _Inner(tag, inner)
            else:
                self._sources[tag] = _Rule(Matcher(rule, filters, site))
        _check_depth(depth + self._levels - 1)
        built[id(document)] = self
        self._found: tuple[Sequence[TimedEvent], View, dict[Group, list[Window]]] | None = None
        self._fields = {tag: self._read_fields(tag) for tag in self.correlation.tags}

    def _read_fields(self, tag: str) -> tuple[list[str], list[str]]:
        """The group-by fields and the counted fields in the rule of a tag."""
        correlation, source = self.correlation, self._sources[tag]
        groups = [correlation.field(name, tag) for name in correlation.group_by]
        counted = [correlation.field(name, tag) for name in correlation.fields]
        if isinstance(source, _Inner):
            source.check((*groups, *counted))
        return groups, counted

    def hits(self, events: Sequence[TimedEvent], view: View) -> Iterator[tuple[str, list[_Hit]]]:
        """What each rule finds, by its tag."""
        for tag, source in self._sources.items():
            yield tag, list(source.hits(events, view))

    def windows(self, events: Sequence[TimedEvent], view: View) -> dict[Group, list[Window]]:
        """The window of every event, by group: found once, however many correlations ask for it."""
        if self._found is None or self._found[0] is not events or self._found[1] is not view:
            self._found = events, view, self._windows(events, view)
        return self._found[2]

    def _windows(self, events: Sequence[TimedEvent], view: View) -> dict[Group, list[Window]]:
        merged: dict[Group, dict[tuple[Any, ...], _Merged]] = defaultdict(lambda: defaultdict(_Merged))
        for tag, hits in self.hits(events, view):
            for hit in hits:
                member = self.member(tag, hit.look)
                if member is not None:
                    merged[member.group][hit.time, hit.device, hit.report].add(tag, hit, member)
        return {
            group: list(windows(self.correlation, [event.whole(*identity) for identity, event in found.items()]))
            for group, found in sorted(merged.items())
        }

    def member(self, tag: str, look: Look) -> Member | None:
        """What a match of the tag's rule is to the correlation; None: it is none of its events."""
        groups, counted = self._fields[tag]
        group, values = [look(name) for name in groups], self._counted(look, counted)
        known = [value for value in group if value is not None]
        if len(known) < len(group) or values is None:
            return None
        return Member(tuple(value.compared for value in known), tuple(value.spelled for value in known), values)

    def reader(self, group: Group, spelled: tuple[Any, ...]) -> Look:
        """What reads the fields of this correlation where it is an event itself: its group-by values."""
        return dict(zip(self.correlation.group_by, map(Value, group, spelled), strict=True)).get

    def inner(self, tag: str) -> Correlated | None:
        """The correlation that a tag stands for; None: it stands for a rule."""
        source = self._sources[tag]
        return source.inner if isinstance(source, _Inner) else None

    def _counted(self, look: Look, fields: Sequence[str]) -> tuple[Any, ...] | None:
        """What a ``value_`` kind reads in a match; None: it is none of its events."""
        found = [look(name) for name in fields]
        values = [value for value in found if value is not None]
        if len(values) < len(found):
            return None
        if self.correlation.kind == "value_count":
            return (tuple(fold(value.compared) for value in values),)
        numbers = [number_of(value.spelled) for value in values]
        return tuple(numbers) if all(number is not None and abs(number) < math.inf for number in numbers) else None


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST:
        message = f"correlations nest more than {_DEEPEST} deep, or name themselves"
        raise refusal("correlation-rules", message, None, ("correlation", "rules"))


def named(tag: str, rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a rule that a correlation names."""
    rule = rules.get(tag)
    if rule is None:
        try:
            rule = rules.get(str(UUID(tag)))
        except ValueError:
            rule = None
    if rule is None:
        message = f"the correlation names '{tag[:60]}', and there is no such rule"
        raise refusal("correlation-rules", message, "name a rule's id or name", ("correlation", "rules"))
    return document_of(rule)


@dataclass
class _Merged:
    """One event of a group, while the rules that matched it are collected."""

    tags: set[str] = field(default_factory=set)
    values: set[Any] = field(default_factory=set)
    hits: list[_Hit] = field(default_factory=list)
    spelled: tuple[Any, ...] = ()

    def add(self, tag: str, hit: _Hit, member: Member) -> None:
        self.tags.add(tag)
        self.values.update(member.values)
        self.hits.append(hit)
        self.spelled = self.spelled or member.spelled

    def whole(self, time: datetime, device: str, report: int | str) -> GroupEvent:
        origins = tuple(hit.origin for hit in self.hits)
        return GroupEvent(time, device, report, frozenset(self.tags), frozenset(self.values), self.spelled, origins)


@dataclass(frozen=True)
class _Inner:
    """A correlation that another one names: it stands for all of its completing events, with their group-by values."""

    tag: str
    inner: Correlated

    def check(self, fields: Sequence[str]) -> None:
        """Refuse fields that the inner correlation isn't grouped by."""
        known = self.inner.correlation.group_by
        for name in fields:
            if name not in known:
                message = f"'{self.tag}' is a correlation without the group-by field '{name}'"
                hint = f"it has {', '.join(known) or 'none'}"
                raise refusal("correlation-group", message, hint, ("correlation", "group-by"))

    def hits(self, events: Sequence[TimedEvent], view: View) -> Iterator[_Hit]:
        for group, found in self.inner.windows(events, view).items():
            for window in found:
                if window.complete:
                    event = window.event
                    yield _Hit(event.time, event.device, event.report, window, self._reader(group, event))

    def _reader(self, group: Group, event: GroupEvent) -> Look:
        return self.inner.reader(group, event.spelled)
