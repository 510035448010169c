"""Texts that a regular expression finds, made from its parts: a few that take other branches and other counts each."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from re import _parser  # type: ignore[attr-defined]  # the tree that re itself compiles; there is no public way to it
from typing import Any

__all__ = ["FoundText", "texts_found"]

#: Longest text, in characters; what would be longer is left out.
_LONGEST = 4_000
#: Characters that a negated class may take: one of each kind first.
_PROBES = "a0 -_/\\.:Z\"'\t,;=%~é\n"
_OF_CATEGORY = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_NOT_DIGIT": "d",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "s",
    "CATEGORY_WORD": "w",
    "CATEGORY_NOT_WORD": "-",
}
_START = frozenset(("AT_BEGINNING", "AT_BEGINNING_STRING"))
_END = frozenset(("AT_END", "AT_END_STRING"))


@dataclass(frozen=True)
class FoundText:
    """A text, and whether anything may stand before it and after it."""

    text: str
    open_at_start: bool
    open_at_end: bool


def texts_found(pattern: str, flags: int = 0, turns: int = 16) -> Iterator[FoundText]:
    """Up to ``turns`` different texts that a regular expression of Python's syntax finds, or nearly: what it says about its
    surroundings (``(?=…)``, ``\\b``) isn't looked at.

    Nothing for what can't be read, or finds nothing short.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's of nested sets and late flags
            tree = _parser.parse(pattern, flags)
        made = [_Text(turn).made(tree) for turn in range(turns)]
    except (re.error, OverflowError, RecursionError):
        return
    yield from dict.fromkeys(text for text in made if text is not None)


class _TooLong(Exception):
    """The text has become longer than anybody wants to look at."""


@dataclass
class _Text:
    """Writes one text. The ``turn`` decides which branch is taken, how often a part is repeated, which character stands."""

    turn: int
    written: list[str] = field(default_factory=list)
    length: int = 0
    groups: dict[int, str] = field(default_factory=dict)
    choices: int = 0
    open_at_start: bool = True
    open_at_end: bool = True

    def made(self, tree: Any) -> FoundText | None:
        try:
            self.sequence(tree)
        except _TooLong:
            return None
        return FoundText("".join(self.written), self.open_at_start, self.open_at_end)

    def choose(self, options: Any) -> Any:
        """One of some options: all of them in as many turns, the first first; in later turns with others at other places."""
        self.choices += 1
        return options[(self.turn + self.choices * (self.turn // len(options))) % len(options)]

    def write(self, text: str) -> None:
        self.length += len(text)
        if self.length > _LONGEST:
            raise _TooLong
        self.written.append(text)

    def sequence(self, parts: Any) -> None:
        for operator, argument in parts:
            self.part(str(operator), argument)

    def part(self, operator: str, argument: Any) -> None:
        match operator:
            case "LITERAL":
                self.write(chr(argument))
            case "NOT_LITERAL":
                self.write(self.choose([char for char in _PROBES if char != chr(argument)]))
            case "ANY":
                self.write(self.choose("x y"))
            case "IN":
                self.write(self.choose(_characters(argument)))
            case "BRANCH":
                self.sequence(self.choose(argument[1]))
            case "SUBPATTERN":
                start = len(self.written)
                self.sequence(argument[3])
                if argument[0] is not None:
                    self.groups[argument[0]] = "".join(self.written[start:])
            case "ATOMIC_GROUP":
                self.sequence(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                self.repeat(*argument)
            case "GROUPREF":
                self.write(self.groups.get(argument, ""))
            case "AT":
                self.open_at_start = self.open_at_start and (bool(self.length) or str(argument) not in _START)
                self.open_at_end = self.open_at_end and str(argument) not in _END

    def repeat(self, least: int, most: int, parts: Any) -> None:
        counts = [count for count in (least, least + 1, least + 2) if count <= int(most)]
        for _ in range(self.choose(counts)):
            before = self.length
            self.sequence(parts)
            if self.length == before:
                return  # nothing, as often as you like, is nothing


def _characters(parts: Any) -> list[str]:
    """Some characters of a class, its own order first."""
    negated = str(parts[0][0]) == "NEGATE"
    found: list[str] = []
    for operator, argument in parts:
        match str(operator):
            case "LITERAL":
                found.append(chr(argument))
            case "RANGE":
                found += [chr(argument[0]), chr(argument[1]), chr(sum(argument) // 2)]
            case "CATEGORY":
                found.append(_OF_CATEGORY[str(argument)])
    if not negated:
        return list(dict.fromkeys(found))
    return [char for char in _PROBES if not _in_class(char, parts)] or ["\x7f"]


def _in_class(char: str, parts: Any) -> bool:
    for operator, argument in parts:
        match str(operator):
            case "LITERAL" if ord(char) == argument:
                return True
            case "RANGE" if argument[0] <= ord(char) <= argument[1]:
                return True
            case "CATEGORY" if _in_category(char, str(argument)):
                return True
    return False


def _in_category(char: str, category: str) -> bool:
    kind = category.removeprefix("CATEGORY_").removeprefix("NOT_")
    found = {"DIGIT": char.isdigit(), "SPACE": char.isspace(), "WORD": char.isalnum() or char == "_"}[kind]
    return found is not category.startswith("CATEGORY_NOT_")
