"""Fields that are one column, of any type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import re2
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaTimestampPart,
    SigmaType,
)

from sigma_xdr.errors import SchemaError
from sigma_xdr.pipeline.fields.base import ColumnsMapping, Context, FieldProblem, cannot
from sigma_xdr.pipeline.items import Expression, Mapped, WithinHours, all_of, any_of, item, text_item
from sigma_xdr.pipeline.patterns import Pattern, Shape
from sigma_xdr.rules.working_hours import WorkingHours
from sigma_xdr.schema import ColumnType, Table

__all__ = ["AccessMask", "ActionTypes", "AdditionalField", "Column", "CommandLine", "Device", "Enumerated"]

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_QUIET = re2.Options()
_QUIET.log_errors = False
_DIGITS = re.compile(r"[0-9-]+")
#: Up to which a real number holds every whole one.
_EXACT = 2**53
_INTEGER_RANGE = {ColumnType.INT: 2**31, ColumnType.LONG: 2**63}


@dataclass(frozen=True)
class Column(ColumnsMapping):
    """A field that stands in one column. ``stored`` turns a literal of the rule into Defender's spelling of it.

    ``lower_case`` marks a column that Defender lower-cases: what a rule asks there with ``cased`` can't be answered.
    ``hexadecimal`` marks a number that Windows writes so: a piece of its text isn't one of Defender's decimal text.
    ``spelt_otherwise`` finds what a regular expression, which isn't translated, can't ask of the column.
    """

    column: str
    stored: Callable[[Pattern], Sequence[Pattern]] | None = None
    lower_case: bool = False
    spelt_otherwise: re.Pattern[str] | None = None
    hexadecimal: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def key(self, context: Context) -> str:
        """The column."""
        return self.expression(context)

    def expression(self, context: Context) -> str:
        """The column as KQL writes it."""
        return self.column

    def type(self, context: Context) -> ColumnType:
        """The column's type in the rule's table."""
        return context.table.column(self.column).type

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Patterns on text as they are; on a number or a boolean as that, or on its decimal text."""
        kind, expression = self.type(context), self.expression(context)
        if kind is ColumnType.BOOL:
            return item(expression, [self._boolean(pattern, context) for pattern in patterns], context.source)
        if kind.is_numeric:
            return self._numeric(patterns, expression, context)
        if kind is not ColumnType.STRING:
            raise cannot("text", context)
        if self.lower_case and any(pattern.cased for pattern in patterns):
            raise FieldProblem(
                "lost-case", f"'{context.field}' can't be cased: Defender stores {self.column} in lower case"
            )
        if self.stored:
            patterns = [stored for pattern in patterns for stored in self.stored(pattern)]
        return text_item(expression, patterns, context.source)

    def _numeric(self, patterns: Sequence[Pattern], expression: str, context: Context) -> Mapped:
        numbers: list[SigmaType] = []
        texts: list[Pattern] = []
        parts: list[Mapped] = []
        for pattern in patterns:
            if pattern.shape is Shape.EQUALS and pattern.literal:
                numbers.append(self._number(pattern.literal, context))
            elif pattern.shape is Shape.EQUALS:
                parts.append(self.empty(context))
            elif pattern.shape is Shape.ANY:
                parts.append(self.present(context))
            elif all(map(_DIGITS.fullmatch, pattern.literals)) and not self.hexadecimal:
                texts.append(pattern)
            else:
                raise self._piece(str(pattern.to_sigma()), context)
        if texts:
            parts.insert(0, text_item(Expression(f"tostring({expression})"), texts, context.source))
        if numbers:
            parts.insert(0, item(expression, numbers, context.source))
        return any_of(parts)

    def _piece(self, text: str, context: Context) -> FieldProblem:
        return FieldProblem(
            "value-form",
            f"'{context.field}' is a number in Defender ({self.column}: {self.type(context)}); "
            f"'{text}' is no piece of its decimal text",
            "write the whole number",
        )

    def _number(self, text: str, context: Context) -> SigmaNumber:
        number = _integer(text.strip())
        if number is None:
            raise FieldProblem(
                "type-mismatch",
                f"'{context.field}' is a number in Defender ({self.column}: {self.type(context)}); '{text}' isn't one",
                "write null without quotes" if text.lower() == "null" else None,
            )
        return self._in_range(_sigma_number(number), context)

    def _in_range(self, number: SigmaNumber, context: Context) -> SigmaNumber:
        limit = _INTEGER_RANGE.get(self.type(context))
        if limit is not None and (not isinstance(number.number, int) or not -limit < number.number < limit):
            raise self._out_of_range(number, context)
        return number

    def _out_of_range(self, number: SigmaNumber, context: Context) -> FieldProblem:
        return FieldProblem(
            "type-mismatch", f"{number} is no {self.type(context)}, the type of '{context.field}' ({self.column})"
        )

    def _boolean(self, pattern: Pattern, context: Context) -> SigmaBool:
        if pattern.shape is Shape.EQUALS and pattern.literal.lower() in ("true", "false"):
            return SigmaBool(pattern.literal.lower() == "true")
        raise FieldProblem(
            "type-mismatch",
            f"'{context.field}' is a boolean in Defender ({self.column})",
            "compare it with true or false",
        )

    def empty(self, context: Context) -> Mapped:
        """Empty, null or missing."""
        return item(self.expression(context), [SigmaNull()], context.source)

    def present(self, context: Context) -> Mapped:
        """Neither empty nor null."""
        return item(self.expression(context), [SigmaExists(True)], context.source)

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """The rest, where the column's type takes it."""
        kind = self.type(context)
        match value:
            case SigmaTimestampPart() if kind is ColumnType.DATETIME:
                return item(self.expression(context), [value], context.source)
            case SigmaTimestampPart():
                raise cannot("a part of a time", context)
            case WithinHours(hours) if kind is ColumnType.DATETIME:
                return _within(hours, self.expression(context), context)
            case WithinHours():
                raise cannot("working hours", context)
            case SigmaNumber() if kind.is_numeric:
                return item(self.expression(context), [self._in_range(value, context)], context.source)
            case SigmaCompareExpression() if kind.is_numeric:
                if abs(value.number.number) >= _INTEGER_RANGE[ColumnType.LONG]:
                    raise self._out_of_range(value.number, context)
                return item(self.expression(context), [value], context.source)
            case SigmaCompareExpression():
                raise FieldProblem(
                    "type-mismatch",
                    f"{self.column} is a {kind}, '{value.op.name.lower()}' compares numbers",
                )
            case SigmaNumber() | SigmaBool() if kind is ColumnType.STRING:
                return self.text([Pattern((str(value).lower(),))], context)
            case SigmaBool() if kind is ColumnType.BOOL:
                return item(self.expression(context), [value], context.source)
            case SigmaRegularExpression() if self.spelt_otherwise and self.spelt_otherwise.search(str(value.regexp)):
                raise FieldProblem(
                    "value-form",
                    f"the regular expression on '{context.field}' asks for what Defender spells otherwise",
                    "use contains, startswith or endswith: their values are translated",
                )
            case SigmaRegularExpression() if kind is ColumnType.STRING:
                if self.lower_case:
                    context.warn_of_case(self.column, value)
                return item(self.expression(context), [value], context.source)
            case SigmaRegularExpression() if self.hexadecimal:
                raise self._piece(str(value.regexp), context)
            case SigmaRegularExpression() if kind.is_numeric:
                return item(Expression(f"tostring({self.expression(context)})"), [value], context.source)
            case SigmaCIDRExpression() if kind is ColumnType.STRING:
                return item(self.expression(context), [value], context.source)
        return super().other(value, context)

    def equals_field(self, reference: SigmaFieldReference, context: Context) -> Mapped:
        """Another field that is one column of the same type."""
        other = context.resolve(reference.field)
        if not isinstance(other, Column):
            return super().equals_field(reference, context)
        if other.type(context) is not self.type(context):
            raise FieldProblem(
                "fieldref",
                f"'{context.field}' is a {self.type(context)}, '{reference.field}' a {other.type(context)}",
            )
        if self.type(context) is not ColumnType.STRING and (reference.starts_with or reference.ends_with):
            raise FieldProblem("fieldref", f"'{context.field}' is no text: it can only equal '{reference.field}'")
        value = SigmaFieldReference(other.expression(context), reference.starts_with, reference.ends_with)
        return item(self.expression(context), [value], context.source)


