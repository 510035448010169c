"""What the local engine doesn't run as Kusto does is refused by name, before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.engine.constructs import named_tables
from sigma_xdr.errors import Diagnostic

T = "DeviceEvents"
U = f"union ({T} | project FileName, FolderPath), (DeviceFileEvents | project FileName, SHA256)"


def problems(kql: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(EngineError) as caught:
        named_tables(kql)
    return caught.value.diagnostics


def test_a_refusal_shows_the_construct_its_place_and_what_to_write() -> None:
    [diagnostic] = problems(f"{T}\n| where ActionType == 'x'\n| summarize N = count() by bin(Timestamp, 7d)")
    assert diagnostic.render().splitlines() == [
        "3:28: error[engine]: the local engine isn't known to run 'bin(Timestamp, 7d)' as Kusto does",
        "   3 | | summarize N = count() by bin(Timestamp, 7d)",
        "     |                            ^^^",
        "      = Kusto's bins begin at year 1, the local engine's at 1970: take a width that divides a day, or 2d",
    ]


def test_all_of_a_querys_problems_are_shown() -> None:
    kql = f"{T} | summarize make_set(FileName, 5), make_list(FileName, 3), hll(FileName)"
    assert [diagnostic.message for diagnostic in problems(kql)] == [
        "the local engine isn't known to run 'make_set(FileName, 5)' as Kusto does",
        "the local engine isn't known to run 'make_list(FileName, 3)' as Kusto does",
        "the local engine isn't known to run 'hll()' as Kusto does",
    ]


@pytest.mark.parametrize(
    ("kql", "what"),
    [
        # Operators and sources that nothing here measured.
        (f"{T} | search 'x'", "'search'"),
        (f"{T} | where * has 'x'", "'*'"),
        (f"{T} | serialize n = row_number()", "'serialize'"),
        (f"{T} | lookup (DeviceInfo) on DeviceId", "'lookup'"),
        (f"{T} | mv-apply x = AdditionalFields on (take 1)", "'mv-apply'"),
        (f"{T} | parse FileName with a 'x' b", "'parse'"),
        (f"{T} | project-reorder FileName", "'project-reorder'"),
        (f"{T} | sample 1", "'sample'"),
        (f"{T} | render table", "'render'"),
        (f"{T} | distinct *", "'*'"),
        ("range x from 1.0 to 2.0 step 0.5", "'range'"),
        ('externaldata(a: string)["https://x"]', "'externaldata'"),
        ('database("x").DeviceEvents', "'database()'"),
        ("union Device*", "'Device*'"),
        ("union isfuzzy=true (DeviceEvents | count)", "'isfuzzy=true'"),
        ("set query_now = datetime(2024-01-01); print now()", "'set'"),
        # Functions: unknown ones, and forms of known ones.
        (f"{T} | extend r = rand()", "'rand()'"),
        (f"{T} | summarize percentile(ProcessId, 50)", "'percentile()'"),
        (f"{T} | summarize count() by bin(Timestamp, 5d)", "'bin(Timestamp, 5d)'"),
        (f"{T} | summarize count() by bin(Timestamp, 7h)", "'bin(Timestamp, 7h)'"),
        (f"{T} | summarize count() by bin(Timestamp, 0s)", "'bin(Timestamp, 0s)'"),
        (f"{T} | extend b = bin()", "'bin()'"),
        (f"let w = 7d; {T} | summarize count() by bin(Timestamp, w)", "'bin(Timestamp, w)'"),
        (f"{T} | extend w = 1h | extend b = bin(Timestamp, w)", "'bin(Timestamp, w)'"),
        (f"{T} | summarize array_sort_asc(make_list(ProcessId))", "'array_sort_asc(make_list(ProcessId))'"),
        (f"{T} | extend s = array_sort_asc(dynamic([10, 9]))", "'array_sort_asc(dynamic([10, 9]))'"),
        (f"{T} | where isnull(parse_json(AdditionalFields).X)", "'isnull(parse_json(AdditionalFields).X)' of a dynamic value"),
        (f"{T} | where ipv4_is_in_any_range(RemoteIP, dynamic(['10.0.0.0/8']))",
            "'ipv4_is_in_any_range(RemoteIP, dynamic(['10.0.0.0/8']))'"),
        # Joins that choose, or whose texts are null.
        (f"{T} | join (DeviceInfo) on DeviceId", "'join' without a kind"),
        (f"{T} | join kind=innerunique (DeviceInfo) on DeviceId", "'join' of kind innerunique"),
        (f"{T} | join kind=leftouter (DeviceInfo) on DeviceId", "'kind=leftouter'"),
        (f"{T} | join kind=fullouter (DeviceInfo) on DeviceId", "'kind=fullouter'"),
        # A union's rows lack columns that other rows have.
        (f"union (DeviceFileEvents | project FileName), {T}", f"'{T}' in a union"),
        (f"{T} | where FileName == 'a' | union (DeviceFileEvents | project FileName)", f"'{T}' in a union"),
        (f"let V = {T} | take 1; union (DeviceFileEvents | project FileName), (V | take 1)", "'(V | take 1)' in a union"),
        (f"{U} | where SHA256 == ''", "'SHA256 == ''' after a union"),
        (f"{U} | where FileName in ('', 'a')", "'FileName in ('', 'a')' after a union"),
        (f"{U} | where FileName =~ FolderPath", "'FileName =~ FolderPath' after a union"),
        (f"{U} | extend x = strcat_delim('-', FileName, SHA256)", "'strcat_delim('-', FileName, SHA256)' after a union"),
        (f"let V = {U}; V | where FileName != FolderPath", "'FileName != FolderPath' after a union"),
        # Literals.
        (rf'{T} | where FileName == "\x41"', r"'\x' in a string"),
        (rf'{T} | where FileName == "\a"', r"'\a' in a string"),
        (f'{T} | where FileName == h"abc"', "'h' in a string"),
        (f"{T} | extend b = bool(1)", "'bool(1)'"),
        (f"{T} | where Timestamp > datetime(2024-01-01 00:00:00.1234567)", "'datetime(2024-01-01 00:00:00.1234567)'"),
        # Regular expressions that Rust's crate and RE2 read in two ways.
        (rf'{T} | where FileName matches regex @"\<a"', r"'\<' in a regular expression"),
        (rf'{T} | where FileName matches regex "\\b{{start}}a"', r"'\b{' in a regular expression"),
        (f'{T} | where FileName matches regex "x[a-z&&b]"', "'[a-z&&b]' in a regular expression"),
        (f'{T} | where FileName matches regex "[a[b]]"', "'[a[b]' in a regular expression"),
        (f'{T} | extend x = extract("[a--b]", 0, FileName)', "'[a--b]' in a regular expression"),
        (f"{T} | where FileName matches regex FolderPath", "'FolderPath' as a regular expression"),
    ],
)  # fmt: skip
def test_refused_by_name(kql: str, what: str) -> None:
    [diagnostic] = problems(kql)
    assert diagnostic.message == f"the local engine isn't known to run {what} as Kusto does"


def test_a_text_is_never_null() -> None:
    [diagnostic] = problems(f"{T} | where isnotnull(FileName)")
    assert (diagnostic.message, diagnostic.hint) == (
        "isnotnull(FileName) is the same for every row: a text is never null",
        "write isnotempty(…)",
    )


@pytest.mark.parametrize(
    "kql",
    [
        f"{T} | where isnull(ProcessId) and isnotnull(Timestamp)",
        f"{T} | where FileName =~ FolderPath and FileName != '' | project FileName | union (DeviceFileEvents | count)",
        f"union ({T} | where FileName =~ FolderPath | distinct FileName), (print SHA256 = '') | where isempty(SHA256)",
        f"let L = {T} | project DeviceId; union L, (L | take 1) | where DeviceId == 'a' "
        "| join kind=inner (DeviceInfo) on $left.DeviceId == $right.DeviceId | count",
        f'let p = "a"; {T} | where FileName matches regex p',
        f'{T} | where FileName matches regex @"--x[^]a[:alpha:]\\d-][-a]&&"',
        f"let w = 2d; {T} | summarize count() by bin(Timestamp, w), bin(ProcessId, 10)",
        f"{T} | join hint.strategy=shuffle kind=leftanti (DeviceInfo) on DeviceId",
    ],
)
def test_what_looks_alike_and_is_right_runs(kql: str) -> None:
    assert len(KqlEngine({}).run(kql)) <= 1


@pytest.mark.parametrize(
    ("kql", "message"),
    [
        (f"{T} | where", "the query doesn't parse: mismatched input '|'"),
        (f"{T} | where FileName == 'a", "the query doesn't parse: token recognition error at: ''a'"),
        (".show tables", "a control command is no query"),
        (".set-or-replace X <| DeviceEvents", "a control command is no query"),
        ("print x = " + "(" * 500 + "1" + ")" * 500, "the query is nested too deeply"),
    ],
)
def test_what_is_no_query(kql: str, message: str) -> None:
    [diagnostic] = problems(kql)
    assert diagnostic.message == message


def test_the_tables_that_a_query_names() -> None:
    kql = f"let H = {T} | count; union H, (DeviceInfo | count), (['DeviceNetworkInfo'] | count) | extend a = 'DeviceFileEvents'"
    assert named_tables(kql) == ("DeviceEvents", "DeviceInfo", "DeviceNetworkInfo")


@pytest.mark.parametrize("folder", ["golden", "unit/kql/correlations/golden"])
def test_what_the_compiler_writes_is_taken(folder: str) -> None:
    queries = sorted((Path(__file__).parents[2] / folder).rglob("*.kql"))
    assert queries
    for query in queries:
        assert named_tables(query.read_text(encoding="utf-8"))
