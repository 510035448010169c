"""One detection rule, made ready to judge events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sigma_xdr.evaluator.conditions import condition_node
from sigma_xdr.evaluator.events import Event, event_of
from sigma_xdr.evaluator.explanation import Explanation
from sigma_xdr.evaluator.filters import filters_of
from sigma_xdr.evaluator.problems import document_of, refusal
from sigma_xdr.evaluator.selections import selections
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.evaluator.tree import AllOf, AnyOf, Node

__all__ = ["Matcher", "explain"]


class Matcher:
    """A rule's meaning. The rule is read once, here; judging an event then parses nothing.

    ``rule`` is a plain document as loaded from YAML, or anything with a ``document``; ``filters`` are such documents too, of
    which those that fit the rule apply; ``site`` gives the values of placeholders by name. Raises EvaluatorError for what
    can't be judged exactly.
    """

    def __init__(self, rule: Any, filters: Iterable[Any] = (), site: Site | None = None) -> None:
        self.document = document_of(rule)
        section = self.document.get("detection")
        if not isinstance(section, Mapping):
            hint = "a correlation is for CorrelationMatcher" if "correlation" in self.document else None
            raise refusal("no-detection", "the rule has no detection section", hint, ("detection",))
        found = selections(section, ("condition",), site or {}, ("detection",), None)
        condition = section.get("condition")
        alternatives = [
            condition_node(each, found, ("detection", "condition", index), None)
            for index, each in enumerate(condition if isinstance(condition, list) else [condition])
        ]
        if not alternatives:
            raise refusal("condition-syntax", "the rule has no condition", None, ("detection", "condition"))
        own = alternatives[0] if len(alternatives) == 1 else AnyOf(alternatives, "any of its conditions")
        allowed = filters_of(self.document, filters, site or {})
        self._root: Node = AllOf([own, *allowed]) if allowed else own

    @property
    def title(self) -> str:
        """The rule's title."""
        return str(self.document.get("title", "the rule"))

    def matches(self, event: Event | Mapping[str, Any]) -> bool:
        """Whether the rule says yes to an event; a plain mapping is a raw event's fields."""
        return self._root.holds(event_of(event))

    def explain(self, event: Event | Mapping[str, Any]) -> Explanation:
        """The same verdict with its reasons, a part of the condition each."""
        inner = self._root.explain(event_of(event))
        parts = inner.children if isinstance(self._root, AllOf) else (inner,)
        return Explanation(inner.passed, self.title, None, parts)


def explain(rule: Any, event: Event | Mapping[str, Any]) -> Explanation:
    """Why a rule matches an event or doesn't. Raises EvaluatorError for a rule that can't be judged."""
    return Matcher(rule).explain(event)
