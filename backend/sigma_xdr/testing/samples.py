"""Values of a field that fit what one value of a rule asks for, and values that only just don't.

Which is which, nobody says here: a judge does. A sample is the fields of a piece of an event, nearly always one field. Text
is an :class:`OpenText`, so that it can be joined with what other values of the rule ask of the same field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import islice
from typing import Any

from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
    TimestampPart,
)

from sigma_xdr.testing.regex_texts import texts_found

__all__ = ["DASH", "MISSING", "OpenText", "Sample", "fitting", "near_misses"]

#: A field that the event doesn't have.
MISSING = object()
Sample = Mapping[str, Any]

#: Where keywords stand: in a field of which the rule knows nothing.
_KEYWORD_FIELD = "Message"
#: What Windows takes for a dash at the start of a switch, as ``windash`` has it.
_DASHES = ("-", "/", "–", "—", "―")
#: A dash that begins a word.
DASH = re.compile(r"\B[-/–—―]\b")
#: How far from its limit a number lies that a comparison takes.
_FITTING_STEPS = {"LT": (-1, -2), "LTE": (0, -1), "GT": (1, 2), "GTE": (0, 1)}
#: Most values of an expansion (``windash``, ``base64offset``), and most places of a text at which it is changed.
_MOST_FORMS, _MOST_PLACES = 6, 12
#: Longest text that is changed at its places, in characters.
_LONGEST = 2_000


@dataclass(frozen=True)
class OpenText:
    """A text, and whether something else may stand before it and after it."""

    text: str
    open_at_start: bool = False
    open_at_end: bool = False


def fitting(field: str | None, value: SigmaType) -> list[Sample]:
    """Samples that fit a value as pySigma has it after its modifiers, the plainest first; keywords have no field."""
    one = partial(_sample, field or _KEYWORD_FIELD)
    match value:
        case SigmaExpansion():
            forms = [fitting(field, each) for each in value.values[:_MOST_FORMS]]
            return [sample for form in forms for sample in form[:2]] + [
                sample for form in forms[:1] for sample in form[2:]
            ]
        case SigmaString():
            open_text = field is None
            return [one(text) for text in _spelt(value, open_text)]
        case SigmaRegularExpression():
            return [one(text) for text in _found(value)]
        case SigmaTimestampPart():
            return [one(time) for time in _times(value, 0)]
        case SigmaNumber():
            return [one(value.number), one(str(value.number))]
        case SigmaBool():
            return [one(value.boolean), one(str(value.boolean).lower())]
        case SigmaCIDRExpression():
            return [one(str(address)) for address in _inside(value.network)]
        case SigmaCompareExpression():
            return _compared(one, value, _FITTING_STEPS.get(value.op.name, (0,)))
        case SigmaFieldReference():
            return [{field or "": text, value.field: OpenText("same")} for text in _referring(value)]
        case SigmaExists():
            return [one("a"), one("")] if value else [one(MISSING)]
        case SigmaNull():
            return [one(MISSING), one(None), one("")]
    return []


def near_misses(field: str | None, value: SigmaType) -> Iterator[Sample]:
    """Samples that only just don't fit a value, or fit it in an unusual way."""
    one = partial(_sample, field or _KEYWORD_FIELD)
    match value:
        case SigmaExpansion():
            for each in value.values[:_MOST_FORMS]:
                yield from islice(near_misses(field, each), 2 * _MOST_PLACES)
        case SigmaString():
            yield from (one(text) for text in _misspelt(value, field is None))
        case SigmaRegularExpression():
            for text in _found(value)[:4]:
                yield from (one(near) for near in _changed(text))
        case SigmaTimestampPart():
            yield from (one(time) for step in (1, -1) for time in _times(value, step))
        case SigmaNumber():
            yield from (
                one(number) for number in (value.number + 1, value.number - 1, f"{value.number}0", -value.number)
            )
        case SigmaBool():
            yield from (one(other) for other in (not value.boolean, str(not value.boolean).lower()))
        case SigmaCIDRExpression():
            yield from (one(address) for address in _outside(value.network))
        case SigmaCompareExpression():
            yield from _compared(one, value, (0, 1, -1, 0.5, -0.5))
        case SigmaFieldReference():
            yield from (
                {field or "": OpenText(text), value.field: OpenText("same")} for text in ("other", "SAME", "a same b")
            )
            yield {field or "": OpenText("same"), value.field: MISSING}
        case SigmaExists():
            yield one(MISSING) if value else one("a")
        case SigmaNull():
            yield one("a")
    yield from (one(nothing) for nothing in (MISSING, OpenText(""), None))


def _sample(field: str, value: Any) -> Sample:
    return {field: value}


# ----------------------------------------------------------------------------------------------------------------- text


def _spelt(value: SigmaString, keyword: bool) -> list[OpenText]:
    """Texts that a pattern takes in: by itself, inside other text, with other things for its stars, in other case."""
    open_at_start = keyword or value.startswith(SpecialChars.WILDCARD_MULTI)
    open_at_end = keyword or value.endswith(SpecialChars.WILDCARD_MULTI)
    plain, *others = [OpenText(_filled(value, star), open_at_start, open_at_end) for star in (" ", "", " x ")]
    before, after = _surroundings(plain.text)
    inside = replace(plain, text=(before if open_at_start else "") + plain.text + (after if open_at_end else ""))
    return list(dict.fromkeys([plain, inside, *others, replace(plain, text=plain.text.swapcase())]))


