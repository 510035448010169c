"""A rule's detection items, and whether the condition asks for them or excludes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sigma.conditions import ConditionIdentifier, ConditionItem, ConditionNOT, ConditionSelector, SigmaCondition
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaRule

from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.rules import ItemLocation, Key

__all__ = ["Item", "items_of"]


@dataclass(frozen=True, eq=False)
class Item:
    """A field, or keywords, with its values. ``keys`` lead to it; ``asked`` is whether the condition asks for its selection
    somewhere, and doesn't only exclude it.
    """

    item: SigmaDetectionItem
    keys: tuple[Key, ...]
    asked: bool

    @property
    def field(self) -> str | None:
        """The field's name; None for keywords."""
        return self.item.field

    @property
    def modifiers(self) -> frozenset[str]:
        """The names of the modifiers as pySigma's classes have them: ``Contains``, ``All``."""
        return frozenset(each.__name__.removeprefix("Sigma").removesuffix("Modifier") for each in self.item.modifiers)


def items_of(linted: LintedRule) -> Iterator[Item]:
    """The items of a rule or a filter in the order in which they stand; a correlation has none."""
    parsed = linted.parsed
    if isinstance(parsed, SigmaRule):
        detections = parsed.detection
    elif isinstance(parsed, SigmaFilter):
        detections = parsed.filter
    else:
        return
    asked = _asked(detections)
    for name, detection in detections.detections.items():
        for item in _items(detection):
            if isinstance(item.source, ItemLocation):
                yield Item(item, item.source.keys, asked.get(name, True))


def _items(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
    for part in detection.detection_items:
        if isinstance(part, SigmaDetection):
            yield from _items(part)
        else:
            yield part


def _asked(detections: SigmaDetections) -> Mapping[str, bool]:
    """By name, whether a selection is asked for somewhere in the conditions."""
    found: dict[str, bool] = {}

    def walk(item: object, positive: bool) -> None:
        match item:
            case ConditionIdentifier():
                found[item.identifier] = found.get(item.identifier, False) or positive
            case ConditionSelector():
                for each in item.resolve_referenced_detections(detections):
                    walk(each, positive)
            case ConditionNOT():
                for arg in item.args:
                    walk(arg, not positive)
            case ConditionItem():
                for arg in item.args:
                    walk(arg, positive)

    for text in detections.condition:
        walk(SigmaCondition(text, detections).parse(False), True)
    return found
