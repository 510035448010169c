"""The detection section of a rule or filter: pySigma's objects, each with its place, or all that is wrong with it.

The objects are those that pySigma's own ``SigmaDetections.from_dict`` makes (a test holds the two together over
SigmaHQ's rules), but each item knows where it stands, one wrong item doesn't hide the next, and what pySigma would take
for something else is refused: an empty list is no null, ``timeframe`` no keyword.
"""

from __future__ import annotations

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
#: Problems after which a rule is not read further.
MAX_PROBLEMS = 50

_PLAIN = frozenset((str, int, float, bool, type(None)))


def build_detections(
    section: dict[Any, Any], source: RuleSource, keys: tuple[Key, ...], reserved: tuple[str, ...]
) -> tuple[dict[str, SigmaDetection], dict[str, int], list[Diagnostic]]:
    """The selections of the section that stands at ``keys``, by name; how many values each has; and the problems.

    ``reserved`` keys are no selections. A selection that is wrong has a size all the same.
    """
    builder = _Builder(source)
    detections: dict[str, SigmaDetection] = {}
    sizes: dict[str, int] = {}
    for name, definition in section.items():
        if name in reserved:
            continue
        before = builder.values
        if len(sizes) == _MAX_SELECTIONS:
            builder.problem("too-many-selections", f"there are more than {_MAX_SELECTIONS} selections", None, keys)
            break
        sizes[str(name)] = 0
        if not isinstance(name, str) or len(name) > _MAX_NAME:
            message, hint = "a selection's name is text of up to 100 characters", "quote it, or make it shorter"
            builder.problem("selection-name", message, hint, (*keys, str(name)))
        elif name == "timeframe":
            hint = "write a correlation rule with a timespan"
            builder.problem("timeframe", "'timeframe' was removed from Sigma's detections", hint, (*keys, name))
        elif (detection := builder.detection(definition, (*keys, name))) is not None:
            detections[name] = detection
            sizes[name] = builder.values - before
    if not detections and not builder.problems:
        hint = "name at least one selection, with its fields and values"
        builder.problem("empty-detection", f"'{keys[-1]}' holds no selection", hint, keys)
    return detections, sizes, builder.problems


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

    def detection(self, definition: object, keys: tuple[Key, ...], depth: int = 0) -> SigmaDetection | None:
        """A selection, or a part of one; None if it is wrong."""
        if len(self.problems) >= MAX_PROBLEMS:
            return None
        if definition in (None, [], {}):
            message = f"'{keys[1]}' is empty" if depth == 0 else f"a part of '{keys[1]}' is empty"
            self.problem("empty-selection", message, "fill it or delete it", keys)
            return None
        if depth > _MAX_DEPTH:
            self.problem("nested-too-deep", f"the selection nests deeper than {_MAX_DEPTH} levels", None, keys)
            return None
        parts: list[SigmaDetectionItem | SigmaDetection | None]
        if isinstance(definition, dict):
            parts = [self.item(key, value, keys) for key, value in definition.items()]
        elif isinstance(definition, list) and not _PLAIN.issuperset(map(type, definition)):
            parts = [self.detection(part, (*keys, index), depth + 1) for index, part in enumerate(definition)]
        else:
            parts = [self.item(None, definition, keys)]
        known = [part for part in parts if part is not None]
        return SigmaDetection(known, ItemLocation(self.source, keys)) if len(known) == len(parts) else None

    def item(self, key: object, value: object, keys: tuple[Key, ...]) -> SigmaDetectionItem | None:
        """A field or keyword with its values; None if it is wrong."""
        if key is not None:
            keys = (*keys, str(key))
            if not isinstance(key, str):
                self.problem("field-name", f"the field name {key!r} is no text", f"quote it: '{key}'", keys)
                return None
        values = value if isinstance(value, list) else [value]
        if not values:
            self.problem("empty-values", "the list of values is empty", "for an empty field write null", keys)
            return None
        if len(values) > MAX_VALUES or self.values > MAX_VALUES:
            self.problem("too-many-values", f"the rule has more than {MAX_VALUES:,} values", "split it", keys)
            return None
        before = len(self.problems)
        for index, each in enumerate(values):
            if type(each) not in _PLAIN:
                kind = "a list" if isinstance(each, list) else "a mapping"
                hint = "a list of mappings stands under the selection, not under a field"
                self.problem("value-type", f"a value can't be {kind}", hint, (*keys, index))
            elif each is None and key is None:
                self.problem("value-type", "a keyword can't be null", "quote it if it is text: 'null'", (*keys, index))
            if len(self.problems) >= before + 5:
                break
        if len(self.problems) > before:
            return None
        field, *names = key.split("|") if isinstance(key, str) else [""]
        item, problems = self._modified(field or None, names, values, keys)
        for wrong in problems:
            place = keys if wrong.index is None else (*keys, wrong.index)
            self.problem(wrong.code, wrong.message, wrong.hint, place, wrong.modifier if wrong.index is None else None)
        return None if problems else item

    def _modified(
        self, field: str | None, names: list[str], values: list[Any], keys: tuple[Key, ...]
    ) -> tuple[SigmaDetectionItem | None, list[ModifierProblem]]:
        try:
            modifiers = modifier_classes(names)
            regex = SigmaRegularExpressionModifier in modifiers
            typed = [_typed(value, regex, index) for index, value in enumerate(values)]
        except ModifierProblem as wrong:
            return None, [wrong]
        location = ItemLocation(self.source, keys)
        item = SigmaDetectionItem(field, modifiers, typed, source=location, auto_modifiers=False)
        problems = apply_modifiers(item, names)
        item.auto_modifiers = True  # as pySigma's own; only its constructor looks at it
        for number, value in zip(typed, values, strict=True):
            if isinstance(number, SigmaNumber):
                number.number = value  # pySigma went through float: 2**53 + 1 lost its 1, and 10.0 its point
        self.values += sum(map(_count, item.value)) if names else len(values)
        return item, problems


def _typed(value: Any, regex: bool, index: int) -> SigmaType:
    if regex:
        if isinstance(value, str):
            return SigmaString.from_str(value)
        message = "'re' takes text, not " + ("null" if value is None else f"{value!r}".lower())
        hint = None if value is None else f"quote it: '{value!r}'".lower()
        raise ModifierProblem("modifier-type", message, hint, "re", index)
    try:
        return sigma_type(value)
    except SigmaError:
        raise ModifierProblem("value-type", "the number is too large", "quote it if it is text", "", index) from None


def _count(value: SigmaType) -> int:
    return sum(map(_count, value.values)) if isinstance(value, SigmaExpansion) else 1
