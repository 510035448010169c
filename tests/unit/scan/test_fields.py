"""The meaning of a field's values: bits of clauses, and of rules that are ruled out."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.evaluator import Event, Whole
from sigma_xdr.scan.fields import LONGEST_AT_ONCE, Alone, Field
from sigma_xdr.scan.literals import Literal

from .trees_of import tree

#: Three rules, a clause each; the third also asks something of the field alone.
WIDTH = 3
BITS = {Literal("F", "word"): 1, Literal("F", "\0begin"): 2, Literal("F", 42): 4, Literal("F", "\0" + "42\0"): 4}


def field(*alone: Alone) -> Field:
    return Field("F", BITS, alone, WIDTH)


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("a WORD", 1),
        ("BEGIN", 2),
        ("a begin", 0),
        ("begin word", 3),
        ("42", 4),
        ("0x2A", 4),
        ("0xzz", 0),
        (42, 4),
        (43, 0),
        ("", 0),
        ("x" * (LONGEST_AT_ONCE - 3) + "word", 1),
        ("x" * (3 * LONGEST_AT_ONCE - 2) + "word", 1),
        ("é word\ud800", 1),
    ],
)
def test_the_bits_of_a_value(value: Any, bits: int) -> None:
    assert field().remember(value) == bits


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (["word", "begin"], 3),
        ([], 0),
        (42.0, 4),
        (True, 0),
        (None, 0),
        ({"inner": "word"}, 0),
        (Whole("word"), 1),
        (float("nan"), 0),
        (42, 4),
    ],
)
def test_the_bits_of_anything_else(value: Any, bits: int) -> None:
    assert field().otherwise(value, {"F": value}) == bits
    assert field().otherwise(value, Event({"F": value}, one_nothing=True)) == bits


def test_rules_are_ruled_out_by_what_they_ask_of_the_field_alone() -> None:
    third = Alone(1 << 2, 0, [tree({"F|startswith": "C:"}, "not selection")])
    assert field(third).remember("c:\\word") == 1 | (1 << 2) << 3 * WIDTH
    assert field(third).remember("d:\\word") == 1
    assert field(third).remember("") == 0  # on a row it is nothing, of which nothing was asked


def test_a_rule_whose_clause_is_not_there_is_not_asked() -> None:
    first = Alone(1, 1, [tree({"F|endswith": "word"})])
    assert field(first).remember("other") == 0
    assert field(first).remember("word2") == 1 | 1 << 3 * WIDTH


def test_values_are_remembered_but_neither_long_ones_nor_too_many() -> None:
    one = field()
    one.remember("a word")
    one.remember("x" * (LONGEST_AT_ONCE + 1))
    assert one.memo == {"a word": 1}
    for number in range(20_000):
        one.remember(f"value {number}")
    assert len(one.memo) <= 8192
    for number in range(300):
        one.remember(f"{number:08000}")
    assert sum(len(str(value)) for value in one.memo) <= 2**20
