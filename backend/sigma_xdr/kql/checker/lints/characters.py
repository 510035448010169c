"""Characters that a reader doesn't see, or takes for others."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby

from sigma_xdr.kql.characters import is_invisible
from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding, Span

_LAYOUT = frozenset(" \n\r\t")
_LOOK_ALIKES = str.maketrans(
    "\u2018\u2019\u201a\u201c\u201d\u201e\u2010\u2011\u2012\u2013\u2014\u2212", "'''\"\"\"------"
)


def invisible_character(outline: Outline) -> Iterator[Finding]:
    """A character that can't be seen, anywhere: copied text brings zero-width spaces, an attacker bidi controls."""
    text = outline.text
    if text.isascii() and text.translate({ord(char): None for char in _LAYOUT}).isprintable():
        return
    for char, run in groupby(enumerate(text), key=lambda placed: placed[1]):
        if _invisible(char):
            places = [place for place, _ in run]
            count = f" ({len(places)} times)" if len(places) > 1 else ""
            yield Finding(
                "invisible-character",
                "error",
                f"{_name(char)} can't be seen{count}",
                Span(places[0], len(places)),
                f"delete it; in a string literal, write {_escape(char)}",
            )


def non_ascii_character(outline: Outline) -> Iterator[Finding]:
    """A visible character beyond ASCII outside string literals and comments: KQL itself has none."""
    if outline.text.isascii():
        return
    starts = [span.start for span in outline.prose]
    for place, char in enumerate(outline.text):
        if char.isascii() or _invisible(char):
            continue
        index = bisect_right(starts, place) - 1
        if index >= 0 and place < sum(outline.prose[index]):
            continue
        meant = char.translate(_LOOK_ALIKES)
        yield Finding(
            "non-ascii-character",
            "error",
            f"{_name(char)} outside a string literal or comment",
            Span(place, 1),
            f"write {meant}" if meant != char else None,
        )


def carriage_return(outline: Outline) -> Iterator[Finding]:
    """Defender's API takes line feeds alone; said once."""
    place = outline.text.find("\r")
    if place >= 0:
        message = "the lines end in a carriage return; Defender's API takes line feeds alone"
        yield Finding("carriage-return", "warning", message, Span(place, 1))


def _invisible(char: str) -> bool:
    return char not in _LAYOUT and is_invisible(char)


def _name(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def _escape(char: str) -> str:
    """The character as a KQL string literal can hold it: UTF-16 units, as ``\\u`` takes four digits."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
