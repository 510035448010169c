"""The condition of a query as a tree, between pySigma's conditions and KQL's text.

Its meaning is two-valued: a test on an empty or null column is false (``EMPTY`` aside), so that NOT means what Sigma
means by it. KQL's own comparisons of null are three-valued; the printer and :mod:`sigma_xdr.kql.passes` see to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FALSE", "ROW_TEXT", "TRUE", "And", "Constant", "Not", "Op", "Or", "Predicate", "Test", "Value"]

Value = str | int | float | bool

#: The column that a query makes of all text of a row, where it looks for keywords.
ROW_TEXT = "RowText"


class Op(StrEnum):
    """What a test asks of an expression. Tests with several values ask for any of them."""

    EQUALS = "equals"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    EQUALS_CS = "equals_cs"
    STARTSWITH_CS = "startswith_cs"
    ENDSWITH_CS = "endswith_cs"
    CONTAINS_CS = "contains_cs"
    #: Any of the regexes is found.
    REGEX = "regex"
    #: The address lies in any of the networks.
    IN_NETWORK = "in_network"
    #: The same, and false where the address is none: KQL's functions give null there, which NOT would lose.
    IN_NETWORK_OR_NOT = "in_network_or_not"
    LT = "<"
    LTE = "<="
    GT = ">"
    GTE = ">="
    #: Empty text, or null.
    EMPTY = "empty"
    #: The expression against another one, whose KQL is the value. Two that are empty are equal, and contain each other.
    EQUALS_FIELD = "equals_field"
    STARTSWITH_FIELD = "startswith_field"
    ENDSWITH_FIELD = "endswith_field"
    CONTAINS_FIELD = "contains_field"

    @property
    def takes_lists(self) -> bool:
        """Whether alternatives on one expression are one test."""
        return self in _LISTS

    @property
    def folds_case(self) -> bool:
        """Whether values that differ in case alone are the same."""
        return self in (Op.EQUALS, Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS)


_LISTS = frozenset(
    {
        Op.EQUALS,
        Op.STARTSWITH,
        Op.ENDSWITH,
        Op.CONTAINS,
        Op.EQUALS_CS,
        Op.STARTSWITH_CS,
        Op.ENDSWITH_CS,
        Op.CONTAINS_CS,
        Op.IN_NETWORK,
    }
)


@dataclass(frozen=True, slots=True)
class Test:
    """``expression`` is a column or a KQL scalar expression of the Kusto type ``type``."""

    __test__ = False  # pytest collects no class of the package

    expression: str
    type: str
    op: Op
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    args: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    args: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It doesn't hold."""

    arg: Predicate


@dataclass(frozen=True, slots=True)
class Constant:
    """Always or never."""

    value: bool


TRUE = Constant(True)
FALSE = Constant(False)
Predicate = And | Or | Not | Test | Constant
