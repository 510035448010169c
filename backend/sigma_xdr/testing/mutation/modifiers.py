"""Mutants of a field's modifiers, which ask for less or for more, and of the field itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sigma_xdr.testing.mutation.mutant import WILDCARD, Document, Item, Keys, Mutant, items, renamed, replaced
from sigma_xdr.testing.siblings import sibling

__all__ = ["strengthen_modifier", "swap_field", "weaken_modifier"]

_SHAPES = ("contains", "startswith", "endswith")
_ENCODINGS = frozenset(("wide", "utf16", "utf16be", "base64", "base64offset"))
_COMPARISONS = frozenset(("lt", "lte", "gt", "gte"))
#: With these a value is no text that stands somewhere in the field.
_NO_TEXT = _COMPARISONS | {"re", "cidr", "exists", "minute", "hour", "day", "week", "month", "year"}
_Shapes = Mapping[str | None, tuple[str | None, ...]]
_WEAKER_SHAPES: _Shapes = {None: _SHAPES, "startswith": ("contains",), "endswith": ("contains",)}
_STRONGER_SHAPES: _Shapes = {"contains": ("startswith", "endswith", None), "startswith": (None,), "endswith": (None,)}
_WEAKER_COMPARISONS = {"lt": "lte", "gt": "gte"}
_STRONGER_COMPARISONS = {"lte": "lt", "gte": "gt"}
_FLAGS = frozenset(("i", "ignorecase", "m", "multiline", "s", "dotall"))
#: What ``windash`` looks for: a dash or slash before a word.
_DASH = re.compile(r"\B[-/]\b")


def weaken_modifier(document: Document) -> Iterator[Mutant]:
    """Each item asks for less: text anywhere, one value of all, in any case, a comparison with its bound."""
    for item in items(document):
        for shape in _other_shapes(item, _WEAKER_SHAPES):
            yield from _changed(document, item, "weaken-modifier", _with_shape(item, shape))
        if "all" in item.modifiers and len(item.values) > 1:
            yield from _changed(document, item, "weaken-modifier", _without(item, "all"))
        if "cased" in item.modifiers:
            yield from _changed(document, item, "weaken-modifier", _without(item, "cased"))
        yield from _compared(document, item, "weaken-modifier", _WEAKER_COMPARISONS)


def strengthen_modifier(document: Document) -> Iterator[Mutant]:
    """Each item asks for more: text at an end, all values of a list, the case, no other dash, no regex flag, no bound."""
    for item in items(document):
        for shape in _other_shapes(item, _STRONGER_SHAPES):
            yield from _changed(document, item, "strengthen-modifier", _with_shape(item, shape))
        if "all" not in item.modifiers and len(item.values) > 1:
            yield from _changed(document, item, "strengthen-modifier", (*item.modifiers, "all"))
        if _may_mind_case(item):
            yield from _changed(document, item, "strengthen-modifier", (*item.modifiers, "cased"))
        if "windash" in item.modifiers and any(_DASH.search(value) for value in _texts(item)):
            yield from _changed(document, item, "strengthen-modifier", _without(item, "windash"))
        for flag in item.modifiers:
            if flag in _FLAGS:
                yield from _changed(document, item, "strengthen-modifier", _without(item, flag))
        yield from _compared(document, item, "strengthen-modifier", _STRONGER_COMPARISONS)


def swap_field(document: Document) -> Iterator[Mutant]:
    """Each field taken for its sibling: the parent's image for the image. A mapping that has both has them swapped."""
    for item in items(document):
        other = sibling(item.field, document.get("logsource") or {})
        if other is not None:
            key = "|".join((other, *item.modifiers))
            where, said = f"{item.where} -> {other}", f"{item.field} became {other}"
            yield Mutant.of("swap-field", where, said, renamed(document, item.keys, key), item.keys)


# -------------------------------------------------------------------------------------------------------------- helpers


def _shape(item: Item) -> str | None:
    """``contains``, ``startswith`` or ``endswith``; None for a whole value."""
    return next((modifier for modifier in item.modifiers if modifier in _SHAPES), None)


def _other_shapes(item: Item, table: _Shapes) -> Iterator[str | None]:
    """The shapes that a table has for an item's own, without those that say the same of each of its values."""
    if not item.field or not _NO_TEXT.isdisjoint(item.modifiers) or len(_texts(item)) < len(item.values):
        return
    own = _shape(item)
    for shape in table.get(own, ()):
        if any(_open_ends(value, own) != _open_ends(value, shape) for value in _texts(item)):
            yield shape


def _open_ends(value: str, shape: str | None) -> tuple[bool, bool]:
    """Whether anything may stand before a value, and after it: by the shape or by a star of its own."""
    first = next(WILDCARD.finditer(value), None)
    last = next(reversed(list(WILDCARD.finditer(value))), None)
    star_before = first is not None and first[1] == "*" and first.start() == 0
    star_after = last is not None and last[1] == "*" and last.end() == len(value)
    return shape in ("contains", "endswith") or star_before, shape in ("contains", "startswith") or star_after


def _with_shape(item: Item, shape: str | None) -> tuple[str, ...]:
    """The modifiers with another shape, in the place of the old one, or where pySigma takes a first one."""
    own = _shape(item)
    if own is not None:
        return tuple(
            shape or "" if modifier == own else modifier for modifier in item.modifiers if shape or modifier != own
        )
    after = max((i + 1 for i, name in enumerate(item.modifiers) if name in _ENCODINGS | {"fieldref"}), default=0)
    return (*item.modifiers[:after], str(shape), *item.modifiers[after:])


def _without(item: Item, name: str) -> tuple[str, ...]:
    return tuple(modifier for modifier in item.modifiers if modifier != name)


def _may_mind_case(item: Item) -> bool:
    other = _NO_TEXT | _ENCODINGS | {"cased", "fieldref"}
    return other.isdisjoint(item.modifiers) and any(value.lower() != value.upper() for value in _texts(item))


def _texts(item: Item) -> list[str]:
    """The values that are text; a boolean in quotes is none, its field has no other values."""
    return [value for value in item.values if isinstance(value, str) and value.lower() not in ("true", "false")]


def _compared(document: Document, item: Item, operator: str, table: dict[str, str]) -> Iterator[Mutant]:
    for modifier in item.modifiers:
        if modifier in table:
            other = tuple(table[modifier] if each == modifier else each for each in item.modifiers)
            yield from _changed(document, item, operator, other)


def _changed(document: Document, item: Item, operator: str, modifiers: Sequence[str]) -> Iterator[Mutant]:
    """The item with other modifiers; nothing where its mapping has such an item already."""
    key = "|".join((item.field, *modifiers))
    old, new = ("|".join(each) or "no modifier" for each in (item.modifiers, modifiers))
    if not item.key:
        changed = replaced(document, item.keys, {key: item.values})
    elif key not in _holder(document, item.keys):
        changed = renamed(document, item.keys, key)
    else:
        return
    yield Mutant.of(operator, f"{item.where} -> {new}", f"{old} became {new}", changed, item.keys)


def _holder(document: Document, keys: Keys) -> Any:
    """The mapping or list that what ``keys`` lead to stands in."""
    holder: Any = document
    for key in keys[:-1]:
        holder = holder[key]
    return holder
