"""What would make a rule quieter: the values that its hits on ordinary work have in common, and what each would hide.

A value becomes a filter's item in the words of the rule's own log source. It counts only if that filter loads, compiles, and
silences the hit that it was taken from. The evaluator says so, and which of the rule's own true positives it would silence too.
Values that lose one are shown and never taken.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.evaluator import Matcher
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.pipeline import FieldProblem, LogSource, Lost, find_log_source
from sigma_xdr.rules import LoadedRule, RuleSet, load_bytes
from sigma_xdr.scan.hits import Hit
from sigma_xdr.telemetry import row_event
from sigma_xdr.testing.suite import RuleTest, Suite

__all__ = ["Noise", "NoisyRule", "Tuner", "Value"]

Site = Mapping[str, tuple[str, ...]]

_NAMES = ("FileName", "InitiatingProcessFileName", "InitiatingProcessParentFileName")
_ACCOUNTS = ("AccountName", "InitiatingProcessAccountName")
_LINES = ("ProcessCommandLine", "InitiatingProcessCommandLine")
#: The columns whose values make filters, in the order in which equal ones are taken.
_COLUMNS = (
    "InitiatingProcessFileName",
    "InitiatingProcessParentFileName",
    "InitiatingProcessCommandLine",
    "AccountName",
    "InitiatingProcessAccountName",
    "DeviceName",
    "FileName",
    "ProcessCommandLine",
)
#: How many values of a column are tried, how long one may be, how many a filter takes.
_TRIED, _LONGEST, _TAKEN = 5, 200, 8
#: How many different hits of a rule are kept.
_KEPT = 20_000


@dataclass(frozen=True, order=True)
class Value:
    """What some hits have in common: a column and its text; of a command line the first word, ``whole`` if it has no other one."""

    column: str
    text: str
    whole: bool = True


@dataclass(frozen=True)
class Quiet:
    """What a value, or several, would do as a filter: how many hits it silences, and which true positives it loses.

    ``lost`` is None where the rule has no true positives to ask.
    """

    values: tuple[Value, ...]
    hits: int
    lost: tuple[str, ...] | None
    filter: Mapping[str, Any]

    @property
    def yaml(self) -> str:
        """The filter as a file for ``--filters``."""
        return _yaml(self.filter)


@dataclass
class Noise:
    """The hits of a rule: how many, on which devices, with which values together, and a hit's row for each value."""

    hits: int = 0
    devices: set[str] = field(default_factory=set)
    together: Counter[frozenset[Value]] = field(default_factory=Counter)
    examples: dict[Value, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, hit: Hit) -> None:
        """Count a hit."""
        self.hits += 1
        if hit.device:
            self.devices.add(hit.device.lower())
        values = frozenset(_values(hit.row))
        if len(self.together) < _KEPT or values in self.together:
            self.together[values] += 1
            for value in values:
                self.examples.setdefault(value, (hit.table, hit.row))

    def silenced_by(self, chosen: Iterable[Value]) -> int:
        """How many hits have one of the values."""
        wanted = set(chosen)
        return sum(count for values, count in self.together.items() if values & wanted)

    def candidates(self) -> list[Value]:
        """The values that most hits have, a few of each column, those with the most hits first."""
        counts: Counter[Value] = Counter()
        for values, count in self.together.items():
            for value in values:
                counts[value] += count
        found = []
        for column in _COLUMNS:
            own = sorted(
                (value for value in counts if value.column == column), key=lambda value: (-counts[value], value)
            )
            found += own[:_TRIED]
        return sorted(found, key=lambda value: (-counts[value], _COLUMNS.index(value.column), value))


@dataclass(frozen=True)
class NoisyRule:
    """A rule that hits ordinary work. ``values`` are what would silence hits alone, ``best`` is a filter of several that loses no
    true positive; None, with the reason in ``why_not``, if there is none. ``cases`` counts the true positives that were asked.
    """

    rule: LoadedRule
    hits: int
    devices: int
    cases: int
    values: tuple[Quiet, ...]
    best: Quiet | None
    why_not: str | None

    def as_data(self) -> dict[str, Any]:
        """The same as plain data, for machines."""
        return {
            "rule_id": self.rule.id,
            "rule_title": self.rule.title,
            "level": self.rule.level,
            "rule": self.rule.relative.as_posix(),
            "hits": self.hits,
            "devices": self.devices,
            "true_positives": self.cases,
            "values": [
                {
                    "column": value.column,
                    "value": value.text,
                    "whole": value.whole,
                    "hits": quiet.hits,
                    "lost": None if quiet.lost is None else list(quiet.lost),
                }
                for quiet in self.values
                for value in quiet.values
            ],
            "filter": self.best
            and {
                "values": [{"column": value.column, "value": value.text} for value in self.best.values],
                "hits": self.best.hits,
                "lost": None if self.best.lost is None else list(self.best.lost),
                "yaml": self.best.yaml,
            },
            "why_no_filter": self.why_not,
        }


