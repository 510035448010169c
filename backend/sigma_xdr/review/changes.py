"""Which rules, correlations and filters differ between two states of a pack, in what, and why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sigma_xdr.review.pack import Pack
from sigma_xdr.review.queries import Query, key_of
from sigma_xdr.rules import LoadedRule
from sigma_xdr.testing.suite import RuleTest

__all__ = ["Change", "Difference", "State", "changed_filters", "find_changes", "unified_diff"]

Queries = Mapping[str, Query]
_Pairs = dict[str, tuple[LoadedRule | None, LoadedRule | None]]

#: Lines around a difference in a diff.
_CONTEXT = 3
_PLACEHOLDER = re.compile(r"%([\w-]+)%")


@dataclass(frozen=True, eq=False)
class State:
    """A rule, correlation or filter on one side. ``query`` is None for a filter, ``test`` where it has no right test file."""

    pack: Pack
    rule: LoadedRule
    query: Query | None
    test: RuleTest | None

    @property
    def path(self) -> str:
        """Its file from the root of the repository on."""
        return (PurePosixPath(self.pack.layout.rules) / self.rule.relative.as_posix()).as_posix()

    @property
    def place(self) -> str:
        """Its place in the pack, without an ending: what the catalogue and the playbook call it."""
        return self.rule.relative.with_suffix("").as_posix()

    @property
    def text(self) -> str:
        """The text of its file."""
        return self.rule.source.file.text

    @property
    def kql(self) -> str:
        """Its query; nothing where it has none."""
        return self.query.text if self.query else ""


@dataclass(frozen=True)
class Difference:
    """A fact about a rule that isn't what it was, as a reader calls it."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Change:
    """A rule, correlation or filter that isn't what it was, or isn't compiled to what it was.

    ``kind`` is ``new``, ``changed``, ``moved`` (only its place is another one), ``gone`` or ``wrong`` (it was right, and its
    file has an error now). ``causes`` are what else changed it than its own file.
    """

    key: str
    kind: str
    base: State | None
    head: State | None
    differences: tuple[Difference, ...] = ()
    causes: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """What it is, or was if it is gone."""
        state = self.head or self.base
        assert state is not None
        return state

    @property
    def title(self) -> str:
        """Its title now."""
        return self.state.rule.title

    @property
    def is_filter(self) -> bool:
        """Whether it is a filter: its effect shows in the rules that it is put on."""
        return self.state.rule.kind == "filter"

    @property
    def same_query(self) -> bool:
        """Whether both sides compile it to the same text."""
        return bool(self.base and self.head and self.base.query and self.base.kql and self.base.kql == self.head.kql)

    @property
    def sigma_diff(self) -> str:
        """The difference of the rule's file."""
        return unified_diff(self.base.text if self.base else "", self.head.text if self.head else "", "Sigma")

    @property
    def kql_diff(self) -> str:
        """The difference of the compiled query."""
        return unified_diff(self.base.kql if self.base else "", self.head.kql if self.head else "", "KQL")


def unified_diff(before: str, after: str, what: str) -> str:
    """The difference of two texts; nothing where they are equal."""
    old, new = before.splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(old, new, f"{what} before", f"{what} after", n=_CONTEXT, lineterm=""))


def changed_filters(base: Pack, head: Pack) -> tuple[list[LoadedRule], list[LoadedRule]]:
    """The filters that aren't the same on both sides: those of the base, and those of the head."""
    old = {key_of(each): each for each in base.rules.filters}
    new = {key_of(each): each for each in head.rules.filters}
    same = {key for key in old.keys() & new.keys() if old[key].document == new[key].document}
    return [old[key] for key in old if key not in same], [new[key] for key in new if key not in same]


def find_changes(base: Pack, head: Pack, old: Queries, new: Queries, compilers_differ: bool = False) -> list[Change]:
    """All changes, by place. ``old`` and ``new`` are the queries of the two sides, with their changed filters put on."""
    befores, afters = base.by_key, head.by_key
    pairs: _Pairs = {key: (befores.get(key), afters.get(key)) for key in (*befores, *afters)}
    _join_by_place(pairs)
    finder = _Finder(base, head, old, new, compilers_differ)
    found = (finder.change(key, before, after) for key, (before, after) in pairs.items())
    return sorted(filter(None, found), key=lambda change: (change.state.path, change.key))


def _join_by_place(pairs: _Pairs) -> None:
    """A rule that is gone and a new one in the same place are one rule with another id."""
    new = {_place(after): key for key, (before, after) in pairs.items() if before is None and after is not None}
    for key, (before, after) in list(pairs.items()):
        if before is not None and after is None and (other := new.get(_place(before))):
            pairs[other] = (before, pairs[other][1])
            del pairs[key]


def _place(rule: LoadedRule) -> tuple[str, int]:
    return rule.relative.as_posix(), rule.source.index


