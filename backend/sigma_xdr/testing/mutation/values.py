"""Mutants of single values: one left out, a wildcard more or less, a number off by one, a network too wide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

from sigma_xdr.testing.mutation.mutant import WILDCARD, Document, Item, Mutant, items, removed, replaced, shown

__all__ = [
    "change_number",
    "drop_piece",
    "drop_value",
    "drop_wildcard",
    "flip_boolean",
    "widen_network",
    "widen_wildcard",
]

#: Modifiers whose values hold no wildcards.
_NO_WILDCARDS = frozenset(
    ("re", "cidr", "fieldref", "exists", "lt", "lte", "gt", "gte", "base64", "base64offset", "wide", "utf16", "utf16be")
)
#: Modifiers of a value that may be a number, and is compared as a whole.
_OF_NUMBERS = frozenset(("lt", "lte", "gt", "gte", "neq", "all", "minute", "hour", "day", "week", "month", "year"))


def drop_value(document: Document) -> Iterator[Mutant]:
    """Each value of a list left out."""
    for item in items(document):
        for index, value in enumerate(item.values if len(item.values) > 1 else ()):
            keys = (*item.keys, index)
            yield _mutant("drop-value", item, value, f"without {shown(value)}", removed(document, keys), index)


def drop_wildcard(document: Document) -> Iterator[Mutant]:
    """Each wildcard left out that means something: none beside another, none at an end that is open anyway."""
    for item, index, text in _texts(document):
        found = _wildcards(text)
        for start in found:
            rest = text[:start] + text[start + 1 :]
            inner = (start > 0 or not _open_at_start(item)) and (start < len(text) - 1 or not _open_at_end(item))
            if rest and inner and not {start - 1, start + 1} & set(found):
                changed = _with_value(document, item, index, rest)
                yield _mutant("drop-wildcard", item, text, f"{shown(text)} became {shown(rest)}", changed, index, rest)


def drop_piece(document: Document) -> Iterator[Mutant]:
    """Each piece between two stars left out, or between a star and an end that is open."""
    for item, index, text in _texts(document):
        stars = [start for start in _wildcards(text) if text[start] == "*"]
        bounds = [-1, *stars, len(text)] if stars else []
        for number, (before, after) in enumerate(pairwise(bounds)):
            first, last = number == 0, number == len(bounds) - 2
            if after - before < 2 or (first and not _open_at_start(item)) or (last and not _open_at_end(item)):
                continue
            rest = text[: max(before, 0)] + text[after + (1 if first else 0) :]
            if rest.strip("*"):
                changed = _with_value(document, item, index, rest)
                yield _mutant("drop-piece", item, text, f"{shown(text)} became {shown(rest)}", changed, index, rest)


def widen_wildcard(document: Document) -> Iterator[Mutant]:
    """Each ``?`` made a ``*``."""
    for item, index, text in _texts(document):
        for start in _wildcards(text):
            if text[start] == "?":
                wide = f"{text[:start]}*{text[start + 1 :]}"
                changed = _with_value(document, item, index, wide)
                yield _mutant("widen-wildcard", item, text, f"{shown(text)} became {shown(wide)}", changed, index, wide)


def change_number(document: Document) -> Iterator[Mutant]:
    """Each number, also one that is written as text, one more and one less."""
    for item in items(document):
        if not item.field or not _OF_NUMBERS.issuperset(item.modifiers):
            continue
        for index, value in enumerate(item.values):
            for step in (1, -1):
                other = _stepped(value, step)
                if other is not None and other not in item.values:
                    changed = _with_value(document, item, index, other)
                    said = f"{shown(value)} became {shown(other)}"
                    yield _mutant("change-number", item, value, said, changed, index, other)


def _stepped(value: Any, step: int) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value + step
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,17}", value):
        return str(int(value) + step)
    return None


def flip_boolean(document: Document) -> Iterator[Mutant]:
    """Each boolean, also one that is written as text, turned around."""
    for item in items(document):
        for index, value in enumerate(item.values):
            other = _flipped(value)
            if other is not None and other not in item.values:
                changed = _with_value(document, item, index, other)
                yield _mutant("flip-boolean", item, value, f"{shown(value)} became {shown(other)}", changed, index)


def _flipped(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return "false" if value.lower() == "true" else "true"
    return None


def widen_network(document: Document) -> Iterator[Mutant]:
    """Each network twice as wide: its prefix one bit shorter."""
    for item in items(document):
        for index, value in enumerate(item.values if "cidr" in item.modifiers else ()):
            network = ip_network(value)
            if network.prefixlen:
                wide = str(network.supernet())
                changed = _with_value(document, item, index, wide)
                yield _mutant("widen-network", item, value, f"{shown(value)} became {shown(wide)}", changed, index)


# -------------------------------------------------------------------------------------------------------------- helpers


def _texts(document: Document) -> Iterator[tuple[Item, int, str]]:
    """Every value that may hold wildcards: its item, its index, its text."""
    for item in items(document):
        if _NO_WILDCARDS.isdisjoint(item.modifiers):
            for index, value in enumerate(item.values):
                if isinstance(value, str):
                    yield item, index, value


def _wildcards(text: str) -> list[int]:
    """Where the wildcards of a value stand."""
    return [match.start(1) for match in WILDCARD.finditer(text) if match[1]]


def _open_at_start(item: Item) -> bool:
    return not item.field or "contains" in item.modifiers or "endswith" in item.modifiers


def _open_at_end(item: Item) -> bool:
    return not item.field or "contains" in item.modifiers or "startswith" in item.modifiers


def _with_value(document: Document, item: Item, index: int, value: Any) -> dict[str, Any]:
    return replaced(document, item.keys if item.single else (*item.keys, index), value)


def _mutant(
    operator: str, item: Item, value: Any, said: str, document: dict[str, Any], index: int, became: Any = None
) -> Mutant:
    where = f"{item.where}={shown(value)}{'' if became is None else f' -> {shown(became)}'}"
    return Mutant.of(operator, where, said, document, item.keys if item.single else (*item.keys, index))
