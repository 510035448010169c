"""What an event must hold to have a chance with a rule.

A rule needs some literals wherever its condition is positive: of ``Image|endswith: '\\wmic.exe'`` the text at the end of Image, of
a list of values one of them, of selections joined with *or* one of both, with *and* either's. What stands under *not* needs
nothing. A :class:`Clause` is such a set of alternatives; each event that a rule matches holds one of each of its clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from sigma_xdr.evaluator.events import fold
from sigma_xdr.scan.rarity import END, is_memorable, is_rare, share
from sigma_xdr.scan.regexes import required_texts
from sigma_xdr.scan.trees import (
    All,
    Either,
    Leaf,
    Negated,
    Tree,
    Writing,
    expression_of,
    number_asked,
    writing_of,
)

__all__ = ["Clause", "Literal", "clauses_of", "searched"]

#: Longest literal, in characters; of a longer one a piece is as good.
_LONGEST = 48
#: Most clauses of a condition that are kept on the way, the rarest first.
_MOST = 8


def searched(text: str) -> str:
    """A text as literals are looked for in it: folded, and the long s a plain one, which RE2 takes it for without case."""
    return fold(text) if text.isascii() else fold(text).replace("ſ", "s")


class Literal(NamedTuple):
    """Something that a field (None: any text) may hold: a text as :func:`searched` gives it, with ``END`` where the value
    begins or ends, or a number that it may be.
    """

    field: str | None
    value: str | int | float


@dataclass(frozen=True)
class Clause:
    """Literals of which an event that the rule matches holds at least one."""

    literals: frozenset[Literal]

    @cached_property
    def share(self) -> float:
        """A guess at the share of events that hold one."""
        return sum(share(each.value) for each in self.literals if isinstance(each.value, str))

    @cached_property
    def order(self) -> tuple[float, list[tuple[str, str]]]:
        """What clauses are sorted by: the rarest first, of equals always the same."""
        return self.share, sorted((each.field or "", str(each.value)) for each in self.literals)

    @cached_property
    def fields(self) -> frozenset[str | None]:
        """The fields that its literals are looked for in."""
        return frozenset(each.field for each in self.literals)

    @cached_property
    def is_memorable(self) -> bool:
        """Whether all of its fields' values are remembered, so that asking for it costs next to nothing."""
        return all(map(is_memorable, self.fields))


_ORDER = attrgetter("order")


def clauses_of(tree: Tree) -> tuple[Clause, ...]:
    """Clauses that hold for every event that a tree matches; the rarest of them, if there are very many."""
    known: dict[int, tuple[Clause, ...]] = {}

    def clauses(part: Tree) -> tuple[Clause, ...]:
        if id(part) not in known:
            known[id(part)] = fresh(part)
        return known[id(part)]

    def fresh(part: Tree) -> tuple[Clause, ...]:
        match part:
            case Leaf():
                return _of_leaf(part)
            case All(parts=parts):
                return _rarest(clause for each in parts for clause in clauses(each))
            case Either(parts=parts):
                return _of_alternatives([clauses(each) for each in parts])
            case Negated():
                return ()

    return clauses(tree)


def _rarest(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The rarest of some clauses, those of remembered fields apart."""
    ordered = sorted(set(clauses), key=_ORDER)
    kept = [each for each in ordered if each.is_memorable][: _MOST // 2]
    return tuple(kept + [each for each in ordered if each not in kept][: _MOST - len(kept)])


def _of_alternatives(alternatives: list[tuple[Clause, ...]]) -> tuple[Clause, ...]:
    """One clause of the rarest that each alternative has, and one of the rarest in remembered fields."""
    found = [_union(alternatives, lambda _: True), _union(alternatives, lambda clause: clause.is_memorable)]
    return tuple(dict.fromkeys(clause for clause in found if clause is not None))


def _union(alternatives: list[tuple[Clause, ...]], allowed: Callable[[Clause], bool]) -> Clause | None:
    chosen: set[Clause] = set()
    for clauses in alternatives:
        best = min(filter(allowed, clauses), key=_ORDER, default=None)
        if best is None:
            return None
        chosen.add(best)
    return Clause(frozenset[Literal]().union(*(clause.literals for clause in chosen)))


# --------------------------------------------------------------------------------------------------------------- leaves


def _of_leaf(leaf: Leaf) -> tuple[Clause, ...]:
    """What one value needs."""
    if (number := number_asked(leaf.test)) is not None:
        texts: list[str | int | float] = [number, END + searched(str(number)) + END]
        return (Clause(frozenset(Literal(leaf.field, each) for each in texts)),)
    if expression := expression_of(leaf.test):
        return _rarest(
            Clause(frozenset(Literal(leaf.field, each[:_LONGEST]) for each in texts))
            for texts in required_texts(expression[0])
            if all(map(is_rare, texts))
        )
    writing = writing_of(leaf.test)
    return _of_text(leaf.field, writing) if writing else ()


def _of_text(field: str | None, writing: Writing) -> tuple[Clause, ...]:
    """What a pattern needs: the rarest of its literals."""
    numbers = () if writing.number is None else (Literal(field, writing.number),)
    clauses = [
        Clause(frozenset((*(Literal(field, text) for text in texts), *numbers)))
        for texts in _texts(writing)
        if all(map(is_rare, texts))
    ]
    return (min(clauses, key=_ORDER),) if clauses else ()


def _texts(writing: Writing) -> Iterator[list[str]]:
    """The literals of a pattern with their spellings, the first and the last with the ends where they are anchored."""
    last = len(writing.pieces) - 1
    for index, piece in enumerate(writing.pieces):
        for number, literals in enumerate(piece):
            start = END if index == 0 and number == 0 and not writing.open_start else ""
            end = END if index == last and number == len(piece) - 1 and not writing.open_end else ""
            if any(literals):
                yield [_shortened(f"{start}{searched(literal)}{end}") for literal in literals]


def _shortened(text: str) -> str:
    """A piece of a very long literal, its end if that is anchored."""
    return text[-_LONGEST:] if text.endswith(END) else text[:_LONGEST]
