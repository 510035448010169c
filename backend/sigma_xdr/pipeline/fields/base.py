"""What a field of a Sigma log source becomes: the interface that every mapping shares."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sigma.conditions import ConditionAND
from sigma.exceptions import SigmaRuleLocation
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)

from sigma_xdr.errors import Diagnostic
from sigma_xdr.pipeline.items import Linking, Mapped, all_of, any_of
from sigma_xdr.pipeline.patterns import Pattern
from sigma_xdr.schema import Table

__all__ = ["ColumnsMapping", "Context", "FieldMapping", "FieldProblem", "Lost", "type_name"]


class FieldProblem(Exception):
    """A field or a value that has no exact form in XDR. ``code`` is one of the refusal codes."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


@dataclass
class Context:
    """The item that is being mapped: its field, its place, its table, its siblings, and where warnings go."""

    field: str
    table: Table
    source: SigmaRuleLocation | None
    cased: bool
    resolve: Callable[[str], FieldMapping]
    warnings: list[Diagnostic] = dataclasses.field(default_factory=list)

    def warn(self, code: str, message: str, hint: str) -> None:
        """Note something that compiles but deserves a look."""
        self.warnings.append(Diagnostic.of_item(self.source, code, message, hint, "warning"))

    def warn_of_case(self, column: str, regex: SigmaRegularExpression) -> None:
        """Note a regular expression that minds case on a column that Defender stores in lower case."""
        if SigmaRegularExpressionFlag.IGNORECASE not in regex.flags:
            self.warn(
                "lost-case",
                f"Defender stores {column} in lower case; the regular expression minds case",
                "add the modifier i (|re|i)",
            )


class FieldMapping(ABC):
    """One Sigma field of one log source, in XDR's columns.

    A mapping answers with pySigma detections over columns that say exactly what the field's condition says; a value
    that has no exact form raises :class:`FieldProblem`.
    """

    @abstractmethod
    def map(self, values: Sequence[SigmaType], linking: Linking, context: Context) -> Mapped:
        """The item's condition over columns."""

    def key(self, context: Context) -> str:
        """The column, or the expression, that a correlation groups by."""
        raise FieldProblem(
            "group-by-field",
            f"'{context.field}' is no single column of {context.table.name}",
            "group by another field",
        )

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads; none for a field that Defender lacks."""


class ColumnsMapping(FieldMapping):
    """A field that some columns hold: each kind of value has a method of its own."""

    def map(self, values: Sequence[SigmaType], linking: Linking, context: Context) -> Mapped:
        """The item's condition. With ``all`` each value holds; what one modifier expanded stays alternatives."""
        if linking is ConditionAND:
            return all_of([self._any(_flat([value]), context) for value in values])
        return self._any(_flat(values), context)

    def _any(self, values: Sequence[SigmaType], context: Context) -> Mapped:
        parts: list[Mapped] = []
        patterns: list[Pattern] = []
        for value in values:
            match value:
                case SigmaString():
                    patterns.append(Pattern.of(value, context.cased))
                case SigmaNull():
                    parts.append(self.empty(context))
                case SigmaExists():
                    parts.append(self.present(context) if value else self.empty(context))
                case SigmaFieldReference():
                    parts.append(self.equals_field(value, context))
                case _:
                    parts.append(self.other(value, context))
        if odd := next((letter for pattern in patterns for letter in _folded_beyond_ascii(pattern)), None):
            context.warn(
                "unicode-case",
                f"'{odd}' has a case beyond ASCII, which Kusto may fold otherwise than Sigma means",
                "add the modifier cased if the case is known",
            )
        return any_of([self.text(patterns, context), *parts] if patterns else parts)

    @abstractmethod
    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """The field fits one of the patterns."""

    @abstractmethod
    def empty(self, context: Context) -> Mapped:
        """The field is empty, null or missing: one and the same in a row."""

    @abstractmethod
    def present(self, context: Context) -> Mapped:
        """The field holds something."""

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A regex, number, boolean, comparison, network or part of a time."""
        if isinstance(value, SigmaCompareExpression):
            message = f"{self.columns[0]} is a string, '{value.op.name.lower()}' compares numbers"
            raise FieldProblem("type-mismatch", message)
        raise cannot(type_name(value), context)

    def equals_field(self, reference: SigmaFieldReference, context: Context) -> Mapped:
        """The field equals, contains, starts or ends with another field of the same event."""
        raise FieldProblem(
            "fieldref", f"'{context.field}' can't be compared with '{reference.field}': it is no single column"
        )


@dataclass(frozen=True)
class Lost(FieldMapping):
    """A field that Windows records and Defender's hunting tables don't hold."""

    reason: str

    def map(self, values: Sequence[SigmaType], linking: Linking, context: Context) -> Mapped:
        """Always refused."""
        raise FieldProblem("lost-field", f"Defender's {context.table.name} has no '{context.field}': {self.reason}")

    def key(self, context: Context) -> str:
        """Always refused."""
        raise FieldProblem("lost-field", f"Defender's {context.table.name} has no '{context.field}': {self.reason}")

    @property
    def columns(self) -> tuple[str, ...]:
        """None."""
        return ()


def _folded_beyond_ascii(pattern: Pattern) -> Iterator[str]:
    """Letters of a pattern that engines may fold differently: Kusto's folding is documented for none of them."""
    if not pattern.cased:
        for literal in pattern.literals:
            if not literal.isascii():
                yield from (char for char in literal if not char.isascii() and char.lower() != char.upper())


def cannot(what: str, context: Context) -> FieldProblem:
    """The refusal of a kind of value that a field can't take."""
    return FieldProblem("type-mismatch", f"'{context.field}' can't be compared with {what}")


def _flat(values: Sequence[SigmaType]) -> list[SigmaType]:
    """Values with the alternatives of modifiers such as windash and base64offset as values of their own."""
    return [
        inner for value in values for inner in (_flat(value.values) if isinstance(value, SigmaExpansion) else [value])
    ]


def type_name(value: SigmaType) -> str:
    """What to call a value in a message."""
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_TYPE_NAMES: tuple[tuple[type[SigmaType], str], ...] = (
    (SigmaString, "text"),
    (SigmaTimestampPart, "a part of a time"),
    (SigmaNumber, "a number"),
    (SigmaBool, "a boolean"),
    (SigmaRegularExpression, "a regular expression"),
    (SigmaCompareExpression, "a numeric comparison"),
    (SigmaCIDRExpression, "a network"),
)
