"""Texts that regular expressions find."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.testing.regex_texts import FoundText, texts_found

#: Pieces of regular expressions that say nothing about what stands around them.
PIECES = st.recursive(
    st.sampled_from(["a", r"\\", r"\.", ".", r"\d", r"\S", r"\W", "[a-f]", "[^a-z]", r"[^\s\d]", r"[\d_]", r"\x41"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"(?P<n>{part})(?P=n)" if "?P" not in part else part),
    ),
    max_leaves=6,
)


@given(PIECES)
def test_the_texts_are_found(pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return  # a group's name stands twice
    texts = list(texts_found(pattern))
    assert texts
    assert all(compiled.search(found.text) for found in texts)


def test_every_branch_and_every_count_gets_its_turn() -> None:
    found = [found.text for found in texts_found("(?:one|two|three)x{0,2}", turns=9)]
    assert found[:3] == ["one", "twox", "threexx"]
    assert sorted(found) == ["one", "onex", "onexx", "three", "threex", "threexx", "two", "twox", "twoxx"]
    assert [found.text for found in texts_found("(a|b)\\1")] == ["aa", "bb"]


def test_anchors_say_where_nothing_else_may_stand() -> None:
    assert list(texts_found("^a$")) == [FoundText("a", False, False)]
    assert list(texts_found("a$")) == [FoundText("a", True, False)]
    assert list(texts_found(r"\Aa")) == [FoundText("a", False, True)]


@pytest.mark.parametrize("pattern", ["(", "a{99999999}", "(?:(?:a{1000}){1000}){1000}", "[b-a]", "(" * 5_000])
def test_what_cannot_be_read_or_is_never_short_gives_nothing(pattern: str) -> None:
    assert list(texts_found(pattern)) == []


def test_groups_that_double_each_other_do_not_blow_up() -> None:
    doubling = "(a)" + "".join(rf"(\{number}\{number})" for number in range(1, 60))
    assert list(texts_found(doubling)) == []


def test_repeated_nothing_ends() -> None:
    assert [found.text for found in texts_found("(?:(?:){5000}){5000}")] == [""]
    assert [found.text for found in texts_found(r"(a{0})(?:(?:(?:\1{1000}){1000}){1000}){1000}")] == [""]