@dataclass(frozen=True)
class _Finder:
    base: Pack
    head: Pack
    old: Queries
    new: Queries
    compilers_differ: bool

    def change(self, key: str, before: LoadedRule | None, after: LoadedRule | None) -> Change | None:
        first = self._state(self.base, before, self.old) if before else None
        second = self._state(self.head, after, self.new) if after else None
        if second is None:
            kind = "wrong" if first and self._is_wrong_now(first.rule) else "gone"
            return Change(key, kind, first, None)
        if first is None:
            return Change(key, "new", None, second)
        differences = tuple(_differences(first, second))
        same_text = first.text == second.text and first.rule.source.index == second.rule.source.index
        same = same_text and first.query == second.query and _test_text(first) == _test_text(second)
        if same and not differences and first.path == second.path:
            return None
        moved = first.path != second.path and same_text and first.query == second.query
        causes = tuple(self._causes(first, second)) if first.kql != second.kql else ()
        return Change(key, "moved" if moved else "changed", first, second, differences, causes)

    def _state(self, pack: Pack, rule: LoadedRule, queries: Queries) -> State:
        key = key_of(rule)
        return State(pack, rule, queries.get(key) if rule.kind != "filter" else None, pack.tests.get(key))

    def _is_wrong_now(self, rule: LoadedRule) -> bool:
        """Whether a file of the head that has errors holds the rule's id, or stands where the rule stood."""
        place = f"{self.head.layout.rules}/{rule.relative.as_posix()}"
        wrong = {problem.file for problem in self.head.problems if problem.file}
        return place in wrong or (rule.id is not None and any(_holds(self.head, file, rule.id) for file in wrong))

    def _causes(self, before: State, after: State) -> Iterator[str]:
        """What else than its own text changed a rule's query."""
        old, new = changed_filters(self.base, self.head)
        for each in dict.fromkeys(each.title for each in (*old, *new) if _may_touch(each, after.rule)):
            yield f"the filter '{each}'"
        for name in _named(self.head, after.rule):
            other = self.base.by_key.get(key_of(name))
            if other is None or other.document != name.document:
                yield f"the rule '{name.title}' that it names"
        names = set(_PLACEHOLDER.findall(_all_text(self.head, after.rule)))
        for name in sorted(names):
            if self.base.site.get(name) != self.head.site.get(name):
                yield f"the site's value of {name}"
        if self.compilers_differ and before.rule.document == after.rule.document:
            yield "the compiler"


def _holds(pack: Pack, file: str, text: str) -> bool:
    try:
        return text in (pack.root / file).read_text("utf-8", "replace").lower()
    except OSError:
        return False


def _may_touch(put_on: LoadedRule, rule: LoadedRule) -> bool:
    """Whether a filter names a rule, or any."""
    return not put_on.references or bool({rule.id, rule.name} & set(put_on.references))


def _named(pack: Pack, rule: LoadedRule) -> Iterator[LoadedRule]:
    """The rules that a correlation names, and those that these name."""
    for reference in rule.references if rule.kind == "correlation" else ():
        found = pack.rules.resolve(reference)
        if found is not None:
            yield found
            yield from _named(pack, found)


def _all_text(pack: Pack, rule: LoadedRule) -> str:
    return "\n".join(each.source.file.text for each in (rule, *_named(pack, rule)))


def _test_text(state: State) -> str | None:
    return state.test.file.source.file.text if state.test else None


# ---------------------------------------------------------------------------------------------------------------- facts


def _differences(before: State, after: State) -> Iterator[Difference]:
    for (what, old), (_, new) in zip(_facts(before), _facts(after), strict=True):
        if old != new:
            yield Difference(what, old or "none", new or "none")
    if before.pack.guidance(before.rule) != after.pack.guidance(after.rule):
        changed = [part for part in _PLAYBOOK if _part(before, part) != _part(after, part)]
        yield Difference("playbook", "as before", f"other {', '.join(part.replace('_', ' ') for part in changed)}")


_PLAYBOOK = ("questions", "check_first", "actions", "escalate", "contain")


def _part(state: State, part: str) -> Any:
    return getattr(state.pack.guidance(state.rule), part)


def _facts(state: State) -> Iterator[tuple[str, str]]:
    """What a reader wants to know of a rule, in the order of how much it matters."""
    document, query = state.rule.document, state.query or Query()
    yield "level", state.rule.level or ""
    yield "log source", _log_source(document.get("logsource"))
    yield "tables", ", ".join(query.tables)
    yield "schedule", _schedule(query)
    yield "near-real-time", _near_real_time(query)
    yield "entities", "; ".join(query.entities)
    yield from _correlation(document.get("correlation"))
    yield "alerts by itself", "yes" if query.generates else "no"
    yield "id", state.rule.id or ""
    yield "title", state.rule.title
    yield "status", str(document.get("status") or "")
    yield "ATT&CK", ", ".join(sorted(str(tag) for tag in document.get("tags") or ()))
    yield "file", state.path


def _correlation(correlation: Any) -> Iterator[tuple[str, str]]:
    """What a correlation asks for; nothing of another rule, so that both sides have the same facts."""
    asked = correlation if isinstance(correlation, Mapping) else {}
    condition = asked.get("condition") or {}
    yield "threshold", _pairs(condition) if isinstance(condition, Mapping) else str(condition)
    yield "timespan", str(asked.get("timespan") or "")
    grouped = asked.get("group-by") or ()
    yield "grouped by", grouped if isinstance(grouped, str) else ", ".join(map(str, grouped))


def _pairs(mapping: Mapping[Any, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in mapping.items())


def _log_source(source: Any) -> str:
    return _pairs(source) if isinstance(source, Mapping) else ""


def _schedule(query: Query) -> str:
    if not query.text:
        return ""
    return "continuous" if query.frequency == "PT0S" else f"every {query.frequency}, looks back {query.lookback}"


def _near_real_time(query: Query) -> str:
    if not query.text:
        return ""
    return "yes" if query.near_real_time else f"no: {'; '.join(query.obstacles)}"
