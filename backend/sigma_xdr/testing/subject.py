"""A rule as its judges see it: the untouched rule, and the compiled query.

The evaluator reads the rule itself and the row's Sysmon view, or the Windows record; the engine runs the text that ships on
the row. They share nothing but the case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sigma_xdr.engine import KqlEngine
from sigma_xdr.evaluator import CorrelationMatcher, Event, Explanation, Matcher, TimedEvent
from sigma_xdr.kql.compiler import CompiledRule, Compiler
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.rules import LoadedRule, RuleSet
from sigma_xdr.telemetry import explains, record_event, row_event
from sigma_xdr.testing.trials import TableRow, Trial

__all__ = ["Subject", "row_view"]

Document = Mapping[str, Any]


def row_view(document: Document, row: TableRow) -> Event | None:
    """A row as a rule's log source shows it; None if it is none of its events."""
    return row_event(row.table, row.columns, document["logsource"])


#: How far apart the trials of a correlation are put: whole weeks, as hours and weekdays count, and more than twice what any
#: correlation looks back (30 days), so that the rows of one trial never meet another's.
_ERA = timedelta(weeks=52)
_MOST_ERAS = 500
#: What a query asks of a time that an era changes.
_CALENDAR = re.compile(
    r"\b(?:dayof|monthof|weekof|get(?:month|year)|startof|endof|datetime|make_datetime|ago|now)\w*\("
)


def _moved(row: TableRow, eras: int) -> TableRow:
    """A row of some eras later."""
    columns = {
        name: value + eras * _ERA if isinstance(value, datetime) else value for name, value in row.columns.items()
    }
    return replace(row, columns=columns)


