"""Why a rule matched an event or didn't: a line for each condition, with what was found.

The tree is made of the same objects that give the verdict, so the two can't disagree. As text::

    ✗ WMIC Starts a Process on Another Host
      ✓ selection_img
        ✓ Image endswith '\\wmic.exe'   was 'C:\\Windows\\System32\\wbem\\WMIC.exe'
      ✗ selection_cli (all of 2)
        ✓ CommandLine contains 'call'     at 13: 'wmic process »call« create'
        ✗ CommandLine contains '/node:'   was 'wmic process call create'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sigma_xdr.errors import visible

__all__ = ["Explanation", "quoted"]

#: Longest value that is shown, in characters, and how much of a longer one is shown before the place that counts.
_SHOWN, _BEFORE = 100, 30
#: Most lines under one line: of a list of 500 values those that decide are enough.
_MOST_LINES = 10
#: Widest column of conditions.
_WIDEST = 60


@dataclass(frozen=True)
class Explanation:
    """A condition, whether it held, and what was found.

    ``text`` is what was asked, ``found`` what the event holds there (None for what is made of ``children``).
    """

    passed: bool
    text: str
    found: str | None = None
    children: tuple[Explanation, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """The tree as plain data for JSON."""
        children = [child.as_data() for child in self.children]
        return {"passed": self.passed, "text": self.text, "found": self.found, "children": children}

    def lines(self) -> Iterator[tuple[int, Explanation | str, int]]:
        """The lines that are worth showing: how deep, the part (or a remark), and how wide its siblings' texts are."""
        yield from _lines(self, 0, len(self.text))

    def render(self) -> str:
        """The explanation as plain text, without a final line break."""
        return "\n".join(_line(depth, part, width) for depth, part, width in self.lines())


def _lines(part: Explanation, depth: int, width: int) -> Iterator[tuple[int, Explanation | str, int]]:
    yield depth, part, width
    shown = _deciding(part)
    inner = max((min(len(child.text), _WIDEST) for child in shown if child.found is not None), default=0)
    for child in shown:
        yield from _lines(child, depth + 1, inner)
    if len(shown) < len(part.children):
        yield depth + 1, f"… and {len(part.children) - len(shown):,} more", 0


def _deciding(part: Explanation) -> Sequence[Explanation]:
    """The children to show: all of a few; of many those that made the whole what it is, as far as they go."""
    if len(part.children) <= _MOST_LINES:
        return part.children
    deciding = [child for child in part.children if child.passed is part.passed] or part.children
    return deciding[:_MOST_LINES]


def _line(depth: int, part: Explanation | str, width: int) -> str:
    if isinstance(part, str):
        return f"{'  ' * depth}{part}"
    head = f"{'  ' * depth}{'✓' if part.passed else '✗'} {visible(part.text)}"
    return head if part.found is None else f"{head}{' ' * max(width - len(part.text), 0)}   {part.found}"


def quoted(value: Any, start: int = 0, end: int = 0) -> str:
    """A value for a reader: text between quotes, cut around a place, nothing in it that drives a terminal.

    The characters from ``start`` to ``end``, if any, are marked ``»so«``.
    """
    if not isinstance(value, str):
        return "null" if value is None else visible(str(value)[:_SHOWN])
    first = max(0, min(start - _BEFORE, len(value) - _SHOWN)) if len(value) > _SHOWN else 0
    last = min(len(value), max(first + _SHOWN, min(end, start + _SHOWN)))
    shown = visible(value[first:last])
    if end > start:
        middle = min(end, last)
        shown = f"{visible(value[first:start])}»{visible(value[start:middle])}«{visible(value[middle:last])}"
    return f"'{'…' if first else ''}{shown}{'…' if last < len(value) else ''}'"