class Tuner:
    """Collects a hunt's hits on ordinary work by rule, and says what would silence them.

    ``rules`` are those that were hunted with, with ``site`` and ``filters``; ``suite`` holds their tests, if they have any.
    """

    def __init__(
        self, rules: RuleSet, site: Site | None = None, filters: Sequence[LoadedRule] = (), suite: Suite | None = None
    ) -> None:
        self._rules = rules
        self._site = site
        self._filters = tuple(filters)
        self._tests = {_identity(test.rule): test for test in suite.tests} if suite else {}
        self._by_fact = {
            (each.relative.as_posix(), each.id, each.title): each for each in (*rules.rules, *rules.correlations)
        }
        self._noise: dict[LoadedRule, Noise] = {}

    def add(self, hit: Hit) -> None:
        """Count a hit of one of the rules."""
        rule = self._by_fact[(hit.rule.path, hit.rule.id, hit.rule.title)]
        self._noise.setdefault(rule, Noise()).add(hit)

    def noisy(self) -> list[NoisyRule]:
        """The rules that hit, the noisiest first."""
        ranked = sorted(
            self._noise.items(), key=lambda pair: (-pair[1].hits, pair[0].relative.as_posix(), pair[0].title)
        )
        return [self._noisy(rule, noise) for rule, noise in ranked]

    def _noisy(self, rule: LoadedRule, noise: Noise) -> NoisyRule:
        facts = rule, noise.hits, len(noise.devices)
        if rule.kind == "correlation":
            return NoisyRule(
                *facts, 0, (), None, "a filter changes rules, not correlations: filter the rules that it names"
            )
        if rule.id is None and rule.name is None:
            return NoisyRule(*facts, 0, (), None, "a filter names its rule, and this one has no id and no name")
        trial = _Trial(rule, self._rules, self._site, self._filters, self._tests.get(_identity(rule)))
        values = [quiet for value in noise.candidates() if (quiet := trial.alone(value, noise)) is not None]
        best, why_not = _best(trial, values, noise)
        return NoisyRule(*facts, trial.cases, tuple(values), best, why_not)


def _best(trial: _Trial, values: Sequence[Quiet], noise: Noise) -> tuple[Quiet | None, str | None]:
    """Values together, each the one that silences most of what is left."""
    if not values:
        return None, "its hits have no value that a filter could ask for"
    if not trial.cases:
        return None, "without true positives nobody knows what a filter would lose: write the rule's tests first"
    harmless = [quiet.values[0] for quiet in values if not quiet.lost]
    taken: list[Value] = []
    while len(taken) < _TAKEN:
        known = noise.silenced_by(taken)
        gains = [(noise.silenced_by((*taken, value)) - known, value) for value in harmless]
        gain, value = max(gains, key=lambda pair: pair[0], default=(0, None))
        if not gain or value is None:
            break
        taken.append(value)
    if not taken:
        return None, "every value would lose true positives"
    quiet = trial.quiet(taken, noise)
    if quiet is None or quiet.lost:
        return None, "the values together make no filter that compiles"
    return quiet, None


