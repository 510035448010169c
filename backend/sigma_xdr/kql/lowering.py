"""From pySigma's condition tree over XDR columns to a predicate."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
    TimestampPart,
)

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.predicate import ROW_TEXT, And, Not, Op, Or, Predicate, Test
from sigma_xdr.kql.regex import RegexProblem, check_kusto_regex, escape_regex, finds_empty_text
from sigma_xdr.pipeline import Expression, Pattern, SameOrNothing, Shape
from sigma_xdr.schema import ColumnType, Table

__all__ = ["lower", "row_text"]

_OPS = {
    Shape.EQUALS: (Op.EQUALS, Op.EQUALS_CS),
    Shape.STARTSWITH: (Op.STARTSWITH, Op.STARTSWITH_CS),
    Shape.ENDSWITH: (Op.ENDSWITH, Op.ENDSWITH_CS),
    Shape.CONTAINS: (Op.CONTAINS, Op.CONTAINS_CS),
}
_COMPARISONS = {
    CompareOperators.LT: Op.LT,
    CompareOperators.LTE: Op.LTE,
    CompareOperators.GT: Op.GT,
    CompareOperators.GTE: Op.GTE,
}
#: Kusto's functions for parts of a time; week_of_year counts as ISO 8601 does.
_TIME_PARTS = {
    TimestampPart.MINUTE: 'datetime_part("minute", {})',
    TimestampPart.HOUR: "hourofday({})",
    TimestampPart.DAY: "dayofmonth({})",
    TimestampPart.WEEK: "week_of_year({})",
    TimestampPart.MONTH: "monthofyear({})",
    TimestampPart.YEAR: "getyear({})",
}
_FIELD_OPS = {
    (False, False): Op.EQUALS_FIELD,
    (True, False): Op.STARTSWITH_FIELD,
    (False, True): Op.ENDSWITH_FIELD,
    (True, True): Op.CONTAINS_FIELD,
}
#: Length up to which a regex of a pattern with wildcards is below every engine's limit of size, by far.
_SURELY_COMPILES = 1_000
_MAPPED_IPV4 = IPv6Network("::ffff:0:0/96")
#: Stands between the columns of a row where a keyword is looked for; a unit separator, which no telemetry holds.
_SEPARATOR = "\x1f"


def lower(condition: Any, table: Table) -> Predicate:
    """The predicate of a parsed and mapped condition.

    ``condition`` is what pySigma's ``SigmaCondition.parsed`` gives for a rule that the pipeline has mapped to ``table``.
    Raises RuleError for what KQL can't say; its diagnostics carry the item's keys.
    """
    match condition:
        case None:
            message = "the condition has a pattern that takes in no selection"
            raise RuleError(Diagnostic("unknown-selection", message, keys=("detection", "condition")))
        case ConditionAND():
            return And(tuple(lower(arg, table) for arg in condition.args))
        case ConditionOR():
            return Or(tuple(lower(arg, table) for arg in condition.args))
        case ConditionNOT():
            return Not(lower(condition.args[0], table))
        case ConditionFieldEqualsValueExpression():
            return _Lowering(table, condition.source).comparison(condition.field, condition.value)
        case ConditionValueExpression():
            return _Lowering(table, condition.source).keyword(condition.value)
    raise TypeError(f"no condition: {condition!r}")


def row_text(table: Table) -> str:
    """The clause that joins all text of a row in the column ROW_TEXT, for keywords: one search instead of one a column."""
    return f'| extend {ROW_TEXT} = strcat_delim("\\u001f", {", ".join(table.string_columns)})'


class _Lowering:
    """One comparison or keyword of a rule, with its place."""

    def __init__(self, table: Table, source: Any) -> None:
        self.table = table
        self.source = source

    def comparison(self, column: str, value: SigmaType) -> Predicate:
        """A column, or an expression, against one value."""
        kind = column.type if isinstance(column, Expression) else str(self.table.column(column).type)
        match value:
            case SigmaString():
                return self.text(column, kind, Pattern.of(value))
            case SigmaNull():
                return Test(column, kind, Op.EMPTY)
            case SigmaExists():
                empty = Test(column, kind, Op.EMPTY)
                return Not(empty) if value else empty
            case SigmaTimestampPart():
                return Test(_TIME_PARTS[value.timestamp_part].format(column), "int", Op.EQUALS, (value.number,))
            case SigmaNumber() if kind != ColumnType.STRING:
                return Test(column, kind, Op.EQUALS, (value.number,))
            case SigmaNumber():
                return Test(column, kind, Op.EQUALS, (str(value.number),))
            case SigmaBool():
                return Test(column, kind, Op.EQUALS, (value.boolean,))
            case SigmaCompareExpression() if value.op in _COMPARISONS:
                return Test(column, kind, _COMPARISONS[value.op], (value.number.number,))
            case SigmaCompareExpression():
                return Not(Test(column, kind, Op.EQUALS, (value.number.number,)))
            case SigmaRegularExpression():
                return _found(column, kind, self.regex(value))
            case SigmaCIDRExpression():
                return self.network(column, kind, value)
            case SameOrNothing():
                return Test(column, kind, Op.EQUALS_FIELD, (value.field,))
            case SigmaFieldReference():
                op = _FIELD_OPS[value.starts_with, value.ends_with]
                sides = (column,) if op is Op.EQUALS_FIELD else (column, value.field)
                present = (Not(Test(side, kind, Op.EMPTY)) for side in sides)
                return And((*present, Test(column, kind, op, (value.field,))))
            case SigmaExpansion():
                return Or(tuple(self.comparison(column, each) for each in value.values))
        raise self.problem("unsupported", f"a value of kind {type(value).__name__} can't be said in KQL")

    def text(self, column: str, kind: str, pattern: Pattern) -> Predicate:
        """A string pattern: a plain operator where one says it, else a regex behind a plain prefilter."""
        if pattern.shape is Shape.ANY:
            return Not(Test(column, kind, Op.EMPTY))
        if pattern.shape is Shape.WILDCARD:
            return self.wildcards(column, kind, pattern, ".")
        if pattern.literal == "":
            return Test(column, kind, Op.EMPTY)
        return Test(column, kind, _OPS[pattern.shape][pattern.cased], (pattern.literal,))

    def network(self, column: str, kind: str, value: SigmaCIDRExpression) -> Predicate:
        """An address in a network. Kusto's IPv6 functions take IPv4 addresses for ``::ffff:a.b.c.d``, and Sigma doesn't."""
        within = Test(column, kind, Op.IN_NETWORK, (value.cidr,))
        if isinstance(value.network, IPv6Network) and value.network.overlaps(_MAPPED_IPV4):
            return And((Test(column, kind, Op.CONTAINS, (":",)), within))
        return within

    def wildcards(self, column: str, kind: str, pattern: Pattern, any_char: str) -> Predicate:
        """A pattern with wildcards inside, as an anchored regex; the longest literal goes first, a row needs it."""
        text = _wildcard_regex(pattern, any_char)
        if len(text) > _SURELY_COMPILES:
            self.check(text)
        regex = Test(column, kind, Op.REGEX, (text,))
        longest = max(pattern.literals, key=len, default="")
        if len(longest) < 3 or isinstance(column, Expression):  # what is computed has no index to look into
            return regex
        return And((Test(column, kind, _OPS[Shape.CONTAINS][pattern.cased], (longest,)), regex))

    def keyword(self, value: SigmaType) -> Predicate:
        """A value without a field: anywhere in any string column of the table."""
        columns = self.table.string_columns
        match value:
            case SigmaString():
                pattern = Pattern.of(value)
            case SigmaNumber() | SigmaBool():
                pattern = Pattern((str(value).lower(),))
            case SigmaRegularExpression():
                regex = self.regex(value)
                return Or(tuple(_found(column, "string", regex) for column in columns))
            case SigmaExpansion():
                return Or(tuple(self.keyword(each) for each in value.values))
            case _:
                raise self.problem("unsupported", "a keyword is text, a number or a regular expression")
        if not any(pattern.literals) or any(_SEPARATOR in text for text in pattern.literals):
            raise self.problem("unsupported", "a keyword of wildcards alone finds every row", "give it some text")
        row = Expression(ROW_TEXT)
        inner = pattern.parts[pattern.parts[0] is SpecialChars.WILDCARD_MULTI :]
        inner = inner[: len(inner) - (inner[-1] is SpecialChars.WILDCARD_MULTI)]
        anywhere = Pattern((SpecialChars.WILDCARD_MULTI, *inner, SpecialChars.WILDCARD_MULTI), pattern.cased)
        if anywhere.shape is Shape.WILDCARD:
            return self.wildcards(row, "string", anywhere, r"[^\x1f]")
        return self.text(row, "string", anywhere)

    def regex(self, value: SigmaRegularExpression) -> str:
        """A rule's regular expression with its flags, if Kusto and RE2 read it alike."""
        text = value.escape(escape_escape_char=False)
        self.check(text)
        return text

    def check(self, regex: str) -> None:
        """Refuse what Kusto and RE2 don't read alike, or find too large."""
        try:
            check_kusto_regex(regex)
        except RegexProblem as problem:
            raise self.problem("regex", problem.message, problem.hint) from None

    def problem(self, code: str, message: str, hint: str | None = None) -> RuleError:
        """The refusal, with the item's place."""
        return RuleError(Diagnostic.of_item(self.source, code, message, hint))


def _found(column: str, kind: str, regex: str) -> Predicate:
    """A regex in what a row holds: one that takes in the empty text mustn't find nothing, which is no text."""
    test = Test(column, kind, Op.REGEX, (regex,))
    return And((Not(Test(column, kind, Op.EMPTY)), test)) if finds_empty_text(regex) else test


def _wildcard_regex(pattern: Pattern, any_char: str) -> str:
    many, one = SpecialChars.WILDCARD_MULTI, SpecialChars.WILDCARD_SINGLE
    first, last = pattern.parts[0] is many, pattern.parts[-1] is many
    inner = pattern.parts[first : len(pattern.parts) - last]
    wildcards = {many: f"{any_char}*", one: any_char}
    body = "".join(escape_regex(part) if isinstance(part, str) else wildcards[part] for part in inner)
    flags = "(?s)" if pattern.cased else "(?is)"
    return f"{flags}{'' if first else '^'}{body}{'' if last else '$'}"
