"""One rule, ready to judge events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from sigma_xdr.evaluator import Matcher
from sigma_xdr.scan.alone import asked_alone
from sigma_xdr.scan.functions import Function, NotPlain, TooLarge, View, function_of
from sigma_xdr.scan.literals import Clause, clauses_of
from sigma_xdr.scan.trees import Tree, tree_of

__all__ = ["Predicate"]


class Predicate:
    """A rule's meaning as a function, made when the rule first has a chance.

    An event whose fields hold anything but plain text, whole numbers and nothing is judged by the evaluator's matcher, and so
    is every event if the rule is too large for a function. ``tree`` is its condition,
    ``clauses`` are what an event must hold to have a chance.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.tree = tree_of(matcher)
        self.clauses: tuple[Clause, ...] = clauses_of(self.tree)

    def holds(self, view: View) -> bool:
        """Whether the rule says yes to an event."""
        try:
            return self._judge(view)
        except NotPlain:
            return self._matcher.matches(view.event)

    @cached_property
    def alone(self) -> Mapping[str, Sequence[Tree]]:
        """What the rule asks of one remembered field alone, by the field."""
        return asked_alone(self.tree)

    @cached_property
    def _judge(self) -> Function:
        try:
            return function_of(self.tree)
        except TooLarge:
            return lambda view: self._matcher.matches(view.event)
