"""What rules are made of: conditions that hold of an event or don't, and that can say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sigma_xdr.evaluator.events import Event
from sigma_xdr.evaluator.explanation import Explanation

__all__ = ["AllOf", "AnyOf", "Named", "Node", "Not"]


class Node(Protocol):
    """A condition. ``text`` is what it asks, for a reader."""

    @property
    def text(self) -> str:
        """What it asks."""

    def holds(self, event: Event) -> bool:
        """Whether it holds of an event."""

    def explain(self, event: Event) -> Explanation:
        """Whether, and why."""


@dataclass(frozen=True)
class AllOf:
    """All parts hold."""

    parts: Sequence[Node]
    text: str = "all of"

    def holds(self, event: Event) -> bool:
        """Whether each part does."""
        for part in self.parts:  # noqa: SIM110 - half the time of all() over a generator, at the heart of every verdict
            if not part.holds(event):
                return False
        return True

    def explain(self, event: Event) -> Explanation:
        """The parts' explanations under one line."""
        return Explanation(self.holds(event), self.text, None, tuple(part.explain(event) for part in self.parts))


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: Sequence[Node]
    text: str = "any of"

    def holds(self, event: Event) -> bool:
        """Whether some part does."""
        for part in self.parts:  # noqa: SIM110
            if part.holds(event):
                return True
        return False

    def explain(self, event: Event) -> Explanation:
        """The parts' explanations under one line."""
        return Explanation(self.holds(event), self.text, None, tuple(part.explain(event) for part in self.parts))


@dataclass(frozen=True)
class Not:
    """The part doesn't hold."""

    part: Node
    text: str

    def holds(self, event: Event) -> bool:
        """Whether the part doesn't."""
        return not self.part.holds(event)

    def explain(self, event: Event) -> Explanation:
        """The part's explanation, its verdict turned around."""
        inner = self.part.explain(event)
        return replace(inner, passed=not inner.passed, text=self.text)


@dataclass(frozen=True)
class Named:
    """A condition under a name of its own: a selection, a filter."""

    part: Node
    text: str

    def holds(self, event: Event) -> bool:
        """Whether the condition does."""
        return self.part.holds(event)

    def explain(self, event: Event) -> Explanation:
        """The condition's explanation under the name; one that has no parts stands below it."""
        inner = self.part.explain(event)
        return Explanation(inner.passed, self.text, None, inner.children or (inner,))
