"""What a regular expression needs: whole answers on what rules write, and that RE2 finds nothing without it."""

from __future__ import annotations

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sigma_xdr.scan.literals import searched
from sigma_xdr.scan.regexes import required_texts


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ("WMIC", [{"wmic"}]),
        ("(?i)wm[iI]c", [{"wmic"}]),
        (r"\\wmic\.exe", [{"\\wmic.exe"}]),
        (r"net\s+user.*/add", [{"net"}, {"user"}, {"/add"}]),
        ("(?:cmd|powershell) /c", [{"cmd", "powershell"}, {" /c"}]),
        ("a(?:bc)d", [{"abcd"}]),
        ("(abc){2,3}d", [{"abc"}, {"d"}]),
        ("(abc)?de*f+", [{"d"}, {"f"}]),
        ("a|b", [{"a", "b"}]),
        ("cmd|(x?)", []),
        ("[ab]c", [{"a", "b"}, {"c"}]),
        ("[a-z]c", [{"c"}]),
        ("[^a]c", [{"c"}]),
        ("^ab$", [{"ab"}]),
        ("éa", [{"a"}]),
        ("", []),
    ],
)
def test_required_texts(expression: str, texts: list[set[str]]) -> None:
    assert required_texts(expression) == tuple(map(frozenset, texts))


@pytest.mark.parametrize(
    "expression",
    [
        r"a[[:alpha:]]b",  # Python: one of '[:alph', then ']'
        "ab{,5}",  # RE2: as it stands
        r"\Qa+\E",
        r"\pNa",
        r"\x{61}b",
        "(" * 500 + "a" + ")" * 500,
        "a" * 20_000,
        "(?i",
    ],
)
def test_what_python_reads_otherwise_or_not_at_all_needs_nothing(expression: str) -> None:
    assert required_texts(expression) == ()


PARTS = [
    "a",
    "k",
    "S",
    "bc",
    "(",
    ")",
    "|",
    "?",
    "*",
    "+",
    "{2}",
    "{0,2}",
    "[ks]",
    "[^a]",
    ".",
    "^",
    "$",
    r"\w",
    "(?:",
    "é",
    r"\b",
]


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), max_size=8).map("".join),
    st.sampled_from(["", "(?i)"]),
    st.lists(st.sampled_from(["a", "A", "k", "\u212a", "S", "ſ", "bc", "é", "É", " "]), max_size=10).map("".join),
)
def test_nothing_is_found_without_them(expression: str, flags: str, text: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(flags + expression, options)
    except re2.error:
        assume(False)
    if compiled.search(text):
        assert all(any(each in searched(text) for each in texts) for texts in required_texts(flags + expression))
