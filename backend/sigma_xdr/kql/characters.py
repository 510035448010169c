"""Which characters a reader of a query can't see."""

from __future__ import annotations

import unicodedata

__all__ = ["is_invisible"]

#: Control, format, surrogate and private-use characters, and separators other than the plain space.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp"))
#: Seen as nothing although their category is another: Unicode's Default_Ignorable_Code_Point, and the Braille blank.
_BLANK = (
    frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0")
    | {chr(code) for code in range(0x180B, 0x1810)}
    | {chr(code) for code in range(0xFE00, 0xFE10)}
    | {chr(code) for code in range(0xFFF0, 0xFFF9)}
    | {chr(code) for code in range(0xE0000, 0xE1000)}
)


def is_invisible(char: str) -> bool:
    """Whether one character shows nothing, or moves others around; the plain space is seen."""
    return char != " " and (char in _BLANK or unicodedata.category(char) in _UNSEEN)
