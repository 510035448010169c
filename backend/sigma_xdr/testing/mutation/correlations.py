"""Mutants of a correlation: more or fewer events in more or less time, grouped by less, of fewer rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from sigma_xdr.testing.mutation.mutant import Document, Keys, Mutant, removed, replaced, shown

__all__ = [
    "change_operator",
    "change_threshold",
    "change_timespan",
    "change_type",
    "drop_group",
    "drop_rule",
    "swap_alias",
    "swap_words",
]

#: The operator that differs in the bound alone.
_BESIDE = {"gt": "gte", "gte": "gt", "lt": "lte", "lte": "lt", "eq": "gte", "neq": "eq"}
#: What a unit is in the next smaller ones, and how many of those: half of an odd number needs them.
_SMALLER = {"m": ("s", 60), "h": ("m", 60), "d": ("h", 24), "w": ("h", 168), "y": ("M", 12)}
_TYPES = {"temporal": "temporal_ordered", "temporal_ordered": "temporal", "value_count": "event_count"}


def change_threshold(document: Document) -> Iterator[Mutant]:
    """The count one more and one less."""
    for operator, count, keys in _comparison(document):
        for other in (count + 1, count - 1):
            where = f"{operator}: {count} -> {other}"
            yield Mutant.of("change-threshold", where, f"{count} became {other}", replaced(document, keys, other), keys)


def change_operator(document: Document) -> Iterator[Mutant]:
    """The operator taken for the one beside it: ``gt`` for ``gte``."""
    for operator, count, keys in _comparison(document):
        other = _BESIDE[operator]
        condition = {other if key == operator else key: value for key, value in _section(document)["condition"].items()}
        changed = replaced(document, keys[:-1], condition)
        where = f"{operator}: {count} -> {other}"
        yield Mutant.of("change-operator", where, f"{operator} became {other}", changed, keys)


def _comparison(document: Document) -> Iterator[tuple[str, int, Keys]]:
    """The operator and number of the condition, with the keys that lead to it; nothing for a condition in words."""
    condition = _section(document).get("condition")
    for operator in _BESIDE if isinstance(condition, dict) else ():
        if operator in condition:
            yield operator, condition[operator], ("correlation", "condition", operator)


def change_timespan(document: Document) -> Iterator[Mutant]:
    """The timespan halved and doubled."""
    timespan = _section(document).get("timespan")
    if isinstance(timespan, str):
        number, unit = int(timespan[:-1]), timespan[-1]
        smaller, ratio = (unit, 1) if number % 2 == 0 else _SMALLER.get(unit, (unit, 1))
        half = f"{number * ratio // 2}{smaller}"
        for other in (half, f"{number * 2}{unit}"):
            if other[:-1] != "0":
                keys = ("correlation", "timespan")
                said = f"{timespan} became {other}"
                yield Mutant.of(
                    "change-timespan", f"{timespan} -> {other}", said, replaced(document, keys, other), keys
                )


def change_type(document: Document) -> Iterator[Mutant]:
    """Events in any order for events in order and the reverse; events counted instead of different values."""
    section = _section(document)
    kind = str(section.get("type"))
    in_words = isinstance(section.get("condition"), str)  # of such a condition it isn't said what comes in order
    if kind in _TYPES and not (kind == "temporal" and in_words):
        changed = {**section, "type": _TYPES[kind]}
        if kind == "value_count":
            changed["condition"] = {key: value for key, value in section["condition"].items() if key != "field"}
        document = replaced(document, ("correlation",), changed)
        said = f"{kind} became {_TYPES[kind]}"
        yield Mutant.of("change-type", f"{kind} -> {_TYPES[kind]}", said, document, ("correlation", "type"))


def drop_group(document: Document) -> Iterator[Mutant]:
    """Each field left out of ``group-by``."""
    fields = _section(document).get("group-by")
    listed = fields if isinstance(fields, list) else [fields] if fields else []
    for index, field in enumerate(listed):
        keys: Keys = ("correlation", "group-by") if len(listed) == 1 else ("correlation", "group-by", index)
        yield Mutant.of("drop-group", str(field), f"not grouped by {field}", removed(document, keys), keys)


def drop_rule(document: Document) -> Iterator[Mutant]:
    """Each rule left out of several, also of those that a filter names."""
    for section in ("correlation", "filter"):
        rules = document.get(section, {}).get("rules")
        for index, rule in enumerate(rules if isinstance(rules, list) and len(rules) > 1 else ()):
            keys = (section, "rules", index)
            yield Mutant.of("drop-rule", str(rule), f"without the rule {rule}", removed(document, keys), keys)


def swap_alias(document: Document) -> Iterator[Mutant]:
    """The fields of two rules changed for each other in an alias."""
    for alias, fields in (_section(document).get("aliases") or {}).items():
        for first, second in combinations(fields, 2):
            if fields[first] != fields[second]:
                keys = ("correlation", "aliases", alias)
                changed = replaced(document, keys, {**fields, first: fields[second], second: fields[first]})
                said = f"{first} and {second} changed their fields {shown(fields[first])} and {shown(fields[second])}"
                yield Mutant.of("swap-alias", f"{alias}: {first}, {second}", said, changed, keys)


def swap_words(document: Document) -> Iterator[Mutant]:
    """Each ``and`` for ``or``, and the reverse, and no ``not``, in a condition on the rules that were seen."""
    condition = _section(document).get("condition")
    for match in re.finditer(r"\b(?:and|or|not)\b", condition if isinstance(condition, str) else ""):
        operator, other = {"and": ("and-to-or", "or"), "or": ("or-to-and", "and"), "not": ("drop-negation", "")}[
            match[0]
        ]
        text = " ".join((str(condition)[: match.start()] + other + str(condition)[match.end() :]).split())
        keys = ("correlation", "condition")
        yield Mutant.of(operator, text, f"became {text}", replaced(document, keys, text), keys)


def _section(document: Document) -> Any:
    return document.get("correlation") or {}
