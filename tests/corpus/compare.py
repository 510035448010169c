"""A rule on recorded events: what it says of each record, and which rows its query selects.

As a program (``python -m tests.corpus.compare CORPUS``, some minutes) it does so for all of SigmaHQ's rules and each of their
selections, prints what disagrees, and writes ``rules_with_records.txt``, the rules that the test runs each time.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.kql.query import rule_query
from sigma_xdr.pipeline import xdr_pipeline

from .losses import explanation
from .plain_matcher import judge
from .recorded_rows import Fields, Record, Row, read_records, rows_of

__all__ = ["RULES_WITH_RECORDS", "Recordings", "Verdicts", "load", "parts", "rule_files"]

RULES_WITH_RECORDS = Path(__file__).with_name("rules_with_records.txt")

_FOLDERS = ("otrf", "splunk_attack_data", "evtx_attack_samples", "evtx_to_mitre", "sigma_regression")
#: Sigma's log sources, as events of Sysmon or the Security log and, where one event is two of Sigma's, its EventType.
_EVENTS: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "process_creation": ((1, 4688), ()),
    "network_connection": ((3,), ()),
    "image_load": ((7,), ()),
    "file_event": ((11,), ()),
    "registry_add": ((12,), ("CreateKey",)),
    "registry_delete": ((12,), ("DeleteKey", "DeleteValue")),
    "registry_set": ((13,), ()),
    "registry_event": ((12, 13), ()),
    "pipe_created": ((17, 18), ()),
    "wmi_event": ((21,), ()),
    "security": ((4624,), ()),
}
#: Fields of a record that no rule asks about.
_OF_NO_RULE = frozenset(
    (
        "UtcTime",
        "RecordNumber",
        "ProcessGuid",
        "ParentProcessGuid",
        "LogonGuid",
        "ProcessId",
        "ParentProcessId",
        "RuleName",
    )
)


@dataclass(frozen=True)
class Verdicts:
    """What is said of the records of a rule's log source, by number: by the rule, by its query in both conventions of paths."""

    by_rule: frozenset[int]
    by_query: frozenset[int]
    #: The query's rows differ between the two conventions.
    by_convention: frozenset[int]


class Recordings:
    """The corpus' records that Defender shows, those that are alike in all that rules ask about once, and their rows.

    Each has two rows, one a convention of paths (see ``rows_of``), with ReportId twice the record's number, and one more.
    """

    def __init__(self, corpus: Path) -> None:
        self.records: list[Record] = []
        tables: dict[str, list[Row]] = defaultdict(list)
        seen: set[object] = set()
        for folder in _FOLDERS:
            for path in sorted((corpus / folder).iterdir()):
                records = list(read_records(path))
                in_both = zip(rows_of(records, whole_paths=True), rows_of(records, whole_paths=False), strict=True)
                for (record, table, whole), (_, _, directory) in in_both:
                    if (alike := _asked_about(record)) in seen:
                        continue
                    seen.add(alike)
                    number = 2 * len(self.records)
                    self.records.append(record)
                    tables[table] += [{**whole, "ReportId": number}, {**directory, "ReportId": number + 1}]
        self.engine = KqlEngine(tables)

    @cache  # noqa: B019 - lives as long as the recordings
    def of(self, log_source: str) -> Mapping[int, Fields]:
        """The fields of a log source's records, by number."""
        events, types = _EVENTS[log_source]
        return {
            number: {**record.sigma, "EventID": str(record.event)}
            for number, record in enumerate(self.records)
            if record.event in events and (not types or record.fields["EventType"] in types)
        }

    def verdicts(self, rule: Mapping[str, Any]) -> Verdicts:
        """What a rule, as loaded from YAML, says of its log source's records. Raises SigmaError."""
        query = rule_query(SigmaRule.from_dict(copy.deepcopy(dict(rule))), xdr_pipeline())
        says = judge(SigmaRule.from_dict(copy.deepcopy(dict(rule))))
        selected = {row["ReportId"] for row in self.engine.run(query.text)}
        whole, directory = ({number // 2 for number in selected if number % 2 == odd} for odd in (0, 1))
        return Verdicts(
            frozenset(number for number, fields in self.of(log_source(rule)).items() if says(fields)),
            frozenset(whole),
            frozenset(whole ^ directory),
        )

    def disagreements(self, rule: Mapping[str, Any], verdicts: Verdicts) -> Iterator[tuple[int, str | None]]:
        """The records of which rule and query say different things, and the loss that explains it, if any does."""
        if verdicts.by_rule == verdicts.by_query:
            return
        on_record, on_row = (judge(SigmaRule.from_dict(copy.deepcopy(dict(rule))), one) for one in (False, True))
        for number in sorted(verdicts.by_rule ^ verdicts.by_query):
            fields = self.of(log_source(rule))[number]
            yield number, explanation(on_record, on_row, fields, number in verdicts.by_query)


def _asked_about(record: Record) -> object:
    return record.event, frozenset(item for item in record.sigma.items() if item[0] not in _OF_NO_RULE)


# ---------------------------------------------------------------------------------------------------------------- rules


def rule_files(corpus: Path) -> list[Path]:
    """All of SigmaHQ's rule files."""
    return sorted((corpus / "sigmahq").rglob("*.yml"))


def load(path: Path) -> dict[str, Any] | None:
    """A rule of a log source that the recordings have; None for any other."""
    rule: dict[str, Any] = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    of_windows = rule.get("logsource", {}).get("product") == "windows"
    return rule if of_windows and log_source(rule) in _EVENTS else None


def log_source(rule: Mapping[str, Any]) -> str:
    """The category of a rule, or its service."""
    source = rule["logsource"]
    return str(source.get("category") or source.get("service"))


def parts(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each selection of a rule as a rule of its own, and its opposite."""
    for name, selection in rule["detection"].items():
        if name not in ("condition", "timeframe"):
            for condition in (name, f"not {name}"):
                yield {**rule, "detection": {name: selection, "condition": condition}}


def _main(corpus: Path) -> None:
    recordings = Recordings(corpus)
    causes: Counter[str] = Counter()
    with_records: list[str] = []
    judged: set[str] = set()
    for path in rule_files(corpus):
        rule = load(path)
        for part in (rule, *parts(rule)) if rule else ():
            text = f"{log_source(part)} {part['detection']}"
            if text in judged:
                continue
            judged.add(text)
            try:
                verdicts = recordings.verdicts(part)
            except SigmaError:
                continue
            if part is rule and verdicts.by_rule | verdicts.by_query:
                with_records.append(f"{path.relative_to(corpus)}\n")
            for number in verdicts.by_convention:
                sys.stdout.write(f"by convention: {path.name} {part['detection']} {recordings.records[number]}\n")
            for number, loss in recordings.disagreements(part, verdicts):
                causes[f"{'a rule' if part is rule else 'a selection'}: {loss}"] += 1
                if loss is None or part is rule:
                    sys.stdout.write(f"{loss}: {path.name} {part['detection']} {recordings.records[number]}\n")
    sys.stdout.write(f"{len(judged)} judged; {causes}\n")
    RULES_WITH_RECORDS.write_text("".join(with_records))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
