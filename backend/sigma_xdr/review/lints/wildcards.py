"""Whether one value with wildcards finds all that another one finds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sigma.types import SigmaString, SpecialChars

__all__ = ["Glob", "covers", "glob_of"]


@dataclass(frozen=True)
class Glob:
    """A text with wildcards: characters, None for ``*``, the empty text for ``?``."""

    parts: tuple[str | None, ...]

    @cached_property
    def open_at_start(self) -> bool:
        """Whether anything may stand before it."""
        return self.parts[:1] == (None,)

    @cached_property
    def open_at_end(self) -> bool:
        """Whether anything may stand after it."""
        return self.parts[-1:] == (None,)

    @cached_property
    def text(self) -> str | None:
        """What stands between the wildcards at its ends; None where there are others, or nothing."""
        inner = self.parts[self.open_at_start : len(self.parts) - self.open_at_end]
        plain = [part for part in inner if part]
        return "".join(plain) if inner and len(plain) == len(inner) else None


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
    return Glob(tuple(found))


def covers(general: Glob, special: Glob) -> bool:
    """Whether every text that ``special`` finds is one that ``general`` finds. What isn't sure is False."""
    if general.text is not None and special.text is not None:
        return _covers_plainly(general, general.text, special, special.text)
    return _covers_by_parts(general.parts, special.parts)


def _covers_plainly(general: Glob, wide: str, special: Glob, narrow: str) -> bool:
    if (special.open_at_start and not general.open_at_start) or (special.open_at_end and not general.open_at_end):
        return False
    if general.open_at_start and general.open_at_end:
        return wide in narrow
    if general.open_at_start:
        return narrow.endswith(wide)
    return narrow.startswith(wide) if general.open_at_end else narrow == wide


def _covers_by_parts(general: tuple[str | None, ...], special: tuple[str | None, ...]) -> bool:
    """By matching one against the other, as a text: its ``*`` is taken by a ``*`` alone. Goes back to the last ``*`` only."""
    at = position = resume = 0
    star: int | None = None
    while position < len(special):
        if at < len(general) and general[at] is None:
            star, resume = at, position
            at += 1
        elif at < len(general) and special[position] is not None and general[at] in ("", special[position]):
            at += 1
            position += 1
        elif star is not None:
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return all(part is None for part in general[at:])
