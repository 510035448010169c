"""One event as a rule looks at it: fields, and what is found in them.

Sigma knows three ways of saying nothing: a field that is missing, one that is null, one that is empty. A raw event keeps
them apart. A row of Defender doesn't: there they are one *nothing* (``one_nothing``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self

__all__ = ["Event", "Found", "Spelling", "Whole", "event_of", "fold", "number_of", "text_of", "utc"]

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,40}")
_PLAIN = frozenset((str, int, float, bool, type(None)))


class Spelling(str):
    """Another spelling of a field's value, that a rule finds by a pattern which names what is spelt otherwise, and not by ``?``, a
    piece of it or a regular expression: ``HKEY_USERS\\…`` for ``HKU\\…``.

    ``named`` are regular expressions, over text without case, of which each has to be found in a literal of the pattern.
    """

    named: tuple[re.Pattern[str], ...]

    def __new__(cls, text: str, *named: re.Pattern[str]) -> Self:
        """The spelling, and what a pattern has to name."""
        spelling = super().__new__(cls, text)
        spelling.named = named
        return spelling

    def is_named(self, literals: Sequence[str]) -> bool:
        """Whether a pattern with these literals, without case, names what has to be named."""
        return all(any(name.search(literal) for literal in literals) for name in self.named)


class Whole(Spelling):
    """A spelling of a field's value, or of nothing, that a rule finds by naming the whole of it: ``DWORD (0x00000001)`` for a row's
    1, ``-`` for its nothing.
    """

    def is_named(self, literals: Sequence[str]) -> bool:
        """Whether a literal is the whole text."""
        return fold(self) in literals


@dataclass(frozen=True)
class Event:
    """What a rule is judged on.

    ``fields`` maps names to text, numbers, booleans, None, datetimes, and lists and mappings of them; of a list any
    element counts. ``one_nothing`` marks a row of Defender, where empty text, null and a missing field are one.
    ``texts`` are what keywords search; None: every scalar in ``fields``, nested ones too. ``keys`` says what a
    correlation groups by or counts for a field where that isn't the field's own value
    (``{"Computer": DeviceId, "Image": FileName}``).
    """

    fields: Mapping[str, Any]
    one_nothing: bool = False
    texts: tuple[str, ...] | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    _found: dict[str, Found] = field(default_factory=dict, init=False, repr=False, compare=False)

    def look(self, name: str) -> Found:
        """What the field holds: under its exact name, else along the dots of its name into nested mappings."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = Found(_values_at(self.fields, name), self.one_nothing)
        return found

    @cached_property
    def everywhere(self) -> Found:
        """Every text that a keyword is looked for in."""
        return Found(_scalars(self.fields) if self.texts is None else self.texts, self.one_nothing)


def event_of(event: Event | Mapping[str, Any]) -> Event:
    """The event itself, or a raw event with these fields."""
    return event if isinstance(event, Event) else Event(event)


class Found:
    """What an event holds under a name.

    ``values`` are its scalars that are something, in order; ``nothing`` says that the field (or an element of it) is null or
    missing, on rows also that it is empty; ``exists`` that the field is there, on rows that it holds something.
    ``spellings`` are further spellings of them, that have to be named (see :class:`Spelling`).
    """

    def __init__(self, given: Iterable[Any], one_nothing: bool) -> None:
        """Take what stands under a name, once for each place; none: the field is missing."""
        places = list(given)
        plain = _PLAIN.issuperset(map(type, places))
        flat = places if plain else list(_flat(places))
        scalars = flat if plain else [value for value in flat if not isinstance(value, Mapping)]
        mappings = len(scalars) < len(flat)
        self.spellings = () if plain else tuple(value for value in scalars if isinstance(value, Spelling))
        if self.spellings:
            scalars = [value for value in scalars if not isinstance(value, Spelling)]
        self.values = [value for value in scalars if value is not None and not (one_nothing and value == "")]
        self.nothing = len(self.values) < len(scalars) or not flat
        self.exists = bool(self.values or mappings) if one_nothing else bool(places)
        self.one_nothing = one_nothing
        self._texts: list[str] | None = None
        self._folded: list[str] | None = None

    @property
    def empty(self) -> bool:
        """Whether the field is there and empty; on rows, whether it is nothing."""
        return self.nothing if self.one_nothing else "" in self.texts

    @property
    def texts(self) -> list[str]:
        """The values as text."""
        if self._texts is None:  # functools.cached_property takes a lock, ten times as long
            self._texts = [value if type(value) is str else text_of(value) for value in self.values]
        return self._texts

    @property
    def folded(self) -> list[str]:
        """The values as text without case."""
        if self._folded is None:
            self._folded = [fold(text) for text in self.texts]
        return self._folded


def text_of(value: Any) -> str:
    """A scalar as text: ``true`` and ``false`` in lower case, numbers in decimal, times as ISO 8601 in UTC."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return utc(value).isoformat() + "Z"
    return str(value)


def utc(time: datetime) -> datetime:
    """A time in UTC, without a zone; one that an offset moves over the calendar's edge stays at the edge."""
    try:
        return (time.astimezone(UTC) if time.tzinfo else time).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if time.year == 1 else datetime.max


def number_of(value: Any) -> int | float | None:
    """The number that a value is, or that its text spells in decimal or as ``0x…``; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return None if isinstance(value, float) and math.isnan(value) else value
    if isinstance(value, str):
        if decimal := _DECIMAL.fullmatch(value):
            return float(value) if decimal[1] else int(value)
        if _HEXADECIMAL.fullmatch(value):
            return int(value, 16)
    return None


def fold(text: str) -> str:
    """Text without case: the simple lower case of each character, so the length stays.

    Python's own ``lower`` looks at the neighbours of a capital sigma, and makes two characters of U+0130 (Unicode,
    SpecialCasing.txt); UnicodeData.txt gives each one.
    """
    if not text.isascii():
        text = text.replace("Σ", "σ").replace("\u0130", "i")
    return text.lower()


# -------------------------------------------------------------------------------------------------------- nested values


def _values_at(fields: Mapping[str, Any], name: str) -> list[Any]:
    """What stands under a name, once for each place where it stands."""
    if name in fields:
        return [fields[name]]
    if "." not in name:
        return []
    places: list[Any] = [fields]
    for key in name.split("."):
        places = [place[key] for place in _flat(places) if isinstance(place, Mapping) and key in place]
    return places


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    """What lists hold, however deep, in order. Without recursion: an event may nest as deep as its author likes."""
    rest = [iter(values)]
    while rest:
        for value in rest[-1]:
            if isinstance(value, list | tuple):
                rest.append(iter(value))
                break
            yield value
        else:
            rest.pop()


def _scalars(fields: Mapping[str, Any]) -> Iterator[Any]:
    """Every scalar of a mapping, nested ones too, in order."""
    rest: list[Iterator[Any]] = [iter(fields.values())]
    while rest:
        for value in rest[-1]:
            if isinstance(value, Mapping):
                rest.append(iter(value.values()))
                break
            if isinstance(value, list | tuple):
                rest.append(iter(value))
                break
            yield value
        else:
            rest.pop()
