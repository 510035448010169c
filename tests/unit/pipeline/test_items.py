"""The building blocks of a mapped rule."""

from __future__ import annotations

from sigma.conditions import ConditionAND, ConditionOR
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaNumber

from sigma_xdr.pipeline.items import Expression, NegatedDetection, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern

DETECTIONS = SigmaDetections({"x": SigmaDetection([text_item("A", ["b"], None)])}, ["x"])


def test_an_expression_is_a_column_with_a_type() -> None:
    expression = Expression("tolong(x)", "long")
    assert (expression, expression.type, Expression("strcat(a, b)").type) == ("tolong(x)", "long", "string")


def test_one_part_stands_for_itself() -> None:
    alone = text_item("FileName", ["a.exe"], None)
    assert any_of([alone]) is alone
    assert all_of([alone]) is alone


def test_several_parts_are_joined() -> None:
    first, second = text_item("FileName", ["a.exe"], None), item("ProcessId", [SigmaNumber(4)], None)
    for join, linking in ((any_of, ConditionOR), (all_of, ConditionAND)):
        joined = join([first, second])
        assert isinstance(joined, SigmaDetection)
        assert (joined.detection_items, joined.item_linking) == ([first, second], linking)
        assert isinstance(joined.postprocess(DETECTIONS), linking)


def test_texts_and_patterns_are_values_of_one_item() -> None:
    made = text_item("FileName", ["a*.exe", "", Pattern(("b",), cased=True)], None)
    assert isinstance(made, SigmaDetectionItem)
    assert [Pattern.of(value) for value in made.value] == [  # type: ignore[arg-type]
        Pattern(("a*.exe",)),
        Pattern(()),
        Pattern(("b",), cased=True),
    ]


def test_a_negated_detection_is_one_not_over_all() -> None:
    inner = any_of([text_item("A", ["a"], None), text_item("B", ["b"], None)])
    negation = NegatedDetection([inner], None, ConditionAND).postprocess(DETECTIONS)
    assert type(negation).__name__ == "ConditionNOT"
    assert [type(arg).__name__ for arg in negation.args] == ["ConditionOR"]
