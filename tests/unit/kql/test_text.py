"""Predicates as text: operators, lists, negations, line breaks, and ``has`` only where it is ``contains``."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql.literals import string_literal
from sigma_xdr.kql.passes import rewrite
from sigma_xdr.kql.predicate import FALSE, TRUE, And, Not, Op, Or, Predicate, Test, Value
from sigma_xdr.kql.text import MOST_CHAINED, WIDTH, TooManyAlternatives, where_clauses
from tests.unit.compiling import Rows
from tests.unit.kql.predicates import predicates


def asks(column: str, op: Op, *values: Value, kind: str = "string") -> Test:
    return Test(column, kind, op, values)


def clause(predicate: Predicate) -> str:
    """The one clause of a predicate, without its beginning."""
    [text] = where_clauses(predicate)
    assert text.startswith("| where ")
    return text.removeprefix("| where ")


# ------------------------------------------------------------------------------------------------------------ operators

CMD = "ProcessCommandLine"
OPERATORS = [
    (asks("FileName", Op.EQUALS, "a"), 'FileName =~ "a"', 'FileName !~ "a"'),
    (asks("FileName", Op.EQUALS, "a", "b"), 'FileName in~ ("a", "b")', 'FileName !in~ ("a", "b")'),
    (asks("ActionType", Op.EQUALS, "A"), 'ActionType == "A"', 'ActionType != "A"'),
    (asks("ActionType", Op.EQUALS, "A", "B"), 'ActionType in ("A", "B")', 'ActionType !in ("A", "B")'),
    (asks("Port", Op.EQUALS, 80, kind="int"), "Port == 80", "Port != 80"),
    (asks("Port", Op.EQUALS, 80, -1, kind="int"), "Port in (80, -1)", "Port !in (80, -1)"),
    (asks("Local", Op.EQUALS, True, kind="bool"), "Local == true", "Local != true"),
    (asks(CMD, Op.EQUALS_CS, "a"), 'ProcessCommandLine == "a"', 'ProcessCommandLine != "a"'),
    (asks(CMD, Op.EQUALS_CS, "a", "b"), 'ProcessCommandLine in ("a", "b")', 'ProcessCommandLine !in ("a", "b")'),
    (asks(CMD, Op.STARTSWITH, "a"), 'ProcessCommandLine startswith "a"', 'ProcessCommandLine !startswith "a"'),
    (asks(CMD, Op.ENDSWITH, "a"), 'ProcessCommandLine endswith "a"', 'ProcessCommandLine !endswith "a"'),
    (asks(CMD, Op.CONTAINS, "a"), 'ProcessCommandLine contains "a"', 'ProcessCommandLine !contains "a"'),
    (asks(CMD, Op.CONTAINS, " process "), 'ProcessCommandLine has " process "', 'ProcessCommandLine !has " process "'),
    (
        asks(CMD, Op.CONTAINS, " call ", " create "),
        'ProcessCommandLine has_any (" call ", " create ")',
        'not(ProcessCommandLine has_any (" call ", " create "))',
    ),
    (
        asks(CMD, Op.CONTAINS, " call ", "x"),
        'ProcessCommandLine contains " call " or ProcessCommandLine contains "x"',
        'not(ProcessCommandLine contains " call " or ProcessCommandLine contains "x")',
    ),
    (asks(CMD, Op.STARTSWITH_CS, "a"), 'ProcessCommandLine startswith_cs "a"', 'ProcessCommandLine !startswith_cs "a"'),
    (asks(CMD, Op.ENDSWITH_CS, "a"), 'ProcessCommandLine endswith_cs "a"', 'ProcessCommandLine !endswith_cs "a"'),
    (asks(CMD, Op.CONTAINS_CS, "a"), 'ProcessCommandLine contains_cs "a"', 'ProcessCommandLine !contains_cs "a"'),
    (
        asks(CMD, Op.CONTAINS_CS, " call ", " x "),
        'ProcessCommandLine contains_cs " call " or ProcessCommandLine contains_cs " x "',
        'not(ProcessCommandLine contains_cs " call " or ProcessCommandLine contains_cs " x ")',
    ),
    (asks(CMD, Op.REGEX, "a+"), 'ProcessCommandLine matches regex "a+"', 'not(ProcessCommandLine matches regex "a+")'),
    (asks("Size", Op.LT, 5, kind="long"), "Size < 5", "not(Size < 5)"),
    (asks("Size", Op.LTE, 0.5, kind="real"), "Size <= 0.5", "not(Size <= 0.5)"),
    (asks("Size", Op.GT, 5, kind="long"), "Size > 5", "not(Size > 5)"),
    (asks("Size", Op.GTE, 5, kind="long"), "Size >= 5", "not(Size >= 5)"),
    (asks("FileName", Op.EMPTY), "isempty(FileName)", "isnotempty(FileName)"),
    (asks("Size", Op.EMPTY, kind="long"), "isnull(Size)", "isnotnull(Size)"),
    (asks("A", Op.EQUALS_FIELD, "B"), "A =~ B", "not(A =~ B)"),
    (asks("A", Op.EQUALS_FIELD, "B", kind="long"), "A == B", "not(A == B)"),
    (asks("A", Op.STARTSWITH_FIELD, "B"), "A startswith B", "not(A startswith B)"),
    (asks("A", Op.ENDSWITH_FIELD, "B"), "A endswith B", "not(A endswith B)"),
    (asks("A", Op.CONTAINS_FIELD, "B"), "A contains B", "not(A contains B)"),
    (
        asks("IP", Op.IN_NETWORK, "10.0.0.0/8"),
        'ipv4_is_in_range(IP, "10.0.0.0/8")',
        'not(ipv4_is_in_range(IP, "10.0.0.0/8"))',
    ),
    (
        asks("IP", Op.IN_NETWORK_OR_NOT, "fe80::/10", "::1/128"),
        'coalesce(ipv6_is_in_any_range(IP, "fe80::/10", "::1/128"), false)',
        'not(coalesce(ipv6_is_in_any_range(IP, "fe80::/10", "::1/128"), false))',
    ),
]


@pytest.mark.parametrize(("predicate", "kql", "negated"), OPERATORS)
def test_operators(predicate: Test, kql: str, negated: str) -> None:
    assert clause(predicate) == kql
    assert clause(Not(predicate)) == negated


# ------------------------------------------------------------------------------------------------------------- brackets

A, B, C = asks("A", Op.EQUALS, "a"), asks("B", Op.EQUALS, "b"), asks("C", Op.EQUALS, "c")
CHAIN = asks("D", Op.ENDSWITH, "x", "y")

BRACKETS = [
    (And((A, Or((B, C)))), ['A =~ "a"', 'B =~ "b" or C =~ "c"']),
    (Or((A, And((B, C)))), ['A =~ "a" or B =~ "b" and C =~ "c"']),
    (Or((A, And((B, Or((A, C)))))), ['A =~ "a" or B =~ "b" and (A =~ "a" or C =~ "c")']),
    (Not(Or((A, B))), ['not(A =~ "a" or B =~ "b")']),
    (Not(And((A, Or((B, C))))), ['not(A =~ "a" and (B =~ "b" or C =~ "c"))']),
    (Or((Not(A), B)), ['A !~ "a" or B =~ "b"']),
    (Or((A, CHAIN)), ['A =~ "a" or D endswith "x" or D endswith "y"']),
    (And((A, CHAIN)), ['A =~ "a"', 'D endswith "x" or D endswith "y"']),
    (Or((B, And((A, CHAIN)))), ['B =~ "b" or A =~ "a" and (D endswith "x" or D endswith "y")']),
    (Or((B, And((A, Not(CHAIN))))), ['B =~ "b" or A =~ "a" and not(D endswith "x" or D endswith "y")']),
    (TRUE, []),
    (FALSE, ["false"]),
]


@pytest.mark.parametrize(("predicate", "clauses"), BRACKETS)
def test_brackets_stand_where_they_are_needed(predicate: Predicate, clauses: list[str]) -> None:
    assert where_clauses(predicate) == [f"| where {text}" for text in clauses]


# --------------------------------------------------------------------------------------------------------------- breaks

TOOLS = tuple(f"tool-number-{number:02}.exe" for number in range(9))
LONG_PATH = "C:\\" + "directory\\" * 12 + "a.exe"


def test_a_long_list_is_broken_where_lines_are_full() -> None:
    assert where_clauses(And((A, asks("FileName", Op.EQUALS, *TOOLS)))) == [
        '| where A =~ "a"',
        """\