def _filled(value: SigmaString, star: str, single: str = "a") -> str:
    """The pattern as text, with something for its wildcards; stars at its ends are left out."""
    parts = list(value.s)
    while parts and parts[0] is SpecialChars.WILDCARD_MULTI:
        parts.pop(0)
    while parts and parts[-1] is SpecialChars.WILDCARD_MULTI:
        parts.pop()
    fillers = {SpecialChars.WILDCARD_MULTI: star, SpecialChars.WILDCARD_SINGLE: single}
    return "".join(
        part if isinstance(part, str) else part.name if isinstance(part, Placeholder) else fillers[part]
        for part in parts
    )


def _surrounded(text: OpenText) -> list[OpenText]:
    """The text with something before it, after it, and both, whether it is open there or not."""
    before, after = _surroundings(text.text)
    written = (before + text.text, text.text + after, before + text.text + after)
    return [replace(text, text=each) for each in written]


def _surroundings(text: str) -> tuple[str, str]:
    """What may stand before and after a text: more of a path, if it looks like a piece of one."""
    before = {"\\": "C:\\Temp", ":": "C"}.get(text[:1], "x ")
    return before, "x.b" if text[-1:] == "\\" else " x" if " " in text else ".b"


def _misspelt(value: SigmaString, keyword: bool) -> Iterator[OpenText]:
    """Texts that a pattern only just doesn't take in: what it says, with a change or without a piece."""
    plain = _spelt(value, keyword)[0]
    for single in ("", "ab"):
        if SpecialChars.WILDCARD_SINGLE in value.s:
            yield replace(plain, text=_filled(value, " ", single))
    pieces = [part for part in value.s if isinstance(part, str)]
    if len(pieces) > 1:
        yield replace(plain, text=" ".join(reversed(pieces)))
        for index in range(min(len(pieces), _MOST_PLACES)):
            yield replace(plain, text=" ".join((*pieces[:index], *pieces[index + 1 :])))
            yield replace(plain, text="".join((*pieces[:index], *pieces[index + 1 :])))
    yield from _changed(plain)


def _changed(text: OpenText) -> Iterator[OpenText]:
    """The text with one change: a character less or another one, another dash, other case, something around it, twice."""
    written = text.text
    for start in _places(written[:_LONGEST]):
        yield replace(text, text=written[:start] + written[start + 1 :])
        yield replace(text, text=written[:start] + ("q" if written[start] != "q" else "z") + written[start + 1 :])
    for dash in _DASHES:
        yield replace(text, text=DASH.sub(dash, written))
    for match in islice(DASH.finditer(written), _MOST_PLACES):
        yield from (replace(text, text=written[: match.start()] + dash + written[match.end() :]) for dash in _DASHES)
    yield replace(text, text=written.swapcase())
    yield replace(text, text=f"{written} {written}")
    yield from _surrounded(text)


def _places(text: str) -> list[int]:
    """Some places of a text, its ends among them, evenly spread."""
    count = min(len(text), _MOST_PLACES)
    return sorted({index * (len(text) - 1) // max(count - 1, 1) for index in range(count)})


def _found(value: SigmaRegularExpression) -> list[OpenText]:
    flags = sum(int(value.sigma_to_python_flags[flag]) for flag in sorted(value.flags, key=lambda flag: flag.name))
    found = [
        OpenText(each.text, each.open_at_start, each.open_at_end) for each in texts_found(str(value.regexp), flags)
    ]
    return list(dict.fromkeys([*found, *(replace(each, text=each.text.swapcase()) for each in found[:4])]))


def _referring(value: SigmaFieldReference) -> list[OpenText]:
    """Texts that refer to a field that holds ``same``."""
    before, after = ("x " if value.ends_with else ""), (" x" if value.starts_with else "")
    return [OpenText("same"), OpenText(f"{before}same{after}")]


# -------------------------------------------------------------------------------------------- numbers, networks, times


def _compared(one: Any, value: SigmaCompareExpression, steps: tuple[float, ...]) -> list[Sample]:
    if isinstance(value.number, SigmaTimestampPart):
        whole = [int(step) for step in steps if step == int(step)]
        return [one(time) for step in whole for time in _times(value.number, step)]
    return [one(value.number.number + step) for step in steps]


def _inside(network: IPv4Network | IPv6Network) -> list[Any]:
    size = network.num_addresses
    return list(dict.fromkeys(network[place] for place in (size // 2, 0, size - 1)))


def _outside(network: IPv4Network | IPv6Network) -> Iterator[str]:
    """The addresses beside a network, those of the other half of the next wider one, and one of the other version."""
    first, last = int(network.network_address), int(network.broadcast_address)
    for number in (first - 1, last + 1):
        if 0 <= number < 2**network.max_prefixlen:
            yield str(type(network.network_address)(number))
    if network.prefixlen:
        wider = network.supernet()
        yield from (str(address) for address in (wider[0], wider[-1], wider[wider.num_addresses // 2]))
    yield str(ip_address("2001:db8::1" if network.version == 4 else "192.0.2.1"))


def _times(value: SigmaTimestampPart, step: int) -> Iterator[datetime]:
    """A time whose part is the one asked for, or some steps away from it."""
    number, start = int(value.number) + step, datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    try:
        if value.timestamp_part is TimestampPart.WEEK:
            yield datetime.fromisocalendar(2026, number, 3).replace(tzinfo=UTC)
        else:
            yield start.replace(**{value.timestamp_part.name.lower(): number})  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return  # there is no 25th hour
