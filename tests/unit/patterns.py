"""Sigma patterns at random over known texts, and what they mean: fnmatch without case."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

__all__ = ["Part", "fits", "patterns", "source"]

#: A literal (True) or a wildcard (False) of a pattern.
Part = tuple[bool, str]
MANY, ONE = "*", "?"


@st.composite
def patterns(draw: st.DrawFn, texts: Sequence[str], strangers: Sequence[str] = ()) -> list[Part]:
    """Pieces of one of the texts with wildcards at their ends or inside.

    ``strangers`` are literals that now and then stand in for one.
    """
    text = draw(st.sampled_from(texts))
    start = draw(st.integers(0, len(text)) | st.just(0))
    end = draw(st.integers(start, len(text)) | st.just(len(text)))
    parts: list[Part] = []
    if draw(st.booleans() if start == 0 else st.sampled_from([True, True, True, False])):
        parts.append((False, MANY))
    piece = text[start:end]
    if strangers and draw(st.integers(0, 9)) == 0:
        piece = draw(st.sampled_from(strangers))
    match draw(st.sampled_from(["plain", "plain", "plain", "many", "one"])):
        case "many" if len(piece) > 1:
            cut = draw(st.integers(0, len(piece) - 1))
            skip = draw(st.integers(cut, len(piece)))
            parts += [(True, piece[:cut]), (False, MANY), (True, piece[skip:])]
        case "one" if len(piece) > 1:
            cut = draw(st.integers(0, len(piece) - 1))
            parts += [(True, piece[:cut]), (False, ONE), (True, piece[cut + 1 :])]
        case _:
            parts.append((True, piece))
    if draw(st.booleans() if end == len(text) else st.sampled_from([True, True, True, False])):
        parts.append((False, MANY))
    recase = draw(st.sampled_from([str, str.lower, str.upper]))
    return [(literal, recase(part) if literal else part) for literal, part in parts if part]


def source(parts: Sequence[Part]) -> str:
    """The pattern as a rule writes it."""
    return "".join(re.sub(r"[\\*?]", r"\\\g<0>", part) if literal else part for literal, part in parts)


def fits(parts: Sequence[Part], text: str) -> bool:
    """Whether a text fits the whole pattern, letters of ASCII without case."""
    regex = "".join(re.escape(part) if literal else {MANY: ".*", ONE: "."}[part] for literal, part in parts)
    return re.fullmatch(regex, text, re.DOTALL | re.IGNORECASE) is not None
