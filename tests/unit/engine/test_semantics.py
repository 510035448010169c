"""What KQL means, as Microsoft documents it, measured in the local engine; and that nothing unmeasured is run.

Sources: Microsoft Learn, "Kusto Query Language", the page of each operator and function.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb_kql
import pytest
from duckdb_kql._antlr.KqlParser import KqlParser

from sigma_xdr.engine import KqlEngine
from sigma_xdr.engine.measured import AGGREGATES, GRAMMAR, OPERATORS, SCALARS

NOW = datetime(2026, 8, 9, 10)

#: An expression and what it gives.
EXPRESSIONS: list[tuple[str, Any]] = [
    # Equality of text; a text is never null.
    ('"a" == "A"', False),
    ('"a" != "A"', True),
    ('"a" <> "A"', True),
    ('"a" =~ "A"', True),
    ('"a" !~ "A"', False),
    ('"a" in ("A", "b")', False),
    ('"a" !in ("A", "b")', True),
    ('"a" in~ ("A", "b")', True),
    ('"a" !in~ ("A", "b")', False),
    ('"" == ""', True),
    # Terms are runs of letters and digits; a boundary is needed only where the needle's own edge is one.
    ('"cmd /c whoami" has "CMD"', True),
    ('"North America" has "america"', True),
    ('"abc" has "ab"', False),
    ('"a_b" has "a"', True),
    ('"x -enc y" has "-enc"', True),
    ('"x -encoded y" has "-enc"', False),
    ('"2>&1" has ">&"', True),
    ('"abc" has ""', True),
    ('"" has "a"', False),
    ('"abc" !has "ab"', True),
    ('"Cmd" has_cs "cmd"', False),
    ('"Cmd" !has_cs "cmd"', True),
    ('"foo bar" has_any ("ba", "BAR")', True),
    ('"foo bar" has_all ("FOO", "bar")', True),
    ('"foo bar" has_all ("foo", "ba")', False),
    ('"foobar x" hasprefix "FOO"', True),
    ('"xfoobar" hasprefix "foo"', False),
    ('"x foobar" hassuffix "BAR"', True),
    ('"x foobarx" hassuffix "bar"', False),
    # Substrings; nothing in them is a wildcard.
    ('"FabriKam" contains "BRik"', True),
    ('"FabriKam" !contains "BRik"', False),
    ('"FabriKam" contains_cs "BRik"', False),
    ('"FabriKam" !contains_cs "BRik"', True),
    ('"FabriKam" startswith "fab"', True),
    ('"FabriKam" !startswith "fab"', False),
    ('"FabriKam" startswith_cs "fab"', False),
    ('"FabriKam" !startswith_cs "fab"', True),
    ('"FabriKam" endswith "KAM"', True),
    ('"FabriKam" !endswith "KAM"', False),
    ('"FabriKam" endswith_cs "KAM"', False),
    ('"FabriKam" !endswith_cs "KAM"', True),
    ('"50%" contains "%"', True),
    ('"axb" contains "a_b"', False),
    (r'"C:\\Windows\\x.exe" endswith "\\X.EXE"', True),
    (r'@"a\b" contains @"a\b"', True),
    ('"it\'s" contains "\'S"', True),
    ('"abc" contains ""', True),
    # Strings and their escapes; adjacent ones are one.
    (r'"a\"b" == @"a""b"', True),
    (r"'a\'b' == @'a''b'", True),
    (r'strlen("\t\n\r\\\u0041")', 5),
    (r'"A\u0000B" =~ "a\u0000b"', True),
    (r'"a\u0000b" == "a"', False),
    ('"a" "b"', "ab"),
    # A regular expression finds anywhere; the dot stops at a line break; $ is the very end.
    ('"xaby" matches regex "a.z"', False),
    ('"xaby" matches regex "a.."', True),
    ('"ABC" matches regex "b"', False),
    ('"ABC" matches regex "(?i)b"', True),
    (r'"a\nb" matches regex "a.b"', False),
    (r'"a\nb" matches regex "(?s)a.b"', True),
    (r'"a\n" matches regex "a$"', False),
    (r'"a\nb" matches regex "(?m)a$"', True),
    (r'"a\\b" matches regex @"a\\b"', True),
    # Null: equality is false, inequality true, order null; a bool's null is neither.
    ("1 == long(null)", False),
    ("1 != long(null)", True),
    ("1 in (1, 2)", True),
    ("long(null) in (1)", False),
    ("long(null) !in (1)", True),
    ("isnull(1 < int(null))", True),
    ("not(true)", False),
    ("isnull(not(bool(null)))", True),
    ("isnull(true and bool(null))", True),
    ("false and bool(null)", False),
    ("true or bool(null)", True),
    ("isnotnull(1)", True),
    ('isempty("")', True),
    ('isempty(" ")', False),
    ("isempty(long(null))", True),
    ('isnotempty("a")', True),
    ('coalesce("", "a")', "a"),
    ("coalesce(int(null), 5)", 5),
    ("coalesce(bool(null), false)", False),
    ('iff(bool(null), "a", "b")', "b"),
    ('iif(true, "a", "b")', "a"),
    ('case(false, "a", true, "b", "c")', "b"),
    ('case(bool(null), "a", "c")', "c"),
    # Numbers: integers divide as integers, a remainder is never negative.
    ("7 / 2", 3),
    ("7 / 2.0", 3.5),
    ("7 % 4", 3),
    ("-7 % 4", 1),
    ("2 * 3 + 1 - 4", 3),
    ("isnull(1 / 0)", True),
    ("0x10", 16),
    ("long(5)", 5),
    ("real(1.5)", 1.5),
    ("abs(-3)", 3),
    ("5 between (1 .. 5)", True),
    ("5 !between (1 .. 4)", True),
    ("5 >= 5 and 4 <= 5", True),
    ("bin(7, 3)", 6),
    ("bin(-7, 3)", -9),
    ("floor(7.5, 2)", 6.0),
    # Conversions give null where they fail, and empty text.
    ('tolong("12")', 12),
    ('tolong("0x1F")', 31),
    ('tolong("12.5")', None),
    ('tolong("")', None),
    ("tolong(12.9)", 12),
    ('toint("5")', 5),
    ('toint("99999999999")', None),
    ('todouble("1.5")', 1.5),
    ('toreal("x")', None),
    ('tobool("TRUE")', True),
    ('tobool("yes")', None),
    ("tostring(5)", "5"),
    ("tostring(true)", "True"),
    ("tostring(1.5)", "1.5"),
    ("tostring(long(null))", ""),
    ("tostring(1d)", "1.00:00:00"),
    ("tostring(datetime(2024-01-02 03:04:05.6))", "2024-01-02T03:04:05.6000000Z"),
    ('totimespan("1.02:03:04") == time(1.02:03:04)', True),
    ('totimespan("x")', None),
    # Text functions count from 0, in characters.
    ('tolower("ABC")', "abc"),
    ('strlen("é")', 1),
    ('substring("abcdef", 1, 2)', "bc"),
    ('substring("abcdef", 4)', "ef"),
    ('substring("abc", 5)', ""),
    ('indexof("abc", "c")', 2),
    ('indexof("abc", "z")', -1),
    ('strcat("a", 1, true)', "a1True"),
    ('strcat("a", long(null), "b")', "ab"),
    ('strcat_delim("-", "a", "", "b")', "a--b"),
    ('split("a,b,,c", ",")', ["a", "b", "", "c"]),
    ('tostring(split("a;b", ";")[1])', "b"),
    ('tostring(split("a;b", ";")[5])', ""),
    ('trim(" ", " a ")', "a"),
    (r'trim_start(@"\s+", "  a")', "a"),
    (r'trim_end(@"\.+", "a..")', "a"),
    ('replace_string("aXbX", "X", "-")', "a-b-"),
    (r'replace_regex("Number is 1a", @"is (\d+)", @"was: \1")', "Number was: 1a"),
    ('extract("x=([0-9.]+)", 1, "hello x=45.6|wo")', "45.6"),
    ('extract("x=([0-9.]+)", 0, "hello x=45.6|wo")', "x=45.6"),
    ('extract("y=(.)", 1, "x=1")', ""),
    (r'extract_all(@"(\d+)", "a1b22")', ["1", "22"]),
    ('countof("aaaa", "a")', 4),
    ('base64_decode_tostring("S3VzdG8=")', "Kusto"),
    ('base64_decode_tostring("no base64")', ""),
    # Times.
    ("bin(datetime(2024-01-03 10:11:12), 1h)", datetime(2024, 1, 3, 10)),
    ("bin(datetime(2024-01-03 10:11:12), 1d)", datetime(2024, 1, 3)),
    ("bin(datetime(2024-01-03 10:11:12.7), 1s)", datetime(2024, 1, 3, 10, 11, 12)),
    ("bin(datetime(2024-01-03 23:59:59.999999), 10m)", datetime(2024, 1, 3, 23, 50)),
    ("bin(datetime(1960-01-03 10:11:12), 90m)", datetime(1960, 1, 3, 9)),
    ("bin(datetime(0001-01-03 10:11:12), 2d)", datetime(1, 1, 3)),
    ("now() - ago(1h) == 1h", True),
    ("now()", NOW),
    ("datetime(2024-01-02) - datetime(2024-01-01)", timedelta(days=1)),
    ("datetime(2024-01-01) + 1d == datetime(2024-01-02T00:00:00Z)", True),
    ("datetime(2024-01-01) < datetime(2024-01-02)", True),
    ("datetime(2024-01-01) between (datetime(2023-12-01) .. 40d)", True),
    ('datetime_diff("day", datetime(2024-01-02), datetime(2024-01-01 23:59))', 1),
    ("datetime_diff('second', datetime(2024-01-01), datetime(0001-01-01))", 63_839_664_000),
    ('datetime_diff("hour", datetime(2024-01-01 00:59), datetime(2024-01-01 01:00))', -1),
    ('datetime_add("month", 1, datetime(2024-01-31))', datetime(2024, 2, 29)),
    ('datetime_part("minute", datetime(2024-01-01 05:07))', 7),
    ("hourofday(datetime(2024-01-01 05:07))", 5),
    ("dayofweek(datetime(2024-01-07))", timedelta(0)),
    ("dayofmonth(datetime(2024-01-07))", 7),
    ("monthofyear(datetime(2024-01-07))", 1),
    ("getyear(datetime(2024-01-07))", 2024),
    ("week_of_year(datetime(2021-01-03 23:59))", 53),  # ISO 8601: the week of the year before
    ("week_of_year(datetime(2024-12-30))", 1),
    ("startofday(datetime(2024-01-03 05:00))", datetime(2024, 1, 3)),
    ("startofweek(datetime(2024-01-03))", datetime(2023, 12, 31)),
    ("startofmonth(datetime(2024-01-15))", datetime(2024, 1, 1)),
    ('format_datetime(datetime(2024-01-02 15:04:05), "yyyy-MM-dd HH:mm:ss")', "2024-01-02 15:04:05"),
    ('todatetime("2024-01-02T03:04:05+02:00")', datetime(2024, 1, 2, 1, 4, 5)),
    ('todatetime("x")', None),
    # Dynamic values: what isn't there is null, and as text empty.
    ('tostring(parse_json(\'{"X":"a"}\').X)', "a"),
    ('tostring(parse_json(\'{"X":{"b":[1,2]}}\').X.b[1])', "2"),
    ('tostring(parse_json(\'{"X":{"b":1}}\').X)', '{"b":1}'),
    ("tostring(parse_json('{\"X\":true}').X)", "true"),
    ('tostring(parse_json(\'{"a b":"c"}\')["a b"])', "c"),
    ("tostring(parse_json('{\"x\":1}').X)", ""),
    ("tostring(parse_json('{\"X\":null}').X)", ""),
    ('tostring(parse_json("no json").X)', ""),
    ('tostring(parse_json("").X)', ""),
    ('tolong(todynamic(\'{"X":"12"}\').X)', 12),
    ("todouble(parse_json('{\"X\":1.5}').X)", 1.5),
    ("isempty(parse_json('{\"X\":null}').X)", True),
    ('dynamic({"a": "X"}).a =~ "x"', True),
    ('dynamic({"a": [1, 2.5, true, null, "é"]}).a', [1, 2.5, True, None, "é"]),
    ("array_length(dynamic([1, 2]))", 2),
    ('array_index_of(dynamic(["a", "b"]), "b")', 1),
    ('array_index_of(dynamic(["a", "b"]), "z")', -1),
    ('set_has_element(dynamic(["a"]), "a")', True),
    ('pack_array(1, "a")', [1, "a"]),
    ('bag_pack("a", 1)', {"a": 1}),
    # Time zones. Microsoft's page on datetime_utc_to_local(): a time and the name of a zone of IANA's database.
    ('datetime_utc_to_local(datetime(2026-01-31 23:30), "Europe/Berlin")', datetime(2026, 2, 1, 0, 30)),
    ('datetime_utc_to_local(datetime(2026-07-31 23:30), "Europe/Berlin")', datetime(2026, 8, 1, 1, 30)),
    ('datetime_utc_to_local(datetime(2026-03-29 01:00), "Europe/Berlin")', datetime(2026, 3, 29, 3, 0)),
    ('datetime_utc_to_local(datetime(2026-01-01 05:00), "Asia/Kolkata")', datetime(2026, 1, 1, 10, 30)),
    ('datetime_utc_to_local(datetime(null), "Europe/Berlin")', None),
    ('toint(dayofweek(datetime_utc_to_local(datetime(2026-01-03 23:30), "Europe/Berlin")) / 1d)', 0),
    # Networks.
    ('ipv4_is_private("172.20.1.1")', True),
    ('ipv4_is_private("8.8.8.8")', False),
    ('ipv4_is_private("169.254.1.1")', False),
    ('ipv4_is_private("x")', None),
    ('ipv4_is_in_range("10.1.2.3", "10.0.0.0/8")', True),
    ('ipv4_is_in_any_range("1.1.1.1", "10.0.0.0/8", "192.168.0.0/16")', False),
    ('ipv6_is_in_range("fe80::1", "fe80::/10")', True),
    ('ipv6_is_in_any_range("10.1.2.3", "fe80::/10", "::ffff:10.0.0.0/104")', True),
]

_LETTERS = 'let T = datatable(s: string, n: long)["b", 1, "a", 2, "", long(null), "a", 3]; '
_JOIN = (
    'let L = datatable(k: string, a: long)["x", 1, "x", 2, "y", 3]; '
    'let R = datatable(k: string, b: string)["x", "p", "x", "q", "z", "r"]; '
)

#: A query and the rows that it gives.
QUERIES: list[tuple[str, list[tuple[Any, ...]]]] = [
    (_LETTERS + "T | where n > 1 | project n | sort by n asc", [(2,), (3,)]),
    (_LETTERS + "T | where not(n > 1) | project n", [(1,)]),
    (_LETTERS + "T | where n != 1 | count", [(3,)]),
    (_LETTERS + "T | sort by s asc, n desc | project s, n", [("", None), ("a", 3), ("a", 2), ("b", 1)]),
    (_LETTERS + "T | order by n | project n", [(3,), (2,), (1,), (None,)]),
    (_LETTERS + "T | sort by n asc | project n", [(None,), (1,), (2,), (3,)]),
    (_LETTERS + "T | sort by n asc nulls last | project n", [(1,), (2,), (3,), (None,)]),
    (_LETTERS + "T | top 2 by n | project n", [(3,), (2,)]),
    (_LETTERS + "T | take 0", []),
    (_LETTERS + "T | where s == 'b' | limit 5 | project-away n", [("b",)]),
    (_LETTERS + "T | where s == 'b' | project-rename t = s | extend n = n + 1, u = strcat(t, '!')", [("b", 2, "b!")]),
    (_LETTERS + "T | where s == 'b' | project ['my column'] = s, n * 2", [("b", 2)]),
    (_LETTERS + "T | distinct s | sort by s asc", [("",), ("a",), ("b",)]),
    (
        _LETTERS + "T | summarize count(), countif(n > 1), sum(n), sumif(n, n > 1), min(n), max(n), avg(n), "
        "dcount(s), dcountif(s, n > 1)",
        [(4, 2, 6, 5, 1, 3, 2.0, 3, 1)],
    ),
    (
        _LETTERS + "T | summarize N = count(), make_list(n) by s | sort by s asc",
        [("", 1, []), ("a", 2, [2, 3]), ("b", 1, [1])],
    ),
    (_LETTERS + "T | where s == 'a' | summarize make_set(s), take_any(s)", [(["a"], "a")]),
    (_LETTERS + "T | summarize arg_max(n, *) by s | sort by s asc", [("", None), ("a", 3), ("b", 1)]),
    (_LETTERS + "T | summarize arg_max(n, s), (m, t) = arg_min(n, s)", [(3, "a", 1, "b")]),
    (
        _LETTERS + "T | where s == 'z' | summarize count(), dcount(s), make_list(s), make_set(s), "
        "sum(n), max(n), max(s)",
        [(0, 0, [], [], 0, None, "")],
    ),
    (_LETTERS + "T | where s == 'z' | summarize count() by s", []),
    (_LETTERS + "T | summarize count() by bin(n, 2) | sort by n asc", [(None, 1), (0, 1), (2, 2)]),
    (
        _JOIN + "L | join kind=inner R on k | sort by a asc, b asc",
        [("x", 1, "x", "p"), ("x", 1, "x", "q"), ("x", 2, "x", "p"), ("x", 2, "x", "q")],
    ),
    (_JOIN + "L | join kind=inner hint.strategy=broadcast (R) on $left.k == $right.k | count", [(4,)]),
    (_JOIN + "L | join kind=leftsemi R on k | sort by a asc", [("x", 1), ("x", 2)]),
    (_JOIN + "L | join kind=leftanti R on k", [("y", 3)]),
    (_JOIN + "L | join kind=rightsemi R on k | sort by b asc", [("x", "p"), ("x", "q")]),
    (_JOIN + "L | join kind=rightanti R on k", [("z", "r")]),
    ("let N = datatable(k: long)[1, long(null)]; N | join kind=inner N on k | sort by k asc", [(None, None), (1, 1)]),
    ('datatable(k: string)["X"] | join kind=inner (datatable(k: string)["x"]) on k', []),
    ('union (datatable(a: string)["x"]), (datatable(b: long)[1]) | sort by a asc', [("", 1), ("x", None)]),
    (
        'union kind=inner (datatable(a: string, b: long)["x", 1]), (datatable(a: string)["y"]) | sort by a asc',
        [("x",), ("y",)],
    ),
    ("datatable(a: long)[1] | union kind=outer (datatable(a: long)[2]) | sort by a asc", [(1,), (2,)]),
    (
        "union withsource=T (datatable(a: long)[1]), (datatable(a: long)[2]) | sort by a asc",
        [("union_arg0", 1), ("union_arg1", 2)],
    ),
    ("let M = materialize(datatable(a: long)[1, 2]); union M, (M | extend a = a + 10) | summarize sum(a)", [(26,)]),
    (
        'datatable(s: string, d: dynamic)["x", dynamic(["a", "b"]), '
        '"y", dynamic([]), "z", dynamic(null)] | mv-expand d to typeof(string)',
        [("x", "a"), ("x", "b"), ("z", "")],
    ),
    (
        "datatable(d: dynamic)[dynamic([5, 6])] | mv-expand with_itemindex=i d to typeof(long) | project i, d",
        [(0, 5), (1, 6)],
    ),
    (
        'datatable(d: dynamic)[dynamic([{"k": "x"}, {"k": "y"}])] | mv-expand d | project tostring(d.k)',
        [("x",), ("y",)],
    ),
    (
        "datatable(Timestamp: datetime)[datetime(2024-01-02), "
        "datetime(2024-01-01 00:00:00.5), datetime(2024-01-01)] | summarize T = array_sort_asc(make_list(Timestamp)) "
        "| mv-expand T to typeof(datetime)",
        [(datetime(2024, 1, 1),), (datetime(2024, 1, 1, 0, 0, 0, 500_000),), (datetime(2024, 1, 2),)],
    ),
    ("datatable(n: long)[1, 5] | where n == toscalar(datatable(m: long)[5, 1])", [(5,)]),
    ("datatable(n: long)[-1, 5] | where n in ((datatable(m: long)[5]))", [(5,)]),
    ('let l = dynamic(["x", "y"]); datatable(s: string)["X", "z"] | where s in~ (l)', [("X",)]),
    ("let low = 3; let f = (x: long) { x > low }; datatable(n: long)[1, 5] | where f(n)", [(5,)]),
    ("datatable(b: bool)[true, false, bool(null)] | where b", [(True,)]),
    ("datatable(a: int, r: real)[int(1), 2.5] | extend c = a + r", [(1, 2.5, 3.5)]),
]


@pytest.fixture(scope="module")
def engine() -> KqlEngine:
    return KqlEngine({}, now=NOW)


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_an_expression_gives_what_kusto_gives(engine: KqlEngine, expression: str, expected: Any) -> None:
    assert engine.run(f"print r = {expression}") == [{"r": expected}]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_query_gives_what_kusto_gives(engine: KqlEngine, query: str, expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(row.values()) for row in engine.run(query)] == expected


# ---------------------------------------------------------------------------------------------- nothing without a measurement


def nodes() -> Iterator[Any]:
    for query in [f"print r = {expression}" for expression, _ in EXPRESSIONS] + [query for query, _ in QUERIES]:
        pending = [duckdb_kql.parse(query).tree]
        while pending:
            node = pending.pop()
            if not hasattr(node, "symbol"):
                yield node
                pending += node.children or ()


def test_what_the_engine_takes_was_measured() -> None:
    grammar, called, operators = set(), {"count"}, set()
    for node in nodes():
        kind = type(node).__name__.removesuffix("Context")
        grammar.add(kind)
        if kind == "NamedFunctionCallExpression":
            called.add(node.children[0].getText())
        if kind in ("StringBinaryOperation", "ListEqualityExpression", "BetweenEqualityExpression"):
            operators.add(node.children[0].getText().replace(" ", ""))
    assert sorted(grammar) == sorted(GRAMMAR)
    assert sorted(called - {"f"}) == sorted(SCALARS | AGGREGATES)
    assert sorted(operators) == sorted(OPERATORS)


def test_the_grammar_has_these_rules() -> None:
    assert [rule for rule in GRAMMAR if not hasattr(KqlParser, f"{rule}Context")] == []
