"""The Sysmon view of a row: what Defender has, under the names that Sigma's log sources give it.

A rule's untouched meaning is judged on this view; the compiler never sees it. On rows on Defender's own tables the row is
its own view.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.schema import Table, xdr_schema
from sigma_xdr.telemetry.views.sysmon import CATEGORIES, LogSource, View, additional_fields

__all__ = ["row_event"]

#: ``service`` of rules on Defender's own tables.
_DEFENDER = "defender-xdr"


def row_event(table: str, columns: Mapping[str, Any], logsource: Mapping[str, Any]) -> Event | None:
    """A row (columns to values; those that it lacks are nothing) as a Sigma log source shows it.

    None where it is none of that log source's events. A column is also a field by its own name, unless the log source has a
    field of that name, and so is a key of AdditionalFields behind the column's. Raises SchemaError for an unknown table.
    """
    known = xdr_schema().table(table)
    product, category, service = (str(logsource.get(key) or "").lower() for key in ("product", "category", "service"))
    if product not in ("", "windows"):
        return None
    if service == _DEFENDER:
        return _own_event(known, columns) if category.replace("_", "") == known.name.lower() else None
    if category:
        source = CATEGORIES.get(category) if category != "security" and service in ("", "sysmon") else None
    else:
        source = CATEGORIES["security"] if service == "security" else _of_sysmon(known, columns, service)
    action = str(columns.get("ActionType"))
    if source is None or source.table != known.name or action not in source.actions:
        return None
    view = View()
    source.show(view, columns)
    view.spell("EventID", list(source.actions[action]), action)
    return Event({**_inner(columns), **columns, **view.fields}, True, _texts(known, columns), view.keys)


def _of_sysmon(table: Table, columns: Mapping[str, Any], service: str) -> LogSource | None:
    """The log source of Sysmon's that shows a row; of several the widest, which comes first."""
    if service != "sysmon":
        return None
    fitting = (
        source
        for name, source in CATEGORIES.items()
        if name != "security" and source.table == table.name and columns.get("ActionType") in source.actions
    )
    return next(fitting, None)


def _own_event(table: Table, columns: Mapping[str, Any]) -> Event:
    """The row itself; the keys of AdditionalFields are fields too, by their own names and behind the column's."""
    inner = _inner(columns)
    keys = {name.removeprefix(_INNER): value for name, value in inner.items()}
    return Event({**keys, **inner, **columns}, True, _texts(table, columns))


_INNER = "AdditionalFields."


def _inner(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of AdditionalFields behind the column's name."""
    return {f"{_INNER}{key}": _as_text(value) for key, value in additional_fields(columns).items()}


def _as_text(value: Any) -> Any:
    """What Kusto's tostring makes of a value inside JSON: text, also of a number."""
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return None


def _texts(table: Table, columns: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(value for name in table.string_columns if isinstance(value := columns.get(name), str) and value)
