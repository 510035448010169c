r"""The columns of a table in groups that belong together, and how Defender fills them.

A slot takes a value as Sysmon would write it and stores it as Defender does: a path in two columns, a key with its hive spelled
out, an account in lower case. So rows are well formed whatever a rule asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from sigma_xdr.schema import xdr_schema

from .base import Cells, Slot
from .files import Hashes, accounts, hashes, paths, whole_path
from .registry import Data, Key, defender_key, registry
from .single import OneOf, single

__all__ = ["Slot", "mended", "slots", "whole_path"]


@lru_cache(maxsize=64)
def slots(table_name: str) -> Mapping[str, Slot]:
    """The slot of each column of a table; ActionType has none."""
    table = xdr_schema().table(table_name)
    found: list[Slot] = [*paths(table), *accounts(table), *hashes(table), *registry(table)]
    taken = {column for slot in found for column in slot.columns} | {"ActionType", "ReportId"}
    found += [single(column) for column in table.columns.values() if column.name not in taken]
    return {column: slot for slot in found for column in slot.columns}


def mended(table_name: str, row: Mapping[str, Any], random: Random) -> Cells:
    """A row of a made-up event with what no row of Defender's can hold put right: hives, hashes, and values of closed lists."""
    mended = dict(row)
    for slot in dict.fromkeys(slots(table_name).values()):
        if isinstance(slot, OneOf) and row.get(slot.column):
            mended |= slot.held(row[slot.column], (), "", random)
        elif isinstance(slot, Hashes):
            for name in slot.columns:
                mended |= slot.held(row[name], (name,), "", random) if row.get(name) else {}
        elif isinstance(slot, Key):
            key = "PreviousRegistryKey" if "Deleted" in row["ActionType"] else "RegistryKey"
            mended[key] = defender_key(row.get(key, "x"), random)
        elif isinstance(slot, Data) and row.get("RegistryValueType") == "String":
            mended |= slot.held(row.get("RegistryValueData", ""), (), "", random)
    return mended
