"""What a change means on events: all cases of both sides are run through both queries, in the engine.

The rows of every test file are asked, not only of the rule's own: what a rule newly selects is mostly another one's example. A
correlation is asked of its own cases, each by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError, SigmaXdrError, visible
from sigma_xdr.evaluator import Matcher
from sigma_xdr.review.changes import Change, State, changed_filters
from sigma_xdr.review.deciding import deciding_conditions
from sigma_xdr.review.pack import Pack
from sigma_xdr.review.queries import Query, key_of
from sigma_xdr.rules import LoadedRule
from sigma_xdr.schema import xdr_schema
from sigma_xdr.testing.as_rows import views_with
from sigma_xdr.testing.case_files import Case
from sigma_xdr.testing.mutation import EventSearch
from sigma_xdr.testing.suite import RuleTest
from sigma_xdr.testing.trials import TableRow, Trial

__all__ = ["Effect", "Examples", "Sided", "Telling", "event_text", "why"]

#: Longest value, and longest event, that is shown, in characters.
_LONGEST, _LONGEST_EVENT = 160, 600
#: Of so many events of a rule it is said why they changed sides: of a rule with hundreds of values that takes a while.
_MOST_EXPLAINED = 20
#: Columns that say little to a reader.
_QUIET = ("Timestamp", "DeviceId", "ReportId", "ActionType")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sided:
    """An event that one version of a rule selects and the other doesn't.

    ``gained``: the new one does. ``name`` is the event's and ``place`` where it is, ``own`` whether that is the rule's own test
    file, and ``expect`` what the event's case expects of its rule, None for a recorded event. ``deciding`` are the conditions that
    decided, of the first few, ``found_by`` the titles of other rules that find it now, where it was lost.
    """

    gained: bool
    name: str
    place: str
    own: bool
    expect: bool | None
    event: str
    deciding: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Telling:
    """An event, made for the purpose, that one version matches and the other doesn't: ``gained``: the new one does."""

    gained: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """What a change means on the examples of both sides.

    ``compared`` is on how many rows both queries ran; ``failing`` names the rule's own cases that don't come out as they say;
    ``telling`` is an event that tells the two versions apart where none of those rows does; ``problem`` says why nothing was run.
    """

    compared: int = 0
    sided: tuple[Sided, ...] = ()
    failing: tuple[str, ...] = ()
    telling: Telling | None = None
    problem: str | None = None

    def gained(self, own: bool, expect: bool) -> tuple[Sided, ...]:
        """Events that are selected now."""
        return tuple(each for each in self.sided if each.gained and each.own is own and each.expect is expect)

    def lost(self, own: bool, expect: bool) -> tuple[Sided, ...]:
        """Events that aren't selected any more."""
        return tuple(each for each in self.sided if not each.gained and each.own is own and each.expect is expect)


@dataclass(frozen=True, eq=False)
class _Example:
    """A trial of a case, its rows numbered. ``expect`` is what the case says in the head, else what it said in the base."""

    key: str
    place: str
    case: Case
    now: bool
    trial: Trial
    numbers: tuple[int, ...]