class _Trial:
    """Filters tried on one rule."""

    def __init__(
        self, rule: LoadedRule, rules: RuleSet, site: Site | None, filters: Sequence[LoadedRule], test: RuleTest | None
    ) -> None:
        self._rule = rule
        self._rules = rules
        self._site = site
        self._filters = filters
        self._test = test

    @cached_property
    def _positives(self) -> dict[str, list[list[Any]]]:
        """By case that expects a match, the views of each of its trials; those that the rule misses already are left out."""
        found: dict[str, list[list[Any]]] = {}
        matcher = self._matcher()
        for case in self._test.file.cases if self._test else ():
            if self._test is None or not case.expect:
                continue
            try:
                subject, trials = self._test.subject(case), self._test.trials(case)
            except SigmaXdrError:  # sigma-xdr test says what is wrong with it
                continue
            views = [subject.views(trial, self._rule.document["logsource"]) for trial in trials]
            if all(any(map(matcher.matches, each)) for each in views):
                found[case.name] = views
        return found

    @property
    def cases(self) -> int:
        """How many true positives there are to ask."""
        return len(self._positives)

    def alone(self, value: Value, noise: Noise) -> Quiet | None:
        """What a value would do by itself; None if it makes no filter that silences the hit that it is from."""
        quiet = self.quiet([value], noise)
        if quiet is None:
            return None
        table, row = noise.examples[value]
        seen = row_event(table, row, self._rule.document["logsource"])
        loaded = self._loaded(quiet.filter)
        if seen is None or loaded is None or self._matcher(loaded).matches(seen):
            return None
        return quiet

    def quiet(self, values: Sequence[Value], noise: Noise) -> Quiet | None:
        """What some values would do as one filter; None if there is no such filter."""
        items = [item for value in values if (item := self._item(value)) is not None]
        if len(items) < len(values):
            return None
        hits = noise.silenced_by(values)
        document = _filter(self._rule, items, f"silences {hits:,} of {noise.hits:,} hits on ordinary work")
        loaded = self._loaded(document)
        if loaded is None:
            return None
        try:
            Compiler(self._rules, self._site, (*self._filters, loaded), check=False).compile(self._rule)
            matcher = self._matcher(loaded)
        except SigmaXdrError:
            return None
        lost = tuple(
            name
            for name, views in self._positives.items()
            if not all(any(map(matcher.matches, each)) for each in views)
        )
        return Quiet(tuple(values), hits, lost if self._positives else None, document)

    def _matcher(self, *more: LoadedRule) -> Matcher:
        filters = [each.document for each in (*self._filters, *more)]
        return Matcher(self._rule.document, filters, self._site)

    def _loaded(self, document: Mapping[str, Any]) -> LoadedRule | None:
        path = Path("filter.yml")
        rules, problems = load_bytes(path, path, _yaml(document).encode("utf-8", "replace"))
        if len(rules) != 1 or any(problem.severity == "error" for problem in problems):
            return None
        return rules[0] if rules[0].document == document else None

    @cached_property
    def _source(self) -> LogSource | None:
        try:
            return find_log_source(self._rule.parse())  # type: ignore[arg-type]
        except (SigmaXdrError, FieldProblem):
            return None

    def _item(self, value: Value) -> dict[str, str] | None:
        """The item of a filter that asks for the value, in the words of the rule's log source."""
        name = self._field(value.column)
        if name is None:
            return None
        is_path = name != value.column  # Sigma's fields hold paths, and accounts with their domain
        if value.column in _LINES:
            ending, text = ("", value.text) if value.whole else ("|startswith", value.text + " ")
        elif is_path and value.column in (*_NAMES, *_ACCOUNTS):
            ending, text = "|endswith", "\\" + value.text
        else:
            ending, text = "", value.text
        return {f"{name}{ending}": _escaped(text)}

    def _field(self, column: str) -> str | None:
        if self._source is None:
            return None
        return next(
            (
                name
                for name, mapping in self._source.fields.items()
                if not isinstance(mapping, Lost) and column in mapping.columns
            ),
            column,
        )


def _identity(rule: LoadedRule) -> tuple[str, int]:
    return rule.path.as_posix(), rule.source.index


def _values(row: Mapping[str, Any]) -> Iterator[Value]:
    for column in _COLUMNS:
        text = row.get(column)
        if not isinstance(text, str) or not text.strip():
            continue
        value = Value(column, text.lower())
        if column in _LINES:
            found = re.match(r'"[^"]*"|[^\s"]+', text)
            if found is None or text[found.end() : found.end() + 1].strip():
                continue
            value = Value(column, found[0].lower(), found.end() == len(text))
            if not value.whole and text[found.end()] != " ":
                continue
        if len(value.text) <= _LONGEST:
            yield value


def _escaped(text: str) -> str:
    r"""Text as a value of Sigma: without wildcards. A backslash is one wherever nothing that could be escaped follows it."""
    return re.sub(r"[*?]|\\(?=[\\*?]|$)", r"\\\g<0>", text)


def _filter(rule: LoadedRule, items: Sequence[Mapping[str, str]], what: str) -> dict[str, Any]:
    """A filter's document. Its id is made of the rule and of what it asks for: the same wherever it is made."""
    merged: dict[str, list[str]] = {}
    for item in items:
        for name, text in item.items():
            merged.setdefault(name, []).append(text)
    seed = json.dumps([rule.id, rule.name, merged]).encode("ascii")
    return {
        "title": f"Ordinary Work of {rule.title}",
        "id": str(UUID(bytes=sha256(seed).digest()[:16], version=4)),
        "description": f"Proposed by sigma-xdr tune: {what}. Look at each value before it is put on.",
        "logsource": dict(rule.document["logsource"]),
        "filter": {
            "rules": [rule.id or rule.name],
            "selection": [{name: texts} for name, texts in merged.items()],
            "condition": "not selection",
        },
    }


class _Dumper(yaml.SafeDumper):
    """YAML as Sigma's files are written: lists stand further in than their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, indent=4, width=10_000)
