"""Recorded events, and what an untouched rule says of an untouched record beside what its query says of the record's row.

As a program (``python -m tests.corpus.recordings CORPUS``, some minutes) it does so for all of SigmaHQ's rules and each of their
selections, prints what disagrees, and writes ``rules_with_records.txt``, the rules that the test runs each time.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.rules import LoadedRule, RuleSet, load_bytes, load_rules
from sigma_xdr.telemetry import Record, Row, explains, map_records, read_events, record_event, row_event

__all__ = ["RULES_WITH_RECORDS", "Judged", "Recordings", "parts", "rule_files"]

RULES_WITH_RECORDS = Path(__file__).with_name("rules_with_records.txt")

Document = Mapping[str, Any]

_FOLDERS = ("otrf", "splunk_attack_data", "evtx_attack_samples", "evtx_to_mitre", "sigma_regression")
#: Columns in which rows differ though no rule asks about them.
_OF_NO_RULE = frozenset(
    ("Timestamp", "ReportId", "ProcessId", "InitiatingProcessId", "InitiatingProcessParentId", "ProcessCreationTime")
)


@dataclass(frozen=True)
class Judged:
    """What is said of the rows of a rule's table, by their number: by the rule of the record, by the rule of the row as its log
    source shows it, and by the query. ``unexplained`` are the rows where the last two differ, or where no listed loss tells why
    the first does; ``losses`` counts the reasons of the others.
    """

    by_record: frozenset[int]
    by_row: frozenset[int]
    by_query: frozenset[int]
    losses: Mapping[str, int]
    unexplained: tuple[str, ...]


class Recordings:
    """The corpus' rows in both conventions of paths, those that are alike in all that rules ask about once.

    A row's number is its ReportId.
    """

    def __init__(self, corpus: Path) -> None:
        self.rows: list[Row] = []
        self._of_table: dict[str, list[int]] = defaultdict(list)
        self._views: dict[tuple[str, str], list[tuple[int, Event | None, Event | None]]] = {}
        tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        seen: set[object] = set()
        for path in (path for folder in _FOLDERS for path in sorted((corpus / folder).iterdir())):
            records = [record for record in read_events(path) if isinstance(record, Record)]
            for whole_paths in (True, False):
                for row in map_records(records, whole_paths=whole_paths):
                    if (alike := _asked_about(row)) in seen:
                        continue
                    seen.add(alike)
                    number = len(self.rows)
                    self.rows.append(row)
                    self._of_table[row.table].append(number)
                    tables[row.table].append({**row.columns, "ReportId": number})
        self.engine = KqlEngine(tables)

    def judged(self, rule: LoadedRule) -> Judged:
        """What the two judges say of all rows of a rule's table. Raises RuleError."""
        query = Compiler(RuleSet((rule,), (), (), (), ()), check=False).compile(rule).query
        assert isinstance(query, RuleQuery)
        matcher = Matcher(rule.document)
        log_source = rule.document["logsource"]
        by_query = frozenset(hit["ReportId"] for hit in self.engine.run(query.text))
        views = self._events(query.table.name, log_source)
        by_record = frozenset(number for number, record, _ in views if record and matcher.matches(record))
        by_row = frozenset(number for number, _, row in views if row and matcher.matches(row))
        losses: Counter[str] = Counter()
        unexplained = [self._told("row and query", rule, number, by_query) for number in sorted(by_row ^ by_query)]
        for number in sorted(by_record ^ by_query):
            row = self.rows[number]
            why = explains(matcher.matches, row.records[0], log_source, number in by_query, row)
            if why is None:
                unexplained.append(self._told("record and query", rule, number, by_query))
            else:
                losses.update(why)
        return Judged(by_record, by_row, by_query, losses, tuple(unexplained))

    def _events(self, table: str, log_source: Document) -> list[tuple[int, Event | None, Event | None]]:
        """A table's rows by number, each with its first record and itself as a log source shows them."""
        key = (table, str(sorted(log_source.items())))
        if key not in self._views:
            self._views[key] = [
                (
                    number,
                    record_event(self.rows[number].records[0], log_source),
                    row_event(table, {**self.rows[number].columns, "ReportId": number}, log_source),
                )
                for number in self._of_table[table]
            ]
        return self._views[key]

    def _told(self, what: str, rule: LoadedRule, number: int, by_query: frozenset[int]) -> str:
        row = self.rows[number]
        record = row.records[0]
        says = "selects" if number in by_query else "doesn't select"
        return f"{what}: {rule.title} {rule.document['detection']}: the query {says} {row.columns} of {record.file} {record.number}"


def _asked_about(row: Row) -> object:
    said = frozenset((name, str(value)) for name, value in row.columns.items() if name not in _OF_NO_RULE)
    record = row.records[0]
    return row.table, said, record.log, record.event_id


# ---------------------------------------------------------------------------------------------------------------- rules


def rule_files(corpus: Path) -> list[Path]:
    """All of SigmaHQ's rule files."""
    return sorted((corpus / "sigmahq").rglob("*.yml"))


def parts(rule: LoadedRule) -> Iterator[LoadedRule]:
    """Each selection of a rule as a rule of its own, and its opposite."""
    for name, selection in rule.document["detection"].items():
        if name not in ("condition", "timeframe"):
            for condition in (name, f"not {name}"):
                document = {**rule.document, "detection": {name: selection, "condition": condition}}
                text = yaml.safe_dump(document, allow_unicode=True)
                loaded, _ = load_bytes(rule.path, rule.relative, text.encode())
                yield from loaded


def _main(corpus: Path) -> None:
    recordings = Recordings(corpus)
    losses: Counter[str] = Counter()
    with_records: list[str] = []
    conditions = pairs = 0
    for path in rule_files(corpus):
        for whole in load_rules([path]).rules:
            for rule in (whole, *parts(whole)):
                try:
                    judged = recordings.judged(rule)
                except RuleError:
                    continue
                conditions += 1
                pairs += len(recordings.rows)
                losses.update(judged.losses)
                for text in judged.unexplained:
                    sys.stdout.write(f"{text}\n")
                if rule is whole and judged.by_record | judged.by_query:
                    with_records.append(f"{path.relative_to(corpus).as_posix()}\n")
    sys.stdout.write(f"{conditions:,} conditions on {len(recordings.rows):,} rows; losses {dict(losses)}\n")
    RULES_WITH_RECORDS.write_text("".join(with_records), encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
