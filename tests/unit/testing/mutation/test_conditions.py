"""The condition's parts, words and patterns."""

from __future__ import annotations

import pytest

from sigma_xdr.testing.mutation import Mutant
from sigma_xdr.testing.mutation.conditions import and_to_or, drop_operand, drop_selection, negate_dropped, or_to_and
from tests.unit.testing.mutation.rules import document


def rule(condition: str) -> dict[str, object]:
    names = ("a", "b", "c", "s_1", "s_2", "f_1")
    return document("\n".join(f"{name}: {{X: {name}}}" for name in names) + f"\ncondition: {condition}\n")


def shown(found: list[Mutant]) -> list[str]:
    return [f"{mutant.operator}: {mutant.document['detection']['condition']}" for mutant in found]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a", []),
        ("not a", []),
        ("a and b", ["drop-selection: b", "drop-selection: a"]),
        ("a and not b", ["drop-selection: not b", "drop-filter: a"]),
        ("a and b and c", ["drop-selection: b and c", "drop-selection: a and c", "drop-selection: a and b"]),
        (
            "all of s_* and not (a or (b and c))",
            [
                "drop-selection: not (a or (b and c))",
                "drop-filter: all of s_*",
                "drop-selection: all of s_* and not (b and c)",
                "drop-selection: all of s_* and not a",
                "drop-selection: all of s_* and not (a or c)",
                "drop-selection: all of s_* and not (a or b)",
            ],
        ),
        (
            "a and b or c",
            ["drop-selection: c", "drop-selection: b or c", "drop-selection: a or c", "drop-selection: a and b"],
        ),
    ],
)
def test_each_part_is_left_out(condition: str, expected: list[str]) -> None:
    found = list(drop_operand(rule(condition)))
    assert sorted(shown(found)) == sorted(expected)


def test_brackets_say_what_the_words_without_said() -> None:
    mutant = list(drop_operand(rule("(a or b and c) and s_1")))[-1]
    assert mutant.document["detection"]["condition"] == "a or (b and c)"
    assert (mutant.id, mutant.description) == ("drop-selection a or (b and c)", "without s_1")
    assert mutant.keys == ("detection", "condition")


def test_each_not_is_left_out() -> None:
    found = list(negate_dropped(rule("not a and not (b or not c)")))
    assert [mutant.id for mutant in found] == [
        "drop-negation a and not (b or not c)",
        "drop-negation not a and (b or not c)",
        "drop-negation not a and not (b or c)",
    ]


def test_each_word_is_taken_for_the_other() -> None:
    condition = "all of s_* and (a or b) and not 1 of f_* and not any of them"
    assert shown(list(and_to_or(rule(condition)))) == [
        "and-to-or: 1 of s_* and (a or b) and not 1 of f_* and not any of them",
        "and-to-or: all of s_* or (a or b) and not 1 of f_* and not any of them",
        "and-to-or: all of s_* and (a or b) or not 1 of f_* and not any of them",
        "and-to-or: all of s_* and (a or b) and not 1 of f_* or not any of them",
    ]
    assert shown(list(or_to_and(rule(condition)))) == [
        "or-to-and: all of s_* and (a and b) and not 1 of f_* and not any of them",
        "or-to-and: all of s_* and (a or b) and not 1 of f_* and not all of them",
    ]


def test_each_selection_of_a_pattern_is_left_out() -> None:
    found = list(drop_selection(rule("all of s_* and not 1 of f_*")))
    assert [(mutant.id, mutant.description, mutant.keys) for mutant in found] == [
        ("drop-selection s_1", "without the selection s_1", ("detection", "s_1")),
        ("drop-selection s_2", "without the selection s_2", ("detection", "s_2")),
    ]
    assert list(found[0].document["detection"]) == ["a", "b", "c", "s_2", "f_1", "condition"]


def test_a_selection_that_begins_with_an_underscore_is_in_no_other_pattern() -> None:
    hidden = document("_x: {X: 1}\na: {X: 1}\nb: {X: 2}\ncondition: 1 of them\n")
    assert [mutant.id for mutant in drop_selection(hidden)] == ["drop-selection a", "drop-selection b"]


def test_each_condition_of_a_list_has_its_mutants() -> None:
    found = list(and_to_or(document("a: {X: 1}\nb: {X: 2}\ncondition: [a, a and b]\n")))
    assert [(mutant.keys, mutant.document["detection"]["condition"]) for mutant in found] == [
        (("detection", "condition", 1), ["a", "a or b"])
    ]
