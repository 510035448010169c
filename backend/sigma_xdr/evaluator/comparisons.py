"""What one value of a rule asks of what an event holds.

Each comparison is a small object with ``holds``; the verdict and the explanation ask the very same one. Of several values under one
name any may hold. Nothing (see :mod:`sigma_xdr.evaluator.events`) is matched by the two comparisons that ask for it, by
``exists: false``, and by nothing else: not by ``*``, a regular expression or a limit. On a raw event the empty text is a text:
``*`` takes it in, since a wildcard stands for any number of characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sigma_xdr.evaluator.events import Event, Found, fold, number_of
from sigma_xdr.evaluator.patterns import Pattern

__all__ = [
    "TIME_PARTS",
    "AnyOfTests",
    "Compared",
    "Empty",
    "Exists",
    "InNetwork",
    "Null",
    "Number",
    "OtherField",
    "Regex",
    "Test",
    "Text",
    "TimePart",
    "WithinHours",
]


class Test(Protocol):
    """What a value asks."""

    def holds(self, found: Found, event: Event) -> bool:
        """Whether what was found in the event is what the value asks for."""

    def place(self, found: Found) -> tuple[str, int, int] | None:
        """Where it was found inside a longer text: the text, start and end; None where the whole value counts."""


class _Whole:
    """A comparison with a whole value."""

    def place(self, found: Found) -> None:
        """Nowhere in particular."""


@dataclass(frozen=True)
class AnyOfTests:
    """A value that its modifiers expanded to several."""

    tests: Sequence[Test]

    def holds(self, found: Found, event: Event) -> bool:
        """Whether one of them holds."""
        return any(test.holds(found, event) for test in self.tests)

    def place(self, found: Found) -> tuple[str, int, int] | None:
        """Where the first of them was found."""
        return next((place for test in self.tests if (place := test.place(found))), None)


class Text:
    """A text pattern. Text that spells a whole number also equals a number of the event: ``'0x1f4'`` and 500."""

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._matches = pattern.matches
        number = None if pattern.literal is None else number_of(pattern.literal.strip())
        self._number = number if isinstance(number, int) else None

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a text matches."""
        matches = self._matches
        for text in found.texts if self._pattern.cased else found.folded:
            if matches(text):
                return True
        for spelling in found.spellings:
            if spelling.is_named(self._pattern.literals) and matches(
                spelling if self._pattern.cased else fold(spelling)
            ):
                return True
        return self._number is not None and any(_is_number(value) and value == self._number for value in found.values)

    def place(self, found: Found) -> tuple[str, int, int] | None:
        """Where a pattern that may stand anywhere does."""
        for text, folded in zip(found.texts, found.texts if self._pattern.cased else found.folded, strict=True):
            if place := self._pattern.find(folded):
                return text, *place
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_hexadecimal(value: Any) -> bool:
    return isinstance(value, str) and value[:2] in ("0x", "0X")


class Number(_Whole):
    """A number: equal to that number, to its decimal text, and to its hexadecimal text, which Windows often logs, but Defender
    never.
    """

    def __init__(self, number: int | float) -> None:
        self._number = number
        self._text = fold(str(number))

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is the number."""
        return any(self._equals(value, not found.one_nothing) for value in found.values)

    def _equals(self, value: Any, hexadecimal: bool) -> bool:
        if _is_number(value):
            return bool(value == self._number)
        if not isinstance(value, str):
            return False
        return fold(value) == self._text or (
            hexadecimal and _is_hexadecimal(value) and number_of(value) == self._number
        )


class Null(_Whole):
    """``null``: missing or null; on rows nothing."""

    def holds(self, found: Found, event: Event) -> bool:
        """Whether there is nothing."""
        return found.nothing


class Empty(_Whole):
    """``''``: there and empty; on rows nothing."""

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is empty."""
        return found.empty


@dataclass(frozen=True)
class Exists(_Whole):
    """``exists``: whether the field is there, whatever it holds; on rows whether it holds something."""

    wanted: bool

    def holds(self, found: Found, event: Event) -> bool:
        """Whether it is there as wanted."""
        return found.exists is self.wanted


