"""The pack on recorded events, as Defender would see them: which records each rule's hits stand for."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma_xdr.engine import KqlEngine
from sigma_xdr.kql.compiler import CompiledRule
from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, Row, map_records, read_events

__all__ = ["Hit", "background_hits", "hits_on_records"]

Rows = Mapping[str, list[Mapping[str, Any]]]


@dataclass(frozen=True)
class Hit:
    """A row that a rule selects: the rule's place in the pack, and the records that the row was made of, in their file."""

    rule: str
    file: str
    records: frozenset[int]


def hits_on_records(path: Path, name: str, rules: Iterable[CompiledRule]) -> Iterator[Hit]:
    """The hits of the rules on the rows of a file of Windows' events, which is called ``name``.

    A correlation's hit is the event that completes it.
    """
    records = [record for record in read_events(path) if isinstance(record, Record)]
    rows = [row for row in map_records(records) if row.columns.get("Timestamp")]
    tables: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for number, row in enumerate(rows):
        tables[row.table].append({**row.columns, "ReportId": number})
    with KqlEngine(tables) as engine:
        for rule in rules:
            for found in engine.run(rule.kql):
                yield Hit(rule_name(rule), name, _records(rows[found["ReportId"]]))


def _records(row: Row) -> frozenset[int]:
    return frozenset(record.number for record in row.records)


def background_hits(folder: Path, rules: Iterable[CompiledRule]) -> tuple[int, dict[str, int]]:
    """How many rows of ordinary work there are, as the streaming API wrote them, and how many each rule selects."""
    tables: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                table = xdr_schema().table(line["category"].removeprefix("AdvancedHunting-"))
                tables[table.name].append({name: v for name, v in line["properties"].items() if name in table.columns})
    with KqlEngine(tables) as engine:
        return sum(map(len, tables.values())), {rule_name(rule): len(engine.run(rule.kql)) for rule in rules}


def rule_name(rule: CompiledRule) -> str:
    """A rule's place in the pack, without its ending."""
    return rule.rule.relative.with_suffix("").as_posix()
