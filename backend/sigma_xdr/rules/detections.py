"""The detection section of a rule or filter: pySigma's objects, each with its place, or all that is wrong with it.

The objects are those that pySigma's own ``SigmaDetections.from_dict`` makes (a test holds the two together over
SigmaHQ's rules), but each item knows where it stands, one wrong item doesn't hide the next, and what pySigma would take
for something else is refused: an empty list is no null, ``timeframe`` no keyword.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sigma.exceptions import SigmaError
from sigma.modifiers import SigmaRegularExpressionModifier
from sigma.rule import SigmaDetection, SigmaDetectionItem
from sigma.types import SigmaExpansion, SigmaNumber, SigmaString, SigmaType, sigma_type

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.modifiers import MAX_VALUES, ModifierProblem, apply_modifiers, modifier_classes
from sigma_xdr.rules.places import ItemLocation, Key, RuleSource

__all__ = ["MAX_PROBLEMS", "build_detections"]

#: Deepest nesting of lists and mappings in a selection. SigmaHQ needs three levels.
_MAX_DEPTH = 10
#: Most selections, and the longest name of one: pySigma tries the patterns of the condition on each.
_MAX_SELECTIONS, _MAX_NAME = 200, 100
#: Problems after which a rule is not read further, and those of one list of values that are shown.
MAX_PROBLEMS = 50
_SHOWN = 5

_PLAIN = frozenset((str, int, float, bool, type(None)))


def build_detections(
    section: dict[Any, Any], source: RuleSource, keys: tuple[Key, ...], reserved: tuple[str, ...]
) -> tuple[dict[str, SigmaDetection], dict[str, int], list[Diagnostic]]:
    """The selections of the section that stands at ``keys``, by name; how many values each has; and the problems.

    ``reserved`` keys are no selections. A selection that is wrong has a size all the same.
    """
    builder = _Builder(source)
    detections: dict[str, SigmaDetection] = {}
    sizes = {str(name): 0 for name in section if name not in reserved}
    with suppress(_Enough):
        if not sizes:
            hint = "name at least one selection, with its fields and values"
            builder.problem("empty-detection", f"'{keys[-1]}' holds no selection", hint, keys)
        if len(sizes) > _MAX_SELECTIONS:
            message = f"there are more than {_MAX_SELECTIONS} selections"
            builder.last_problem("too-many-selections", message, "write lists of values", keys)
        for name, definition in section.items():
            if name not in reserved:
                before = builder.values
                detection = builder.selection(name, definition, keys)
                if detection is not None:
                    detections[name] = detection
                    sizes[name] = builder.values - before
    return detections, sizes, builder.problems


class _Enough(Exception):
    """There is enough to show: the rule isn't read further."""