def _within(hours: WorkingHours, column: str, context: Context) -> Mapped:
    """A time within working hours. Kusto's weeks begin on Sunday, which is day 0."""
    local = f'datetime_utc_to_local({column}, "{hours.zone}")'
    day = Expression(f"toint(dayofweek({local}) / 1d)", "int")
    spans = []
    for span in hours.spans:
        exact = span.start % 60 or span.end % 60
        clock = f"hourofday({local})"
        clock = Expression(f'{clock} * 60 + datetime_part("minute", {local})' if exact else clock, "int")
        unit = 1 if exact else 60
        bounds = [(CompareOperators.GTE, span.start), (CompareOperators.LT, span.end)]
        compared = [SigmaCompareExpression(SigmaNumber(minute // unit), op) for op, minute in bounds]
        days: list[SigmaType] = [SigmaNumber(number) for number in sorted((each + 1) % 7 for each in span.days)]
        parts = [item(day, days, context.source), *(item(clock, [each], context.source) for each in compared)]
        spans.append(all_of(parts))
    return any_of(spans)


@dataclass(frozen=True)
class Device(Column):
    """The host: a rule names it, a correlation groups by its id, which stays when the name changes."""

    def key(self, context: Context) -> str:
        """The device's id."""
        return "DeviceId"


@dataclass(frozen=True)
class CommandLine(Column):
    """A command line: Defender drops the directory of argv[0] (``"C:\\x\\a.exe" -f`` is stored as ``"a.exe" -f``)."""

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """As any text, with a warning where a pattern asks for the directory of a program."""
        found = next((pattern for pattern in patterns if _asks_for_directory(pattern)), None)
        if found is not None:
            context.warn(
                "argv0-directory",
                f"'{found.to_sigma()}' asks for a program's directory: Defender drops it from a command line's first word",
                "if the program is the process itself, ask Image for the path, or leave the directory out",
            )
        return super().text(patterns, context)


def _asks_for_directory(pattern: Pattern) -> bool:
    first = pattern.parts[0] if pattern.parts else ""
    at_front = isinstance(first, str) and _PATH_AT_FRONT.match(first)
    return bool(at_front) or any(_PROGRAM_WITH_PATH.search(literal) for literal in pattern.literals)


_PATH_AT_FRONT = re.compile(r'"?(?:[A-Za-z]:\\|\\\\|%\w+%\\|\\\?\?\\)')
_PROGRAM_WITH_PATH = re.compile(r'\\[^\\"\s]+\.exe\b', re.IGNORECASE)


@dataclass(frozen=True)
class AdditionalField(Column):
    """A key of AdditionalFields, the JSON that Device* tables keep as text. Its values are strings there."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The key, behind the column that holds it."""
        return (f"AdditionalFields.{self.column}",)

    def expression(self, context: Context) -> str:
        """The key's value as text."""
        key = self.column if self.column.isidentifier() else None
        if key is None:
            raise FieldProblem("unknown-field", f"'{context.field}' is no key that KQL can name")
        return Expression(f"tostring(parse_json(AdditionalFields).{key})")

    def type(self, context: Context) -> ColumnType:
        """Text."""
        context.table.column("AdditionalFields")
        return ColumnType.STRING

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """A numeric comparison reads the value as a number; the rest is text."""
        if isinstance(value, SigmaCompareExpression):
            if abs(value.number.number) >= _EXACT:
                raise FieldProblem(
                    "type-mismatch", f"{value.number} is too large to compare '{context.field}' with exactly"
                )
            number = Expression(f"todouble(parse_json(AdditionalFields).{self.column})", "real")
            return item(number, [value], context.source)
        return super().other(value, context)


@dataclass(frozen=True)
class AccessMask(AdditionalField):
    """A mask of access rights: hexadecimal text in Windows' records, a JSON number in AdditionalFields."""

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """Whole masks; a piece of one has no meaning in a number."""
        masks: list[SigmaType] = []
        for pattern in patterns:
            mask = _integer(pattern.literal) if pattern.shape is Shape.EQUALS else None
            if mask is None or not 0 <= mask < _INTEGER_RANGE[ColumnType.LONG]:
                raise FieldProblem(
                    "value-form",
                    f"'{context.field}' is a number in Defender (AdditionalFields.{self.column}); "
                    f"'{pattern.to_sigma()}' is a piece of its hexadecimal text",
                    "list the whole masks: 0x1010",
                )
            masks.append(_sigma_number(mask))
        return item(Expression(f"tolong(parse_json(AdditionalFields).{self.column})", "long"), masks, context.source)


def _integer(text: str) -> int | None:
    """A whole number in decimal or hexadecimal text; None for anything else, and for more digits than a long has."""
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    return int(text) if _DECIMAL.fullmatch(text) else None


def _sigma_number(number: int) -> SigmaNumber:
    """pySigma's value of a whole number, exact: its constructor goes through float."""
    value = SigmaNumber(0)
    value.number = number
    return value


@dataclass(frozen=True)
class Enumerated(ColumnsMapping):
    """A field with few known values, each with its values in a column: any pattern comes down to a list of them.

    ``values`` maps what Windows writes (``"3"``, ``"S-1-16-12288"``) to what Defender stores (``("Network",)``).
    """

    column: str
    values: Mapping[str, tuple[str, ...]]
    code: str = "value-form"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def key(self, context: Context) -> str:
        """The column."""
        return self.column

    def text(self, patterns: Sequence[Pattern], context: Context) -> Mapped:
        """All of the known values that a pattern fits; any text is any value, known or not."""
        stored: dict[str, None] = {}
        parts: list[Mapped] = []
        for pattern in patterns:
            if pattern.shape is Shape.ANY or not pattern.parts:
                parts.append(self.present(context) if pattern.parts else self.empty(context))
                continue
            fitting = [value for name, values in self.values.items() if pattern.matches(name) for value in values]
            if not fitting:
                raise self._unknown(str(pattern.to_sigma()), context)
            stored.update(dict.fromkeys(fitting))
        return any_of([text_item(self.column, stored, context.source), *parts] if stored else parts)

    def empty(self, context: Context) -> Mapped:
        """The column is empty."""
        return item(self.column, [SigmaNull()], context.source)

    def present(self, context: Context) -> Mapped:
        """The column isn't empty."""
        return item(self.column, [SigmaExists(True)], context.source)

    def other(self, value: SigmaType, context: Context) -> Mapped:
        """Numbers and booleans by their text, regexes by what they match of the known values."""
        match value:
            case SigmaTimestampPart():
                return super().other(value, context)
            case SigmaNumber() | SigmaBool():
                return self.text([Pattern((str(value).lower(),))], context)
            case SigmaRegularExpression():
                try:
                    regex = re2.compile(value.escape(escape_escape_char=False), _QUIET)
                except re2.error:
                    raise self._unknown(str(value.regexp), context) from None
                fitting = [stored for name, values in self.values.items() if regex.search(name) for stored in values]
                if fitting:
                    return text_item(self.column, dict.fromkeys(fitting), context.source)
                raise self._unknown(str(value.regexp), context)
        return super().other(value, context)

    def _unknown(self, value: str, context: Context) -> FieldProblem:
        """The refusal of a value that fits none of the known ones."""
        return FieldProblem(
            self.code,
            f"'{value}' is no value of '{context.field}' that Defender's {context.table.name} shows",
            "known: " + ", ".join(self.values),
        )


@dataclass(frozen=True)
class ActionTypes(Enumerated):
    """ActionType in a rule on one of Defender's own tables: a closed list."""

    @classmethod
    def of(cls, table: Table) -> ActionTypes:
        """The ActionTypes of a table."""
        return cls("ActionType", {name: (name,) for name in table.action_types or ()}, "unknown-action-type")

    def _unknown(self, value: str, context: Context) -> FieldProblem:
        if context.table.action_types is None:
            return FieldProblem(
                self.code,
                f"'{value}' can't be checked: which ActionTypes {context.table.name} has is not published",
                "only tables whose ActionTypes are known can be used",
            )
        try:
            context.table.action_type(value)
        except SchemaError as error:
            problem = error.diagnostics[0]
            return FieldProblem(problem.code, problem.message, problem.hint)
        return super()._unknown(value, context)
