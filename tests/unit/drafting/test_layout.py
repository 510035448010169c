from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.drafting.layout import block, scalar
from sigma_xdr.rules.documents import read_documents, source_file

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def test_the_layout_is_that_of_the_pack() -> None:
    value = {
        "a": {"b": [1, {"c": r"C:\x", "d": ["yes", "12:30", "0777"]}], "e": {}},
        "f": "it's: so",
        "g": "two\nlines",
    }
    assert "\n".join(block(value, 0)) == (
        "a:\n"
        "    b:\n"
        "        - 1\n"
        "        - c: C:\\x\n"
        "          d:\n"
        "              - 'yes'\n"
        "              - '12:30'\n"
        "              - '0777'\n"
        "    e: {}\n"
        "f: 'it''s: so'\n"
        'g: "two\\nlines"'
    )


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    text = "\n".join(block(value, 4)) + "\n"
    documents, problems = read_documents(source_file(Path("x.yml"), text.encode()))
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert documents[0][1] == value


@given(TEXTS)
def test_a_value_is_one_line(text: str) -> None:
    assert len(scalar(text).splitlines()) <= 1
