"""Which of Defender's tables a row is of, where the row doesn't say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sigma_xdr.errors import Diagnostic, visible
from sigma_xdr.schema import Table, xdr_schema
from sigma_xdr.telemetry.records import TelemetryError

__all__ = ["is_known_column", "table_called", "table_found", "table_named"]

#: Columns in which an export names the table: ``search`` and ``find``, ``withsource=``, Log Analytics.
_NAMING = ("$table", "Table", "TableName", "SourceTable", "source_", "Type")
#: How many tables a message names.
_SHOWN = 4


@cache
def _columns() -> frozenset[str]:
    return frozenset(name for table in xdr_schema().tables.values() for name in table.columns)


@cache
def _tables() -> Mapping[str, Table]:
    """The tables by their names in lower case. The schema itself knows them too, but ponders over what is none."""
    return {name.lower(): table for name, table in xdr_schema().tables.items()}


def is_known_column(name: str) -> bool:
    """Whether any table has a column of that name."""
    return name in _columns()


def table_called(name: str) -> Table | None:
    """The table of that name in any case; None where there is none."""
    return _tables().get(name.strip().lower()) if name.isascii() else None


def table_named(row: Mapping[str, Any]) -> tuple[Table, str] | None:
    """The table that a row names, and the column in which it does; None where it names none."""
    for column in _NAMING:
        if isinstance(name := row.get(column), str):
            table = table_called(name)
            if table is not None and column not in table.columns:
                return table, column
    return None


def table_found(columns: Iterable[str], action: str | None) -> Table:
    """The one table that has all the columns, as far as any has them, and this ActionType.

    Raises TelemetryError, which names the tables between which the row leaves the choice.
    """
    names = [name for name in columns if is_known_column(name)]
    if not names:
        raise TelemetryError(Diagnostic("no-event", "the row has no column of Defender's tables"))
    tables = xdr_schema().tables.values()
    fitting = [table for table in tables if all(name in table.columns for name in names)]
    if not fitting:
        raise _unfit(names)
    if action and len(fitting) > 1:
        fitting = (
            [table for table in fitting if table.action_types and action in table.action_types]
            or [table for table in fitting if table.action_types is None]
            or fitting
        )
    if len(fitting) > 1:
        of = f" and the ActionType '{visible(action[:60])}'" if action else ""
        message = (
            f"the row doesn't name its table: its columns{of} fit {_some(sorted(table.name for table in fitting))}"
        )
        raise TelemetryError(Diagnostic("ambiguous-table", message, "export the column $table too, or ActionType"))
    return fitting[0]


def _unfit(names: list[str]) -> TelemetryError:
    def lacking(table: Table) -> list[str]:
        return [name for name in names if name not in table.columns]

    nearest = min(xdr_schema().tables.values(), key=lambda table: (len(lacking(table)), table.name))
    message = (
        f"no table of Defender XDR has all of the row's columns: {nearest.name} lacks {_some(lacking(nearest), 'and')}"
    )
    return TelemetryError(Diagnostic("unknown-table", message, "export the column $table too"))


def _some(names: list[str], word: str = "or") -> str:
    shown = names[:_SHOWN] if len(names) <= _SHOWN + 1 else [*names[: _SHOWN - 1], f"{len(names) - _SHOWN + 1} more"]
    shown = names if len(names) <= _SHOWN else shown
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if shown[1:] else shown[0]
