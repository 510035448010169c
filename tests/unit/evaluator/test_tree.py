"""Conditions made of conditions."""

from __future__ import annotations

from dataclasses import dataclass

from sigma_xdr.evaluator import Event, Explanation
from sigma_xdr.evaluator.tree import AllOf, AnyOf, Named, Node, Not


@dataclass(frozen=True)
class Leaf:
    text: str

    def holds(self, event: Event) -> bool:
        return self.text in event.fields

    def explain(self, event: Event) -> Explanation:
        return Explanation(self.holds(event), self.text, "looked")


A, B = Leaf("a"), Leaf("b")


def shown(node: Node, *fields: str) -> str:
    event = Event(dict.fromkeys(fields))
    explained = node.explain(event)
    assert explained.passed is node.holds(event)
    return explained.render()


def test_all_of_its_parts() -> None:
    assert shown(AllOf([A, B]), "a") == "✗ all of\n  ✓ a   looked\n  ✗ b   looked"
    assert shown(AllOf([A, B]), "a", "b") == "✓ all of\n  ✓ a   looked\n  ✓ b   looked"


def test_any_of_its_parts() -> None:
    assert shown(AnyOf([A, B]), "b") == "✓ any of\n  ✗ a   looked\n  ✓ b   looked"
    assert shown(AnyOf([A, B])) == "✗ any of\n  ✗ a   looked\n  ✗ b   looked"


def test_not_its_part() -> None:
    assert shown(Not(A, "not a"), "b") == "✓ not a   looked"
    assert shown(Not(AllOf([A, B]), "not (a and b)"), "a", "b") == "✗ not (a and b)\n  ✓ a   looked\n  ✓ b   looked"


def test_under_a_name() -> None:
    assert shown(Named(A, "selection"), "a") == "✓ selection\n  ✓ a   looked"
    assert shown(Named(AllOf([A, B]), "selection"), "a") == "✗ selection\n  ✓ a   looked\n  ✗ b   looked"
