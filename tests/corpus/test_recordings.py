"""SigmaHQ's rules on recorded events: an untouched rule says of an untouched record what its query says of the record's row."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules
from sigma_xdr.telemetry import Record, map_records, read_events
from sigma_xdr.telemetry.losses import LOSSES

from .recordings import RULES_WITH_RECORDS, Recordings, parts, rule_files

#: The one event of the regression data that Defender doesn't keep.
WMI_ACTIVITY = "d4f1a2b3-7c8e-4d5f-b6a9-1e0c2d3f4e5b"


@pytest.fixture(scope="module")
def recordings(corpus: Path) -> Recordings:
    return Recordings(corpus)


@pytest.fixture(scope="module")
def sigmahq(corpus: Path) -> RuleSet:
    return load_rules([corpus / "sigmahq"])


def by_id(rules: RuleSet, corpus: Path) -> dict[str, LoadedRule]:
    """The rules that have an event of their own."""
    ids = {path.stem for path in (corpus / "sigma_regression").iterdir()}
    return {str(rule.id): rule for rule in rules.rules if rule.id in ids}


def test_a_rule_finds_its_own_event(corpus: Path, sigmahq: RuleSet) -> None:
    """In both conventions of paths: the row with the file's name in its paths is the first, the one without the second."""
    rules = {identifier: rule for identifier, rule in by_id(sigmahq, corpus).items() if identifier != WMI_ACTIVITY}
    compiler = Compiler(sigmahq, check=False)
    found = {}
    for identifier, rule in rules.items():
        [record] = [
            each for each in read_events(corpus / "sigma_regression" / f"{identifier}.evtx") if isinstance(each, Record)
        ]
        made = [next(iter(map_records([record], whole_paths=whole))) for whole in (True, False)]
        rows = [{**row.columns, "ReportId": number} for number, row in enumerate(made, 1)]
        with KqlEngine({made[0].table: rows}) as engine:
            found[identifier] = [hit["ReportId"] for hit in engine.run(compiler.compile(rule).kql)]
    assert found == {identifier: [1, 2] for identifier in rules}
    assert len(found) == 22


def test_a_rule_on_an_event_that_defender_does_not_keep_is_refused(corpus: Path, sigmahq: RuleSet) -> None:
    with pytest.raises(RuleError) as refusal:
        Compiler(sigmahq, check=False).compile(by_id(sigmahq, corpus)[WMI_ACTIVITY])
    assert "error[lost-log-source]: Defender can't answer the log source 'wmi'" in str(refusal.value)


def test_rules_with_records(corpus: Path, sigmahq: RuleSet, recordings: Recordings) -> None:
    """Every rule of SigmaHQ's that any record fits, by its own meaning or by its query."""
    listed = {(corpus / line).as_posix() for line in RULES_WITH_RECORDS.read_text("utf-8").splitlines()}
    rules = [rule for rule in sigmahq.rules if rule.path.as_posix() in listed]
    unexplained, losses, silent = _compare(recordings, rules)
    assert unexplained == []
    assert losses <= LOSSES.keys()
    assert (len(rules), silent) == (len(listed), 0)


def test_rules_and_selections(corpus: Path, sigmahq: RuleSet, recordings: Recordings) -> None:
    """A fixed sample of all rules, whole and selection by selection, each also negated."""
    names = {path.name for path in rule_files(corpus) if zlib.crc32(path.name.encode()) % 64 == 0}
    sample = [rule for rule in sigmahq.rules if rule.path.name in names]
    unexplained, losses, _ = _compare(recordings, (part for rule in sample for part in (rule, *parts(rule))))
    assert unexplained == []
    assert "argv0-directory" in losses
    assert losses <= LOSSES.keys()


def _compare(recordings: Recordings, rules: Iterable[LoadedRule]) -> tuple[list[str], set[str], int]:
    """What nothing explains, the losses that explain the rest, and how many rules no record fits."""
    unexplained: list[str] = []
    losses: set[str] = set()
    silent = 0
    for rule in rules:
        try:
            judged = recordings.judged(rule)
        except RuleError:  # refused; which rules are is not the matter here
            continue
        silent += not judged.by_record | judged.by_query
        unexplained += judged.unexplained
        losses |= judged.losses.keys()
    return unexplained, losses, silent
