"""Tables, columns and ActionTypes, and how one asks for them by name.

Names are looked up without regard to case and come back in Microsoft's spelling: Kusto itself is case-sensitive, so a
query must always be written with what a look-up returned. Instances are shared and are not to be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sigma_xdr.errors import Diagnostic, SchemaError
from sigma_xdr.schema.did_you_mean import nearest

#: Longest part of a wrong name that a message repeats, in characters.
_SHOWN = 100


class ColumnType(StrEnum):
    """The types that columns have; the value is Kusto's keyword."""

    BOOL = "bool"
    DATETIME = "datetime"
    DYNAMIC = "dynamic"
    INT = "int"
    LONG = "long"
    REAL = "real"
    STRING = "string"

    @property
    def is_numeric(self) -> bool:
        """Whether values of this type compare as numbers."""
        return self in (ColumnType.INT, ColumnType.LONG, ColumnType.REAL)


class Confidence(StrEnum):
    """How sure it is that Defender writes an ActionType, the surest first. The data file says what each level means."""

    DOCUMENTED = "documented"
    DOCUMENTED_DRAFT = "documented_draft"
    MICROSOFT_QUERIES = "microsoft_queries"
    PORTAL_COPY = "portal_copy"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType
    description: str


@dataclass(frozen=True, slots=True)
class ActionType:
    """One kind of event of a table.

    ``confidence`` is None for a value of an open set, which nobody lists. ``additional_fields`` are the keys known to
    stand in AdditionalFields (none known: empty); ``sources`` say where the value was found, the surest first.
    """

    name: str
    table: str
    confidence: Confidence | None
    additional_fields: tuple[str, ...] = ()
    note: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of advanced hunting. Two tables are equal when their name and date are.

    ``source`` is the page on Microsoft Learn and ``dated`` the day that it gives (YYYY-MM-DD). ``columns`` stand in
    the page's order. ``action_types`` is empty where the table has no ActionType column, and None where the set is
    open: any value may come. ``action_type_homes`` gives, for an ActionType in lower case, the tables that have it.

    Of custom detections: ``requires`` are the columns that Microsoft demands for a table of this family,
    ``impacted_assets`` those of the table's columns that name the asset of an alert, ``near_real_time`` says whether a
    continuous (NRT) detection may read it. ``shown`` is what an analyst looks at first.
    """

    name: str
    dated: str
    description: str = field(compare=False)
    source: str = field(compare=False)
    notes: tuple[str, ...] = field(compare=False, repr=False)
    columns: Mapping[str, Column] = field(compare=False, repr=False)
    action_types: Mapping[str, ActionType] | None = field(compare=False, repr=False)
    action_type_homes: Mapping[str, tuple[str, ...]] = field(compare=False, repr=False)
    requires: tuple[str, ...] = field(compare=False)
    impacted_assets: tuple[str, ...] = field(compare=False, repr=False)
    near_real_time: bool = field(compare=False)
    shown: tuple[str, ...] = field(compare=False, repr=False)

    def column(self, name: str) -> Column:
        """The column of that name in any case. Raises SchemaError (``unknown-column``)."""
        spelling = self._column_spellings.get(_fold(name))
        if spelling is None:
            raise _unknown("unknown-column", name, f"column of {self.name}", self.columns)
        return self.columns[spelling]

    def action_type(self, name: str) -> ActionType:
        """The ActionType of that name in any case; any name where the set is open.

        Raises SchemaError (``unknown-action-type``); its hint names the tables that do have it.
        """
        if self.action_types is None:
            return ActionType(name, self.name, None)
        spelling = self._action_type_spellings.get(_fold(name))
        if spelling is not None:
            return self.action_types[spelling]
        hint = None
        if homes := self.action_type_homes.get(_fold(name)):
            hint = f"{' and '.join(homes)} {'have' if len(homes) > 1 else 'has'} it"
        elif not self.action_types:
            hint = f"{self.name} has no column ActionType"
        raise _unknown("unknown-action-type", name, f"ActionType of {self.name}", self.action_types, hint)

    def columns_of(self, *types: ColumnType) -> tuple[str, ...]:
        """The names of the columns that have one of the types, in the table's order."""
        return tuple(column.name for column in self.columns.values() if column.type in types)

    @cached_property
    def string_columns(self) -> tuple[str, ...]:
        """The names of the string columns, in the table's order: where a keyword is looked for."""
        return self.columns_of(ColumnType.STRING)

    @cached_property
    def lacks(self) -> tuple[str, ...]:
        """Those of ``requires`` that the table doesn't have; if any, no custom detection can stand on it alone."""
        return tuple(column for column in self.requires if column not in self.columns)

    @cached_property
    def _column_spellings(self) -> Mapping[str, str]:
        return {_fold(name): name for name in self.columns}

    @cached_property
    def _action_type_spellings(self) -> Mapping[str, str]:
        return {_fold(name): name for name in self.action_types or ()}


@dataclass(frozen=True)
class Schema:
    """All tables by name, and the month that they were written down (YYYY-MM)."""

    tables: Mapping[str, Table] = field(compare=False, repr=False)
    dated: str

    def table(self, name: str) -> Table:
        """The table of that name in any case. Raises SchemaError (``unknown-table``)."""
        spelling = self._spellings.get(_fold(name))
        if spelling is None:
            raise _unknown("unknown-table", name, "table of Defender XDR", self.tables)
        return self.tables[spelling]

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return {_fold(name): name for name in self.tables}


def _fold(name: str) -> str:
    """A name as it is looked up. Microsoft's are ASCII: the Kelvin sign, whose lower case is k, must not find one."""
    return name.lower() if name.isascii() else name


def _unknown(code: str, name: str, what: str, known: Iterable[str], hint: str | None = None) -> SchemaError:
    like = tuple(nearest(name, known))
    if hint is None and like:
        hint = f"did you mean {', '.join(like[:-1]) + ' or ' if like[1:] else ''}{like[-1]}?"
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return SchemaError(Diagnostic(code, f"'{shown}' is no {what}", hint), name, like)
