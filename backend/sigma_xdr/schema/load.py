"""From the dated data files to the one schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sigma_xdr.schema.model import ActionType, Column, ColumnType, Confidence, Schema, Table

_DATA = Path(__file__).parent / "data"
_TABLES = "tables.2026-08.json"
_ACTION_TYPES = "action_types.2026-08.json"
_CUSTOM_DETECTIONS = "custom_detections.2026-04.json"
_SHOWN_COLUMNS = "shown_columns.2026-11.json"


@cache
def xdr_schema() -> Schema:
    """The schema of Defender XDR advanced hunting, read from the data files at the first call and then kept."""
    tables, known, detections = _read(_TABLES), _read(_ACTION_TYPES), _read(_CUSTOM_DETECTIONS)
    shown = _read(_SHOWN_COLUMNS)
    homes: dict[str, tuple[str, ...]] = {}
    for table, action_types in known["tables"].items():
        for name in action_types:
            homes[name.lower()] = (*homes.get(name.lower(), ()), table)
    return Schema(
        {
            name: _table(name, facts, _action_types(name, known), homes, detections, shown)
            for name, facts in tables["tables"].items()
        },
        tables["dated"],
    )


def _read(file: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((_DATA / file).read_bytes())
    return facts


def _table(
    name: str,
    facts: Mapping[str, Any],
    action_types: Mapping[str, ActionType] | None,
    homes: Mapping[str, tuple[str, ...]],
    detections: Mapping[str, Any],
    shown: Mapping[str, Any],
) -> Table:
    columns = {
        column: Column(column, ColumnType(type_), description)
        for column, (type_, description) in facts["columns"].items()
    }
    return Table(
        name=name,
        description=facts["description"],
        source=facts["source"],
        dated=facts["ms_date"],
        notes=tuple(facts.get("notes", ())),
        columns=columns,
        action_types=action_types,
        action_type_homes=homes,
        requires=next(tuple(needs) for prefix, needs in detections["requires"].items() if name.startswith(prefix)),
        impacted_assets=tuple(column for column in detections["impacted_assets"] if column in columns),
        near_real_time=name in detections["near_real_time"],
        shown=_shown(name, columns, shown),
    )


def _shown(name: str, columns: Mapping[str, Column], shown: Mapping[str, Any]) -> tuple[str, ...]:
    if name not in shown["tables"]:
        return tuple(columns)
    initiating = () if name == "DeviceProcessEvents" else shown["initiating_process"]
    return (*shown["tables"][name], *initiating)


def _action_types(table: str, known: Mapping[str, Any]) -> dict[str, ActionType] | None:
    if table in known["open"]:
        return None
    return {
        name: ActionType(
            name=name,
            table=table,
            confidence=Confidence(facts["confidence"]),
            additional_fields=tuple(facts.get("additional_fields", ())),
            note=facts.get("note"),
            sources=tuple(facts["sources"].values()),
        )
        for name, facts in known["tables"].get(table, {}).items()
    }
