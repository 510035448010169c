"""Microsoft's diagnostics and result columns, on real queries and on hostile ones."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql import checker as package
from sigma_xdr.kql.checker import KqlChecker, KqlProblem, kql_checker
from sigma_xdr.schema import xdr_schema
from tests.unit.kql.checker.marked import codes, marked

EVENTS = "DeviceProcessEvents | where "


@pytest.mark.parametrize(
    ("kql", "problems"),
    [
        (
            EVENTS + 'FileNam == "a"',
            [
                (
                    "KS142",
                    "FileNam",
                    "The name 'FileNam' does not refer to any known column, table, variable or function",
                )
            ],
        ),
        (
            "DeviceProcesEvents",
            [
                (
                    "KS142",
                    "DeviceProcesEvents",
                    "The name 'DeviceProcesEvents' does not refer to any known column, table, variable or function",
                )
            ],
        ),
        (
            "DeviceProcesEvents | count",
            [
                (
                    "KS204",
                    "DeviceProcesEvents",
                    "The name 'DeviceProcesEvents' does not refer to any known table, tabular variable or function",
                )
            ],
        ),
        (
            EVENTS + 'upcase(FileName) == "A"',
            [("KS211", "upcase", "The name 'upcase' does not refer to any known function")],
        ),
        (
            EVENTS + 'ProcessId > "4"',
            [("KS106", ">", "The operator '>' is not defined for the operand types long and string")],
        ),
        (
            EVENTS + 'ProcessId =~ "4"',
            [("KS106", "=~", "The operator '=~' is not defined for the operand types long and string")],
        ),
        (EVENTS + 'ProcessId in~ ("80")', [("KS107", "ProcessId", "A value of type string or dynamic expected")]),
        (EVENTS + '"mimikatz"', [("KS141", '"mimikatz"', "The expression must have the type bool")]),
        (EVENTS + 'FileName == "a" or', [("KS006", "", "Missing expression")]),
        (EVENTS + 'FileName == "a', [("KS001", "", 'Missing: "')]),
        (
            EVENTS + r'FolderPath == "C:\Run"',
            [
                ("KS001", "", 'Missing: "'),
                ("KS002", "\\", "Unexpected: \\"),
                ("KS198", "\\", "The incomplete fragment is unexpected"),
                ("KS001", "", 'Missing: "'),
            ],
        ),
        (
            "DeviceEvents | summarize count() by parse_json(AdditionalFields)",
            [("KS116", "parse_json(AdditionalFields)", "The value of type 'dynamic' is not allowed in this context")],
        ),
        (
            'cluster("c").database("d").T',
            [
                (
                    "KS207",
                    '"c"',
                    "The name 'c' either does not refer to a reachable cluster or no schema from it is currently available",
                )
            ],
        ),
    ],
)
def test_an_error_of_microsofts_is_given_with_its_place(kql: str, problems: list[tuple[str, str, str]]) -> None:
    assert marked(kql) == [(code, "error", text, message, None) for code, text, message in problems]


def test_a_warning_of_microsofts_stays_a_warning() -> None:
    assert marked("DeviceEvents | union isfuzzy=true (Nosuch)") == [
        (
            "KS205",
            "warning",
            "Nosuch",
            "The fuzzy name 'Nosuch' does not refer to any known or currently accessible table",
            None,
        )
    ]


def test_a_problem_knows_its_line() -> None:
    kql = 'DeviceEvents\n| where Nosuch == "a"\n| count'
    assert kql_checker().check(kql) == [
        KqlProblem(
            code="KS142",
            severity="error",
            message="The name 'Nosuch' does not refer to any known column, table, variable or function",
            start=21,
            length=6,
            line=2,
            column=9,
            text='| where Nosuch == "a"',
        )
    ]


def test_problems_come_in_the_order_of_the_text() -> None:
    kql = EVENTS + 'Beta == "x" and isnull(FileName) and Alpha == 1 and FileName in ("a" "b")'
    assert [(problem.code, problem.start) for problem in kql_checker().check(kql)] == [
        ("KS142", 28),
        ("null-test", 44),
        ("KS142", 65),
        ("adjacent-strings", 93),
    ]


# ------------------------------------------------------------------------------------------------- depth, size, garbage


def test_nesting_too_deep_for_the_service_is_its_own_error() -> None:
    kql = EVENTS + " or ".join(f'FileName == "{n}"' for n in range(500))
    assert marked(kql) == [
        ("KS245", "error", "", "Query syntax depth exceeds maximum safe limit. Semantic analysis not performed", None)
    ]


def test_brackets_deeper_than_the_parsers_own_stack_are_parsed() -> None:
    assert codes(EVENTS + "(" * 400 + "Nosuch" + ")" * 400) == ["KS142"]


def test_a_query_of_a_megabyte_is_looked_at_and_a_longer_one_is_not() -> None:
    assert codes("DeviceEvents //" + "a" * (1_000_000 - 15)) == []
    assert marked("DeviceEvents //" + "a" * 1_000_000) == [
        (
            "query-too-long",
            "error",
            "",
            "the query has 1,000,015 characters; no more than 1,000,000 are looked at",
            None,
        )
    ]
    assert kql_checker().columns("DeviceEvents //" + "a" * 1_000_000) == []


def test_a_query_that_would_take_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package.service, "_PATIENCE", 0.5)
    doubled = "".join(f"let A{n + 1} = A{n} | union A{n};" for n in range(40))
    checker = KqlChecker()
    kql = f"let A0 = DeviceEvents;{doubled}A40"
    assert [astuple(problem)[:5] for problem in checker.check(kql)] == [
        (
            "unchecked-query",
            "error",
            "the query can't be checked: Microsoft's language service gave up after 0.5 s on the query",
            0,
            0,
        )
    ]
    assert checker.columns(kql) == []
    monkeypatch.undo()
    assert [problem.code for problem in checker.check("DeviceEvents | where Nosuch == 1")] == ["KS142"]


@pytest.mark.parametrize(
    ("kql", "expected"),
    [
        (EVENTS + 'FileName == "a\x00b"', ["invisible-character"]),
        ("\x00", ["KS002", "invisible-character"]),
        (EVENTS + 'FileName == "\ud83d"', ["invisible-character"]),
        (
            EVENTS + 'FileName == "\ude00\ud83d" and Nosuch == 1',
            ["invisible-character", "invisible-character", "KS142"],
        ),
        ("\ud83d\ude00", ["invisible-character", "invisible-character"]),
        ("(" * 1_000, ["KS005", "KS006", "KS245"]),
        ("\n" * 20_000, ["no-query"]),
        ("`" * 3, ["KS001"]),
    ],
)
def test_garbage_gets_an_answer(kql: str, expected: list[str]) -> None:
    assert set(expected) <= set(codes(kql))


PIECES = st.sampled_from(
    [
        "DeviceEvents",
        " | ",
        "where ",
        "FileName",
        " == ",
        '"a"',
        "(",
        ")",
        ", ",
        " in ",
        "😀",
        '"😀"',
        "\u200b",
        "\n",
        "//",
        ";",
        "let x = ",
        "5",
        "\\",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_gets_the_same_problems_twice_and_all_of_them_lie_in_it(kql: str) -> None:
    problems = kql_checker().check(kql)
    assert problems == kql_checker().check(kql)
    assert [problem.start for problem in problems] == sorted(problem.start for problem in problems)
    lines = kql.split("\n")
    for problem in problems:
        assert 0 <= problem.start <= problem.start + problem.length <= len(kql)
        assert problem.text == lines[problem.line - 1].removesuffix("\r")
        assert problem.start == sum(len(line) + 1 for line in lines[: problem.line - 1]) + problem.column - 1


def test_a_place_behind_characters_of_two_utf16_units_counts_them_once() -> None:
    kql = 'DeviceEvents // 🎉🎉\n| where FileName == "🎉" and Nosuch == 1 // 🎉'
    [problem] = kql_checker().check(kql)
    assert (problem.code, problem.start, problem.length, problem.line, problem.column) == ("KS142", 47, 6, 2, 29)
    assert kql[47:53] == "Nosuch"


def test_the_hunting_pages_query_holds_two_spaces_of_no_width() -> None:
    kql = (
        "\u200b\u200b// Office products spawning WMI\nDeviceProcessEvents\n"
        '| where InitiatingProcessFileName in~ ("winword.exe", "excel.exe", "outlook.exe")\nand FileName =~"wmic.exe"'
    )
    problems = marked(kql)
    assert problems[0] == (
        "invisible-character",
        "error",
        "\u200b\u200b",
        "U+200B ZERO WIDTH SPACE can't be seen (2 times)",
        "delete it; in a string literal, write \\u200b",
    )
    assert codes(kql.replace("\u200b", "")) == []


# --------------------------------------------------------------------------------------------------------- result columns


@pytest.mark.parametrize(
    ("kql", "columns"),
    [
        (
            "DeviceProcessEvents | project Timestamp, DeviceId, ProcessId, Remote = IsInitiatingProcessRemoteSession",
            [("Timestamp", "datetime"), ("DeviceId", "string"), ("ProcessId", "long"), ("Remote", "bool")],
        ),
        (
            "DeviceProcessEvents | summarize Own = count(), (Timestamp, ReportId) = arg_max(Timestamp, ReportId),"
            " Names = make_set(FileName), dcount(AccountName) by DeviceId, Slot = bin(Timestamp, 10m)",
            [
                ("DeviceId", "string"),
                ("Slot", "datetime"),
                ("Own", "long"),
                ("Timestamp", "datetime"),
                ("ReportId", "long"),
                ("Names", "dynamic"),
                ("dcount_AccountName", "long"),
            ],
        ),
        (
            "DeviceProcessEvents | project DeviceId, FileName"
            " | join kind=inner (DeviceNetworkEvents | project DeviceId, RemotePort) on DeviceId",
            [("DeviceId", "string"), ("FileName", "string"), ("DeviceId1", "string"), ("RemotePort", "int")],
        ),
        (
            "DeviceProcessEvents | project DeviceId | join kind=leftanti (DeviceEvents) on DeviceId",
            [("DeviceId", "string")],
        ),
        (
            "DeviceProcessEvents | project DeviceId | join kind=leftsemi (DeviceEvents) on DeviceId",
            [("DeviceId", "string")],
        ),
        (
            "union (DeviceEvents | project ReportId), (IdentityLogonEvents | project ReportId)",
            [("ReportId_long", "long"), ("ReportId_string", "string")],
        ),
        ("let A = 1;", []),
        (".show tables", []),
    ],
)
def test_the_columns_that_a_query_gives(kql: str, columns: list[tuple[str, str]]) -> None:
    assert kql_checker().columns(kql) == columns


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ('ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16")', "bool"),
        ('ipv4_is_in_any_range(RemoteIP, dynamic(["10.0.0.0/8", "192.168.0.0/16"]))', "bool"),
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/8")', "bool"),
        ('ipv6_is_in_range(RemoteIP, "fe80::/10")', "bool"),
        ("hourofday(Timestamp)", "int"),
        ("dayofweek(Timestamp)", "timespan"),
        ("week_of_year(Timestamp)", "int"),
        ('datetime_part("minute", Timestamp)', "int"),
        ("parse_json(AdditionalFields).X", "dynamic"),
        ("tostring(parse_json(AdditionalFields).X)", "string"),
        ('strcat_delim("\\n", FileName, FolderPath)', "string"),
        ("pack_array(bin(Timestamp, 10m) - 10m, bin(Timestamp, 10m))", "dynamic"),
        ("bin(Timestamp, 10m)", "datetime"),
        ('FileName matches regex "(?is)^a.*b$"', "bool"),
        ('FileName has_any ("a", "b")', "bool"),
        ("isempty(FileName)", "bool"),
        ("isnull(ProcessId)", "bool"),
    ],
)
def test_what_the_compiler_writes_binds(expression: str, type_: str) -> None:
    kql = f"DeviceEvents | project X = {expression}"
    assert codes(kql) == []
    assert kql_checker().columns(kql) == [("X", type_)]


def test_a_sliding_window_binds() -> None:
    kql = """
        let Hits = DeviceProcessEvents
            | where FileName =~ "wmic.exe"
            | extend Slot = bin(Timestamp, 10m)
            | project Timestamp, DeviceId, ReportId, Slot;
        Hits
        | extend Near = pack_array(Slot - 10m, Slot)
        | mv-expand Near to typeof(datetime)
        | join kind=inner (Hits | project DeviceId, Near = Slot, EarlierTimestamp = Timestamp) on DeviceId, Near
        | where EarlierTimestamp >= Timestamp - 10m and EarlierTimestamp <= Timestamp
        | summarize EventCount = count() by Timestamp, DeviceId, ReportId, Slot
        | summarize (Timestamp, ReportId) = arg_max(Timestamp, ReportId) by DeviceId, Slot"""
    assert codes(kql) == []
    assert kql_checker().columns(kql) == [
        ("DeviceId", "string"),
        ("Slot", "datetime"),
        ("Timestamp", "datetime"),
        ("ReportId", "long"),
    ]


def test_every_table_and_column_of_the_schema_is_known() -> None:
    for table in xdr_schema().tables.values():
        expected = [(column.name, column.type.value) for column in table.columns.values()]
        assert kql_checker().columns(table.name) == expected


# ------------------------------------------------------------------------------------------------- threads and processes


def test_threads_get_the_answers_that_one_alone_gets() -> None:
    queries = [EVENTS + f'Nosuch{n} == "a" and ProcessId == "{n}"' for n in range(40)]
    alone = [kql_checker().check(kql) for kql in queries]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(KqlChecker().check, queries)) == alone


def test_it_answers_where_an_event_loop_runs() -> None:
    async def check() -> list[str]:
        return [problem.code for problem in KqlChecker().check("Nosuch")]

    assert asyncio.run(check()) == ["KS142"]


def test_there_is_one_checker_in_a_process() -> None:
    assert kql_checker() is kql_checker()


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_process_ends_after_a_check_and_without_one() -> None:
    begin = "from sigma_xdr.kql.checker import kql_checker; checker = kql_checker()"
    assert run(f"{begin}; print(checker.check('Nosuch')[0].code)") == "KS142\n"
    assert run(begin) == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes anew")
def test_a_forked_child_checks_and_ends() -> None:
    program = """
import os, sys
from sigma_xdr.kql.checker import kql_checker
print(kql_checker().check("Parent")[0].message[:17], flush=True)
child = os.fork()
if child == 0:
    print(kql_checker().check("Child")[0].message[:16], flush=True)
    sys.exit(0)
print(os.waitpid(child, 0)[1])
"""
    assert run(program) == "The name 'Parent'\nThe name 'Child'\n0\n"
