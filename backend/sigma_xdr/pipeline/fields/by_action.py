"""Fields whose column depends on the row's ActionType: source and destination of outbound and inbound connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sigma.conditions import ConditionAND
from sigma.types import SigmaExists, SigmaNull, SigmaString, SigmaType

from sigma_xdr.pipeline.fields.base import Context, FieldMapping
from sigma_xdr.pipeline.items import Linking, Mapped, all_of, any_of, text_item

__all__ = ["ByAction"]


@dataclass(frozen=True)
class ByAction(FieldMapping):
    """For each group of ActionTypes, the mapping that holds in its rows; rows of ActionTypes in ``without`` lack the field.

    Together they cover the log source's rows.
    """

    cases: tuple[tuple[tuple[str, ...], FieldMapping], ...]
    without: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All of the columns."""
        return tuple(dict.fromkeys(column for _, mapping in self.cases for column in mapping.columns))

    def map(self, values: Sequence[SigmaType], linking: Linking, context: Context) -> Mapped:
        """The item's condition in each group of rows."""
        parts = [
            all_of([text_item("ActionType", actions, context.source), mapping.map(values, linking, context)])
            for actions, mapping in self.cases
        ]
        every = all if linking is ConditionAND else any
        if self.without and every(map(_asks_for_nothing, values)):
            parts.append(text_item("ActionType", self.without, context.source))
        return any_of(parts)

    def key(self, context: Context) -> str:
        """The first group's: what a correlation counts is the outbound peer."""
        return self.cases[0][1].key(context)


def _asks_for_nothing(value: SigmaType) -> bool:
    match value:
        case SigmaExists():
            return not value
        case SigmaString():
            return not value.s
    return isinstance(value, SigmaNull)