class _Builder:
    """Builds selections and collects what is wrong with them."""

    def __init__(self, source: RuleSource) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.values = 0

    def problem(
        self, code: str, message: str, hint: str | None, keys: tuple[Key, ...], within: str | None = None
    ) -> None:
        self.problems.append(self.source.diagnostic(code, message, hint, *keys, within=within))
        if len(self.problems) == MAX_PROBLEMS:
            raise _Enough

    def last_problem(self, code: str, message: str, hint: str, keys: tuple[Key, ...]) -> None:
        self.problem(code, message, hint, keys)
        raise _Enough

    def count(self, values: int, keys: tuple[Key, ...]) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            message = f"up to here the rule has more than {MAX_VALUES:,} values"
            self.last_problem("too-many-values", message, "split the rule", keys)

    def selection(self, name: object, definition: object, keys: tuple[Key, ...]) -> SigmaDetection | None:
        """A named selection; None if it is wrong."""
        keys = (*keys, str(name))
        if not isinstance(name, str) or len(name) > _MAX_NAME:
            message = f"a selection's name is text of up to {_MAX_NAME} characters"
            self.problem("selection-name", message, "quote it, or make it shorter", keys)
            return None
        if name == "timeframe":
            hint = "write a correlation rule with a timespan"
            self.problem("timeframe", "'timeframe' was removed from Sigma's detections", hint, keys)
            return None
        return self.detection(definition, keys)

    def detection(self, definition: object, keys: tuple[Key, ...], depth: int = 0) -> SigmaDetection | None:
        """A selection, or a part of one; None if it is wrong."""
        if definition in (None, [], {}):
            message = f"'{keys[1]}' is empty" if depth == 0 else f"a part of '{keys[1]}' is empty"
            self.problem("empty-selection", message, "fill it or delete it", keys)
            return None
        if depth > _MAX_DEPTH:
            self.problem("nested-too-deep", f"the selection nests deeper than {_MAX_DEPTH} levels", None, keys)
            return None
        parts: list[SigmaDetectionItem | SigmaDetection | None]
        if isinstance(definition, dict) and None in definition:
            self.problem("field-name", "the field name null is no text", "name a field; keywords stand in a list", keys)
            return None
        if isinstance(definition, dict):
            parts = [self.item(key, value, keys) for key, value in definition.items()]
        elif isinstance(definition, list) and not _PLAIN.issuperset(map(type, definition)):
            parts = [self.detection(part, (*keys, index), depth + 1) for index, part in enumerate(definition)]
        else:
            parts = [self.item(None, definition, keys)]
        known = [part for part in parts if part is not None]
        return SigmaDetection(known, ItemLocation(self.source, keys)) if len(known) == len(parts) else None

    def item(self, key: object, value: object, keys: tuple[Key, ...]) -> SigmaDetectionItem | None:
        """A field with its values, or keywords where ``key`` is None; None if it is wrong."""
        if key is not None:
            keys = (*keys, str(key))
            if not isinstance(key, str):
                self.problem("field-name", f"the field name {key!r} is no text", f"quote it: '{key}'", keys)
                return None
        values = value if isinstance(value, list) else [value]
        if not values:
            self.problem("empty-values", "the list of values is empty", "for an empty field write null", keys)
            return None
        self.count(len(values), keys)
        wrong = list(_wrong_values(values, key is None))
        for index, message, hint in wrong[:_SHOWN]:
            self.problem("value-type", message, hint, (*keys, index))
        if wrong:
            return None
        field, *names = key.split("|") if isinstance(key, str) else [""]
        try:
            modifiers = modifier_classes(names)
            typed = _typed(values, SigmaRegularExpressionModifier in modifiers)
        except ModifierProblem as problem:
            self.explain(problem, keys)
            return None
        location = ItemLocation(self.source, keys)
        item = SigmaDetectionItem(field or None, modifiers, typed, source=location, auto_modifiers=False)
        return self.modified(item, names, values, keys)

    def modified(
        self, item: SigmaDetectionItem, names: list[str], values: list[Any], keys: tuple[Key, ...]
    ) -> SigmaDetectionItem | None:
        """The item with its modifiers applied; ``values`` are its values as they stand in the rule."""
        numbers = list(item.value)
        problems = apply_modifiers(item, names)
        for problem in problems:
            self.explain(problem, keys)
        if problems:
            return None
        if names:
            self.count(sum(map(_count, item.value)) - len(values), keys)
        for number, value in zip(numbers, values, strict=True):
            if isinstance(number, SigmaNumber):
                number.number = value  # pySigma went through float: 2**53 + 1 lost its 1, and 10.0 its point
        item.auto_modifiers = True  # as pySigma's own has it; only the constructor looks at it
        return item

    def explain(self, problem: ModifierProblem, keys: tuple[Key, ...]) -> None:
        if problem.index is None:
            self.problem(problem.code, problem.message, problem.hint, keys, problem.modifier)
        else:
            self.problem(problem.code, problem.message, problem.hint, (*keys, problem.index))


def _wrong_values(values: list[Any], keyword: bool) -> Iterator[tuple[int, str, str]]:
    """Index, message and hint of each value that no detection can hold."""
    for index, value in enumerate(values):
        if type(value) not in _PLAIN:
            message = f"a value can't be a {'list' if isinstance(value, list) else 'mapping'}"
            yield index, message, "a list of mappings stands under the selection, not under a field"
        elif value is None and keyword:
            yield index, "a keyword can't be null", "quote it if it is text: 'null'"


def _typed(values: list[Any], regex: bool) -> list[SigmaType]:
    """The values as pySigma types them; ModifierProblem for the first that it can't."""
    typed: list[SigmaType] = []
    for index, value in enumerate(values):
        if regex and not isinstance(value, str):
            given = "null" if value is None else str(value).lower()
            hint = None if value is None else f"quote it: '{given}'"
            raise ModifierProblem("modifier-type", f"'re' takes text, not {given}", hint, "re", index)
        try:
            typed.append(SigmaString.from_str(value) if regex else sigma_type(value))
        except SigmaError:
            hint = "quote it if it is text"
            raise ModifierProblem("value-type", "the number is too large", hint, "", index) from None
    return typed


def _count(value: SigmaType) -> int:
    return sum(map(_count, value.values)) if isinstance(value, SigmaExpansion) else 1
