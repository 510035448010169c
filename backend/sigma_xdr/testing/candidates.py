"""Events that a rule may match or miss, made from the rule itself.

For each value of the rule there are events that hang on it: all that has to fit beside it does, all that would do instead
is absent, and the value is there, or nearly. So each part of the rule decides about some event, also a part that
excludes. A judge says what is what; nothing here knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.types import Placeholder, SigmaExists, SigmaExpansion, SigmaNull, SigmaString, SigmaType

from sigma_xdr.errors import RuleError
from sigma_xdr.rules.parsing import parse
from sigma_xdr.rules.places import RuleSource, SourceFile
from sigma_xdr.testing.samples import DASH, MISSING, OpenText, Sample, fitting, near_misses
from sigma_xdr.testing.siblings import sibling

__all__ = ["Site", "candidates", "distinct"]

Site = Mapping[str, Sequence[str]]

#: How often each value gets its events, with other choices for what stands beside it.
_TURNS = 3
#: Values of the site file that a placeholder gets.
_MOST_SITE_VALUES = 3
_NOWHERE = RuleSource(SourceFile(Path("rule.yml"), "{}"), 0)


def candidates(document: Mapping[str, Any], site: Site | None = None) -> Iterator[dict[str, Any]]:
    """Events in Sigma's field names, no two alike and in a fixed order, for a rule's or filter's plain document: satisfying
    each branch of it, and just missing it. Nothing for a correlation.

    Values are text, numbers, booleans, None and times. ``site`` holds the values of placeholders; one that it doesn't know
    stands for its own name. Raises RuleError for a document that is no Sigma.
    """
    parsed, problems = parse(dict(document), _NOWHERE)
    if parsed is None:
        raise RuleError(*problems)
    if isinstance(parsed, SigmaCorrelationRule):
        return
    section = parsed.filter if isinstance(parsed, SigmaFilter) else parsed.detection
    roots = [condition.parsed for condition in section.parsed_condition]
    rule = _Rule(roots[0] if len(roots) == 1 else ConditionOR(roots), document.get("logsource") or {}, site or {})
    yield from distinct(rule.events())


def distinct(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events without those that came before."""
    seen: set[int] = set()
    for event in events:
        key = hash(repr(sorted(event.items())))  # numbers, for the events themselves may be long
        if key not in seen:
            seen.add(key)
            yield event


@dataclass
class _Rule:
    """A condition's tree of ``and``, ``or``, ``not`` and values, and what was chosen to fit or not to fit its parts."""

    root: Any
    logsource: Mapping[str, Any]
    site: Site
    chosen: dict[tuple[int, bool, int], list[Sample]] = field(default_factory=dict)

    def events(self) -> Iterator[dict[str, Any]]:
        """First a few events of each value, so that a long list gets further than its first ones; then all of them."""
        leaves = list(_leaves(self.root, ()))
        for samples in (self.few_samples, self.samples):
            for turn in range(_TURNS):
                for leaf, path in leaves:
                    beside = [sample for node, child in path for sample in self.beside(node, child, turn)]
                    for sample in samples(leaf):
                        yield _event(sample, beside, turn, same_dash=True)
                        yield _event(sample, beside, turn, same_dash=False)
        yield {}

    def few_samples(self, leaf: Any) -> Iterator[Sample]:
        """The plainest samples that fit a value, and none of its field."""
        name = _field(leaf)
        yield from fitting(name, self.value(leaf))[:2]
        if name:
            yield {name: MISSING}

    def samples(self, leaf: Any) -> Iterator[Sample]:
        """Samples that fit a value, the first of them also under the name of the field's sibling; and near misses."""
        name, value = _field(leaf), self.value(leaf)
        fits = fitting(name, value)
        yield from fits
        other = sibling(name, self.logsource) if name else None
        for sample in fits[:1] if other else ():
            yield {str(name): MISSING, str(other): sample[str(name)]}
            yield {**sample, str(other): sample[str(name)]}
        yield from near_misses(name, value)

    def beside(self, node: Any, child: Any, turn: int) -> Iterator[Sample]:
        """What lets a child decide about its parent: the others fit under ``and``, and don't under ``or``."""
        for other in () if isinstance(node, ConditionNOT) else node.args:
            if other is not child:
                yield from self.choice(other, isinstance(node, ConditionAND), turn)

    def choice(self, node: Any, wanted: bool, turn: int) -> list[Sample]:
        """Samples that let a part fit, or not; another choice in each turn."""
        key = (id(node), wanted, turn)
        if key not in self.chosen:
            self.chosen[key] = self._choice(node, wanted, turn)
        return self.chosen[key]

    def _choice(self, node: Any, wanted: bool, turn: int) -> list[Sample]:
        match node:
            case ConditionNOT():
                return self.choice(node.args[0], not wanted, turn)
            case ConditionAND() | ConditionOR() if isinstance(node, ConditionAND) is wanted:
                return list(chain.from_iterable(self.choice(arg, wanted, turn) for arg in node.args))
            case ConditionAND() | ConditionOR():
                return self.choice(node.args[turn % len(node.args)], wanted, turn)
        name, value = _field(node), self.value(node)
        if wanted:
            fits = fitting(name, value)
            return fits[turn % len(fits) :][:1] if fits else []
        return [next(near_misses(name, value))] if isinstance(value, SigmaNull | SigmaExists) else []

    def value(self, leaf: Any) -> SigmaType:
        """The value of a leaf; with placeholders, the first few that the site has for it."""
        value: SigmaType = leaf.value
        if not isinstance(value, SigmaString) or not value.contains_placeholder():
            return value
        return SigmaExpansion([self.filled(value, number) for number in range(_MOST_SITE_VALUES)])

    def filled(self, value: SigmaString, number: int) -> SigmaString:
        """The text with a value of the site for each placeholder."""
        filled = type(value)()
        for part in value.s:
            listed = self.site.get(part.name) or (part.name,) if isinstance(part, Placeholder) else ()
            filled.s += SigmaString(listed[number % len(listed)]).s if listed else [part]
        return filled


