"""Which line of a query decided that nothing matches."""

from __future__ import annotations

import re
from collections.abc import Callable

from sigma_xdr.engine.problem import EngineError

__all__ = ["deciding_line"]

_TABLE = re.compile(r"\w+")


def deciding_line(kql: str, selects: Callable[[str], bool]) -> int | None:
    """The first line of a query, from 1, after which no row is left; ``selects`` says whether a query gives rows.

    A clause over several lines counts as its first one. None where rows are left at the end, and for a query that isn't a
    table's name and its ``| clause`` lines (under comments, if any): one with let statements, say.
    """
    lines = kql.rstrip().split("\n")
    code = [number for number, line in enumerate(lines) if line.strip() and not line.startswith("//")]
    if not code or not _TABLE.fullmatch(lines[code[0]].strip()):
        return None
    starts = [code[0], *(number for number in code[1:] if lines[number].startswith("|"))]
    try:
        for start, following in zip(starts, [*starts[1:], len(lines)], strict=True):
            if not selects("\n".join([*lines[:following], "| take 1"])):
                return start + 1
    except EngineError:  # a clause that isn't whole: this isn't the query's shape
        pass
    return None