@dataclass(frozen=True)
class Compared(_Whole):
    """``lt``, ``lte``, ``gt``, ``gte``. What is no number and spells none is neither less nor greater; on rows, where numbers are
    decimal, hexadecimal text spells none.
    """

    compare: Callable[[Any, Any], bool]
    limit: int | float

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a number is on the right side of the limit."""
        values = (value for value in found.values if not (found.one_nothing and _is_hexadecimal(value)))
        return any(self.compare(number, self.limit) for value in values if (number := number_of(value)) is not None)


class Regex:
    """``re``: a regular expression that RE2 searches anywhere; ``$`` is the very end of the text without the flag ``m``."""

    def __init__(self, compiled: Any) -> None:
        """Take an expression that re2 compiled."""
        self._search = compiled.search

    def holds(self, found: Found, event: Event) -> bool:
        """Whether it is found in a text."""
        return any(self._search(_bytes(text)) is not None for text in found.texts)

    def place(self, found: Found) -> tuple[str, int, int] | None:
        """Where it was found."""
        for text in found.texts:
            data = _bytes(text)
            if match := self._search(data):
                start, end = (_characters(data[:at]) for at in match.span())
                return text, start, end
        return None


def _bytes(text: str) -> bytes:
    """What RE2 reads; a lone surrogate, which UTF-8 has no place for, is one character to it all the same."""
    return text.encode("utf-8", "surrogatepass")


def _characters(data: bytes) -> int:
    """How many characters begin in UTF-8 data."""
    return sum(byte & 0xC0 != 0x80 for byte in data)


@dataclass(frozen=True)
class InNetwork(_Whole):
    """``cidr``: the text of an address in a network, of the network's own version of IP."""

    network: IPv4Network | IPv6Network

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is an address in the network."""
        return any(self._inside(value) for value in found.values)

    def _inside(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ip_address(value) in self.network
        except ValueError:
            return False


@dataclass(frozen=True)
class OtherField(_Whole):
    """``fieldref``: what another field of the event holds, without case; numbers as numbers."""

    name: str
    starts: bool = False
    ends: bool = False

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is, begins with, ends with or contains one of the other field's."""
        other = event.look(self.name)
        if self.starts or self.ends:
            return any(self._within(text, part) for text in found.folded for part in other.folded)
        return any(
            text == same or ((_is_number(value) or _is_number(equal)) and _same_number(value, equal))
            for text, value in zip(found.folded, found.values, strict=True)
            for same, equal in zip(other.folded, other.values, strict=True)
        )

    def _within(self, text: str, part: str) -> bool:
        if self.starts and self.ends:
            return part in text
        return text.startswith(part) if self.starts else text.endswith(part)


def _same_number(one: Any, other: Any) -> bool:
    number = number_of(one)
    return number is not None and number == number_of(other)


# ----------------------------------------------------------------------------------------------------------------- time

#: The parts of a time that modifiers ask for. Weeks count as ISO 8601 has them.
TIME_PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda time: time.minute,
    "hour": lambda time: time.hour,
    "day": lambda time: time.day,
    "week": lambda time: time.isocalendar().week,
    "month": lambda time: time.month,
    "year": lambda time: time.year,
}


@dataclass(frozen=True)
class TimePart(_Whole):
    """``minute`` to ``year``: a part of a time, in UTC. Text is read as ISO 8601, also with a blank before the hour."""

    part: Callable[[datetime], int]
    number: int

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is a time with that part."""
        return any(self.part(time) == self.number for value in found.values if (time := _time(value)) is not None)


#: The days of the week as a site's working hours name them, in the order of ``datetime.weekday``.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class WithinHours(_Whole):
    """``%working_hours%``: a time within a site's working hours, such as ``Mon-Fri 07:00-19:00``, local time of a zone."""

    spans: tuple[str, ...]
    zone: ZoneInfo

    def holds(self, found: Found, event: Event) -> bool:
        """Whether a value is such a time."""
        times = (_time(value) for value in found.values)
        return any(self._within(time) for time in times if time is not None)

    def _within(self, time: datetime) -> bool:
        try:
            local = time.replace(tzinfo=UTC).astimezone(self.zone)
        except OverflowError:
            return False
        clock = f"{local:%H:%M}"
        for span in self.spans:
            days, _, hours = span.partition(" ")
            first, _, last = days.partition("-")
            start, _, end = hours.partition("-")
            in_days = _DAYS.index(first) <= local.weekday() <= _DAYS.index(last or first)
            if in_days and start <= clock < end:
                return True
        return False


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        if len(value) > 40 or value[4:5] != "-" or value[10:11] not in (" ", "T"):  # not '20201018', which is a number
            return None
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.astimezone(UTC) if value.tzinfo else value
    except OverflowError:  # an offset at the first or last day of the calendar
        return None
