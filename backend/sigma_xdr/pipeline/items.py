"""Building blocks of a mapped rule: pySigma detection items over XDR columns, joined by and, or, not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sigma.conditions import ConditionAND, ConditionItem, ConditionNOT, ConditionOR
from sigma.exceptions import SigmaRuleLocation
from sigma.rule import SigmaDetection, SigmaDetectionItem
from sigma.types import SigmaFieldReference, SigmaString, SigmaType

from sigma_xdr.pipeline.patterns import Pattern
from sigma_xdr.rules.working_hours import WorkingHours

__all__ = [
    "Expression",
    "Linking",
    "Mapped",
    "NegatedDetection",
    "SameOrNothing",
    "WithinHours",
    "all_of",
    "any_of",
    "item",
    "text_item",
]

Linking = type[ConditionAND] | type[ConditionOR]
Mapped = SigmaDetection | SigmaDetectionItem


class Expression(str):
    """A KQL scalar expression in the place of a column's name, with the scalar type that it gives."""

    type: str

    def __new__(cls, kql: str, kind: str = "string") -> Expression:
        """The expression of that text; ``kind`` is its scalar type's name in KQL."""
        expression = super().__new__(cls, kql)
        expression.type = kind
        return expression


class SameOrNothing(SigmaFieldReference):
    """Another column that holds the same, or nothing where the first holds nothing."""


@dataclass(frozen=True)
class WithinHours(SigmaType):
    """A time within a site's working hours: what ``%working_hours%`` stands for."""

    hours: WorkingHours


@dataclass
class NegatedDetection(SigmaDetection):
    """A detection that must not hold: what the ``neq`` modifier makes of an item that became several."""

    def postprocess(self, detections: Any, parent: Any = None, source: SigmaRuleLocation | None = None) -> Any:
        """The negated condition tree."""
        condition = super().postprocess(detections, parent, source)
        if condition is None:
            return None
        negation = ConditionNOT([condition], source)
        negation.parent = parent
        return negation


def item(
    column: str,
    values: Iterable[SigmaType],
    source: SigmaRuleLocation | None,
    linking: Linking = ConditionOR,
) -> SigmaDetectionItem:
    """One column against values of the column's own type."""
    return SigmaDetectionItem(column, [], list(values), linking, source=source, auto_modifiers=False)


def text_item(column: str, patterns: Iterable[Pattern | str], source: SigmaRuleLocation | None) -> SigmaDetectionItem:
    """One string column against any of some patterns or plain texts."""
    return item(column, [_text(pattern) for pattern in patterns], source)


def _text(pattern: Pattern | str) -> SigmaString:
    return (Pattern((pattern,) if pattern else ()) if isinstance(pattern, str) else pattern).to_sigma()


def any_of(parts: Sequence[Mapped]) -> Mapped:
    """At least one of the parts holds."""
    return _join(parts, ConditionOR)


def all_of(parts: Sequence[Mapped]) -> Mapped:
    """All of the parts hold."""
    return _join(parts, ConditionAND)


def _join(parts: Sequence[Mapped], linking: type[ConditionItem]) -> Mapped:
    if len(parts) == 1:
        return parts[0]
    return SigmaDetection(list(parts), source=parts[0].source, item_linking=linking)  # type: ignore[arg-type]
