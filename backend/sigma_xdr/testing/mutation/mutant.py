"""What a mutant is, and the parts of a rule's document that mutants change."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sigma_xdr.errors import visible
from sigma_xdr.rules import Key

__all__ = [
    "WILDCARD",
    "Document",
    "Item",
    "Keys",
    "Mutant",
    "conditions",
    "edited",
    "items",
    "parts",
    "removed",
    "renamed",
    "replaced",
    "section_of",
    "selections",
    "shown",
]

Document = Mapping[str, Any]
Keys = tuple[Key, ...]

#: Finds escaped characters and, as group 1, the wildcards of a value, as Sigma reads it from the left.
WILDCARD = re.compile(r"\\[\\*?]|([*?])")

_SECTIONS = ("detection", "filter")
#: What stands beside the selections.
_RESERVED = {"detection": ("condition",), "filter": ("condition", "rules")}


@dataclass(frozen=True)
class Mutant:
    """A rule with one small change that would be a bug.

    ``id`` names it in a test file: the operator and where it works, the same as long as the rule is. ``description`` says in
    a few words what was changed, ``document`` is the changed rule, and ``keys`` lead to the place in the unchanged one.
    """

    id: str
    operator: str
    description: str
    document: dict[str, Any] = field(repr=False)
    keys: Keys

    @classmethod
    def of(cls, operator: str, where: str, description: str, document: dict[str, Any], keys: Keys) -> Mutant:
        """A mutant whose id is its operator and ``where`` it works, as text that can't drive a terminal."""
        return cls(f"{operator} {visible(where)}", operator, visible(description), document, keys)


@dataclass(frozen=True)
class Item:
    """A field with its values, or keywords where ``key`` is empty.

    ``keys`` lead to it and ``selection`` is where it stands. ``values`` are a list also where the rule has a single one,
    which ``single`` says.
    """

    keys: Keys
    selection: str
    key: str
    values: list[Any]
    single: bool

    @property
    def field(self) -> str:
        """The field's name; empty for keywords."""
        return self.key.partition("|")[0]

    @property
    def modifiers(self) -> tuple[str, ...]:
        """The names of the modifiers."""
        return tuple(self.key.split("|")[1:])

    @property
    def where(self) -> str:
        """The item as ids name it: ``selection/Image|endswith``."""
        return f"{self.selection}/{self.key}" if self.key else self.selection

    def with_values(self, values: list[Any]) -> Any:
        """New values in the form in which the rule has them."""
        return values[0] if self.single and len(values) == 1 else values


# ---------------------------------------------------------------------------------------------------------------- parts


def section_of(document: Document) -> str | None:
    """``detection`` or ``filter``: where the selections stand; None for a correlation."""
    return next((section for section in _SECTIONS if section in document), None)


def selections(document: Document) -> dict[str, Any]:
    """The definitions of the selections by name."""
    section = section_of(document)
    return {} if section is None else {k: v for k, v in document[section].items() if k not in _RESERVED[section]}


def conditions(document: Document) -> Iterator[tuple[Keys, str]]:
    """Each condition with the keys that lead to it."""
    section = section_of(document)
    if section is not None:
        condition = document[section]["condition"]
        if isinstance(condition, list):
            yield from (((section, "condition", index), each) for index, each in enumerate(condition))
        else:
            yield (section, "condition"), condition


def parts(document: Document) -> Iterator[tuple[Keys, str, Any]]:
    """Every mapping and list of a rule's selections: the keys that lead to it, its selection, itself; outer ones first."""
    section = section_of(document)
    for name, definition in selections(document).items():
        yield from _parts((str(section), name), name, definition)


def _parts(keys: Keys, selection: str, part: Any) -> Iterator[tuple[Keys, str, Any]]:
    yield keys, selection, part
    if isinstance(part, list):
        for index, each in enumerate(part):
            if isinstance(each, dict | list):
                yield from _parts((*keys, index), selection, each)


def items(document: Document) -> Iterator[Item]:
    """Every field with its values, and every list of keywords, in order."""
    for keys, selection, part in parts(document):
        if isinstance(part, dict):
            for key, values in part.items():
                single = not isinstance(values, list)
                yield Item((*keys, key), selection, key, [values] if single else values, single)
        elif not isinstance(part, list) or not any(isinstance(each, dict | list) for each in part):
            single = not isinstance(part, list)
            yield Item(keys, selection, "", [part] if single else part, single)


# ---------------------------------------------------------------------------------------------------------------- edits


def edited(document: Document, keys: Keys, edit: Callable[[Any, Any], None]) -> dict[str, Any]:
    """A deep copy in which ``edit`` was called on what holds the part that ``keys`` lead to, with the last key."""
    changed = copy.deepcopy(dict(document))
    holder: Any = changed
    for key in keys[:-1]:
        holder = holder[key]
    edit(holder, keys[-1])
    return changed


def replaced(document: Document, keys: Keys, value: Any) -> dict[str, Any]:
    """A copy with another value at ``keys``."""
    return edited(document, keys, lambda holder, key: holder.__setitem__(key, value))


def removed(document: Document, keys: Keys) -> dict[str, Any]:
    """A copy without what stands at ``keys``."""
    return edited(document, keys, lambda holder, key: holder.__delitem__(key))


def renamed(document: Document, keys: Keys, name: str) -> dict[str, Any]:
    """A copy whose mapping has the key at ``keys`` under another name, in the same place; the two change places if it has
    both.
    """

    def rename(holder: dict[str, Any], key: str) -> None:
        names = {key: name, name: key}
        pairs = [(names.get(each, each), value) for each, value in holder.items()]
        holder.clear()
        holder.update(pairs)

    return edited(document, keys, rename)


def shown(value: Any) -> str:
    """A value as ids and descriptions show it: text in quotes, the rest as YAML writes it."""
    if isinstance(value, str):
        return f"'{value}'"
    return "null" if value is None else str(value).lower()
