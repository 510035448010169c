"""Generated functions: their source, what they say, and what they leave to the evaluator."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.evaluator import Event
from sigma_xdr.scan.functions import NotPlain, TooLarge, View, coded, function_of
from sigma_xdr.scan.trees import All, Leaf, Negated, Tree

from .trees_of import tree


def holds(selection: Any, event: Any) -> bool:
    return function_of(tree(selection))(View(event))


def test_a_view_folds_each_field_once() -> None:
    view = View({"A": "X\u0130", "B": 5, "C": None})
    assert [view[name] for name in "ABCD"] == ["xi", "5", "", ""]
    assert dict(view) == {"A": "xi", "B": "5", "C": "", "D": ""}
    assert view.exact("A") == "X\u0130"


@pytest.mark.parametrize("value", [[], ["a"], {}, 4.5, True, b"a"])
def test_what_is_not_plain_is_left_to_the_evaluator(value: Any) -> None:
    with pytest.raises(NotPlain):
        View({"A": value})["A"]


def test_a_field_inside_another_is_left_to_the_evaluator() -> None:
    with pytest.raises(NotPlain):
        View({"A": {"B": "c"}})["A.B"]
    assert View({"A.B": "C"})["A.B"] == "c"


@pytest.mark.parametrize(
    ("value", "one_nothing", "is_nothing", "is_empty", "in_utf8"),
    [
        ({}, False, True, False, None),
        ({"A": None}, False, True, False, None),
        ({"A": ""}, False, False, True, b""),
        ({"A": "a"}, False, False, False, b"a"),
        ({"A": 0}, False, False, False, b"0"),
        ({}, True, True, True, None),
        ({"A": ""}, True, True, True, None),
        ({"A": "a"}, True, False, False, b"a"),
    ],
)
def test_the_ways_of_saying_nothing(
    value: dict[str, Any], one_nothing: bool, is_nothing: bool, is_empty: bool, in_utf8: bytes | None
) -> None:
    view = View(Event(value, one_nothing))
    assert (view.is_nothing("A"), view.is_empty("A"), view.coded("A")) == (is_nothing, is_empty, in_utf8)


def test_half_a_character_is_coded_too() -> None:
    assert coded("a\ud800") == b"a\xed\xa0\x80"


@pytest.mark.parametrize(
    ("selection", "event"),
    [
        ({"A|contains": [f"word{number}" for number in range(20)]}, {"A": "a WORD19"}),
        ({"A|cased|contains": [f"Word{number}" for number in range(20)]}, {"A": "a Word19"}),
        ({"A|contains": [f"word{number}" for number in range(20)]}, {"A": "x" * 10_000 + "word7"}),
        ({"A|windash|contains|all": ["-a", "/b"]}, {"A": "/A –B"}),
        ({"A|re": "k+", "B": None}, {"A": "kk"}),
        ({"A|re|i": "kiss"}, {"A": "\u212aiſſ"}),
        ({"A": ["", "x"]}, {"A": ""}),
        ({"A": "a*b*c"}, {"A": "AxBxC"}),
        ({"A|gt": 4}, {"A": "5"}),
    ],
)
def test_what_it_says(selection: Any, event: Any) -> None:
    assert holds(selection, event) is True
    assert holds(selection, {"A": "something else", "B": "b"}) is False


def test_a_condition_that_nests_too_deep_is_too_large() -> None:
    part: Tree = tree({"A": "a"})
    for _ in range(45):
        part = Negated(part)
    with pytest.raises(TooLarge):
        function_of(part)


def test_a_condition_of_very_many_parts_is_too_large() -> None:
    leaf = tree({"A|re": "a"})
    assert isinstance(leaf, Leaf)
    with pytest.raises(TooLarge):
        function_of(All((leaf,) * 60_000))
