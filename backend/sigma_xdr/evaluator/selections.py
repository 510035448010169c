"""The selections of a rule: mappings (all of), lists (any of), fields with values, keywords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma_xdr.evaluator.comparisons import Test
from sigma_xdr.evaluator.events import Event, Found
from sigma_xdr.evaluator.explanation import Explanation, quoted
from sigma_xdr.evaluator.modifiers import ItemTests, item_tests
from sigma_xdr.evaluator.problems import Key, refusal
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.evaluator.tree import AllOf, AnyOf, Named, Node, Not

__all__ = ["selections"]

#: Deepest nesting of lists and mappings in a selection.
_MAX_DEPTH = 50
#: Values of a field that a line shows.
_SHOWN_VALUES = 3


def selections(
    section: Mapping[str, Any], reserved: tuple[str, ...], site: Site, keys: tuple[Key, ...], origin: Any
) -> dict[str, Named]:
    """The selections of a section that stands at ``keys``, by name; ``reserved`` keys are none.

    Raises EvaluatorError with the place of what is wrong.
    """
    reader = _Reader(site, origin)
    found = {}
    for name, definition in section.items():
        if name not in reserved:
            part = reader.part(definition, (*keys, str(name)))
            found[str(name)] = Named(part, str(name) + _how_many(part))
    return found


def _how_many(part: Node) -> str:
    """What a selection's line says of the lines under it, where they aren't simply all meant."""
    match part:
        case AnyOf(parts=parts):
            return f" (any of {len(parts)})"
        case _Values(parts=parts):
            return f" (all of {len(parts)})"
    return ""


class _Values(AllOf):
    """The values of one field, of which all are asked for."""


class _Reader:
    """Reads one section."""

    def __init__(self, site: Site, origin: Any) -> None:
        self.site = site
        self.origin = origin

    def part(self, definition: Any, keys: tuple[Key, ...], depth: int = 0) -> Node:
        """A selection, or a part of one."""
        if definition in (None, [], {}):
            raise refusal("empty-selection", f"'{keys[-1]}' is empty", "fill it or delete it", keys, self.origin)
        if depth > _MAX_DEPTH:
            message = f"the selection nests deeper than {_MAX_DEPTH} levels"
            raise refusal("nested-too-deep", message, None, keys, self.origin)
        if isinstance(definition, Mapping):
            items = [self.item(key, value, (*keys, str(key))) for key, value in definition.items()]
            return items[0] if len(items) == 1 else AllOf(items)
        if isinstance(definition, list) and any(isinstance(each, list | Mapping) for each in definition):
            parts = [self.part(each, (*keys, index), depth + 1) for index, each in enumerate(definition)]
            return parts[0] if len(parts) == 1 else AnyOf(parts)
        return self.item(None, definition, keys)

    def item(self, key: Any, value: Any, keys: tuple[Key, ...]) -> Node:
        """A field with its values; keywords where ``key`` is None."""
        if key is not None and not isinstance(key, str):
            raise refusal("field-name", f"the field name {key!r} is no text", "quote it", keys, self.origin)
        values = value if isinstance(value, list) else [value]
        if not values:
            message = "the list of values is empty"
            raise refusal("empty-values", message, "for an empty field write null", keys, self.origin)
        tests = item_tests(key, values, self.site, keys, self.origin)
        nodes = [_Value(tests, test, given) for test, given in zip(tests.tests, values, strict=True)]
        item = nodes[0] if len(nodes) == 1 else _joined(tests, nodes)
        return Not(item, f"not {item.text}") if tests.negated else item


def _joined(tests: ItemTests, nodes: list[_Value]) -> Node:
    text = _asked(tests)
    if tests.every:
        return _Values(nodes, f"{text} all of {len(nodes)}")
    return AnyOf(nodes, f"{text} any of {len(nodes)}")


def _asked(tests: ItemTests) -> str:
    """An item without its values, as a line shows it."""
    return " ".join((tests.field or "any text", *(tests.words or (() if tests.field else ("contains",)))))


class _Value:
    """One value of an item: the condition at the leaves."""

    def __init__(self, item: ItemTests, test: Test, given: Any) -> None:
        self._field = item.field
        self._test = test
        self._words = item.words
        self._item = item
        self._given = given

    @property
    def text(self) -> str:
        """What the rule asks, in its own words."""
        equals = "" if self._words or self._field is None else " ="
        return f"{_asked(self._item)}{equals} {quoted(self._given)}"

    def holds(self, event: Event) -> bool:
        """Whether the event's field, or one of its texts, is what the value asks for."""
        field = self._field
        return self._test.holds(event.everywhere if field is None else event.look(field), event)

    def explain(self, event: Event) -> Explanation:
        """The verdict, and what was found."""
        found = event.everywhere if self._field is None else event.look(self._field)
        passed = self.holds(event)
        place = self._test.place(found) if passed else None
        if place:
            text, start, end = place
            shown = f"at {start}: {quoted(text, start, end)}"
        elif self._field is None:
            shown = f"in {'one' if passed else 'none'} of {len(found.texts)} texts"
        else:
            shown = _was(found)
        return Explanation(passed, self.text, shown)


def _was(found: Found) -> str:
    """What a field held."""
    if not found.values:
        if found.exists and not found.nothing:
            return "was a mapping"
        return "was nothing" if found.one_nothing else "was null" if found.exists else "was missing"
    shown = ", ".join(quoted(value) for value in found.values[:_SHOWN_VALUES])
    more = len(found.values) - _SHOWN_VALUES
    return f"was {shown}" + (f" and {more:,} more" if more > 0 else "")
