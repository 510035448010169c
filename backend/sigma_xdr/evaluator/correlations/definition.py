"""A correlation section as data, with what is wrong with it.

Timespans are what Sigma's letters say, a month and a year of mean length (30.44 and 365.24 days). A condition may have several
operators: all have to hold, which is how the specification writes a range.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sigma_xdr.evaluator.conditions import condition_node, names_in
from sigma_xdr.evaluator.events import Event
from sigma_xdr.evaluator.explanation import Explanation
from sigma_xdr.evaluator.problems import EvaluatorError, Key, refusal
from sigma_xdr.evaluator.tree import AllOf, Node

__all__ = ["Correlation", "read_correlation"]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_629_746, "y": 31_556_952}
_TIMESPAN = re.compile(r"([0-9]{1,9})([smhdwMy])")
_TEMPORAL = ("temporal", "temporal_ordered")
_VALUE_KINDS = ("value_count", "value_sum", "value_avg", "value_percentile", "value_median")
_KINDS = ("event_count", *_VALUE_KINDS, *_TEMPORAL)


@dataclass(frozen=True)
class Correlation:
    """A correlation as its rule says it.

    ``tags`` are the ids or names of its rules, in order; ``fields`` what a ``value_`` kind looks at; ``limits`` operators with
    their numbers; ``expression`` a boolean condition over the tags instead of limits. ``aliases`` maps a field's alias to
    the field in the rule of each tag.
    """

    kind: str
    tags: tuple[str, ...]
    group_by: tuple[str, ...]
    span: timedelta
    fields: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    percentile: int = 0
    expression: Node | None = None
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What a window's number counts, for a reader, and how much is asked for."""
        what = {"event_count": "events", "value_count": "values"}.get(self.kind, self.kind.removeprefix("value_"))
        asked = " and ".join(f"{name} {limit:,}" for name, limit in self.limits)
        return f"{'rules' if self.kind in _TEMPORAL else what}{f' ({asked})' if asked else ''}"

    def allows(self, number: Any) -> bool:
        """Whether a window's number is within the limits."""
        return all(_OPERATORS[name](number, limit) for name, limit in self.limits)

    def field(self, name: str, tag: str) -> str:
        """The field that a name stands for in the rule of that tag. Raises EvaluatorError where an alias doesn't say."""
        meant = self.aliases.get(name)
        if meant is None:
            return name
        if tag not in meant:
            message = f"the alias '{name}' doesn't say which field it is in '{tag}'"
            raise _refusal("correlation-alias", message, "aliases", f"add {tag}: FIELD")
        return meant[tag]


def read_correlation(document: Mapping[str, Any]) -> Correlation:
    """The correlation of a rule's document. Raises EvaluatorError."""
    section = document.get("correlation")
    if not isinstance(section, Mapping):
        raise refusal(
            "no-correlation", "the rule has no correlation section", "a detection is for Matcher", ("correlation",)
        )
    kind = str(section.get("type")).lower()
    if kind not in _KINDS:
        raise _refusal(
            "correlation-type", f"there is no type '{kind[:60]}'", "type", f"it is one of {', '.join(_KINDS)}"
        )
    condition = section.get("condition")
    tags = _tags(section.get("rules"), condition, kind)
    shared: dict[str, Any] = {
        "kind": kind,
        "tags": tags,
        "group_by": _names(section.get("group-by"), "group-by"),
        "span": _timespan(section.get("timespan")),
        "aliases": _aliases(section.get("aliases") or {}),
    }
    if isinstance(condition, str) and kind in _TEMPORAL:
        return _checked(Correlation(**shared, expression=_expression(condition, tags)))
    if condition is None and kind in _TEMPORAL:
        return Correlation(**shared, limits=(("gte", len(tags)),))
    if not isinstance(condition, Mapping):
        raise _refusal("correlation-condition", "the condition compares a number", "condition", "write gte: 10")
    limits = tuple((name, _whole(limit)) for name, limit in condition.items() if name in _OPERATORS)
    fields = _names(condition.get("field"), "condition")
    percentile = _whole(condition.get("percentile", 0))
    return _checked(Correlation(**shared, limits=limits, fields=fields, percentile=percentile))


