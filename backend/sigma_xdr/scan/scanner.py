"""Many rules on many events of one log source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.scan.functions import View
from sigma_xdr.scan.literals import Clause
from sigma_xdr.scan.predicates import Predicate
from sigma_xdr.scan.prefilter import Hits, prefiltered
from sigma_xdr.scan.trees import Tree

__all__ = ["Scanner"]

#: How many sets of rules that have a chance together are remembered.
_REMEMBERED = 4096


class Scanner:
    """Rules that are asked of each event at once; what one says doesn't depend on the others.

    ``rules`` are whatever :class:`Matcher` takes, ``filters`` and ``site`` its own. ``always`` counts the rules that each event is
    tried on, because they need no literal. Raises EvaluatorError for a rule that can't be judged.
    """

    def __init__(self, rules: Iterable[Any], filters: Iterable[Any] = (), site: Site | None = None) -> None:
        filters = tuple(filters)
        self._predicates = [Predicate(Matcher(rule, filters, site)) for rule in rules]
        self.always = sum(not predicate.clauses for predicate in self._predicates)
        self._known: dict[int, tuple[tuple[int, Predicate], ...]] = {0: ()}
        #: The rules that match an event, by their positions, in order; a plain mapping is a raw event's fields.
        self.scan: Hits = prefiltered(self._predicates, self._judge)

    @property
    def needs(self) -> list[tuple[tuple[Clause, ...], Tree]]:
        """What each rule needs, and its condition."""
        return [(predicate.clauses, predicate.tree) for predicate in self._predicates]

    def _judge(self, chances: int, event: Event | Mapping[str, Any]) -> tuple[int, ...]:
        """Those of the rules with a chance that match."""
        candidates = self._known.get(chances)
        if candidates is None:
            candidates = self._with(chances)
        if not candidates:
            return ()
        view = View(event)
        return tuple([index for index, predicate in candidates if predicate.holds(view)])

    def _with(self, chances: int) -> tuple[tuple[int, Predicate], ...]:
        """The rules of a set of bits, which is remembered."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[chances] = tuple((index, self._predicates[index]) for index in _bits(chances))
        return found


def _bits(number: int) -> Iterable[int]:
    """The positions of the bits that are set, from the lowest."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