class Subject:
    """A rule or correlation, with the filters that are put on it.

    ``rules`` is where a correlation finds the rules that it names, ``compiler`` compiles with the same filters and site.
    """

    def __init__(
        self,
        rule: LoadedRule,
        rules: RuleSet,
        compiler: Compiler,
        filters: Sequence[LoadedRule] = (),
        site: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.rule = rule
        self._rules = rules
        self._compiler = compiler
        self._filters = tuple(each.document for each in filters)
        self._site = site

    @cached_property
    def compiled(self) -> CompiledRule:
        """The rule's query. Raises RuleError with all that is wrong with it."""
        return self._compiler.compile(self.rule)

    @cached_property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """The tables that the query reads, each with its ActionTypes, the first rule's first. Raises RuleError."""
        tables: dict[str, dict[str, None]] = {}
        for rule in self._detections(self.rule):
            query = self._compiler.compile(rule).query
            if isinstance(query, RuleQuery):
                tables.setdefault(query.table.name, {}).update(dict.fromkeys(query.action_types))
        return {table: tuple(actions) for table, actions in tables.items()}

    @property
    def reads_records(self) -> bool:
        """Whether the untouched rule can be asked of Windows' records: it is no correlation, nor on Defender's own rows."""
        return self.rule.kind == "rule" and self.rule.document["logsource"].get("service") != "defender-xdr"

    def _detections(self, rule: LoadedRule) -> Iterable[LoadedRule]:
        if rule.kind != "correlation":
            yield rule
        for reference in rule.references if rule.kind == "correlation" else ():
            found = self._rules.resolve(reference)
            if found is not None:
                yield from self._detections(found)

    # ------------------------------------------------------------------------------------------------------- the engine

    def kql(self, trials: Sequence[Trial]) -> list[bool]:
        """Whether the compiled query selects something of each trial. Raises RuleError, and EngineError if it can't be
        run exactly.
        """
        if not self._told_apart(trials):
            return [bool(self._select(trial.rows)) for trial in trials]
        rows = [row for trial in trials for row in trial.rows]
        if self.rule.kind == "correlation":
            if len(trials) > _MOST_ERAS or _CALENDAR.search(self.compiled.kql):
                return [bool(self._select(trial.rows)) for trial in trials]
            rows = [_moved(row, era) for era, trial in enumerate(trials) for row in trial.rows]
        selected = {hit["ReportId"] for hit in self._select(rows)}
        return [any(row.columns["ReportId"] in selected for row in trial.rows) for trial in trials]

    def _told_apart(self, trials: Sequence[Trial]) -> bool:
        """Whether the ReportId of a selected row says which trial it is of: all can be run at once then."""
        if "ReportId" not in self.compiled.query.columns:
            return False
        numbers = [{row.columns.get("ReportId") for row in trial.rows} for trial in trials]
        return sum(map(len, numbers)) == len(set().union(*numbers))

    def _select(self, rows: Iterable[TableRow]) -> list[dict[str, Any]]:
        tables: dict[str, list[Mapping[str, Any]]] = {table: [] for table in self.tables}
        for row in rows:
            tables[row.table].append(row.columns)
        with KqlEngine(tables) as engine:
            return engine.run(self.compiled.kql)

    def deciding_line(self, trial: Trial) -> tuple[int, str] | None:
        """Number (from 1) and text of the query's line after which no row of a trial is left; None if there is none."""
        tables: dict[str, list[Mapping[str, Any]]] = {table: [] for table in self.tables}
        for row in trial.rows:
            tables[row.table].append(row.columns)
        with KqlEngine(tables) as engine:
            line = engine.deciding_line(self.compiled.kql)
        return None if line is None else (line, self.compiled.kql.splitlines()[line - 1])

    # ---------------------------------------------------------------------------------------------------- the evaluator

    @cached_property
    def _documents(self) -> dict[str, Document]:
        """The rules that correlations name, by their references as they are spelt."""
        references = (reference for rule in self._rules.correlations for reference in rule.references)
        found = ((reference, self._rules.resolve(reference)) for reference in references)
        return {reference: rule.document for reference, rule in found if rule is not None}

    def evaluate(self, trials: Sequence[Trial], document: Document | None = None) -> list[bool]:
        """Whether the untouched rule matches a row of each trial, as its log source shows it.

        ``document``, a mutant, stands in for the rule's own, or for that of the filter that is put on it. Raises
        EvaluatorError.
        """
        rule, filters = self._with(document)
        if self.rule.kind == "correlation":
            correlation = CorrelationMatcher(rule, self._documents, filters, self._site)
            return [correlation.matches(_timed(trial), row_view) for trial in trials]
        matcher = self.matcher(document)
        return [any(map(matcher.matches, self.views(trial, rule["logsource"]))) for trial in trials]

    def _with(self, mutant: Document | None) -> tuple[Document, tuple[Document, ...]]:
        if mutant is None:
            return self.rule.document, self._filters
        return (self.rule.document, (mutant,)) if self._filters else (mutant, ())

    def matcher(self, document: Document | None = None) -> Matcher:
        """The judge of single events: the rule with its filters, or with a mutant in the place of one of them."""
        return self._own_matcher if document is None else Matcher(*self._with(document), self._site)

    @cached_property
    def _own_matcher(self) -> Matcher:
        return Matcher(*self._with(None), self._site)

    def views(self, trial: Trial, log_source: Mapping[str, Any]) -> list[Event]:
        """The rows of a trial that are events of a log source, as it shows them."""
        key = (trial, tuple(sorted(log_source.items())))
        if key not in self._views:
            views = (row_event(row.table, row.columns, log_source) for row in trial.rows)
            self._views[key] = [view for view in views if view is not None]
        return self._views[key]

    @cached_property
    def _views(self) -> dict[tuple[Trial, tuple[tuple[str, Any], ...]], list[Event]]:
        return {}

    def on_records(self, trials: Sequence[Trial]) -> list[bool]:
        """Whether the untouched rule matches an untouched record of each trial. Raises EvaluatorError."""
        matcher = self.matcher()
        log_source = self.rule.document["logsource"]
        return [
            any(
                matcher.matches(event)
                for record in trial.records
                if (event := record_event(record, log_source)) is not None
            )
            for trial in trials
        ]

    def losses(self, trial: Trial, expected: bool) -> tuple[str, ...] | None:
        """The listed losses for which the rule says something else of the records than ``expected``, which it says of the
        rows; None if no listed loss explains it.
        """
        matcher = self.matcher()
        log_source = self.rule.document["logsource"]
        found: dict[str, None] = {}
        for record in trial.records:
            event = record_event(record, log_source)
            if event is None or matcher.matches(event) == expected:
                continue
            row = next((row.mapped for row in trial.rows if row.mapped and row.mapped.records[0] is record), None)
            reasons = explains(matcher.matches, record, log_source, expected, row)
            if reasons is None and not expected:
                return None
            found.update(dict.fromkeys(reasons or ()))
        return tuple(found) or None

    def explain(self, trial: Trial, raw: bool = False) -> list[Explanation]:
        """Why the untouched rule matches or not: for each row of a trial, or for each record of it."""
        document = self.rule.document
        if self.rule.kind == "correlation":
            correlation = CorrelationMatcher(document, self._documents, self._filters, self._site)
            return [correlation.explain(_timed(trial), row_view)]
        matcher = self.matcher()
        if raw:
            events = (record_event(record, document["logsource"]) for record in trial.records)
            return [matcher.explain(event) for event in events if event is not None]
        return [matcher.explain(event) for event in self.views(trial, document["logsource"])]


def _timed(trial: Trial) -> list[TimedEvent]:
    return [
        TimedEvent(row.columns["Timestamp"], row.columns.get("DeviceId", ""), row.columns["ReportId"], row)
        for row in trial.rows
    ]
