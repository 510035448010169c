"""Well-formed rows of Defender that a rule has something to say about: a third or so fit, others nearly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from sigma_xdr.pipeline import LogSource, log_sources
from sigma_xdr.pipeline.fields import ByAction, Enumerated, FieldMapping
from sigma_xdr.schema import ColumnType, xdr_schema

from .fields import resolved
from .instances import NOTHING, Item, Site, fitting, items, spoilt
from .samples import HOSTILE, UNLIKE_ASCII
from .slots import Slot, slots

__all__ = ["rows_for"]

Row = dict[str, Any]


def rows_for(
    documents: Iterable[Mapping[str, Any]], source_name: str, count: int, random: Random, site: Site
) -> list[Row]:
    """Rows of the log source's table, numbered by ReportId, for a rule and its filters."""
    maker = _Maker(documents, log_sources()[source_name], random, site)
    return [{**maker.row(), "ReportId": maker.report_id(number)} for number in range(count)]


class _Maker:
    def __init__(self, documents: Iterable[Mapping[str, Any]], source: LogSource, random: Random, site: Site) -> None:
        self.table = xdr_schema().table(source.table)
        self.source, self.random, self.site = source, random, site
        self.slots = slots(source.table)
        self.items = [
            item for each in documents for key in ("detection", "filter") for item in items(each.get(key) or {})
        ]
        self.actions = source.action_types or self._named_actions() or tuple(self.table.action_types or ())

    def _named_actions(self) -> tuple[str, ...]:
        named = (item.values for item in self.items if item.field == "ActionType")
        known = self.table.action_types or {}
        return tuple(str(value) for values in named for value in values if str(value) in known)

    def report_id(self, number: int) -> int | str:
        return str(number) if self.table.column("ReportId").type is ColumnType.STRING else number

    def row(self) -> Row:
        """One row: most of the items are answered, in one mood each."""
        random = self.random
        cells: Row = {}
        if "ActionType" in self.table.columns:
            others = sorted(self.table.action_types or ()) if random.random() < 0.05 else ()
            cells["ActionType"] = random.choice(others or self.actions)
        always = [self.slots["RegistryKey"]] if "PreviousRegistryKey" in self.slots else []
        for slot in [*always, *random.sample(list(dict.fromkeys(self.slots.values())), 3)]:
            self._put(cells, slot.any(self._action(cells), random))
        mood = random.choice(("fit", "fit", "miss one", "any"))
        missed = random.randrange(len(self.items)) if self.items else 0
        for number, item in enumerate(self.items):
            self._answer(item, cells, mood == "fit" or (mood == "miss one" and number != missed))
        return self._finished(cells)

    def _action(self, cells: Row) -> str:
        return str(cells.get("ActionType", ""))

    def _answer(self, item: Item, cells: Row, fits: bool) -> None:
        random = self.random
        mapping = resolved(item.field, self.source) if item.field else None
        slot, columns = self._place(item, mapping, cells)
        if slot is None:
            return
        if not fits and random.random() < 0.4:
            filled = {} if random.random() < 0.3 else slot.any(self._action(cells), random)
        elif item.modifiers[:1] == ("fieldref",):
            self._answer_alike(item, cells, slot, columns)
            return
        else:
            value = fitting(item, random, self.site)
            if not fits and value is not NOTHING:
                value = spoilt(value, random) if random.random() < 0.8 else f"{value}{random.choice(HOSTILE)}"
            if isinstance(mapping, Enumerated):
                value = self._enumerated(mapping, value)
            if isinstance(value, str) and random.random() < 0.2 and value.isascii():
                value = random.choice((value.upper(), value.lower(), value.swapcase()))
            filled = (
                slot.nothing(self._action(cells))
                if value is NOTHING
                else slot.held(value, columns, self._action(cells), random)
            )
        self._put(cells, filled)

    def _answer_alike(self, item: Item, cells: Row, slot: Slot, columns: Sequence[str]) -> None:
        """The two fields that a reference compares hold the same, or one a piece of the other."""
        other = Item(str(item.values[0]), (), ("",))
        other_slot, other_columns = self._place(other, resolved(str(item.values[0]), self.source), cells)
        text = self.random.choice((r"C:\Windows\System32\cmd.exe", "abc", "7", r"C:\x.exe", "System"))
        piece = (
            text if "|" not in "|".join(item.modifiers) else self.random.choice((text[1:], text[:-1], text[2:-1], text))
        )
        self._put(cells, slot.held(text, columns, self._action(cells), self.random))
        if other_slot is not None and other_slot is not slot:
            self._put(cells, other_slot.held(piece, other_columns, self._action(cells), self.random))

    def _enumerated(self, mapping: Enumerated, value: Any) -> Any:
        """What Defender stores for a value of a closed list."""
        text = str(value).lower()
        stored = [name for known, names in mapping.values.items() if known.lower() == text for name in names]
        return self.random.choice(stored or [name for names in mapping.values.values() for name in names] or [value])

    def _place(self, item: Item, mapping: FieldMapping | None, cells: Row) -> tuple[Slot | None, tuple[str, ...]]:
        """The slot of an item's columns in a row of this ActionType; of a keyword any one."""
        if item.field is None:
            column = self.random.choice(self.table.string_columns)
            return self.slots.get(column), (column,)
        if isinstance(mapping, ByAction):
            here = [each for actions, each in mapping.cases if self._action(cells) in actions]
            mapping = here[0] if here else mapping.cases[0][1]
        columns = mapping.columns if mapping is not None else ()
        return (self.slots.get(columns[0].partition(".")[0]) if columns else None), columns

    def _put(self, cells: Row, filled: Mapping[str, Any]) -> None:
        for column, value in filled.items():
            if isinstance(value, dict) and isinstance(cells.get(column), dict):
                cells[column] = {**cells[column], **value}
            elif column in self.table.columns:
                cells[column] = value

    def _finished(self, cells: Row) -> Row:
        """Text that a row can hold, and JSON where a column of text holds some; what is empty is left out now and then."""
        row: Row = {}
        for column, value in cells.items():
            if isinstance(value, dict) and self.table.column(column).type is ColumnType.STRING:
                sound = {
                    key: each.encode(errors="replace").decode() if isinstance(each, str) else each
                    for key, each in value.items()
                }
                value = json.dumps(sound, ensure_ascii=self.random.random() < 0.5)
            if isinstance(value, str):
                value = value.translate(_KEPT_OUT)
            if (value is None or value == "") and self.random.random() < 0.5:
                continue
            row[column] = value
        return row


_KEPT_OUT = dict.fromkeys(map(ord, UNLIKE_ASCII))
