"""KQL on rows with DuckDB, through ``duckdb-kql``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import duckdb
import duckdb_kql
from duckdb.func import FunctionNullHandling
from duckdb_kql.translate.functions import SCALAR_FUNCTIONS, FunctionSpec

from sigma_xdr.engine.escapes import spell_out
from sigma_xdr.engine.networks import in_ipv4_networks, in_ipv6_networks
from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.schema import Column, ColumnType, Table, xdr_schema

__all__ = ["EngineError", "KqlEngine"]

_SQL_TYPES = {
    ColumnType.BOOL: "BOOLEAN",
    ColumnType.DATETIME: "TIMESTAMP",
    ColumnType.DYNAMIC: "JSON",
    ColumnType.INT: "INTEGER",
    ColumnType.LONG: "BIGINT",
    ColumnType.REAL: "DOUBLE",
    #: Kusto has no null text: what a row doesn't say is empty.
    ColumnType.STRING: "VARCHAR NOT NULL DEFAULT ''",
}
_NETWORKS = {
    "ipv4_is_in_range": in_ipv4_networks,
    "ipv4_is_in_any_range": in_ipv4_networks,
    "ipv6_is_in_range": in_ipv6_networks,
    "ipv6_is_in_any_range": in_ipv6_networks,
}

#: How many rows are loaded at one go.
_CHUNK = 10_000


class EngineError(SigmaXdrError):
    """A query that the engine can't run exactly, or rows that don't fit their table."""


class KqlEngine:
    """Tables of rows that queries can be run on.

    ``rows`` maps a table's name to its rows; a row maps columns to values of the column's Kusto type (datetimes as
    ``datetime`` or ISO 8601 text, dynamic as Python data). A column that a row lacks is empty or null. Raises SchemaError for an
    unknown table or column.
    """

    def __init__(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        self._connection = duckdb_kql.connect()
        for name, function in _NETWORKS.items():
            SCALAR_FUNCTIONS.setdefault(name, FunctionSpec(name, "udf", f"{function.__name__}(list_value({{}}))"))
        for function in set(_NETWORKS.values()):
            self._connection.create_function(
                function.__name__, function, ["varchar[]"], "boolean", null_handling=FunctionNullHandling.SPECIAL
            )
        for table, table_rows in rows.items():
            self._load(table, table_rows)

    def _load(self, table_name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        table = xdr_schema().table(table_name)
        columns = ", ".join(f'"{column.name}" {_SQL_TYPES[column.type]}' for column in table.columns.values())
        self._connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
        for chunk in _chunks(rows):
            self._insert(table, chunk)

    def _insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows at one go, a list a column: a statement a row takes a hundred times as long."""
        spelt = {name: table.column(name) for row in rows for name in row}
        whole = [{spelt[name].name: value for name, value in row.items()} for row in rows]
        columns = list(dict.fromkeys(spelt.values())) or list(table.columns.values())
        lists = [[_value(column, row.get(column.name)) for row in whole] for column in columns]
        names = ", ".join(f'"{column.name}"' for column in columns)
        values = ", ".join("unnest(?)" for _ in columns)
        try:
            self._connection.execute(f'INSERT INTO "{table.name}" ({names}) SELECT {values}', lists)
        except duckdb.Error as error:
            raise EngineError(Diagnostic("engine", f"rows that don't fit {table.name}: {error}")) from error

    def run(self, kql: str) -> list[dict[str, Any]]:
        """The rows that a query gives, as dicts in the result's order of columns. Raises EngineError."""
        try:
            relation = duckdb_kql.kql(self._connection, spell_out(kql))
            names = [name for name, *_ in relation.description]
            return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
        except (duckdb_kql.KqlError, duckdb.Error) as error:
            raise EngineError(Diagnostic("engine", f"the engine can't run the query: {error}")) from error


def _chunks(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    rest = iter(rows)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _value(column: Column, value: Any) -> Any:
    if column.type is ColumnType.STRING:
        return "" if value is None else value
    if column.type is ColumnType.DYNAMIC and value is not None:
        return json.dumps(value)
    if isinstance(value, float) and column.type in (ColumnType.INT, ColumnType.LONG) and value.is_integer():
        return int(value)  # beside a float DuckDB would make floats of the list's large integers
    return value
