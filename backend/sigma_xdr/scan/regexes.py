"""The literals without which a regular expression finds nothing.

The expression is RE2's; it is read with Python's own parser, whose syntax is nearly the same. What the two read in different
ways gives no literals, nor does what Python can't read. Of what is read, only plain sequences count: a literal is what stands
together whatever branch is taken and however often a part is repeated. Case is left out of it, and so all but ASCII, where RE2
and Python know different letters as one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]  # the tree that re itself compiles; there is no public way to it
from typing import Any

__all__ = ["required_texts"]

#: Longest expression that is looked at, in characters.
_LONGEST = 10_000
#: Most alternatives that a part may stand for.
_MOST = 100
_OTHERWISE_IN_PYTHON = ("[:", "{,")


@lru_cache(maxsize=4096)
def required_texts(expression: str) -> tuple[frozenset[str], ...]:
    """What every text in which the expression is found holds, without case: of each set at least one, of several sets each.

    The texts are ASCII in lower case and not empty.
    """
    if len(expression) > _LONGEST or any(each in expression for each in _OTHERWISE_IN_PYTHON):
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of, RE2 reads otherwise
            tree = _parser.parse(expression)
        return tuple(_sets(tree))
    except (re.error, OverflowError, RecursionError, Warning):
        return ()


def _sets(tree: Any) -> Iterator[frozenset[str]]:
    """The sets of a sequence, in order."""
    run = ""
    for part in _plain(tree):
        if isinstance(part, str):
            run += part
            continue
        if run:
            yield frozenset((run,))
            run = ""
        yield from part
    if run:
        yield frozenset((run,))


def _plain(tree: Any) -> Iterator[str | tuple[frozenset[str], ...]]:
    """A sequence's parts: a character that stands there in one case or the other, or whatever else with its sets."""
    for operator, argument in tree:
        match str(operator):
            case "LITERAL":
                yield chr(argument).lower() if argument < 128 else ()
            case "IN":
                yield _one_character(argument)
            case "SUBPATTERN":
                yield from _plain(argument[3])
            case "BRANCH":
                yield _of_branches(argument[1])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield tuple(_sets(argument[2])) if argument[0] else ()
            case "AT":
                pass  # takes up no room
            case _:
                yield ()


def _one_character(members: Any) -> str | tuple[frozenset[str], ...]:
    """A class: one letter in both cases is that letter; a few characters are a set."""
    if not all(str(operator) == "LITERAL" and argument < 128 for operator, argument in members):
        return ()
    folded = {chr(argument).lower() for _, argument in members}
    return folded.pop() if len(folded) == 1 else (frozenset(folded),)


def _of_branches(branches: Any) -> tuple[frozenset[str], ...]:
    """What one branch or another needs: of each branch the set whose shortest text is the longest."""
    chosen: set[str] = set()
    for branch in branches:
        best = max(_sets(branch), key=lambda texts: min(map(len, texts)), default=None)
        if best is None or len(chosen := chosen | best) > _MOST:
            return ()
    return (frozenset(chosen),)
