"""Texts on their way through the modifiers."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.evaluator.patterns import DASHES, Part, Placeholder, Wild
from sigma_xdr.evaluator.problems import ValueProblem
from sigma_xdr.evaluator.transformations import filled, marked, transformed

MANY, ONE, DASH = Wild.MANY, Wild.ONE, Wild.DASH
SITE = {"admins": ["adm-*", "root"], "dash": ["-x"]}


@pytest.mark.parametrize(
    ("modifiers", "text", "patterns"),
    [
        ("contains", "a", [(MANY, "a", MANY)]),
        ("contains", "*a", [(MANY, "a", MANY)]),
        ("startswith", "a", [("a", MANY)]),
        ("endswith", "?a", [(MANY, ONE, "a")]),
        ("contains", "", [(MANY,)]),
        ("windash", "-f /g a-b --h", [(DASH, "f ", DASH, "g a-b -", DASH, "h")]),
        ("windash|contains", " -f*-g", [(MANY, " ", DASH, "f", MANY, DASH, "g", MANY)]),
        ("contains|windash", "-f", [(MANY, DASH, "f", MANY)]),
        ("windash", "–f", [("–f",)]),
        ("expand", "a%admins%b", [("aadm-", MANY, "b"), ("arootb",)]),
        ("expand|endswith", r"\%admins%", [(MANY, "%admins%")]),
        ("expand|windash", "/y%dash%", [(DASH, "y-x")]),
        ("wide|contains", "ab", [(MANY, "a\0b\0", MANY)]),
        ("utf16be", "ab", [("\0a\0b",)]),
        ("utf16le|endswith", "a*b", [(MANY, "a\0", MANY, "b\0")]),
    ],
)
def test_what_a_text_becomes(modifiers: str, text: str, patterns: list[tuple[Part, ...]]) -> None:
    assert transformed(text, modifiers.split("|"), SITE) == [(parts, False) for parts in patterns]


@pytest.mark.parametrize(
    ("modifiers", "text", "patterns"),
    [
        ("cased", "A", [("A",)]),
        ("base64", "foo bar", [("Zm9vIGJhcg==",)]),
        ("wide|base64", "ping", [("cABpAG4AZwA=",)]),
        ("wide|base64", "pïng", [("cADvAG4AZwA=",)]),
        ("utf16be|base64", "ping", [("AHAAaQBuAGc=",)]),
        ("utf16|base64", "ping", [("//5wAGkAbgBnAA==",)]),
        ("base64", "ü", [("w7w=",)]),
        ("base64", r"a\*b", [("YSpi",)]),
        ("base64offset|contains", "foobar", [(MANY, text, MANY) for text in ("Zm9vYmFy", "Zvb2Jhc", "mb29iYX")]),
        ("windash|base64", "-f", [(b64encode(f"{dash}f".encode()).decode(),) for dash in DASHES]),
        ("wide|base64offset", "ab", [("YQBiA",), ("EAYg",), ("hAGIA",)]),
    ],
)
def test_what_minds_case(modifiers: str, text: str, patterns: list[tuple[Part, ...]]) -> None:
    assert transformed(text, modifiers.split("|"), SITE) == [(parts, True) for parts in patterns]


@given(st.text(min_size=2).filter(lambda text: text.isascii()), st.binary(), st.binary())
def test_the_offsets_find_a_text_wherever_it_is_encoded(text: str, before: bytes, after: bytes) -> None:
    escaped = "".join(f"\\{char}" if char in "*?\\" else char for char in text)
    encoded = b64encode(before + text.encode() + after).decode()
    found = [str(parts[0]) for parts, _ in transformed(escaped, ["base64offset"], {})]
    assert found[len(before) % 3] in encoded


@pytest.mark.parametrize(
    ("modifiers", "text", "said"),
    [
        ("base64", "a*b", "'base64' can't encode wildcards"),
        ("contains|base64", "ab", "'base64' can't encode wildcards"),
        ("base64", "a", "'base64' of less than two bytes is in nearly every text"),
        ("base64offset", "", "'base64offset' of less than two bytes is in nearly every text"),
        ("base64", "a\ud800", "'base64' can't encode half a character"),
        ("expand|base64", "%admins%", "'base64' would encode the placeholder that 'expand' fills in later"),
        ("wide|expand", "%admins%", "'expand' has to come before the encoding"),
        ("wide|windash", "-f", "'windash' has to come before the encoding"),
        ("wide|utf16be", "ab", "'utf16be' would encode what is UTF-16 already"),
        ("wide", "pïng", "as UTF-16 the value is no text that an event could hold"),
        ("utf16", "ping", "as UTF-16 the value is no text that an event could hold"),
        ("windash|base64", "-a -b -c -d -e -f", "'base64' makes more than 10,000 texts of one"),
        ("expand", "%nobody%", "the site file gives no values for %nobody%"),
        ("expand", "%admins%" * 20, "'expand' makes more than 10,000 texts of one"),
    ],
)
def test_what_is_refused(modifiers: str, text: str, said: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        transformed(text, modifiers.split("|"), SITE)
    assert str(caught.value) == said


def test_placeholders_are_marked_and_filled_in() -> None:
    assert [*marked(r"a%b%c\%d%")] == ["a", Placeholder("b"), "c", "%", "d%"]
    assert [*marked("5%*%x")] == ["5%*%x"]
    assert [*filled(("a", Placeholder("b")), {"b": ["1", "2"]}, lambda text: (text, MANY))] == [
        ("a1", MANY),
        ("a2", MANY),
    ]