| where FileName in~ (
        "tool-number-00.exe", "tool-number-01.exe", "tool-number-02.exe", "tool-number-03.exe", "tool-number-04.exe",
        "tool-number-05.exe", "tool-number-06.exe", "tool-number-07.exe", "tool-number-08.exe"
    )""",
    ]


def test_the_negation_of_a_long_list_too() -> None:
    assert where_clauses(Not(asks("FileName", Op.EQUALS, *TOOLS[:6]))) == [
        """\
| where FileName !in~ (
        "tool-number-00.exe", "tool-number-01.exe", "tool-number-02.exe", "tool-number-03.exe", "tool-number-04.exe",
        "tool-number-05.exe"
    )""",
    ]


def test_alternatives_are_broken_one_a_line() -> None:
    predicate = Or((asks(CMD, Op.STARTSWITH, "wmic", "powershell", "cscript"), And((A, asks(CMD, Op.ENDSWITH, "xsl")))))
    assert where_clauses(predicate) == [
        """\
| where ProcessCommandLine startswith "wmic"
    or ProcessCommandLine startswith "powershell"
    or ProcessCommandLine startswith "cscript"
    or A =~ "a" and ProcessCommandLine endswith "xsl\"""",
    ]


def test_a_long_part_of_an_alternative_is_broken_in_brackets() -> None:
    ends = asks(CMD, Op.ENDSWITH, "first end of a line", "second end of a line")
    predicate = Or((A, And((asks("FileName", Op.EQUALS, "wmic.exe", "cscript.exe"), Not(B), ends))))
    assert where_clauses(predicate) == [
        """\
| where A =~ "a"
    or (FileName in~ ("wmic.exe", "cscript.exe")
        and B !~ "b"
        and (ProcessCommandLine endswith "first end of a line" or ProcessCommandLine endswith "second end of a line"))""",
    ]


