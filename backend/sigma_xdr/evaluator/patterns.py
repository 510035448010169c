r"""Sigma's text patterns: ``*`` is any run of characters, ``?`` exactly one, of whatever kind; a backslash escapes.

The specification on the backslash: before ``*``, ``?`` or another backslash it makes that a plain character; before
anything else it is a backslash. Matching is linear in the text, whatever the pattern: between two ``*`` stands a segment of
fixed length, so the leftmost place of each is the best one, and a segment with ``?`` in it is looked for with one pass that keeps
a bit for each of its positions (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from sigma_xdr.evaluator.events import fold

__all__ = ["DASHES", "Part", "Pattern", "Placeholder", "Wild", "parse"]

#: What ``windash`` takes for one another: hyphen, slash, en dash, em dash, horizontal bar (Sigma's modifier appendix).
DASHES = "-/–—―"
_ESCAPES = re.compile(r"\\([*?\\])|([*?])|(\\|[^\\*?]+)", re.DOTALL)


class Wild(Enum):
    """A part of a pattern that stands for more than one text."""

    MANY = "*"
    ONE = "?"
    #: One of DASHES.
    DASH = "-"


@dataclass(frozen=True)
class Placeholder:
    """A ``%name%`` that the ``expand`` modifier has marked."""

    name: str


Part = str | Wild | Placeholder


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a value as a rule writes it; no two literals and no two ``*`` in a row."""
    parts: list[Part] = []
    for escaped, wild, plain in _ESCAPES.findall(text):
        parts.append(Wild(wild) if wild else escaped or plain)
    return joined(parts)


def joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts with neighbouring literals made one, and neighbouring ``*``."""
    merged: list[Part] = []
    for kind, group in groupby(parts, lambda part: str if isinstance(part, str) else part):
        if kind is str:
            merged.append("".join(part for part in group if isinstance(part, str)))
        elif kind is Wild.MANY:
            merged.append(Wild.MANY)
        else:
            merged += group
    return tuple(part for part in merged if part != "")


class Pattern:
    """A pattern without placeholders, ready to match.

    ``cased`` patterns match text as it stands, others text that :func:`fold` has been over. ``matches`` takes such a text.
    ``literal`` is the whole pattern where it has no wildcards; ``literals`` are what stands between them, without case.
    """

    def __init__(self, parts: Sequence[Part], cased: bool = False) -> None:
        parts = joined([fold(part) if isinstance(part, str) and not cased else part for part in parts])
        runs: list[list[Part]] = [list(run) for many, run in groupby(parts, _is_many) if not many] if parts else [[]]
        self.cased = cased
        self.literal = "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None
        self._segments = [_segment(run) for run in runs]
        self.literals = tuple(fold(part) for part in parts if isinstance(part, str))
        self._open_start = bool(parts) and parts[0] is Wild.MANY
        self._open_end = bool(parts) and parts[-1] is Wild.MANY
        self.matches: Callable[[str], bool] = self._plain() or self._in_order()

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the one segment of a pattern that looks for it anywhere begins and ends in a text; else None."""
        if not (self._open_start and self._open_end and len(self._segments) == 1):
            return None
        start = self._segments[0].find(text, 0, len(text))
        return None if start < 0 else (start, start + self._segments[0].length)

    def _plain(self) -> Callable[[str], bool] | None:
        """What Python's own string methods say."""
        if len(self._segments) != 1 or isinstance(self._segments[0], _Masked):
            return None
        literal = self._segments[0].literal
        match self._open_start, self._open_end:
            case False, False:
                return literal.__eq__
            case False, True:
                return lambda text: text.startswith(literal)
            case True, False:
                return lambda text: text.endswith(literal)
        return lambda text: literal in text

    def _in_order(self) -> Callable[[str], bool]:
        """The segments in order: the first and the last where they are anchored, the others leftmost."""
        inner = list(self._segments)
        head = inner.pop(0) if inner and not self._open_start else None
        tail = inner.pop() if inner and not self._open_end else None
        whole = head is not None and not self._open_end and tail is None

        def matches(text: str) -> bool:
            start, end = 0, len(text)
            if head is not None:
                if head.length > end or not head.at(text, 0):
                    return False
                start = head.length
            if tail is not None:
                end -= tail.length
                if end < start or not tail.at(text, end):
                    return False
            for segment in inner:
                place = segment.find(text, start, end)
                if place < 0:
                    return False
                start = place + segment.length
            return not whole or start == end

        return matches


# ------------------------------------------------------------------------------------------------------------- segments


def _is_many(part: Part) -> bool:
    return part is Wild.MANY


def _segment(parts: Sequence[Part]) -> _Literal | _Masked:
    if all(isinstance(part, str) for part in parts):
        return _Literal("".join(map(str, parts)))
    return _Masked(parts)


class _Literal:
    """A segment of plain text."""

    def __init__(self, literal: str) -> None:
        self.literal = literal
        self.length = len(literal)

    def at(self, text: str, start: int) -> bool:
        return text.startswith(self.literal, start)

    def find(self, text: str, start: int, end: int) -> int:
        return text.find(self.literal, start, end)


class _Masked:
    """A segment with single wildcards in it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._literals: list[tuple[int, str]] = []
        self._dashes: list[int] = []
        self._any = self.length = 0
        self._masks: dict[str, int] = {}
        for part in parts:
            if isinstance(part, str):
                self._literals.append((self.length, part))
                for char in part:
                    self._allow(char)
            elif part is Wild.DASH:
                self._dashes.append(self.length)
                for dash in DASHES:
                    self._masks[dash] = self._masks.get(dash, 0) | 1 << self.length
                self.length += 1
            else:
                self._any |= 1 << self.length
                self.length += 1
        self._masks = {char: mask | self._any for char, mask in self._masks.items()}
        self._offset, self._longest = max(self._literals, key=lambda each: len(each[1]), default=(0, ""))

    def _allow(self, char: str) -> None:
        self._masks[char] = self._masks.get(char, 0) | 1 << self.length
        self.length += 1

    def at(self, text: str, start: int) -> bool:
        """Whether the segment stands at a place that has enough text after it."""
        return all(text.startswith(literal, start + offset) for offset, literal in self._literals) and all(
            text[start + offset] in DASHES for offset in self._dashes
        )

    def find(self, text: str, start: int, end: int) -> int:
        """The leftmost place between two others where the segment stands; -1 if there is none."""
        longest = text.find(self._longest, start + self._offset, end)
        if longest < 0 or end - start < self.length:
            return -1
        state, last, masks, any_char = 0, 1 << (self.length - 1), self._masks, self._any
        first = longest - self._offset
        for index in range(first, end):  # a slice would copy the rest of the text for each of a pattern's segments
            state = (state << 1 | 1) & masks.get(text[index], any_char)
            if state & last:
                return index + 1 - self.length
        return -1
