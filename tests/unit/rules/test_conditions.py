"""Conditions that pySigma would misread, drop, or hang on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetection, SigmaDetections

from sigma_xdr.rules.conditions import check_condition, condition_words, written_out

from .texts import load, only, told

RULE = """\
title: Test
logsource: {product: windows}
detection:
    selection_a: {A: 1}
    selection_b: {B: [1, 2]}
    filter: {C: 1}
    _hidden: {D: 1}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "filter",
        "selection_a and not filter",
        "1 of selection_* and not (filter or _hidden)",
        "all of them",
        "any of _*",
        "1 of *_a",
        "not not filter",
        "[selection_a, selection_b and filter]",
        "'filter'",
    ],
)
def test_right(condition: str) -> None:
    only(f"{RULE}    condition: {condition}\n")


@pytest.mark.parametrize(
    ("condition", "column", "marked", "problem", "hint"),
    [
        (
            "selection_a and filtr",
            32,
            "filtr",
            "unknown-selection: there is no selection 'filtr'",
            "did you mean filter?",
        ),
        (
            "absent",
            16,
            "absent",
            "unknown-selection: there is no selection 'absent'",
            "the rule has selection_a, selection_b, filter, _hidden",
        ),
        (
            "1 of filter_*",
            21,
            "filter_*",
            "unknown-selection: 'filter_*' takes in no selection",
            "did you mean filter?",
        ),
        (
            "selection_a AND filter",
            28,
            "AND",
            "condition-syntax: the condition can't be read from 'AND' on",
            "write and, or, not in lower case",
        ),
        (
            "(filter",
            16,
            "(filter",
            "condition-syntax: the condition ends too early",
            "selections are joined with and, or, not and brackets: selection and not 1 of filter_*",
        ),
        (
            "2 of selection_*",
            18,
            "of",
            "condition-syntax: the condition can't be read from 'of' on",
            "only '1 of', 'any of' and 'all of' can select",
        ),
        (
            "filter | count() > 5",
            16,
            "filter | count() > 5",
            "condition-pipe: '|' and what follows was removed from Sigma's conditions",
            "write a correlation rule, which counts what a rule finds",
        ),
        (
            "notfilter",
            16,
            "notfilter",
            "condition-misread: pySigma reads 'notfilter' as an operator and 'filter'",
            "rename the selection: it begins with not, and or or",
        ),
        (
            "filter orselection_a",
            23,
            "orselection_a",
            "condition-misread: pySigma reads 'orselection_a' as an operator and 'selection_a'",
            "rename the selection: it begins with not, and or or",
        ),
        ("5", 16, "5", "condition-syntax: the condition has to be text", "name selections: selection and not filter"),
        ("[filter, filtr]", 25, "filtr", "unknown-selection: there is no selection 'filtr'", "did you mean filter?"),
        (
            "1 of s*l*c*",
            16,
            "1 of s*l*c*",
            "condition-syntax: the condition has more than 50 patterns, or one with more than 2 stars",
            "name the selections so that one pattern takes them in",
        ),
    ],
)
def test_wrong(condition: str, column: int, marked: str, problem: str, hint: str) -> None:
    _, (found,) = load(f"{RULE}    condition: {condition}\n")
    assert found.text == f"    condition: {condition}"
    assert (found.line, found.column, found.text[column - 1 :][: found.length]) == (8, column, marked)
    assert (f"{found.code}: {found.message}", found.hint) == (problem, hint)


def test_the_place_in_a_folded_condition() -> None:
    text = f"{RULE}    condition: >\n        selection_a\n        and not filtr\n        or filter or filtr\n"
    assert told(text) == (
        "rule.yml:10:17: error[unknown-selection]: there is no selection 'filtr'\n"
        "   10 |         and not filtr\n"
        "      |                 ^^^^^\n"
        "       = did you mean filter?\n"
        "rule.yml:11:22: error[unknown-selection]: there is no selection 'filtr'\n"
        "   11 |         or filter or filtr\n"
        "      |                      ^^^^^\n"
        "       = did you mean filter?"
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("(" * 2000 + "filter" + ")" * 2000, "the condition nests deeper than 50 levels"),
        ("not " * 51 + "filter", "the condition nests deeper than 50 levels"),
        ("not (" * 26 + "filter" + ")" * 26, "the condition nests deeper than 50 levels"),
        ("filter or " * 1000 + "filter", "the condition is longer than 10,000 characters"),
    ],
)
def test_bounds(condition: str, message: str) -> None:
    _, (problem,) = load(f"{RULE}    condition: {condition}\n")
    assert (problem.code, problem.message) == ("condition-syntax", message)


def test_a_condition_compares_a_bounded_number_of_values() -> None:
    values = "".join(f"        - {number}\n" for number in range(10_000))
    text = "title: Test\nlogsource: {product: windows}\ndetection:\n    s:\n      A:\n" + values + "    condition: "
    only(text + " or ".join(["s"] * 5))
    _, (problem,) = load(text + " or ".join(["s"] * 6))
    assert (problem.code, problem.message) == (
        "too-many-values",
        "the condition compares more than 50,000 values, each selection as often as it is named",
    )


def test_values_written_out() -> None:
    assert written_out("a and not (1 of b* or all of them)", {"a": 1, "b1": 10, "b2": 100, "_c": 1000}) == 1 + 110 + 111


NAMES = ["a", "b", "_c", "all", "of", "notb", "orb", "a-b", "1"]
WORDS = st.sampled_from(
    [*NAMES, "and", "or", "not", "(", ")", "1 of", "any of", "all of", "them", "a*", "_*", "*b", "AND", "."]
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=9).map(" ".join))
def test_what_passes_is_what_pysigma_reads(condition: str) -> None:
    """Each name and pattern in turn, resolved by pySigma itself; what it drops silently doesn't pass."""
    source = only(RULE + "    condition: filter\n").source
    detections = {name: SigmaDetection.from_definition({name: name}) for name in NAMES}
    parsed = SigmaDetections(detections, [condition]).parsed_condition[0]
    if check_condition(condition, NAMES, source, ("detection", "condition")):
        return
    try:
        tree = parsed.parsed
    except SigmaError as error:
        raise AssertionError(condition) from error
    assert tree is not None
    words = [word.text for word in condition_words(condition) if word.role != "syntax"]
    fields = repr(tree)
    assert all(f"field='{word}'" in fields for word in words if word in NAMES and "*" not in word and word != "them")
