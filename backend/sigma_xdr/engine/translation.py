"""KQL to DuckDB's SQL: what the engine is known to run exactly, and nothing else.

A query's translation depends on its text alone, so it is kept: a rule's cases translate its query once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import duckdb_kql
import duckdb_kql.lower
import duckdb_kql.parser
from duckdb_kql.translate.functions import SCALAR_FUNCTIONS, FunctionSpec

from sigma_xdr.engine.constructs import named_tables
from sigma_xdr.engine.escapes import spell_out
from sigma_xdr.engine.functions import TEMPLATES
from sigma_xdr.engine.problem import EngineError, problem
from sigma_xdr.engine.terms import settle_edges
from sigma_xdr.schema import xdr_schema

__all__ = ["Translation", "translate"]

#: Functions that duckdb-kql lacks, or whose failure it lets stop the query where Kusto gives empty text.
_FUNCTIONS = {
    **TEMPLATES,
    "base64_decode_tostring": "coalesce(TRY(decode(from_base64({0}))), '')",
}


#: duckdb-kql parses a query's text whenever it is asked about it, which takes most of the time; a tree is only read. The check
#: before the translation asks for the same one.
duckdb_kql.parse = duckdb_kql.lower.parse = lru_cache(maxsize=4)(duckdb_kql.parser.parse)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Translation:
    """SQL, the values of its placeholders, and the XDR tables that it reads."""

    sql: str
    parameters: Mapping[str, Any]
    tables: tuple[str, ...]


@lru_cache(maxsize=512)
def translate(kql: str, now: datetime | None) -> Translation:
    """A query as SQL; ``now`` (naive, UTC) is what ``now()`` gives, None the clock when the query runs.

    Raises EngineError for a query that isn't KQL, or that holds what the engine isn't known to run as Kusto does.
    """
    try:
        with _no_collection():
            tables = named_tables(kql)
            sql = duckdb_kql.to_sql(spell_out(kql), schema=_columns(), allow_write=False, query_now=now)
    except duckdb_kql.KqlError as error:
        raise EngineError(_refused(kql, error)) from error
    except RecursionError:
        raise EngineError(problem(kql, "the query is nested too deeply")) from None
    return Translation(settle_edges(str(sql)), sql.parameters, tables)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A parser's trees are a hundred thousand objects that all live: to look for garbage among them takes a seventh of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _refused(kql: str, error: duckdb_kql.KqlError) -> Any:
    span = getattr(error, "span", None)
    return problem(
        kql,
        f"the engine can't run the query: {error}",
        line=span.line if span else None,
        column=span.column if span else 0,
    )


@cache
def _columns() -> dict[str, list[str]]:
    """The columns of all tables, after duckdb-kql knows the functions that it lacks."""
    for name, template in _FUNCTIONS.items():
        SCALAR_FUNCTIONS[name] = FunctionSpec(name, "template", template)
    return {table.name: list(table.columns) for table in xdr_schema().tables.values()}
