"""Sigma string values seen as patterns: what is literal in them, and at which ends they are anchored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import re2
from sigma.types import SigmaCasedString, SigmaString, SpecialChars

__all__ = ["Pattern", "Shape"]

_MANY = SpecialChars.WILDCARD_MULTI
_ONE = SpecialChars.WILDCARD_SINGLE


class Shape(StrEnum):
    """What a pattern asks of a text."""

    EQUALS = "equals"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    #: ``*`` alone: any text but the empty one, which stands for a missing field.
    ANY = "any"
    #: Wildcards between literals, or ``?``.
    WILDCARD = "wildcard"


@dataclass(frozen=True)
class Pattern:
    """A Sigma string value without its escapes: literals and wildcards in order. Placeholders must be gone."""

    parts: tuple[str | SpecialChars, ...]
    cased: bool = False
    #: Which plain operator says it, or WILDCARD.
    shape: Shape = field(init=False, compare=False)
    #: The one literal of a plain shape; of others the first, or the empty string.
    literal: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "literal", next((part for part in self.parts if isinstance(part, str)), ""))
        object.__setattr__(self, "shape", self._shape())

    def _shape(self) -> Shape:
        if self.parts == (_MANY,):
            return Shape.ANY
        if _ONE in self.parts or (self.parts and not self.literal):
            return Shape.WILDCARD
        return _SHAPES.get(tuple(map(type, self.parts)), Shape.WILDCARD)

    @classmethod
    def of(cls, value: SigmaString, cased: bool = False) -> Pattern:
        """The pattern of a pySigma string; ``cased`` forces case-sensitivity that pySigma lost on the way."""
        known: Pattern | None = getattr(value, "pattern", None)
        if known is not None and known.parts == tuple(value.s) and known.cased >= cased:
            return known
        parts: list[str | SpecialChars] = []
        for part in value.s:
            if not isinstance(part, (str, SpecialChars)):
                raise TypeError(f"unexpanded placeholder {part!r}")
            if part is _MANY and parts and parts[-1] is _MANY:
                continue
            parts.append(part)
        return cls(tuple(parts), cased or isinstance(value, SigmaCasedString))

    @classmethod
    def literal_of(cls, shape: Shape, text: str, cased: bool = False) -> Pattern:
        """The pattern of one of the plain shapes with this literal."""
        before = (_MANY,) if shape in (Shape.ENDSWITH, Shape.CONTAINS) else ()
        after = (_MANY,) if shape in (Shape.STARTSWITH, Shape.CONTAINS) else ()
        return cls((*before, text, *after) if text else before or after, cased)

    @property
    def literals(self) -> tuple[str, ...]:
        """All literals, in order."""
        return tuple(part for part in self.parts if isinstance(part, str))

    def map_literals(self, change: Callable[[str], str]) -> Pattern:
        """The pattern with every literal changed."""
        return Pattern(tuple(change(part) if isinstance(part, str) else part for part in self.parts), self.cased)

    def with_first(self, *parts: str | SpecialChars) -> Pattern:
        """The pattern with its first part replaced by these."""
        joined: list[str | SpecialChars] = []
        for part in (*parts, *self.parts[1:]):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "" and not (part is _MANY and joined and joined[-1] is _MANY):
                joined.append(part)
        return Pattern(tuple(joined), self.cased)

    def matches(self, text: str) -> bool:
        """Whether a short known text (an enumeration's name) fits the pattern, by Sigma's meaning."""
        regex = "".join(
            re2.escape(part) if isinstance(part, str) else (".*" if part is _MANY else ".") for part in self.parts
        )
        return re2.fullmatch(("(?s)" if self.cased else "(?is)") + regex, text) is not None

    def to_sigma(self) -> SigmaString:
        """The pySigma value again."""
        kind = SigmaCasedString if self.cased else SigmaString
        value = kind.__new__(kind)  # nothing to parse
        value.s, value.original = list(self.parts), ""
        value.pattern = self  # type: ignore[attr-defined]  # what ``of`` would find again
        return value


_SHAPES: dict[tuple[type, ...], Shape] = {
    (): Shape.EQUALS,
    (str,): Shape.EQUALS,
    (str, SpecialChars): Shape.STARTSWITH,
    (SpecialChars, str): Shape.ENDSWITH,
    (SpecialChars, str, SpecialChars): Shape.CONTAINS,
}