class Examples:
    """The cases of both sides, ready to be asked of. Also a context manager, which forgets the rows."""

    def __init__(self, base: Pack, head: Pack) -> None:
        self._base, self._head = base, head
        self._filters = changed_filters(base, head)
        self._selected: dict[str, frozenset[int]] = {}
        self._refused: set[RuleTest] = set()
        self.unread = 0
        self._examples = list(self._collect())
        self._by_number = {number: example for example in self._examples for number in example.numbers}
        self._engine = KqlEngine(_tables(self._rows.values()))

    def __enter__(self) -> Examples:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    # --------------------------------------------------------------------------------------------------------- collecting

    def _collect(self) -> Iterator[_Example]:
        """The head's trials, then those of the base that the head doesn't have."""
        number = 0
        known = set()
        for pack, now in ((self._head, True), (self._base, False)):
            for key, test in pack.tests.items():
                for case in test.file.cases:
                    identity = (key, repr((case.kind, case.data, dict(case.each), case.rule)), _reads(test))
                    if identity in known:
                        continue
                    trials = self._trials(test, case)
                    if trials:
                        known.add(identity)
                    for trial in trials:
                        rows = tuple(_numbered(row, number + index) for index, row in enumerate(trial.rows))
                        numbers = tuple(range(number, number + len(rows)))
                        yield _Example(key, test.name, case, now, replace(trial, rows=rows), numbers)
                        number += len(rows)

    def _trials(self, test: RuleTest, case: Case) -> Sequence[Trial]:
        """The trials of a case; none where it is wrong, or its rule can't be compiled, which isn't tried for each case anew."""
        if test not in self._refused:
            try:
                return test.trials(case)
            except RuleError:
                self._refused.add(test)
            except SigmaXdrError:
                pass
        self.unread += 1
        return ()

    @cached_property
    def _rows(self) -> dict[int, TableRow]:
        return {n: row for each in self._examples for n, row in zip(each.numbers, each.trial.rows, strict=True)}

    # ------------------------------------------------------------------------------------------------------------- asking

    def _select(self, query: Query | None) -> frozenset[int]:
        """The numbers of the rows that a query selects. Raises EngineError where it can't be run exactly."""
        if query is None or not query.text:
            return frozenset()
        if query.text not in self._selected:
            found = frozenset(int(row["ReportId"]) for row in self._engine.run(query.text))
            self._selected[query.text] = found
        return self._selected[query.text]

    def effect(self, change: Change) -> Effect:
        """What a change of a rule or correlation means."""
        try:
            if change.state.rule.kind == "correlation":
                return self._of_correlation(change)
            return self._of_rule(change)
        except (SigmaXdrError, KeyError, ValueError) as error:
            reason = error.diagnostics[0].message if isinstance(error, SigmaXdrError) else "its rows have no ReportId"
            return Effect(problem=reason)

    def _of_rule(self, change: Change) -> Effect:
        before = self._select(change.base.query) if change.base else frozenset()
        after = self._select(change.head.query) if change.head else frozenset()
        tables = {
            table for state in (change.base, change.head) if state and state.query for table in state.query.tables
        }
        first: dict[tuple[str, str, bool], int] = {}  # of a case's rows
        for number in sorted(before ^ after):
            example = self._by_number[number]
            first.setdefault((example.key, example.case.name, number in after), number)
        keys = _own_keys(change)
        ranked = sorted(first.items(), key=lambda case: case[0][0] not in keys)
        sided = tuple(
            self._sided(change, gained, number, explained=index < _MOST_EXPLAINED)
            for index, ((*_, gained), number) in enumerate(ranked)
        )
        return Effect(
            compared=sum(row.table in tables for row in self._rows.values()),
            sided=sided,
            failing=tuple(dict.fromkeys(self._failing(change))),
            telling=None if sided else self._telling(change),
        )

    def _sided(self, change: Change, gained: bool, number: int, explained: bool) -> Sided:
        example, row = self._by_number[number], self._rows[number]
        return Sided(
            gained,
            f"case '{example.case.name}'",
            example.place,
            example.key in _own_keys(change),
            example.case.expect,
            event_text([row], change),
            why(change, Trial((row,)), self._filters) if explained else (),
            () if gained else tuple(self._finders(change, row.table, number)),
        )

    def _finders(self, change: Change, table: str, number: int) -> Iterator[str]:
        """The rules of the head that select a row beside the changed one."""
        for rule in self._head.rules.rules:
            query = self._head.queries[key_of(rule)]
            if key_of(rule) != change.key and query.generates and table in query.tables:
                try:
                    if number in self._select(query):
                        yield rule.title
                except (SigmaXdrError, KeyError, ValueError):
                    continue

    def _failing(self, change: Change) -> Iterator[str]:
        """The head's own cases that its query, without any filter, answers otherwise than they say."""
        if change.head is None or change.head.query is None:
            return
        touched = any(self._filters)
        selected = self._select(self._head.queries[change.key] if touched else change.head.query)
        for example in self._own(change):
            if example.now and bool(selected & set(example.numbers)) is not example.case.expect:
                yield example.case.name

    def _own(self, change: Change) -> Iterable[_Example]:
        keys = _own_keys(change)
        return (example for example in self._examples if example.key in keys)

    def _of_correlation(self, change: Change) -> Effect:
        sided, failing, compared = [], [], 0
        for example in self._own(change):
            tables = _tables(example.trial.rows)
            states = (change.base, change.head)
            with KqlEngine(tables) as engine:
                said = [bool(s and s.query and s.query.text and engine.run(s.query.text)) for s in states]
            compared += len(example.trial.rows)
            if change.head and example.now and said[1] is not example.case.expect:
                failing.append(example.case.name)
            if said[0] is not said[1]:
                decided = why(change, example.trial, self._filters)
                shown = event_text(example.trial.rows, change)
                name = f"case '{example.case.name}'"
                sided.append(Sided(said[1], name, example.place, True, example.case.expect, shown, decided))
        return Effect(compared, tuple(sided), tuple(dict.fromkeys(failing)))

    # ------------------------------------------------------------------------------------------------- what none of it shows

    def _telling(self, change: Change) -> Telling | None:
        """An event that tells two versions of a rule apart, made from what they ask for; None where none is found."""
        if change.base is None or change.head is None or change.same_query or not (change.base.kql and change.head.kql):
            return None
        old, new = change.base.rule, change.head.rule
        log_source = new.document["logsource"]
        if old.document["logsource"] != log_source:
            return None

        def matcher(document: Mapping[str, Any]) -> Matcher:
            pack, filters = (
                (self._base, self._filters[0]) if document is old.document else (self._head, self._filters[1])
            )
            return Matcher(document, tuple(each.document for each in filters), pack.site)

        own = [row for example in self._own(change) for row in example.trial.rows]
        subject = self._head.suite.subject(new, ())
        events = [view.fields for row in own for view in subject.views(Trial((row,)), log_source)]
        judge = matcher(new.document)
        for whole_paths in (True, False):

            def view(fields: Mapping[str, Any], whole_paths: bool = whole_paths) -> Any:
                return next(views_with(fields, log_source, whole_paths), None)

            search = EventSearch(old.document, events, view=view, matcher=matcher, site=self._head.site)
            found = search.event_for(new.document)
            if found is not None:
                return Telling(judge.matches(view(found)), {k: v for k, v in found.items() if v not in (None, "")})
        return None


