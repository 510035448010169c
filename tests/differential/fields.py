"""The fields that a random rule may ask for, and what is worth asking of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sigma_xdr.pipeline import FieldProblem, LogSource, log_sources
from sigma_xdr.pipeline.fields import (
    AccessMask,
    Account,
    AdditionalField,
    ByAction,
    Column,
    Enumerated,
    FieldMapping,
    FileName,
    FilePath,
    Hashes,
    Lost,
    RegistryData,
    RegistryPath,
)
from sigma_xdr.pipeline.mapping import resolve_field
from sigma_xdr.schema import ColumnType, Table, xdr_schema

from .samples import ADDRESSES, NUMBERS, POOLS
from .slots import slots

__all__ = ["Field", "fields_of", "resolved"]


@dataclass(frozen=True)
class Field:
    """A field of a log source: ``kind`` is ``text``, ``number``, ``time``, ``boolean`` or ``address``; ``samples`` are texts that
    it may hold.
    """

    name: str
    kind: str
    samples: Sequence[str]


@lru_cache(maxsize=64)
def fields_of(source_name: str) -> tuple[tuple[Field, ...], tuple[Field, ...], tuple[Field, ...]]:
    """The fields that Sigma has names for, the table's own columns, and names that lead nowhere or nearly."""
    source = log_sources()[source_name]
    table = xdr_schema().table(source.table)
    named = [name for name, mapping in source.fields.items() if not isinstance(mapping, Lost)]
    lost = [name for name, mapping in source.fields.items() if isinstance(mapping, Lost)]
    odd = [*lost[:2], "Nothing", "ActionType", "AdditionalFields.X", "AdditionalFields.a b", "filename"]
    known = [_field(name, source, table) for name in [*named, "EventID"] if name != "EventID" or source.events]
    return (
        tuple(known or [_field("ActionType", source, table)]),
        tuple(_field(name, source, table) for name in table.columns),
        tuple(_field(name, source, table) for name in odd),
    )


def resolved(name: str, source: LogSource) -> FieldMapping | None:
    """The pipeline's mapping of a field; None for one that it doesn't know. Only to aim rows at rules."""
    try:
        return resolve_field(name, source, xdr_schema().table(source.table))
    except FieldProblem:
        return None


def _field(name: str, source: LogSource, table: Table) -> Field:
    mapping = resolved(name, source)
    kind, samples = _kind(mapping, table) if mapping is not None else ("text", POOLS["text"])
    return Field(name, kind, samples)


def _kind(mapping: FieldMapping, table: Table) -> tuple[str, Sequence[str]]:
    for known, pool in _POOLS:
        if isinstance(mapping, known):
            return "text", POOLS[pool]
    match mapping:
        case Enumerated():
            return "text", tuple(mapping.values)[:20] or ("x",)
        case ByAction():
            return _kind(mapping.cases[0][1], table)
        case AdditionalField():
            return "text", POOLS[{"PipeName": "pipe", "Consumer": "consumer"}.get(mapping.column, "text")]
        case Column():
            return _of_column(mapping.column, table)
    return "text", POOLS["text"]


_POOLS: tuple[tuple[type[FieldMapping], str], ...] = (
    (FilePath, "path"), (FileName, "path"), (RegistryPath, "registry"), (RegistryData, "details"), (Account, "account"),
    (Hashes, "hashes"), (AccessMask, "mask"),
)  # fmt: skip
_TYPES: Mapping[ColumnType, str] = {
    ColumnType.INT: "number",
    ColumnType.LONG: "number",
    ColumnType.REAL: "number",
    ColumnType.DATETIME: "time",
    ColumnType.BOOL: "boolean",
}


def _of_column(column: str, table: Table) -> tuple[str, Sequence[str]]:
    kind = _TYPES.get(table.column(column).type, "text")
    if kind == "number":
        return kind, tuple(map(str, NUMBERS))
    if column.startswith(("RegistryKey", "PreviousRegistryKey")):
        return kind, POOLS["registry"]
    if column.endswith(("FolderPath", "FileName")):
        return kind, POOLS["path"]
    if column.endswith(("AccountName", "AccountDomain")):
        return kind, POOLS["account name"]
    pool = getattr(slots(table.name).get(column), "pool", POOLS["text"])
    return ("address" if pool is ADDRESSES else kind), pool
