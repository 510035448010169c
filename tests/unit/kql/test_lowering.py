"""Conditions of pySigma over columns to predicates."""

from __future__ import annotations

from typing import Any

import pytest
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaQueryExpression,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    TimestampPart,
)

from sigma_xdr.errors import RuleError
from sigma_xdr.kql.lowering import lower, row_text
from sigma_xdr.kql.predicate import And, Not, Op, Or, Predicate, Test
from sigma_xdr.pipeline import Expression
from sigma_xdr.schema import xdr_schema

TABLE = xdr_schema().table("DeviceProcessEvents")
FLAGS = SigmaRegularExpressionFlag


def compares(column: str, value: SigmaType) -> ConditionFieldEqualsValueExpression:
    condition = ConditionFieldEqualsValueExpression(column, value)
    condition.source = None
    return condition


def keyword(value: SigmaType) -> ConditionValueExpression:
    condition = ConditionValueExpression(value)
    condition.source = None
    return condition


def text(op: Op, *values: str, column: str = "FileName") -> Test:
    return Test(column, "string", op, values)


def pid(op: Op, *values: float) -> Test:
    return Test("ProcessId", "long", op, values)


COMPARISONS = [
    ("FileName", SigmaString("a.exe"), text(Op.EQUALS, "a.exe")),
    ("FileName", SigmaString("a*"), text(Op.STARTSWITH, "a")),
    ("FileName", SigmaString("*a"), text(Op.ENDSWITH, "a")),
    ("FileName", SigmaString("*a*"), text(Op.CONTAINS, "a")),
    ("FileName", SigmaCasedString("A"), text(Op.EQUALS_CS, "A")),
    ("FileName", SigmaCasedString("A*"), text(Op.STARTSWITH_CS, "A")),
    ("FileName", SigmaCasedString("*A"), text(Op.ENDSWITH_CS, "A")),
    ("FileName", SigmaCasedString("*A*"), text(Op.CONTAINS_CS, "A")),
    ("FileName", SigmaString("*"), Not(text(Op.EMPTY))),
    ("FileName", SigmaString(""), text(Op.EMPTY)),
    ("FileName", SigmaNull(), text(Op.EMPTY)),
    ("FileName", SigmaExists(True), Not(text(Op.EMPTY))),
    ("FileName", SigmaExists(False), text(Op.EMPTY)),
    ("FileName", SigmaNumber(7), text(Op.EQUALS, "7")),
    ("FileName", SigmaString("a?b"), text(Op.REGEX, "(?is)^a.b$")),
    (
        "FileName",
        SigmaString(r"*wm*process.call\*?"),
        And((text(Op.CONTAINS, "process.call*"), text(Op.REGEX, r"(?is)wm.*process\.call\*.$"))),
    ),
    (
        "FileName",
        SigmaCasedString("Abc*D"),
        And((text(Op.CONTAINS_CS, "Abc"), text(Op.REGEX, "(?s)^Abc.*D$"))),
    ),
    (Expression("tostring(x)"), SigmaString("abc*d"), text(Op.REGEX, "(?is)^abc.*d$", column="tostring(x)")),
    ("ProcessId", SigmaNull(), pid(Op.EMPTY)),
    ("ProcessId", SigmaNumber(4), pid(Op.EQUALS, 4)),
    ("ProcessId", SigmaCompareExpression(SigmaNumber(4), CompareOperators.LT), pid(Op.LT, 4)),
    ("ProcessId", SigmaCompareExpression(SigmaNumber(4), CompareOperators.LTE), pid(Op.LTE, 4)),
    ("ProcessId", SigmaCompareExpression(SigmaNumber(4), CompareOperators.GT), pid(Op.GT, 4)),
    ("ProcessId", SigmaCompareExpression(SigmaNumber(4.5), CompareOperators.GTE), pid(Op.GTE, 4.5)),
    ("ProcessId", SigmaCompareExpression(SigmaNumber(4), CompareOperators.NEQ), Not(pid(Op.EQUALS, 4))),
    (Expression("tolong(x)", "long"), SigmaNumber(4), Test("tolong(x)", "long", Op.EQUALS, (4,))),
    ("IsProcessRemoteSession", SigmaBool(True), Test("IsProcessRemoteSession", "bool", Op.EQUALS, (True,))),
    ("FileName", SigmaRegularExpression("a+"), text(Op.REGEX, "a+")),
    ("FileName", SigmaRegularExpression("a+", {FLAGS.IGNORECASE, FLAGS.DOTALL}), text(Op.REGEX, "(?is)a+")),
    ("FileName", SigmaRegularExpression("^a$", {FLAGS.MULTILINE}), text(Op.REGEX, "(?m)^a$")),
    ("FileName", SigmaCIDRExpression("10.0.0.0/8"), text(Op.IN_NETWORK, "10.0.0.0/8")),
    ("FileName", SigmaCIDRExpression("fe80::/10"), text(Op.IN_NETWORK, "fe80::/10")),
    (
        "FileName",
        SigmaCIDRExpression("::ffff:0:0/96"),
        And((text(Op.CONTAINS, ":"), text(Op.IN_NETWORK, "::ffff:0:0/96"))),
    ),
    (
        "FileName",
        SigmaFieldReference("FolderPath"),
        And((Not(text(Op.EMPTY)), text(Op.EQUALS_FIELD, "FolderPath"))),
    ),
    (
        "FileName",
        SigmaFieldReference("FolderPath", starts_with=True, ends_with=True),
        And((Not(text(Op.EMPTY)), Not(text(Op.EMPTY, column="FolderPath")), text(Op.CONTAINS_FIELD, "FolderPath"))),
    ),
    (
        "FileName",
        SigmaExpansion([SigmaString("a"), SigmaString("b*")]),
        Or((text(Op.EQUALS, "a"), text(Op.STARTSWITH, "b"))),
    ),
    *(
        ("Timestamp", SigmaTimestampPart(part, 7), Test(expression, "int", Op.EQUALS, (7,)))
        for part, expression in {
            TimestampPart.MINUTE: 'datetime_part("minute", Timestamp)',
            TimestampPart.HOUR: "hourofday(Timestamp)",
            TimestampPart.DAY: "dayofmonth(Timestamp)",
            TimestampPart.WEEK: "week_of_year(Timestamp)",
            TimestampPart.MONTH: "monthofyear(Timestamp)",
            TimestampPart.YEAR: "getyear(Timestamp)",
        }.items()
    ),
]