def _refusal(code: str, message: str, key: str, hint: str | None = None) -> EvaluatorError:
    return refusal(code, message, hint, ("correlation", key))


def _tags(rules: Any, condition: Any, kind: str) -> tuple[str, ...]:
    if not rules and isinstance(condition, str):
        rules = names_in(condition, ("correlation", "condition"))
    listed = [rules] if isinstance(rules, str) else rules
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
        raise _refusal("correlation-rules", "the correlation names no rule", "rules", "list their ids or names")
    if len(set(listed)) < len(listed) and kind in _TEMPORAL:
        raise _refusal("correlation-rules", "the correlation names a rule twice", "rules", "leave one out")
    return tuple(listed)


def _names(fields: Any, key: str) -> tuple[str, ...]:
    listed = [] if fields is None else fields if isinstance(fields, list) else [fields]
    if not all(isinstance(each, str) for each in listed):
        raise _refusal("invalid-correlation", f"'{key}' is a field or a list of fields", key)
    return tuple(listed)


def _aliases(aliases: Any) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(aliases, Mapping) or not all(isinstance(each, Mapping) for each in aliases.values()):
        raise _refusal("correlation-alias", "an alias maps each rule to one of its fields", "aliases")
    return aliases


def _timespan(text: Any) -> timedelta:
    found = _TIMESPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[1]) == 0:
        hint = "write a number and one of s, m, h, d, w, M, y: 15m"
        raise _refusal("correlation-timespan", f"'{str(text)[:60]}' is no timespan", "timespan", hint)
    seconds = int(found[1]) * _SECONDS[found[2]]
    return timedelta(seconds=min(seconds, timedelta.max.days * 86_400))


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise _refusal("correlation-condition", f"'{str(number)[:60]}' is no whole number", "condition")
    return number


def _checked(correlation: Correlation) -> Correlation:
    """The correlation, if it says what its kind needs."""
    if correlation.kind in _VALUE_KINDS and not correlation.fields:
        raise _refusal(
            "correlation-condition", f"'{correlation.kind}' needs a field to look at", "condition", "add 'field'"
        )
    if correlation.kind in _VALUE_KINDS[1:] and len(correlation.fields) > 1:
        raise _refusal("correlation-condition", f"'{correlation.kind}' looks at one field", "condition")
    if correlation.kind == "value_percentile" and not 0 < correlation.percentile <= 100:
        message = "'value_percentile' needs a percentile from 1 to 100"
        raise _refusal("correlation-condition", message, "condition", "add 'percentile: 95'")
    if correlation.expression is None and not correlation.limits:
        raise _refusal("correlation-condition", "the condition has no operator", "condition", "write gte: 10")
    if correlation.kind == "temporal_ordered" and not _wants_all(correlation):
        message = "an ordered correlation needs all of its rules: which of them come in order isn't said otherwise"
        raise _refusal("correlation-condition", message, "condition", "leave the condition out, or use type temporal")
    return correlation


def _wants_all(correlation: Correlation) -> bool:
    """Whether the condition asks for every rule, and for nothing else."""
    tags = correlation.tags
    match correlation.expression:
        case None:
            return [number for number in range(len(tags) + 1) if correlation.allows(number)] == [len(tags)]
        case AllOf(parts=parts):
            return all(isinstance(part, _Tag) for part in parts) and {part.text for part in parts} == set(tags)
        case _Tag(text):
            return (text,) == tags
    return False


# -------------------------------------------------------------------------------------------------- boolean conditions


@dataclass(frozen=True)
class _Tag:
    """True if an event of the window has the tag."""

    text: str

    def holds(self, event: Event) -> bool:
        return self.text in event.fields

    def explain(self, event: Event) -> Explanation:
        return Explanation(self.holds(event), self.text)


def _expression(condition: str, tags: tuple[str, ...]) -> Node:
    """A boolean condition over tags: the grammar of rules' conditions, whose names are the correlation's rules."""
    keys: tuple[Key, ...] = ("correlation", "condition")
    if set(names_in(condition, keys)) != set(tags):
        message = "the condition has to name each of the correlation's rules, and no other"
        raise _refusal("correlation-condition", message, "condition")
    return condition_node(condition, {tag: _Tag(tag) for tag in tags}, keys, None)