def test_a_long_negation_is_broken_inside() -> None:
    ends = asks(CMD, Op.ENDSWITH, "first end of a line", "second end of a line")
    assert where_clauses(Not(And((A, ends, asks("FolderPath", Op.STARTSWITH, "C:\\Users\\"))))) == [
        """\
| where not(
        A =~ "a"
        and (ProcessCommandLine endswith "first end of a line" or ProcessCommandLine endswith "second end of a line")
        and FolderPath startswith @"C:\\Users\\"
    )""",
    ]


def test_one_long_value_stays_whole() -> None:
    assert where_clauses(asks("FolderPath", Op.EQUALS, LONG_PATH)) == [f'| where FolderPath =~ @"{LONG_PATH}"']


@settings(deadline=None)
@given(predicates())
def test_lines_are_broken_below_the_width(predicate: Predicate) -> None:
    for text in where_clauses(rewrite(predicate)):
        for line in text.split("\n"):
            assert len(line) <= WIDTH or not (" and " in line or " or " in line)


def test_a_chain_is_as_long_as_kustos_parser_takes() -> None:
    values = tuple(f"v{number}" for number in range(MOST_CHAINED))
    assert len(clause(asks(CMD, Op.ENDSWITH, *values)).split("\n")) == MOST_CHAINED
    many = tuple(f"v{number}" for number in range(5_000))
    assert clause(asks(CMD, Op.EQUALS, *many)).count('"v') == 5_000
    with pytest.raises(TooManyAlternatives) as problem:
        where_clauses(asks(CMD, Op.ENDSWITH, *many))
    assert str(problem.value) == "5,000 alternatives in one condition; Kusto's parser takes about 400"


# ----------------------------------------------------------------------------------------------------------- has, exactly

TEXT = st.lists(st.sampled_from([*'ab7Zé _-/\\."|\n–\u200b', "wmic", "node", "process", "call"]), max_size=9).map(
    "".join
)
EDGE = st.sampled_from(list(' -/\\._"|–—'))
NEEDLES = st.builds(lambda left, inner, right: left + inner + right, EDGE, TEXT, EDGE)


@settings(max_examples=12, deadline=None)
@given(st.lists(TEXT | NEEDLES, min_size=1, max_size=12), st.lists(NEEDLES, min_size=1, max_size=6))
def test_has_finds_what_contains_finds(texts: list[str], needles: list[str]) -> None:
    haystacks = [f"{text}{needle}{text}" for text in texts for needle in ("", *needles)] + texts
    rows = Rows("DeviceProcessEvents", [{CMD: text} for text in haystacks])
    for needle in needles:
        asked = clause(asks(CMD, Op.CONTAINS, needle))
        plain = f"{CMD} contains {string_literal(needle)}"
        found = rows.found(f"DeviceProcessEvents | where {asked} | project ReportId")
        assert found == rows.found(f"DeviceProcessEvents | where {plain} | project ReportId")
        assert found == {number for number, text in enumerate(haystacks) if needle.lower() in text.lower()}


@pytest.mark.parametrize("needle", [" call ", "/node:", "\\Temp\\", "–process ", "_1234_", "-enc-coded-"])
def test_has_where_both_edges_are_delimiters_and_a_term_is_indexed(needle: str) -> None:
    assert clause(asks(CMD, Op.CONTAINS, needle)) == f"{CMD} has {string_literal(needle)}"


@pytest.mark.parametrize("needle", ["call", " call", "call ", " -a ", "...", "é call é", " call\u200b", ""])
def test_contains_where_has_would_find_less_or_isnt_served_by_the_index(needle: str) -> None:
    assert clause(asks(CMD, Op.CONTAINS, needle)) == f"{CMD} contains {string_literal(needle)}"
