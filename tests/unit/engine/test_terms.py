from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.engine import KqlEngine
from sigma_xdr.engine.terms import settle_edges


@pytest.mark.parametrize(
    ("sql", "settled"),
    [
        (r"regexp_matches('–node', '^[\pL\pN]')", "FALSE"),
        (r"regexp_matches('–node', '[\pL\pN]$')", "TRUE"),
        (r"regexp_matches('ärger''', '^[\pL\pN]')", "TRUE"),
        (r"regexp_matches('ärger''', '[\pL\pN]$')", "FALSE"),
        (r"WHEN regexp_matches('é', '^[\pL\pN]') THEN '(?:^|[^\pL\pN])'", r"WHEN TRUE THEN '(?:^|[^\pL\pN])'"),
    ],
)  # fmt: skip
def test_an_edge_of_an_old_character_is_settled(sql: str, settled: str) -> None:
    assert settle_edges(sql) == settled


@pytest.mark.parametrize(
    "sql",
    [
        r"regexp_matches('ࡰ', '^[\pL\pN]')",  # a letter since Unicode 14
        r"regexp_matches('', '^[\pL\pN]')",
        r"regexp_matches(column, '^[\pL\pN]')",
        r"'regexp_matches(''x'', ''^[\pL\pN]'')'",
        r"regexp_matches('x', '^[\pL]')",
    ],
)
def test_anything_else_stays(sql: str) -> None:
    assert settle_edges(sql) == sql


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=2))
def test_duckdb_gives_the_same_answers(needle: str) -> None:
    quoted = needle.replace("'", "''")
    with KqlEngine({}) as engine:
        for pattern in (r"^[\pL\pN]", r"[\pL\pN]$"):
            sql = f"regexp_matches('{quoted}', '{pattern}')"
            ours, theirs = engine._connection.execute(f"SELECT {settle_edges(sql)}, {sql}").fetchone() or (None, None)
            assert ours is theirs
