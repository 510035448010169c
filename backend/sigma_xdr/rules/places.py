"""Where a part of a rule stands in its file.

Loading reads plain data only, which is fast. The file is read again, with PyYAML's marks, when its first problem asks
for a place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from sigma.exceptions import SigmaRuleLocation

from sigma_xdr.errors import Diagnostic

__all__ = ["ItemLocation", "Key", "Place", "RuleSource", "SourceFile"]

#: A step into a document: the key of a mapping, the 0-based index of a list item.
Key = str | int


@dataclass(frozen=True)
class Place:
    """A piece of a line. ``line`` and ``column`` count from 1, ``length`` in characters; ``text`` is the whole line."""

    line: int
    column: int
    length: int
    text: str


class SourceFile:
    """The text of a file of rules. ``name`` is its path as messages show it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.name = path.as_posix()
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return re.split(r"\r?\n", self.text)

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line begins in the text."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @cached_property
    def documents(self) -> list[yaml.Node | None]:
        """The root node of each document of the file, with marks; None for an empty document."""
        return list(yaml.compose_all(self.text, yaml.CSafeLoader))

    def place(self, line: int, column: int, length: int = 1) -> Place:
        """The place at a line and column that count from 0, cut off at the end of the line."""
        text = self.lines[line] if line < len(self.lines) else ""
        return Place(line + 1, column + 1, max(1, min(length, len(text) - column)), text)

    def place_at(self, offset: int, length: int = 1) -> Place:
        """The place at an offset into the text."""
        line = bisect_right(self._starts, offset) - 1
        return self.place(line, offset - self._starts[line], length)

    def diagnostic(
        self, code: str, message: str, hint: str | None = None, place: Place | None = None, severity: str = "error"
    ) -> Diagnostic:
        """A problem of this file, at a place of it or of the file as a whole."""
        problem = Diagnostic(code, message, hint, severity, file=self.name)
        return problem if place is None else problem.at(self.name, place.line, place.column, place.text, place.length)


class RuleSource:
    """One document of a file, and the way from its keys to places. ``index`` is its 0-based number in the file."""

    def __init__(self, file: SourceFile, index: int) -> None:
        self.file = file
        self.index = index

    def place(self, *keys: Key, within: str | None = None, nth: int = 0) -> Place:
        """The place of the key or list item that ``keys`` lead to, else of the nearest parent that exists.

        Index 0 under a key with a single value is that value. ``within`` narrows the place to the ``nth`` occurrence
        (from 0) of a word in it, if there is one.
        """
        node = marked = self.file.documents[self.index]
        if isinstance(node, yaml.MappingNode) and node.value:
            marked = node.value[0][0]
        for key in keys:
            found = _step(node, key)
            if found is None:
                break
            marked, node = found
        if marked is None:
            return self.file.place(0, 0)
        return self._mark(marked, within, nth)

    def _mark(self, node: yaml.Node, within: str | None, nth: int) -> Place:
        start, end = node.start_mark, node.end_mark
        if within:
            word = re.compile(rf"(?<![\w*-]){re.escape(within)}(?![\w*-])")
            found = [match.start() for match in word.finditer(self.file.text, start.index, end.index)]
            if nth < len(found):
                return self.file.place_at(found[nth], len(within))
        if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
            return self._mark(node.value[0][0], None, 0)
        one_line = start.line == end.line
        return self.file.place(start.line, start.column, end.column - start.column if one_line else len(self.file.text))

    def diagnostic(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        *keys: Key,
        within: str | None = None,
        nth: int = 0,
        severity: str = "error",
    ) -> Diagnostic:
        """A problem of this document at the place that ``keys``, ``within`` and ``nth`` lead to, as in ``place``."""
        return self.locate(Diagnostic(code, message, hint, severity, keys=keys), within=within, nth=nth)

    def locate(self, problem: Diagnostic, within: str | None = None, nth: int = 0) -> Diagnostic:
        """The same problem with the place that its own ``keys`` lead to."""
        place = self.place(*problem.keys, within=within, nth=nth)
        return problem.at(self.file.name, place.line, place.column, place.text, place.length)


def _step(node: yaml.Node | None, key: Key) -> tuple[yaml.Node, yaml.Node] | None:
    """The node to mark and the node to go on from, one key further; None where there is no such key."""
    match node:
        case yaml.MappingNode():
            return next(((name, value) for name, value in node.value if name.value == str(key)), None)
        case yaml.SequenceNode() if isinstance(key, int) and 0 <= key < len(node.value):
            return node.value[key], node.value[key]
        case yaml.ScalarNode() if key == 0:
            return node, node
    return None


class ItemLocation(SigmaRuleLocation):
    """pySigma's ``source`` of a part of a rule: the document, and the ``keys`` that lead to the part in it.

    It goes with the part through every transformation, also into another rule when a filter is applied. It says its
    line only when it is shown, and copies of a rule share it.
    """

    def __init__(self, source: RuleSource, keys: tuple[Key, ...]) -> None:
        self.path = source.file.path
        self.source = source
        self.keys = keys

    def diagnostic(
        self, code: str, message: str, hint: str | None = None, *keys: Key, within: str | None = None
    ) -> Diagnostic:
        """An error at this part, or at the place that ``keys`` lead to from here."""
        return self.source.diagnostic(code, message, hint, *self.keys, *keys, within=within)

    def __str__(self) -> str:
        place = self.source.place(*self.keys)
        return f"{self.source.file.name}:{place.line}:{place.column}"

    def __repr__(self) -> str:
        return f"ItemLocation({self.source.file.name!r}, {self.keys!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemLocation) and (self.source, self.keys) == (other.source, other.keys)

    def __hash__(self) -> int:
        return hash((self.source, self.keys))

    def __deepcopy__(self, memo: object) -> ItemLocation:
        return self
