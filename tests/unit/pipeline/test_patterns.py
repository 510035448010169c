"""Sigma's strings as patterns: shapes, literals, and their way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.types import Placeholder, SigmaCasedString, SigmaString, SpecialChars

from sigma_xdr.pipeline import Pattern, Shape
from tests.unit.patterns import Part, fits, patterns, source

MANY, ONE = SpecialChars.WILDCARD_MULTI, SpecialChars.WILDCARD_SINGLE


@pytest.mark.parametrize(
    ("written", "shape", "literals"),
    [
        ("wmic", Shape.EQUALS, ("wmic",)),
        ("", Shape.EQUALS, ()),
        ("wmic*", Shape.STARTSWITH, ("wmic",)),
        ("*wmic", Shape.ENDSWITH, ("wmic",)),
        ("*wmic*", Shape.CONTAINS, ("wmic",)),
        ("**wmic**", Shape.CONTAINS, ("wmic",)),
        ("*", Shape.ANY, ()),
        ("***", Shape.ANY, ()),
        ("?", Shape.WILDCARD, ()),
        ("*?*", Shape.WILDCARD, ()),
        ("wm?c", Shape.WILDCARD, ("wm", "c")),
        ("wmic*call", Shape.WILDCARD, ("wmic", "call")),
        ("*wmic*call*", Shape.WILDCARD, ("wmic", "call")),
        (r"C:\*", Shape.EQUALS, ("C:*",)),
        (r"C:\\*", Shape.STARTSWITH, ("C:\\",)),
        (r"a\?b", Shape.EQUALS, ("a?b",)),
        (r"\\srv\share", Shape.EQUALS, ("\\srv\\share",)),
        (r"a\\\\b", Shape.EQUALS, ("a\\\\b",)),
        (r"C:\Windows", Shape.EQUALS, (r"C:\Windows",)),
    ],
)
def test_shapes(written: str, shape: Shape, literals: tuple[str, ...]) -> None:
    pattern = Pattern.of(SigmaString(written))
    assert (pattern.shape, pattern.literals, pattern.literal) == (shape, literals, (*literals, "")[0])


@pytest.mark.parametrize("shape", [Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS])
def test_a_shape_by_its_literal(shape: Shape) -> None:
    assert (Pattern.literal_of(shape, "x").shape, Pattern.literal_of(shape, "x").literal) == (shape, "x")
    assert Pattern.literal_of(shape, "").shape is (Shape.EQUALS if shape is Shape.EQUALS else Shape.ANY)


def test_case_is_kept_or_forced() -> None:
    assert Pattern.of(SigmaCasedString("Wmic")).cased
    assert Pattern.of(SigmaString("Wmic"), cased=True).cased
    assert not Pattern.of(SigmaString("Wmic")).cased
    assert Pattern.of(Pattern(("Wmic",), cased=True).to_sigma()) == Pattern(("Wmic",), cased=True)
    assert Pattern.of(Pattern(("Wmic",)).to_sigma(), cased=True) == Pattern(("Wmic",), cased=True)


def test_a_changed_value_is_read_anew() -> None:
    value = Pattern(("a",)).to_sigma()
    value.s = ["b", MANY]
    assert Pattern.of(value) == Pattern(("b", MANY))


def test_an_unexpanded_placeholder_is_a_mistake_of_ours() -> None:
    value = SigmaString("x")
    value.s = ["a", Placeholder("admins")]
    with pytest.raises(TypeError, match="unexpanded placeholder Placeholder\\(name='admins'\\)"):
        Pattern.of(value)


def test_literals_are_changed_one_by_one() -> None:
    pattern = Pattern(("ab", MANY, "b", ONE), cased=True)
    assert pattern.map_literals(lambda text: text.replace("b", "x")) == Pattern(("ax", MANY, "x", ONE), cased=True)


@pytest.mark.parametrize(
    ("parts", "first", "result"),
    [
        (("HKLM\\a",), ("HKEY_LOCAL_MACHINE\\a",), ("HKEY_LOCAL_MACHINE\\a",)),
        (("HKCU", MANY, "x"), ("HKEY_CURRENT_USER\\", MANY, ""), ("HKEY_CURRENT_USER\\", MANY, "x")),
        (("HKCR\\a", MANY), (MANY, "\\Classes", "\\a"), (MANY, "\\Classes\\a", MANY)),
        (("a",), ("", MANY), (MANY,)),
    ],
)
def test_the_first_part_is_replaced(
    parts: tuple[str | SpecialChars, ...], first: tuple[str | SpecialChars, ...], result: tuple[str | SpecialChars, ...]
) -> None:
    assert Pattern(parts).with_first(*first) == Pattern(result)


TEXTS = ["RegistryValueSet", "S-1-16-12288", "true", "a\nb", "x.y(z)", ""]


@given(patterns(TEXTS), st.sampled_from(TEXTS))
def test_a_known_text_fits_as_sigma_means_it(parts: list[Part], text: str) -> None:
    assert Pattern.of(SigmaString(source(parts))).matches(text) == fits(parts, text)


def test_a_known_text_fits_with_its_case_only() -> None:
    assert Pattern(("Set", MANY), cased=True).matches("SetValue")
    assert not Pattern(("set", MANY), cased=True).matches("SetValue")


@given(patterns([r"C:\Windows\*x?.exe", r"\\srv\share"]))
def test_the_way_to_sigma_and_back(parts: list[Part]) -> None:
    pattern = Pattern.of(SigmaString(source(parts)))
    assert Pattern.of(pattern.to_sigma()) == pattern
