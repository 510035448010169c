"""Which of its clauses a rule is looked for by, given the others: what is looked for in few fields is found sooner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sigma_xdr.scan.literals import Clause

__all__ = ["MOST_CHOSEN", "Choice", "choice_of"]

#: How many clauses of a rule are asked for at once.
MOST_CHOSEN = 3
#: The share of events above which it isn't worth the while to look for a further clause in values that aren't remembered.
_COMMON = 0.2
#: What it costs to look at a field for one rule alone, as the share of events for which a rule might be tried instead.
_FIELD = 0.05

Fields = frozenset[str | None]


@dataclass(frozen=True)
class Choice:
    """Of each rule's clauses up to ``MOST_CHOSEN``, none where it has none. The first ones are all of the fields ``first``: only
    where one of them is fulfilled, it is worth the while to look at another field.
    """

    clauses: Sequence[tuple[Clause, ...]]
    first: Fields


def choice_of(rules: Sequence[Sequence[Clause]]) -> Choice:
    """What to look for, given what each rule needs.

    It is what is rare, and stands in fields that many rules need. Further clauses cost next to nothing, because their fields are
    looked at anyway, so they may be less rare.
    """
    needed = Counter(field for clauses in rules for field in _union(clauses))

    def cost(clause: Clause) -> float:
        return clause.share + sum(_FIELD / needed[field] for field in clause.fields)

    cheapest = [min(clauses, key=cost) for clauses in rules if clauses]
    looked_at = _union(cheapest)
    first = _cover([[each for each in clauses if each.fields <= looked_at] for clauses in rules if clauses], cost)
    return Choice([tuple(_chosen(clauses, first, looked_at)) for clauses in rules], first)


def _union(clauses: Sequence[Clause]) -> Fields:
    return frozenset[str | None]().union(*(clause.fields for clause in clauses))


def _cover(rules: Sequence[Sequence[Clause]], cost: Callable[[Clause], float]) -> Fields:
    """Few fields in which each rule has a rare clause: again and again those that serve the most of the rules left."""
    covered: Fields = frozenset()
    left = [[each for each in clauses if each.share < _COMMON] or [min(clauses, key=cost)] for clauses in rules]
    while left := [clauses for clauses in left if not any(each.fields <= covered for each in clauses)]:
        served = Counter(fields for clauses in left for fields in {each.fields - covered for each in clauses})
        covered |= max(served.items(), key=_worth)[0]
    return covered


def _worth(served: tuple[Fields, int]) -> tuple[float, list[str]]:
    """What fields that serve so many rules are sorted by."""
    fields, count = served
    return count / len(fields), sorted(map(str, fields))


def _chosen(clauses: Sequence[Clause], first: Fields, looked_at: Fields) -> list[Clause]:
    """A rule's clauses to look for: the rarest of the first fields, and the rarest of the others that are worth it."""
    ordered = sorted(clauses, key=lambda clause: clause.share)
    chosen = [clause for clause in ordered if clause.fields <= first][:1]
    others = [
        clause
        for clause in ordered
        if clause not in chosen and clause.fields <= looked_at and (clause.is_memorable or clause.share < _COMMON)
    ]
    return chosen + others[: MOST_CHOSEN - 1] if chosen else []
