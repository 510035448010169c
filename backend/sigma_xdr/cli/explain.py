"""``sigma-xdr explain``: why a rule matches an event or doesn't, a line a condition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sigma_xdr.cli.options import site_option
from sigma_xdr.errors import Diagnostic, RuleError, UsageError, visible
from sigma_xdr.evaluator import CorrelationMatcher, EvaluatorError, Event, Explanation, Matcher, TimedEvent
from sigma_xdr.rules import LoadedRule, RuleSet, load_site_of, load_with_pack
from sigma_xdr.telemetry import Record, Unreadable, read_events, record_event, row_event
from sigma_xdr.telemetry.stored import StoredRow

__all__ = ["command"]

#: Events that are explained where none is asked for by its number: of those that match, else of the others.
_MATCHES, _MISSES = 10, 3


@click.command(
    epilog="Example: sigma-xdr explain sigma_rules/impact/proc_creation_win_wmic_shadowcopy_delete.yml log.evtx"
)
@click.argument("rule", type=click.Path(path_type=Path))
@click.argument("events", type=click.Path(path_type=Path))
@click.option("--record", "number", type=click.IntRange(min=1), help="Explain this record of the file, counted from 1.")
@site_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json for machines.")
def command(rule: Path, events: Path, number: int | None, site: Path | None, form: str) -> int:
    """Explain what RULE says of EVENTS, a file of Windows events (EVTX, or JSON): condition by condition.

    Without --record the events that match are explained, or the first ones if none does. Exit code 2 if the rule is wrong or
    an event can't be read.
    """
    loaded, rules = _one_rule(rule)
    values = load_site_of([rule], site)
    report = _Report()
    if loaded.kind == "correlation" and number is not None:
        message = "a correlation is about several records, not about one"
        raise UsageError(Diagnostic("no-event", message, "leave --record out"))
    try:
        if loaded.kind == "correlation":
            report.correlation(loaded, rules, _read(events, report, None), values)
        else:
            report.rule(loaded, _read(events, report, number), values, number)
    except EvaluatorError as error:
        raise loaded.with_places(error) from None
    if form == "json":
        click.echo(json.dumps(report.as_data(loaded), indent=2))
    else:
        for explained in report.explained:
            click.echo("\n".join(map(_coloured, [*explained.head(), *explained.explanation.render().splitlines(), ""])))
    for problem in report.unreadable:
        click.echo(problem.render(), err=True)
    click.echo(report.summary(), err=True)
    return 2 if report.unreadable else 0


def _one_rule(path: Path) -> tuple[LoadedRule, RuleSet]:
    """The rule of a file, and the set in which a correlation finds the rules that it names."""
    asked, pack = load_with_pack([path])
    found = (*asked.rules, *asked.correlations)
    errors = [problem for problem in asked.diagnostics if problem.severity == "error"]
    if errors:
        raise RuleError(*errors)
    if len(found) != 1:
        message = f"'{path}' holds {len(found)} rules, one is explained at a time"
        raise UsageError(Diagnostic("no-rule", message, "give the file of one rule or correlation"))
    return found[0], pack


@dataclass(frozen=True)
class _Explained:
    """What a rule says of one record; of a correlation, of all of them (``record`` is None)."""

    record: Record | StoredRow | None
    explanation: Explanation

    def head(self) -> list[str]:
        return [] if self.record is None else [f"{visible(self.record.file)} record {self.record.number}"]

    def as_data(self) -> dict[str, Any]:
        place = {} if self.record is None else {"file": self.record.file, "record": self.record.number}
        return {**place, "matches": self.explanation.passed, "explanation": self.explanation.as_data()}


class _Report:
    """What was explained, and the count of all that was read."""

    def __init__(self) -> None:
        self.explained: list[_Explained] = []
        self.unreadable: list[Diagnostic] = []
        self.correlated = False
        self.read = self.judged = self.matches = self.left = 0

    def rule(
        self,
        loaded: LoadedRule,
        records: Iterator[Record | StoredRow],
        site: dict[str, tuple[str, ...]],
        number: int | None,
    ) -> None:
        matcher = Matcher(loaded.document, site=site)
        misses: list[_Explained] = []
        for record in records:
            self.read += 1
            event = _event(record, loaded.document["logsource"])
            if event is None:
                continue
            self.judged += 1
            matches = matcher.matches(event)
            self.matches += matches
            kept, most = (self.explained, _MATCHES) if matches else (misses, _MISSES)
            if len(kept) < most:
                kept.append(_Explained(record, matcher.explain(event)))
        if not self.explained:
            self.explained = misses
        self.left = (self.matches or self.judged) - len(self.explained)
        if number is not None and not self.explained and not self.unreadable:
            what = "is no event of the rule's log source" if self.read else "isn't in the file"
            raise UsageError(Diagnostic("no-event", f"record {number} {what}", "records are counted from 1"))

    def correlation(
        self,
        loaded: LoadedRule,
        rules: RuleSet,
        records: Iterator[Record | StoredRow],
        site: dict[str, tuple[str, ...]],
    ) -> None:
        references = {
            reference: rules.resolve(reference) for each in rules.correlations for reference in each.references
        }
        documents = {reference: rule.document for reference, rule in references.items() if rule is not None}
        matcher = CorrelationMatcher(loaded.document, documents, site=site)
        self.correlated = True
        events = []
        for record in records:
            self.read += 1
            time, host = _time_and_host(record)
            if time is not None:
                self.judged += 1
                events.append(TimedEvent(time, host, record.number, record))
        explanation = matcher.explain(events, lambda document, record: _event(record, document["logsource"]))
        self.matches = int(explanation.passed)
        self.explained = [_Explained(None, explanation)]

    def summary(self) -> str:
        whose = "with a time" if self.correlated else "of the rule's log source"
        parts = [f"{self.read:,} records, {self.judged:,} {whose}"]
        if not self.correlated:
            parts.append(f"{self.matches:,} that match")
        if self.left:
            parts.append(f"{self.left:,} more not shown: choose one with --record")
        if self.unreadable:
            parts.append(f"{len(self.unreadable):,} could not be read")
        return ", ".join(parts)

    def as_data(self, loaded: LoadedRule) -> dict[str, Any]:
        return {
            "rule": {"id": loaded.id, "title": loaded.title},
            "records": self.read,
            "judged": self.judged,
            "matches": self.matches,
            "explained": [explained.as_data() for explained in self.explained],
            "unreadable": [problem.render() for problem in self.unreadable],
        }


def _read(path: Path, report: _Report, number: int | None) -> Iterator[Record | StoredRow]:
    """The records of a file, or the one of that number; what can't be read goes to the report."""
    for found in read_events(path):
        if number is not None and found.number != number:
            continue
        if isinstance(found, Unreadable):
            report.unreadable.append(
                Diagnostic("unreadable-record", f"record {found.number}: {found.reason}", file=found.file)
            )
        else:
            yield found


def _event(record: Record | StoredRow, logsource: Mapping[str, Any]) -> Event | None:
    """A record, or a row that Defender wrote, as a log source shows it."""
    if isinstance(record, Record):
        return record_event(record, logsource)
    return row_event(record.table, record.columns, logsource)


def _time_and_host(record: Record | StoredRow) -> tuple[datetime | None, str]:
    if isinstance(record, Record):
        return record.time, record.host
    time = record.columns.get("Timestamp")
    return datetime.fromisoformat(time) if time else None, str(record.columns.get("DeviceName", ""))


def _coloured(line: str) -> str:
    """A line with its mark in colour, where the output is a terminal."""
    mark = line.lstrip()[:1]
    colour = {"✓": "green", "✗": "red"}.get(mark)
    return line if colour is None else line.replace(mark, click.style(mark, fg=colour), 1)
