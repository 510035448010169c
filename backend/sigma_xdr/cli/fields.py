"""``sigma-xdr fields``: what a Sigma log source is in Defender XDR."""

from __future__ import annotations

import json
from typing import Any

import click

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.pipeline import REFUSED, LogSource, Lost, log_sources
from sigma_xdr.schema import nearest, xdr_schema

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr fields process_creation")
@click.argument("category", required=False)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="For people, or for machines."
)
def command(category: str | None, form: str) -> int:
    """Show what CATEGORY maps to: table, ActionTypes, columns with types, and what is lost. Without it, list all."""
    facts = [_summary(source) for source in log_sources().values()] if category is None else _facts(_find(category))
    if form == "json":
        click.echo(json.dumps(facts, indent=2))
    else:
        _show(facts)
    return 0


def _find(category: str) -> LogSource:
    found = log_sources().get(category.lower())
    if found is not None:
        return found
    if category in REFUSED:
        raise UsageError(Diagnostic("lost-log-source", f"Defender can't answer '{category}': {REFUSED[category]}"))
    like = nearest(category, log_sources())
    raise UsageError(
        Diagnostic(
            "unknown-log-source",
            f"'{category}' is no log source that Defender's tables answer",
            f"did you mean {' or '.join(like)}?" if like else "list them: sigma-xdr fields",
        )
    )


def _summary(source: LogSource) -> dict[str, Any]:
    return {"log_source": source.name, "table": source.table, "action_types": list(source.action_types)}


def _facts(source: LogSource) -> dict[str, Any]:
    table = xdr_schema().table(source.table)
    fields = []
    for name, mapping in source.fields.items():
        fields.append(
            {
                "field": name,
                "columns": [
                    {"name": column, "type": str(table.columns[column].type) if column in table.columns else "string"}
                    for column in mapping.columns
                ],
                "lost": mapping.reason if isinstance(mapping, Lost) else None,
            }
        )
    fields.sort(key=lambda field: field["lost"] is not None)  # what there is, then what there isn't
    own = [
        {"field": column.name, "columns": [{"name": column.name, "type": str(column.type)}], "lost": None}
        for column in table.columns.values()
        if column.name not in source.fields
    ]
    events = {event: list(actions) for event, actions in source.events.items()}
    return {**_summary(source), "note": source.note, "event_ids": events, "fields": fields, "columns": own}


def _show(facts: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    if isinstance(facts, list):
        for heading in ("log source", "table", "ActionTypes"):
            grid.add_column(heading, overflow="fold")
        for source in facts:
            grid.add_row(
                source["log_source"], source["table"], ", ".join(source["action_types"]) or "the rule names them"
            )
        console.print(grid)
        return
    actions = ", ".join(facts["action_types"]) or "the rule names them"
    console.print(f"{facts['log_source']}: {facts['table']}, ActionType {actions}")
    if facts["note"]:
        console.print(facts["note"])
    if facts["event_ids"]:
        console.print("EventID " + ", ".join(facts["event_ids"]))
    console.print()
    for heading in ("field", "column", "type"):
        grid.add_column(heading, overflow="fold")
    for field in (*facts["fields"], *facts["columns"]):
        if field["lost"]:
            grid.add_row(field["field"], f"not in Defender: {field['lost']}", "")
        else:
            columns = field["columns"]
            types = dict.fromkeys(column["type"] for column in columns)
            grid.add_row(field["field"], ", ".join(column["name"] for column in columns), ", ".join(types))
    console.print(grid)