@pytest.mark.parametrize(("column", "value", "predicate"), COMPARISONS)
def test_comparisons(column: str, value: SigmaType, predicate: Predicate) -> None:
    assert lower(compares(column, value), TABLE) == predicate


def test_and_or_not() -> None:
    a, b = compares("FileName", SigmaString("a")), compares("ProcessId", SigmaNumber(4))
    tree = ConditionOR([ConditionAND([a, b]), ConditionNOT([a])])
    asked = text(Op.EQUALS, "a")
    assert lower(tree, TABLE) == Or((And((asked, pid(Op.EQUALS, 4))), Not(asked)))


KEYWORDS = [
    (SigmaString("mimikatz"), (Op.CONTAINS, "mimikatz")),
    (SigmaString("*mimikatz*"), (Op.CONTAINS, "mimikatz")),
    (SigmaCasedString("mimi"), (Op.CONTAINS_CS, "mimi")),
    (SigmaString("mimi*k?tz*"), (Op.REGEX, r"(?is)mimi[^\x1f]*k[^\x1f]tz")),
    (SigmaNumber(4624), (Op.CONTAINS, "4624")),
    (SigmaBool(True), (Op.CONTAINS, "true")),
]


@pytest.mark.parametrize(("value", "asked"), KEYWORDS)
def test_keywords(value: SigmaType, asked: tuple[Op, str]) -> None:
    op, wanted = asked
    assert lower(keyword(value), TABLE) == Test("RowText", "string", op, (wanted,))


def test_the_text_of_a_row() -> None:
    table = xdr_schema().table("IdentityQueryEvents")
    columns = [column.name for column in table.columns.values() if column.type == "string"]
    assert row_text(table) == f'| extend RowText = strcat_delim("\\u001f", {", ".join(columns)})'


def test_a_regex_as_keyword_is_looked_for_in_each_column() -> None:
    table = xdr_schema().table("IdentityQueryEvents")
    regex = lower(keyword(SigmaRegularExpression("^a")), table)
    assert regex == Or(tuple(Test(column, "string", Op.REGEX, ("^a",)) for column in table.string_columns))


# ----------------------------------------------------------------------------------------------------- what can't be said


def problem(condition: Any) -> tuple[str, str, str | None]:
    with pytest.raises(RuleError) as error:
        lower(condition, TABLE)
    [found] = error.value.diagnostics
    return found.code, found.message, found.hint


def test_look_around_is_refused() -> None:
    assert problem(compares("FileName", SigmaRegularExpression("(?!a)b"))) == (
        "regex",
        "look-around, '(?!', isn't known to Kusto",
        "say it with a second condition of the rule, such as a filter",
    )


def test_a_back_reference_is_refused() -> None:
    code, message, _ = problem(compares("FileName", SigmaRegularExpression(r"(a)\1")))
    assert (code, message) == ("regex", r"'\1' is a back-reference or an octal escape; Kusto knows neither")


@pytest.mark.parametrize("pattern", ["?" * 20_000, "a*" * 20_000, "é?" * 20_000])
def test_wildcards_that_no_engine_compiles_are_refused(pattern: str) -> None:
    code, message, _ = problem(compares("FileName", SigmaString(pattern)))
    assert (code, message) == (
        "regex",
        "Kusto's regex engine refuses it: Compiled regex exceeds size limit of 10485760 bytes",
    )


def test_a_long_text_needs_no_regex() -> None:
    long = "a" * 100_000
    assert lower(compares("FileName", SigmaString(f"*{long}")), TABLE) == text(Op.ENDSWITH, long)


def test_values_of_other_kinds_are_refused() -> None:
    assert problem(compares("FileName", SigmaQueryExpression("{field} | union x", "x"))) == (
        "unsupported",
        "a value of kind SigmaQueryExpression can't be said in KQL",
        None,
    )


def test_no_selection_is_refused() -> None:
    for tree in (None, ConditionNOT([None]), ConditionAND([compares("FileName", SigmaString("a")), None])):
        assert problem(tree) == ("unknown-selection", "the condition has a pattern that takes in no selection", None)


def test_what_is_no_condition_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match=r"^no condition: "):
        lower(ConditionIdentifier(["selection"]), TABLE)
