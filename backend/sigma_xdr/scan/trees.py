"""A rule's conditions as the evaluator has read them, in the shape that the scanner works on.

The evaluator alone reads rules: what a value, a modifier or a condition means is decided there, once. Here its objects are only
looked at, and this is the one module that knows what they look like inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sigma_xdr.evaluator import Matcher
from sigma_xdr.evaluator.comparisons import AnyOfTests, Number, Regex, Test, Text
from sigma_xdr.evaluator.patterns import DASHES
from sigma_xdr.evaluator.tree import AllOf, AnyOf, Named, Not

__all__ = [
    "All",
    "Either",
    "Leaf",
    "Negated",
    "Tree",
    "Writing",
    "expression_of",
    "number_asked",
    "tree_of",
    "writing_of",
]

#: Most dashes of a text that is spelt out: it has five spellings for each.
_MOST_DASHES = 2


@dataclass(frozen=True, eq=False)
class Leaf:
    """One value asked of a field (None: of every text of the event). ``test`` is the evaluator's own comparison."""

    field: str | None
    test: Test


@dataclass(frozen=True, eq=False)
class All:
    """All parts hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Either:
    """At least one part holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Negated:
    """The part doesn't hold."""

    part: Tree


Tree = Leaf | All | Either | Negated


def tree_of(matcher: Matcher) -> Tree:
    """What a rule asks. A selection is one object, wherever the condition names it, and stands once among the parts of another."""
    made: dict[int, Tree] = {}

    def tree(node: Any) -> Tree:
        if id(node) not in made:
            made[id(node)] = fresh(node)
        return made[id(node)]

    def fresh(node: Any) -> Tree:
        match node:
            case AllOf(parts=parts):
                return All(tuple(dict.fromkeys(merged(parts, AllOf))))
            case AnyOf(parts=parts):
                return Either(tuple(dict.fromkeys(merged(parts, AnyOf))))
            case Not(part=part):
                return Negated(tree(part))
            case Named(part=part):
                return tree(part)
        return _leaf(node._field, node._test)

    def merged(parts: Sequence[Any], kind: type[AllOf] | type[AnyOf]) -> Iterator[Tree]:
        """The parts, in place of those of the same kind theirs; not of selections, which many conditions may name."""
        for part in parts:
            if isinstance(part, kind):
                yield from merged(part.parts, kind)
            else:
                yield tree(part)

    return tree(matcher._root)


def _leaf(field: str | None, test: Test) -> Tree:
    if isinstance(test, AnyOfTests):
        return Either(tuple(_leaf(field, each) for each in test.tests))
    return Leaf(field, test)


# --------------------------------------------------------------------------------------------------------------- leaves


@dataclass(frozen=True)
class Writing:
    """How a text pattern is written: its pieces between the ``*``, and what is open.

    A piece is what stands in it in a row: literals, each with its other spellings, and the empty text where single wildcards
    begin or end the piece. ``cores`` are the spellings of the one literal of a pattern that has no wildcards but dashes, and
    ``*`` at its ends; else there are none. All are folded unless ``cased``, as is the text that ``matches`` takes. ``number`` is
    the whole number that the text spells, if any.
    """

    cased: bool
    pieces: tuple[tuple[tuple[str, ...], ...], ...]
    open_start: bool
    open_end: bool
    cores: tuple[str, ...]
    matches: Callable[[str], bool]
    number: int | None


def writing_of(test: Test) -> Writing | None:
    """How a text pattern is written; None for another comparison."""
    if not isinstance(test, Text):
        return None
    pattern = test._pattern
    pieces = tuple(tuple(_literals(segment)) for segment in pattern._segments)
    cores = pieces[0][0] if len(pieces) == 1 and len(pieces[0]) == 1 and any(pieces[0][0]) else ()
    ends = (pattern._open_start, pattern._open_end)
    return Writing(pattern.cased, pieces, *ends, cores, pattern.matches, test._number)


def _literals(segment: Any) -> Iterator[tuple[str, ...]]:
    """The literals of a piece. With a dash or two and no other wildcards it is spelt out."""
    if hasattr(segment, "literal"):
        yield (segment.literal,)
    elif not segment._any and len(segment._dashes) <= _MOST_DASHES:
        places: dict[int, Sequence[str]] = {offset: (literal,) for offset, literal in segment._literals}
        places.update(dict.fromkeys(segment._dashes, DASHES))
        yield tuple(map("".join, product(*(places[offset] for offset in sorted(places)))))
    else:
        end = 0
        for offset, literal in segment._literals:
            if offset and not end:
                yield ("",)
            yield (literal,)
            end = offset + len(literal)
        if end < segment.length:
            yield ("",)


def expression_of(test: Test) -> tuple[str, Callable[[bytes], Any]] | None:
    """A regular expression of RE2's, and its search in UTF-8, not None where it is found; None for another comparison."""
    if not isinstance(test, Regex):
        return None
    return test._search.__self__.pattern, test._search


def number_asked(test: Test) -> int | float | None:
    """The number that a field is asked to be; None for another comparison."""
    return test._number if isinstance(test, Number) else None