def _own_keys(change: Change) -> set[str]:
    """What the rule is known by on both sides."""
    return {key_of(state.rule) for state in (change.base, change.head) if state}


def _reads(test: RuleTest) -> str:
    """What the defaults of a case's rows hang on."""
    return repr((test.rule.document.get("logsource"), test.rule.references))


def _numbered(row: TableRow, number: int) -> TableRow:
    """The row with a number that no other one has."""
    kind = xdr_schema().table(row.table).columns.get("ReportId")
    if kind is None:
        return row
    value = str(number) if kind.type.name == "STRING" else number
    return replace(row, columns={**row.columns, "ReportId": value})


def _tables(rows: Iterable[TableRow]) -> dict[str, list[Mapping[str, Any]]]:
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row.columns)
    return tables


# -------------------------------------------------------------------------------------------------------------- telling it


def why(change: Change, trial: Trial, filters: tuple[Sequence[LoadedRule], Sequence[LoadedRule]]) -> tuple[str, ...]:
    """The conditions for which the two versions of a rule say different things of an event."""
    if change.base is None or change.head is None:
        return ()
    try:
        before = _explained(change.base, trial, filters[0])
        after = _explained(change.head, trial, filters[1])
    except SigmaXdrError:
        return ()
    return deciding_conditions(before, after) if before and after else ()


def _explained(state: State, trial: Trial, filters: Sequence[LoadedRule]) -> Any:
    found = state.pack.suite.subject(state.rule, filters).explain(trial)
    return found[0] if found else None


def event_text(rows: Sequence[TableRow], change: Change) -> str:
    """An event as a reader sees it: the columns that the two queries ask about, and what they hold."""
    asked = {word for state in (change.base, change.head) if state for word in _WORD.findall(_conditions(state.kql))}
    parts = []
    for row in rows[:3]:
        held = ((name, value) for name, value in row.columns.items() if name in asked and name not in _QUIET)
        shown = ", ".join(f"{name}={_cut(str(value), _LONGEST)}" for name, value in held if value not in (None, ""))
        parts.append(f"{row.table} {shown}".strip())
    rest = len(rows) - 3
    more = f"; and {rest} more {'row' if rest == 1 else 'rows'}" if rest > 0 else ""
    return _cut("; ".join(parts) + more, _LONGEST_EVENT)


def _conditions(kql: str) -> str:
    return "\n".join(line for line in kql.splitlines() if not line.startswith("| project"))


def _cut(text: str, longest: int) -> str:
    text = visible(text)
    return text if len(text) <= longest else f"{text[:longest]}…"
