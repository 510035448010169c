"""Mutants of how a selection is built: fields and alternatives left out, all of them asked for where one will do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigma_xdr.testing.mutation.mutant import (
    Document,
    Mutant,
    items,
    parts,
    removed,
    renamed,
    replaced,
)

__all__ = ["all_alternatives", "any_item", "drop_alternative", "drop_item", "drop_negation"]


def drop_item(document: Document) -> Iterator[Mutant]:
    """Each field left out of a mapping that has several."""
    for keys, selection, part in parts(document):
        for key in part if isinstance(part, dict) and len(part) > 1 else ():
            changed = removed(document, (*keys, key))
            yield Mutant.of("drop-item", f"{selection}/{key}", f"without {key}", changed, (*keys, key))


def drop_alternative(document: Document) -> Iterator[Mutant]:
    """Each mapping, or nested list, left out of a list that has several."""
    for keys, selection, part in parts(document):
        if _is_alternatives(part):
            for index, each in enumerate(part):
                changed, label = removed(document, (*keys, index)), _label(each)
                said = f"without the alternative {label}"
                yield Mutant.of("drop-alternative", f"{selection}/{label}", said, changed, (*keys, index))


def any_item(document: Document) -> Iterator[Mutant]:
    """The fields of a mapping made alternatives: one of them is enough."""
    for keys, selection, part in parts(document):
        if isinstance(part, dict) and len(part) > 1:
            changed = replaced(document, keys, [{key: value} for key, value in part.items()])
            said = f"one of {_label(part)} is enough"
            yield Mutant.of("and-to-or", f"{selection}/{_label(part)}", said, changed, keys)


def all_alternatives(document: Document) -> Iterator[Mutant]:
    """The mappings of a list made one: all of their fields have to fit. Not where two of them have the same key."""
    for keys, selection, part in parts(document):
        if _is_alternatives(part) and all(isinstance(each, dict) for each in part):
            merged = {key: value for each in part for key, value in each.items()}
            if len(merged) == sum(map(len, part)):
                said = f"all of {_label(merged)} have to fit"
                yield Mutant.of(
                    "or-to-and", f"{selection}/{_label(merged)}", said, replaced(document, keys, merged), keys
                )


def drop_negation(document: Document) -> Iterator[Mutant]:
    """The modifier ``neq`` left out."""
    for item in items(document):
        if "neq" in item.modifiers:
            key = "|".join((item.field, *(each for each in item.modifiers if each != "neq")))
            yield Mutant.of("drop-negation", item.where, "without neq", renamed(document, item.keys, key), item.keys)


def _is_alternatives(part: Any) -> bool:
    return isinstance(part, list) and len(part) > 1 and any(isinstance(each, dict | list) for each in part)


def _label(part: Any) -> str:
    """What stands in a part: the keys of a mapping, those of the first one in a list."""
    if isinstance(part, dict):
        return ", ".join(part)
    return f"[{_label(part[0])}, …]" if isinstance(part, list) and part else str(part)
