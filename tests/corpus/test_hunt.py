"""The hunt over recorded events: what it finds is what the compiled queries select of the rows in the local engine."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sigma_xdr import compile_rules, load_rules
from sigma_xdr.engine import KqlEngine
from sigma_xdr.kql.compiler import CompiledRule
from sigma_xdr.scan.crew import Crew
from sigma_xdr.scan.hunting import Plan
from sigma_xdr.scan.planning import plan_of
from sigma_xdr.telemetry import Record, map_records, read_events
from sigma_xdr.telemetry.sources import find_sources
from sigma_xdr.testing.suite import load_site_of

PACK = Path(__file__).parents[2] / "sigma_rules"
SITE = load_site_of([PACK])
#: Of the files every so many is hunted through; 1: all of them, which takes some minutes.
EVERY = int(os.environ.get("SIGMA_XDR_HUNT_EVERY", "7"))

#: A rule's place in the pack, the record that its row was made of, and of a rule also the others that the row stands for.
Told = tuple[str, int, tuple[int, ...]]


@cache
def compiled() -> list[CompiledRule]:
    return compile_rules(load_rules([PACK]), site=SITE, check=False)


@cache
def plan() -> Plan:
    rules = load_rules([PACK])
    made, problems = plan_of(rules, rules, lambda rule: None, (), SITE)
    assert problems == []
    return made


def by_hunt(path: Path) -> Counter[Told]:
    correlations = {asked.rule for asked in plan().correlations}
    with find_sources([path]) as sources:
        return Counter(
            (hit.rule.path, hit.record, () if hit.rule in correlations else hit.records)
            for hit in Crew(plan(), sources).hits()
            if hit.timestamp
        )


def by_engine(path: Path) -> Counter[Told]:
    """Rows without a time are in no tenant, and the engine takes none."""
    records = [record for record in read_events(path) if isinstance(record, Record)]
    rows = [row for row in map_records(records) if row.columns.get("Timestamp")]
    tables: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for number, row in enumerate(rows):
        tables[row.table].append({**row.columns, "ReportId": number})
    reported = {asked.rule.path for asked in (*plan().rules, *plan().correlations) if asked.reported}
    found: Counter[Told] = Counter()
    with KqlEngine(tables) as engine:
        for rule in compiled():
            if rule.rule.relative.as_posix() not in reported:  # it is only there for a correlation
                continue
            for selected in engine.run(rule.kql):
                numbers = [record.number for record in rows[selected["ReportId"]].records]
                stands_for = () if rule.rule.kind == "correlation" else tuple(sorted({*numbers}))
                found[rule.rule.relative.as_posix(), numbers[0], stands_for] += 1
    return found


def recorded(corpus: Path) -> list[Path]:
    """The files that the list of recorded actions names."""
    lines = (corpus / "actions.jsonl").read_text("utf-8").splitlines()
    return sorted({corpus / json.loads(line)["path"] for line in lines})


def test_the_hunt_finds_what_the_queries_select(corpus: Path) -> None:
    rules: Counter[str] = Counter()
    paths = recorded(corpus)[::EVERY]
    for path in paths:
        hits = by_hunt(path)
        assert hits == by_engine(path), path
        rules.update(rule for rule, _, _ in hits.elements())
    assert len(paths) > 3
    assert len(rules) > 3
    assert rules.total() > 10
