r"""Whether a literal begins or ends like a term, decided once and not in every run of a query.

For ``has`` and its kin duckdb-kql asks DuckDB whether an edge of the needle is a letter or digit where that edge isn't ASCII,
since Python's tables may know newer letters than DuckDB's. RE2 takes 2 ms to compile each such question, and the dashes of
``windash`` are 15 needles with two edges each. A character that Unicode 3.2 (2002) has assigned is the same in every table.
"""

from __future__ import annotations

import re
from unicodedata import ucd_3_2_0

__all__ = ["settle_edges"]

#: duckdb-kql's question about a literal: is its first, or last, character a letter or digit?
_QUESTION = re.compile(r"regexp_matches\('((?:[^']|'')*)', '(?:(\^)\[\\pL\\pN\]|\[\\pL\\pN\]\$)'\)")


def settle_edges(sql: str) -> str:
    """The SQL with TRUE or FALSE for what it asks about the edges of literals, where every version of Unicode agrees."""
    return _QUESTION.sub(_answer, sql)


def _answer(question: re.Match[str]) -> str:
    literal = question[1].replace("''", "'")
    edge = literal[:1] if question[2] else literal[-1:]
    category = ucd_3_2_0.category(edge) if edge else ""
    if category in ("", "Cn"):
        return question[0]
    return "TRUE" if category[0] in "LN" else "FALSE"
