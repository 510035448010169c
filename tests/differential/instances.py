"""Values that a rule's items ask for: texts, numbers and times that fit one, and others that just don't."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from random import Random
from typing import Any

from sigma_xdr.testing.regex_texts import texts_found

__all__ = ["NOTHING", "Item", "fitting", "items", "spoilt"]

Site = Mapping[str, Sequence[str]]


class _Nothing:
    """An empty, null or missing field."""


NOTHING = _Nothing()


@dataclass(frozen=True)
class Item:
    """A field of a selection (None: keywords) with its modifiers and values."""

    field: str | None
    modifiers: tuple[str, ...]
    values: tuple[Any, ...]


def items(section: Mapping[str, Any]) -> Iterator[Item]:
    """All items of a ``detection`` or ``filter`` section."""
    for name, selection in section.items():
        if name not in ("condition", "rules"):
            yield from _of_selection(selection)


def _of_selection(selection: Any) -> Iterator[Item]:
    if isinstance(selection, Mapping):
        for key, values in selection.items():
            field, *modifiers = str(key).split("|")
            yield Item(field or None, tuple(modifiers), tuple(values) if isinstance(values, list) else (values,))
    elif isinstance(selection, list) and any(isinstance(part, Mapping | list) for part in selection):
        for part in selection:
            yield from _of_selection(part)
    else:
        yield Item(None, (), tuple(selection) if isinstance(selection, list) else (selection,))


# --------------------------------------------------------------------------------------------------------- what fits


def fitting(item: Item, random: Random, site: Site) -> Any:
    """What a field holds that the item likes, as a rule: text, a number, a time, or NOTHING."""
    if "all" in item.modifiers:
        texts = [str(_fitting(value, item.modifiers, random, site)) for value in item.values]
        random.shuffle(texts)
        return random.choice(("", " ", "\\")).join(texts)
    return _fitting(random.choice(item.values), item.modifiers, random, site)


def _fitting(value: Any, modifiers: Sequence[str], random: Random, site: Site) -> Any:
    kind = modifiers[0] if modifiers else ""
    if value is None or value == "" or (kind == "exists" and value is False):
        return NOTHING
    if kind in _PARTS and isinstance(value, int):
        return _time(kind, value, random)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + random.choice((-1, 0, 0, 1)) if kind in ("lt", "lte", "gt", "gte") else value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "cidr":
        return _address(text, random)
    if kind == "re":
        return _found(text, modifiers, random)
    if "expand" in modifiers:
        text = re.sub(r"%(\w+)%", lambda name: random.choice([*site.get(name[1], ()), ""]), text)
    text = _written_out(text, random)
    if "windash" in modifiers:
        text = re.sub(r"\B[-/]\b", lambda _: random.choice("-/–—―"), text)
    return _at_its_place(_encoded(text, modifiers, random), modifiers, random)


def _written_out(pattern: str, random: Random) -> str:
    """A text that fits a pattern."""

    def one(part: re.Match[str]) -> str:
        if part[0] == "*":
            return random.choice(("", "x", "\\", " a b ", "x\\y", "\n"))
        return random.choice("ax7 \n中") if part[0] == "?" else part[1]

    return re.sub(r"\\([*?\\])|[*?]", one, pattern)


def _encoded(text: str, modifiers: Sequence[str], random: Random) -> str:
    encoding = next((_ENCODINGS[name] for name in modifiers if name in _ENCODINGS), "utf-8")
    data = text.encode(encoding, "replace")
    if "base64" in modifiers:
        return b64encode(data).decode()
    if "base64offset" in modifiers:
        return b64encode(b"x" * random.randrange(4) + data + b"y" * random.randrange(4)).decode()
    return data.decode("latin-1") if encoding != "utf-8" else text


def _at_its_place(text: str, modifiers: Sequence[str], random: Random) -> str:
    before = "contains" in modifiers or "endswith" in modifiers
    after = "contains" in modifiers or "startswith" in modifiers
    return random.choice(_AROUND if before else ("",)) + text + random.choice(_AROUND if after else ("",))


def _found(regex: str, modifiers: Sequence[str], random: Random) -> str:
    flags = re.IGNORECASE if "i" in modifiers else 0
    found = list(texts_found(regex, flags, turns=4))
    if not found:
        return regex
    text = random.choice(found)
    before = random.choice(_AROUND) if text.open_at_start else ""
    return before + text.text + (random.choice(_AROUND) if text.open_at_end else "")


def _address(network: str, random: Random) -> str:
    try:
        known = ip_network(network, strict=False)
    except ValueError:
        return network
    return str(known[random.choice((0, -1, random.randrange(known.num_addresses)))])


def _time(part: str, number: int, random: Random) -> datetime:
    whole = {"month": random.randint(1, 12), "day": random.randint(1, 28), "hour": random.randrange(24)}
    whole |= {"year": random.randint(2020, 2027), "minute": random.randrange(60), part: number}
    try:
        if part == "week":
            return datetime.fromisocalendar(whole["year"], number, random.randint(1, 7)).replace(tzinfo=UTC)
        return datetime(**whole, tzinfo=UTC)
    except (ValueError, OverflowError):
        return datetime(2026, 1, 1, tzinfo=UTC)


_PARTS = ("minute", "hour", "day", "week", "month", "year")
_ENCODINGS = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16": "utf-16", "utf16be": "utf-16-be"}
_AROUND = ("", "", "", "x", " ", "\\", "a\\", "A ")


# ------------------------------------------------------------------------------------------------- what just doesn't fit


def spoilt(value: Any, random: Random) -> Any:
    """Nearly the same: a letter changed, taken, added or doubled, another case, a neighbouring number."""
    if isinstance(value, int | float):
        return value + random.choice((-1, 1))
    if not isinstance(value, str) or not value:
        return value
    at = random.randrange(len(value))
    changed = (
        *(value[:at] + random.choice("xX\\ -") + value[at + 1 :], value[:at] + value[at + 1 :], value[:at], value[at:]),
        *(value.upper() if value.isascii() else value, value.lower() if value.isascii() else value, value.swapcase()),
        *(value + "x", "x" + value, value + "\\", value + " ", value + value, value[:at] + value[at] + value[at:]),
    )
    return random.choice(changed)
