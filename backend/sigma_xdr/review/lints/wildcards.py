"""Whether one value with wildcards finds all that another one finds."""

from __future__ import annotations

from sigma.types import SigmaString, SpecialChars

__all__ = ["Glob", "covers", "glob_of"]

#: A text with wildcards: characters, and None for ``*``; ``?`` is the empty text.
Glob = tuple[str | None, ...]


def glob_of(value: SigmaString, cased: bool) -> Glob:
    """The characters and wildcards of a value; without ``cased`` ASCII's letters are all lower case."""
    found: list[str | None] = []
    for part in value.s:
        if isinstance(part, str):
            found += part if cased else (char.lower() if char.isascii() else char for char in part)
        elif part is SpecialChars.WILDCARD_MULTI:
            found += [None] if found[-1:] != [None] else []
        elif part is SpecialChars.WILDCARD_SINGLE:
            found.append("")
    return tuple(found)


def covers(general: Glob, special: Glob) -> bool:
    """Whether every text that ``special`` finds is one that ``general`` finds. What isn't sure is False."""
    position = 0
    star: int | None = None
    resume = 0
    for_general = 0
    while position < len(special):
        own = general[for_general] if for_general < len(general) else ()
        if own is None:
            star, resume = for_general, position
            for_general += 1
        elif own != () and special[position] is not None and own in ("", special[position]):
            for_general += 1
            position += 1
        elif star is not None:
            resume += 1
            for_general, position = star + 1, resume
        else:
            return False
    return all(part is None for part in general[for_general:])
