"""Mappings, lists, and what they make of their parts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.evaluator.asking import holds, refused, rule


@pytest.mark.parametrize(
    ("selection", "fields", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ([{"a": 1}, {"b": 2}], {"b": 2}, True),
        ([{"a": 1}, {"b": 2}], {"b": 1}, False),
        ([{"a": 1, "b": 2}, {"c": 3}], {"a": 1, "c": 3}, True),
        ([[{"a": 1}], [{"b": 2}, {"c": 3}]], {"c": 3}, True),
        ([{"a": 1}, "keyword"], {"b": "a keyword"}, True),
        ("keyword", {"b": "a keyword"}, True),
        (["one", "two"], {"b": "two"}, True),
        (7, {"b": 17}, True),
    ],
)
def test_a_selection(selection: Any, fields: dict[str, Any], expected: bool) -> None:
    assert holds(selection, fields) is expected


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (None, "empty-selection: 'selection' is empty = fill it or delete it @ detection selection"),
        ({}, "empty-selection: 'selection' is empty = fill it or delete it @ detection selection"),
        ([{"a": 1}, {}], "empty-selection: '1' is empty = fill it or delete it @ detection selection 1"),
        (
            {"a": []},
            "empty-values: the list of values is empty = for an empty field write null @ detection selection a",
        ),
        ({7: "a"}, "field-name: the field name 7 is no text = quote it @ detection selection 7"),
    ],
)
def test_what_is_refused(selection: Any, said: str) -> None:
    assert refused(rule(selection)) == said


def test_depth_is_refused() -> None:
    deep: Any = {"a": 1}
    for _ in range(60):
        deep = [deep]
    assert refused(rule(deep)).startswith(
        "nested-too-deep: the selection nests deeper than 50 levels = None @ detection"
    )
