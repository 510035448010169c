"""Text patterns: against pySigma's reading of them, and against a matcher that tries everything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.types import SigmaString, SpecialChars

from sigma_xdr.evaluator.events import fold
from sigma_xdr.evaluator.patterns import DASHES, Part, Pattern, Wild, parse

MANY, ONE, DASH = Wild.MANY, Wild.ONE, Wild.DASH


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("wmic", ("wmic",)),
        ("*wmic?", (MANY, "wmic", ONE)),
        ("a***b", ("a", MANY, "b")),
        ("??", (ONE, ONE)),
        (r"C:\Windows\x", (r"C:\Windows\x",)),
        (r"\\srv\share", (r"\srv\share",)),
        (r"\*\?", ("*?",)),
        (r"\\*", ("\\", MANY)),
        (r"\\\*", (r"\*",)),
        (r"\\\\", (r"\\",)),
        ("\\", ("\\",)),
        ("a\nb", ("a\nb",)),
    ],
)
def test_reading_a_value(text: str, parts: tuple[Part, ...]) -> None:
    assert parse(text) == parts


@given(st.text("ab\\*?\n"))
def test_a_value_is_read_as_pysigma_reads_it(text: str) -> None:
    wild = {SpecialChars.WILDCARD_MULTI: MANY, SpecialChars.WILDCARD_SINGLE: ONE}
    theirs = [part if isinstance(part, str) else wild[part] for part in SigmaString(text).s]  # type: ignore[index]
    once = [part for index, part in enumerate(theirs) if part is not MANY or theirs[index - 1 : index] != [MANY]]
    assert parse(text) == tuple(once)


def tried(parts: Sequence[Part], text: str) -> bool:
    """Whether a pattern fits a text, by trying every way."""
    if not parts:
        return not text
    first, rest = parts[0], parts[1:]
    if first is MANY:
        return any(tried(rest, text[skipped:]) for skipped in range(len(text) + 1))
    if isinstance(first, str):
        return text.startswith(first) and tried(rest, text[len(first) :])
    return bool(text) and (first is ONE or text[0] in DASHES) and tried(rest, text[1:])


PARTS = st.lists(st.text("abA-\n", min_size=1, max_size=3) | st.sampled_from([MANY, ONE, DASH]), max_size=7)


@given(PARTS, st.text("abA-–/\n", max_size=12), st.booleans())
def test_a_pattern_matches_what_any_way_of_trying_does(parts: list[Part], text: str, cased: bool) -> None:
    if cased:
        assert Pattern(parts, cased=True).matches(text) is tried(parts, text)
    else:
        folded = [fold(part) if isinstance(part, str) else part for part in parts]
        assert Pattern(parts).matches(fold(text)) is tried(folded, fold(text))


@given(PARTS.filter(lambda parts: MANY not in parts), st.text("abA-–/\n", max_size=12))
def test_where_a_pattern_is_found(parts: list[Part], text: str) -> None:
    length = sum(len(part) if isinstance(part, str) else 1 for part in parts)
    places = (at for at in range(len(text) - length + 1) if tried(parts, text[at : at + length]))
    at = next(places, None)
    found = Pattern([MANY, *parts, MANY], cased=True).find(text) if parts else None
    assert found == (None if at is None or not parts else (at, at + length))


def test_only_what_may_stand_anywhere_has_a_place() -> None:
    assert Pattern([MANY, "b", MANY]).find("abc") == (1, 2)
    assert Pattern([MANY, "c"]).find("abc") is None
    assert Pattern([MANY, "a", MANY, "c", MANY]).find("abc") is None
    assert Pattern([MANY]).find("abc") is None


def test_a_literal_is_known_as_one() -> None:
    assert Pattern(["A", "b"]).literal == "ab"
    assert Pattern([]).literal == ""
    assert Pattern(["a", MANY]).literal is None


@pytest.mark.parametrize(
    "value",
    [
        "*a*a*a*a*a*a*a*a*a*a*b",
        "*" + "a?" * 500 + "b*",
        "*" + "a" * 1_000 + "?b*",
        "a*" * 1_000 + "b",
        "?" * 1_000 + "*?b",
    ],
)
def test_no_pattern_takes_long_on_a_text_made_for_it(value: str) -> None:
    assert Pattern(parse(value)).matches("a" * 1_000_000) is False


def test_half_characters_and_nuls_are_characters() -> None:
    assert Pattern(parse("a?b?c")).matches("a\ud800b\0c") is True
