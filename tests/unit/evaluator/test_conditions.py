"""Conditions over selections."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.evaluator import Matcher
from sigma_xdr.evaluator.conditions import names_in
from tests.unit.evaluator.asking import refused

NAMES = ("a", "b_1", "b_2", "_c")
SECTION = {name: {name: "yes"} for name in NAMES}


def truth(condition: Any) -> list[str]:
    """The combinations of true selections for which a condition holds, as text."""
    matcher = Matcher({"detection": {**SECTION, "condition": condition}})
    return [
        " ".join(name for name, true in zip(NAMES, combination, strict=True) if true)
        for combination in product((False, True), repeat=len(NAMES))
        if matcher.matches({name: "yes" for name, true in zip(NAMES, combination, strict=True) if true})
    ]


def expected(says: str) -> list[str]:
    """The same for an expression of Python over the names."""
    combinations = product((False, True), repeat=len(NAMES))
    return [
        " ".join(name for name, true in zip(NAMES, combination, strict=True) if true)
        for combination in combinations
        if eval(says, {}, dict(zip(NAMES, combination, strict=True)))
    ]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("a", "a"),
        ("not a", "not a"),
        ("a and not b_1 or b_2", "(a and not b_1) or b_2"),
        ("a and not (b_1 or b_2)", "a and not (b_1 or b_2)"),
        ("not not a", "a"),
        ("1 of them", "a or b_1 or b_2"),
        ("any of them", "a or b_1 or b_2"),
        ("all of them", "a and b_1 and b_2"),
        ("all of b_*", "b_1 and b_2"),
        ("1 of *_*", "b_1 or b_2"),
        ("1 of _*", "_c"),
        ("1 of b_1", "b_1"),
        ("a and not 1 of b_*", "a and not (b_1 or b_2)"),
        ("_c and a", "_c and a"),
        (["a and b_1", "b_2"], "(a and b_1) or b_2"),
    ],
)
def test_a_condition(condition: Any, says: str) -> None:
    assert truth(condition) == expected(says)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> str:
    if not depth or draw(st.booleans()):
        return draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 2)) == 0:
        return f"not {draw(conditions(depth - 1))}"
    operator = draw(st.sampled_from(["and", "or"]))
    inner = f"{draw(conditions(depth - 1))} {operator} {draw(conditions(depth - 1))}"
    return f"({inner})" if draw(st.booleans()) else inner


@given(conditions())
def test_conditions_bind_as_pythons_do(condition: str) -> None:
    assert truth(condition) == expected(condition)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (None, "condition-syntax: the condition has to be text = name selections: selection and not filter @ {}"),
        ("x", "unknown-selection: there is no selection 'x' = name one that there is @ {}"),
        ("1 of x_*", "unknown-selection: 'x_*' takes in no selection = correct the pattern @ {}"),
        ("a and", "condition-syntax: the condition can't be read = {hint} @ {}"),
        ("a | count() > 5", "condition-syntax: the condition can't be read = {hint} @ {}"),
        ("nota", "condition-syntax: the condition can't be read = {hint} @ {}"),
        ("(" * 300 + "a" + ")" * 300, "{long} @ {}"),
        ("a or " * 5_000 + "a", "{long} @ {}"),
    ],
)
def test_what_is_refused(condition: Any, said: str) -> None:
    hint = "selections are joined with and, or, not and brackets: selection and not 1 of filter_*"
    long = "condition-syntax: the condition is too long or nests too deep = split the rule"
    document = {"detection": {**SECTION, "condition": condition}}
    assert refused(document) == said.format("detection condition 0", hint=hint, long=long)


def test_no_condition_at_all() -> None:
    said = "condition-syntax: the rule has no condition = None @ detection condition"
    assert refused({"detection": {**SECTION, "condition": []}}) == said


def test_the_names_in_a_condition() -> None:
    assert names_in("b and (a or not b) and c-1", ("x",)) == ["b", "a", "c-1"]
    with pytest.raises(Exception, match=re.escape("'1 of a*' is no name")):
        names_in("b and 1 of a*", ("x",))
