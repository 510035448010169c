"""SigmaHQ's rules on recorded events: a rule says of a record what its query says of the record's row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql.query import rule_query
from sigma_xdr.pipeline import xdr_pipeline

from .compare import RULES_WITH_RECORDS, Recordings, load, parts, rule_files
from .losses import LOSSES
from .recorded_rows import read_records, rows_of

#: The one event of the regression data that Defender doesn't keep.
WMI_ACTIVITY = "d4f1a2b3-7c8e-4d5f-b6a9-1e0c2d3f4e5b"


@pytest.fixture(scope="module")
def recordings(corpus: Path) -> Recordings:
    return Recordings(corpus)


@pytest.fixture(scope="module")
def regression_rules(corpus: Path) -> Mapping[str, SigmaRule]:
    """The rules that have an event of their own, by id."""
    ids = {path.stem for path in (corpus / "sigma_regression").iterdir()}
    texts = (path.read_text("utf-8") for path in rule_files(corpus))
    return {
        identifier: SigmaRule.from_yaml(text)
        for text in texts
        if (identifier := text.partition("\nid: ")[2].partition("\n")[0].strip()) in ids
    }


def test_a_rule_finds_its_own_event(corpus: Path, regression_rules: Mapping[str, SigmaRule]) -> None:
    """In both conventions of paths: the row with the file's name in its paths is the first, the one without the second."""
    rules = {identifier: rule for identifier, rule in regression_rules.items() if identifier != WMI_ACTIVITY}
    found = {}
    for identifier, rule in rules.items():
        records = list(read_records(corpus / "sigma_regression" / f"{identifier}.evtx"))
        [(_, table, whole)] = rows_of(records, whole_paths=True)
        [(_, _, directory)] = rows_of(records, whole_paths=False)
        engine = KqlEngine({table: [{**whole, "ReportId": 1}, {**directory, "ReportId": 2}]})
        found[identifier] = [hit["ReportId"] for hit in engine.run(rule_query(rule, xdr_pipeline()).text)]
    assert found == {identifier: [1, 2] for identifier in rules}
    assert len(found) == 22


def test_a_rule_on_an_event_that_defender_does_not_keep_is_refused(regression_rules: Mapping[str, SigmaRule]) -> None:
    with pytest.raises(RuleError) as refusal:
        rule_query(regression_rules[WMI_ACTIVITY], xdr_pipeline())
    assert str(refusal.value) == (
        "error[lost-log-source]: Defender can't answer the log source 'wmi': its hunting tables hold none of that log's events\n"
        "  = see what it holds: sigma-xdr fields"
    )


def test_rules_with_records(corpus: Path, recordings: Recordings) -> None:
    """Every rule of SigmaHQ's that any record fits, by its own meaning or by its query: they agree on all records."""
    rules = [corpus / line for line in RULES_WITH_RECORDS.read_text("utf-8").splitlines()]
    unexplained, losses, silent = _compare(recordings, (rule for path in rules if (rule := load(path))))
    assert (unexplained, losses, silent) == ([], set(), set())
    assert len(rules) == 148


def test_rules_and_selections(corpus: Path, recordings: Recordings) -> None:
    """A fixed sample of all rules, whole and selection by selection, each also negated: losses alone explain what differs."""
    sample = (rule for path in rule_files(corpus) if zlib.crc32(path.name.encode()) % 64 == 0 and (rule := load(path)))
    unexplained, losses, _ = _compare(recordings, (part for rule in sample for part in (rule, *parts(rule))))
    assert unexplained == []
    assert losses <= LOSSES.keys()
    assert "argv0-directory" in losses


def _compare(
    recordings: Recordings, rules: Iterator[Mapping[str, Any]]
) -> tuple[list[tuple[object, ...]], set[str], set[str]]:
    """Rules on all records: what nothing explains, the losses that explain the rest, and the rules that no record fits."""
    unexplained: list[tuple[object, ...]] = []
    losses: set[str] = set()
    silent: set[str] = set()
    for rule in rules:
        try:
            verdicts = recordings.verdicts(rule)
        except SigmaError:  # refused; which rules are is not the matter here
            continue
        if not verdicts.by_rule:
            silent.add(rule["title"])
        unexplained += [("by convention", rule["title"], recordings.records[n]) for n in verdicts.by_convention]
        for number, loss in recordings.disagreements(rule, verdicts):
            if loss is None:
                unexplained.append((rule["title"], rule["detection"], recordings.records[number]))
            else:
                losses.add(loss)
    return unexplained, losses, silent