def _leaves(node: Any, path: tuple[tuple[Any, Any], ...]) -> Iterator[tuple[Any, tuple[tuple[Any, Any], ...]]]:
    """Each value of a tree with the way to it: the nodes above it, each with the child that leads on."""
    if isinstance(node, ConditionFieldEqualsValueExpression | ConditionValueExpression):
        yield node, path
    else:
        for child in node.args:
            yield from _leaves(child, (*path, (node, child)))


def _field(leaf: Any) -> str | None:
    return leaf.field if isinstance(leaf, ConditionFieldEqualsValueExpression) else None


# ---------------------------------------------------------------------------------------------------------- one event


def _event(sample: Sample, beside: Sequence[Sample], turn: int, same_dash: bool) -> dict[str, Any]:
    """The event that holds a sample and, as far as they go with it, those beside it.

    A text that is in another already isn't written again; without ``same_dash`` neither is a switch with another dash.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    for each in (sample, *beside):
        for name, value in each.items():
            values[name].append(value)
    event = {}
    for name, listed in values.items():
        first = listed[0]
        if isinstance(first, OpenText):
            first = _joined([value for value in listed if isinstance(value, OpenText)], turn, same_dash)
        if first is not MISSING:
            event[name] = first
    return event


def _joined(texts: Sequence[OpenText], turn: int, same_dash: bool) -> str:
    """One text of several: one that has to begin it, those that may stand anywhere, one that has to end it. Or the one that
    has to be the whole of it.
    """
    begin = next((each for each in texts if not each.open_at_start), None)
    end = next((each for each in texts if not each.open_at_end), None)
    whole = next(
        (each for each in (texts[0], begin, end) if each and not (each.open_at_start or each.open_at_end)), None
    )
    if whole is not None:
        return whole.text
    anywhere = [each.text for each in texts if each.open_at_start and each.open_at_end]
    if turn % 2:
        anywhere.reverse()
    joined = begin.text if begin else ""
    known = _plain(joined, same_dash)
    for text in anywhere:
        plain = _plain(text, same_dash)
        if plain not in known:
            joined, known = _beside(joined, text), _beside(known, plain)
    return _beside(joined, end.text) if end and not joined.endswith(end.text) else joined


def _plain(text: str, same_dash: bool) -> str:
    """A text as it is looked for in another."""
    return text.casefold() if same_dash else DASH.sub("/", text.casefold())


def _beside(first: str, second: str) -> str:
    """Two texts with a blank between them, but none in a path."""
    together = not first or first[-1] == "\\" or second[:1] == "\\"
    return f"{first}{second}" if together else f"{first} {second}"
