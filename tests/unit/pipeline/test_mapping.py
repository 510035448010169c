"""A rule mapped: modifiers, nothing and anything, keywords, selections, placeholders, and unknown fields."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingPipeline

from sigma_xdr.kql.query import RuleQuery, rule_query
from sigma_xdr.pipeline import FieldProblem, group_key, log_sources, xdr_pipeline
from sigma_xdr.rules import load_bytes
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import Case, CaseRows, Row, Rows, by_name, compiled, refused, sigma_rule, where, whole


def line(text: str) -> Row:
    """A process by its command line."""
    return {"ProcessCommandLine": text}


# ------------------------------------------------------------------------------------------------------------ modifiers

MODIFIERS = [
    Case("contains", {"CommandLine|contains": "/node:"},
        'ProcessCommandLine has "/node:"',
        [line("wmic /NODE:srv01 os")], [line("wmic os"), {}]),
    Case("startswith", {"CommandLine|startswith": "wmic "},
        'ProcessCommandLine startswith "wmic "',
        [line("WMIC os")], [line("x wmic os"), {}]),
    Case("endswith", {"CommandLine|endswith": " os"},
        'ProcessCommandLine endswith " os"',
        [line("wmic OS")], [line("wmic os get"), {}]),
    Case("all", {"CommandLine|all": ["*process*", "*call*"]},
        """
        ProcessCommandLine contains "process"
        ProcessCommandLine contains "call"
        """,
        [line("wmic process call create")], [line("wmic process"), {}]),
    Case("all over plain values", {"CommandLine|all": ["wmic", "WMIC", "Wmic"]},
        'ProcessCommandLine =~ "wmic"',
        [line("wmic")], [line("wmic os"), {}]),
    Case("contains all", {"CommandLine|contains|all": ["process", " call "]},
        """
        ProcessCommandLine contains "process"
        ProcessCommandLine has " call "
        """,
        [line("wmic process call create")], [line("wmic process callx"), {}]),
    Case("cased", {"CommandLine|cased": ["wmic", "*IEX*"]},
        'ProcessCommandLine == "wmic" or ProcessCommandLine contains_cs "IEX"',
        [line("wmic"), line("a IEX b")], [line("WMIC"), line("iex"), {}]),
    Case("re", {"CommandLine|re": r"\bwmic(\.exe)?\s+os\b"},
        r'ProcessCommandLine matches regex @"\bwmic(\.exe)?\s+os\b"',
        [line("x wmic.exe  os")], [line("x WMIC os"), {}]),
    Case("re with flags", {"CommandLine|re|i|m|s": "^wmic.os$"},
        'ProcessCommandLine matches regex "(?ims)^wmic.os$"',
        [line("x\nWMIC\nos")], [line("x wmic os"), {}]),
    Case("re with one flag", {"CommandLine|re|i": "^wmic.os$"},
        'ProcessCommandLine matches regex "(?i)^wmic.os$"',
        [line("WMIC os")], [line("x\nwmic os"), line("wmic\nos"), {}]),
    Case("re that holds a slash and a quote", {"CommandLine|re": r'"C:\\Windows\\[^"]+"'},
        r"""ProcessCommandLine matches regex @'"C:\\Windows\\[^"]+"'""",
        [line(r'"C:\Windows\x"')], [line(r"C:\Windows\x"), {}]),
    Case("all of several re", {"CommandLine|re|all": ["a+b", "c+d"]},
        """
        ProcessCommandLine matches regex "a+b"
        ProcessCommandLine matches regex "c+d"
        """,
        [line("aab ccd")], [line("aab"), {}]),
    Case("windash", {"CommandLine|windash|contains": " -node:"},
        'ProcessCommandLine has_any (" -node:", " /node:", " –node:", " —node:", " ―node:")',
        [line("wmic -node:x"), line("wmic /node:x"), line("wmic –node:x"), line("wmic —node:x"), line("wmic ―node:x")],
        [line("wmic node:x"), {}]),
    Case("windash, all", {"CommandLine|contains|all|windash": ["-a b", "-c"]},
        """
        ProcessCommandLine contains "-a b"
            or ProcessCommandLine contains "/a b"
            or ProcessCommandLine contains "–a b"
            or ProcessCommandLine contains "—a b"
            or ProcessCommandLine contains "―a b"
        ProcessCommandLine contains "-c"
            or ProcessCommandLine contains "/c"
            or ProcessCommandLine contains "–c"
            or ProcessCommandLine contains "—c"
            or ProcessCommandLine contains "―c"
        """,
        [line("x /a b -c")], [line("x /a b"), {}]),
    Case("exists", {"ParentCommandLine|exists": True, "CommandLine|exists": False},
        """
        isempty(ProcessCommandLine)
        isnotempty(InitiatingProcessCommandLine)
        """,
        [{"InitiatingProcessCommandLine": "x"}], [{"InitiatingProcessCommandLine": "x", **line("x")}, {}]),
    Case("fieldref", {"CommandLine|fieldref": "ParentCommandLine"},
        """
        ProcessCommandLine =~ InitiatingProcessCommandLine
        isnotempty(ProcessCommandLine)
        """,
        [{**line("A b"), "InitiatingProcessCommandLine": "a B"}], [{**line("a"), "InitiatingProcessCommandLine": "ab"}, {}]),
    Case("fieldref contains", {"CommandLine|fieldref|contains": "OriginalFileName"},
        """
        ProcessCommandLine contains ProcessVersionInfoOriginalFileName
        isnotempty(ProcessCommandLine)
        isnotempty(ProcessVersionInfoOriginalFileName)
        """,
        [{**line("x WMIC.exe y"), "ProcessVersionInfoOriginalFileName": "wmic.exe"}], [line("x"), {}]),
    Case("fieldref startswith", {"CommandLine|fieldref|startswith": "OriginalFileName"},
        """
        ProcessCommandLine startswith ProcessVersionInfoOriginalFileName
        isnotempty(ProcessCommandLine)
        isnotempty(ProcessVersionInfoOriginalFileName)
        """,
        [{**line("WMIC.exe y"), "ProcessVersionInfoOriginalFileName": "wmic.exe"}],
        [{**line("x WMIC.exe"), "ProcessVersionInfoOriginalFileName": "wmic.exe"}, line("x"), {}]),
    Case("fieldref endswith", {"CommandLine|fieldref|endswith": "OriginalFileName"},
        """
        ProcessCommandLine endswith ProcessVersionInfoOriginalFileName
        isnotempty(ProcessCommandLine)
        isnotempty(ProcessVersionInfoOriginalFileName)
        """,
        [{**line("x WMIC.exe"), "ProcessVersionInfoOriginalFileName": "wmic.exe"}],
        [{**line("WMIC.exe y"), "ProcessVersionInfoOriginalFileName": "wmic.exe"}, line("x"), {}]),
    Case("lt", {"ProcessId|lt": 5},
        "ProcessId < 5",
        [{"ProcessId": 4}], [{"ProcessId": 5}, {}]),
    Case("lte", {"ProcessId|lte": 5},
        "ProcessId <= 5",
        [{"ProcessId": 5}], [{"ProcessId": 6}, {}]),
    Case("gt", {"ProcessId|gt": 5},
        "ProcessId > 5",
        [{"ProcessId": 6}], [{"ProcessId": 5}, {}]),
    Case("gte", {"ProcessId|gte": 5},
        "ProcessId >= 5",
        [{"ProcessId": 5}], [{"ProcessId": 4}, {}]),
    Case("neq", {"CommandLine|neq": "wmic"},
        'ProcessCommandLine !~ "wmic"',
        [line("wmic os"), {}], [line("WMIC")]),
    Case("neq of several", {"CommandLine|contains|neq": ["a", "b"]},
        'not(ProcessCommandLine contains "a" or ProcessCommandLine contains "b")',
        [line("c"), {}], [line("xax"), line("b")]),
    Case("neq of a field of two columns", {"User|neq": r"NT AUTHORITY\SYSTEM"},
        'not(AccountName =~ "SYSTEM" and AccountDomain =~ "NT AUTHORITY")',
        [{"AccountDomain": "nt authority", "AccountName": "x"}, {}],
        [{"AccountDomain": "nt authority", "AccountName": "system"}]),
    Case("neq of null", {"CommandLine|neq": None},
        "isnotempty(ProcessCommandLine)",
        [line("x")], [{}]),
    Case("minute, hour, day, month, year", {
            "UtcTime|minute": 59, "UtcTime|hour": [22, 23], "UtcTime|day": 31, "UtcTime|month": 12, "UtcTime|year": 2026},
        """
        datetime_part("minute", Timestamp) == 59
        hourofday(Timestamp) in (22, 23)
        dayofmonth(Timestamp) == 31
        monthofyear(Timestamp) == 12
        getyear(Timestamp) == 2026
        """,
        [{"Timestamp": "2026-12-31T23:59:00Z"}], [{"Timestamp": "2026-12-31T21:59:00Z"}, {}]),
    Case("week", {"UtcTime|week": 1},
        "week_of_year(Timestamp) == 1",
        [{"Timestamp": "2026-01-01T00:00:00Z"}], [{"Timestamp": "2026-01-05T00:00:00Z"}, {}]),
    Case("cidr", {"InitiatingProcessRemoteSessionIP|cidr": ["10.0.0.0/8", "fe80::/64"]},
        """
        ipv4_is_in_range(InitiatingProcessRemoteSessionIP, "10.0.0.0/8")
            or ipv6_is_in_range(InitiatingProcessRemoteSessionIP, "fe80::/64")
        """,
        [{"InitiatingProcessRemoteSessionIP": "10.255.0.1"}, {"InitiatingProcessRemoteSessionIP": "fe80::7"}],
        [{"InitiatingProcessRemoteSessionIP": "11.0.0.1"}, {"InitiatingProcessRemoteSessionIP": "x"}, {}]),
    Case("expand", {"CommandLine|expand|contains": ["/node:%servers%", "x"]},
        """
        ProcessCommandLine contains "/node:srv01"
            or ProcessCommandLine contains "/node:srv-"
            or ProcessCommandLine contains "x"
        """,
        [line("wmic /node:srv01"), line("wmic /node:srv-dc"), line("x")], [line("wmic /node:y"), {}],
        site={"servers": ("srv01", "srv-*")}),
    Case("expand that minds case", {"CommandLine|expand|cased": "%tools%"},
        'ProcessCommandLine == "Wmic"',
        [line("Wmic")], [line("wmic"), {}], site={"tools": ("Wmic",)}),
    Case("expand inside a re", {"CommandLine|re|expand": "^%tools% os$"},
        'ProcessCommandLine matches regex "^wmic os$" or ProcessCommandLine matches regex "^cim os$"',
        [line("wmic os")], [line("x os"), {}], site={"tools": ("wmic", "cim")}),
    Case("expand, then windash", {"CommandLine|expand|windash|contains": " -x %servers%"},
        """
        ProcessCommandLine contains " -x srv01"
            or ProcessCommandLine contains " /x srv01"
            or ProcessCommandLine contains " –x srv01"
            or ProcessCommandLine contains " —x srv01"
            or ProcessCommandLine contains " ―x srv01"
        """,
        [line("wmic /x srv01")], [line("wmic x srv01"), {}], site={"servers": ("srv01",)}),
]  # fmt: skip


@by_name(MODIFIERS)
def test_modifiers_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


# --------------------------------------------------------------------------------------------- nothing, anything, several

PLAIN = [
    Case("null", {"CommandLine": None},
        "isempty(ProcessCommandLine)",
        [{}], [line("null")]),
    Case("no null", {"selections": {"s": {"FileName": "a"}, "f": {"CommandLine": None}}},
        """
        FileName =~ "a"
        isnotempty(ProcessCommandLine)
        """,
        [{"FileName": "a", **line("x")}], [{"FileName": "a"}], condition="s and not f"),
    Case("null or a value", {"CommandLine": [None, "x"]},
        'ProcessCommandLine =~ "x" or isempty(ProcessCommandLine)',
        [{}, line("X")], [line("y")]),
    Case("an empty text", {"CommandLine": ""},
        "isempty(ProcessCommandLine)",
        [{}], [line("x")]),
    Case("empty all around", {"CommandLine|contains": ""},
        "isnotempty(ProcessCommandLine)",
        [line("x")], [{}]),
    Case("any text", {"CommandLine": "*"},
        "isnotempty(ProcessCommandLine)",
        [line("x")], [{}]),
    Case("a wildcard in the middle", {"CommandLine": "wmic*process*call"},
        """
        ProcessCommandLine contains "process"
        ProcessCommandLine matches regex "(?is)^wmic.*process.*call$"
        """,
        [line("WMIC x\nprocess /y call")], [line("wmic process call x"), {}]),
    Case("one character", {"CommandLine": "wm?c"},
        'ProcessCommandLine matches regex "(?is)^wm.c$"',
        [line("wmic"), line("wm\nc")], [line("wmc"), line("wmiic"), {}]),
    Case("characters and nothing else", {"CommandLine": "??*"},
        'ProcessCommandLine matches regex "(?is)^.."',
        [line("ab"), line("abc")], [line("a"), {}]),
    Case("wildcards that are meant", {"CommandLine": [r"a\*b", r"*c\?d*"]},
        'ProcessCommandLine =~ "a*b" or ProcessCommandLine contains "c?d"',
        [line("a*b"), line("xc?dx")], [line("axb"), line("cxd"), {}]),
    Case("a list of maps", [{"CommandLine": "a"}, {"FileName": "b", "CommandLine": "c"}],
        'ProcessCommandLine =~ "a" or FileName =~ "b" and ProcessCommandLine =~ "c"',
        [line("a"), {"FileName": "b", **line("c")}], [line("c"), {"FileName": "b"}]),
    Case("1 of", {"selections": {"a_1": {"CommandLine": "x"}, "a_2": {"CommandLine": "y"}, "b": {"FileName": "z"}}},
        'ProcessCommandLine in~ ("x", "y")',
        [line("x"), line("y")], [{"FileName": "z"}], condition="1 of a_*"),
    Case("all of", {"selections": {"a_1": {"CommandLine|contains": "x"}, "a_2": {"CommandLine|contains": "y"}}},
        """
        ProcessCommandLine contains "x"
        ProcessCommandLine contains "y"
        """,
        [line("xy")], [line("x")], condition="all of a_*"),
    Case("all of them but the hidden", {"selections": {"a": {"CommandLine": "x"}, "_b": {"FileName": "z"}}},
        'ProcessCommandLine =~ "x"',
        [line("x")], [{"FileName": "z"}], condition="all of them"),
    Case("not 1 of", {"selections": {"s": {"FileName": "z"}, "f_1": {"CommandLine": "x"}, "f_2": {"ProcessId|lt": 5}}},
        """
        FileName =~ "z"
        isnull(ProcessId) or ProcessId >= 5
        ProcessCommandLine !~ "x"
        """,
        [{"FileName": "z"}, {"FileName": "z", "ProcessId": 5}], [{"FileName": "z", "ProcessId": 4}, {"FileName": "z", **line("x")}],
        condition="s and not 1 of f_*"),
    Case("not all of", {"selections": {"s": {"FileName": "z"}, "f_1": {"CommandLine": "x"}, "f_2": {"ProcessId|lt": 5}}},
        """
        FileName =~ "z"
        not(ProcessCommandLine =~ "x" and ProcessId < 5 and isnotnull(ProcessId))
        """,
        [{"FileName": "z"}, {"FileName": "z", "ProcessId": 4}, {"FileName": "z", **line("x")}],
        [{"FileName": "z", "ProcessId": 4, **line("x")}],
        condition="s and not all of f_*"),
    Case("several conditions", {"selections": {"a": {"CommandLine": "x"}, "b": {"FileName": "z"}, "c": {"ProcessId": 4}}},
        """
        ProcessCommandLine =~ "x" or FileName =~ "z"
        ProcessId != 4
        """,
        [line("x"), {"FileName": "z"}], [line("x") | {"ProcessId": 4}, {"FileName": "z", "ProcessId": 4}],
        condition=["a and not c", "b and not c"]),
    Case("brackets", {"selections": {"a": {"CommandLine": "x"}, "b": {"FileName": "z"}, "c": {"ProcessId": 4}}},
        """
        ProcessCommandLine =~ "x" or FileName =~ "z"
        ProcessId == 4
        FileName !~ "z"
        """,
        [line("x") | {"ProcessId": 4}], [line("x"), {"FileName": "z"}, {}], condition="(a or b) and not (b or not c)"),
]  # fmt: skip


@by_name(PLAIN)
def test_plain_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@pytest.fixture(scope="module")
def rows() -> CaseRows:
    return CaseRows([*MODIFIERS, *PLAIN])


@by_name([*MODIFIERS, *PLAIN])
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ---------------------------------------------------------------------------------------------- not, over what isn't there

FULL: Row = {
    "FileName": "wmic.exe",
    "FolderPath": r"C:\Windows\System32\wbem\WMIC.exe",
    "ProcessCommandLine": "WMIC /node:x os",
    "ProcessVersionInfoOriginalFileName": "wmic",
    "ProcessId": 4,
    "InitiatingProcessId": 4,
    "ProcessIntegrityLevel": "High",
    "SHA1": "86f7e437" * 5,
    "AccountDomain": "contoso",
    "AccountName": "anna",
    "Timestamp": "2026-03-04T05:06:00Z",
    "InitiatingProcessFileName": "winword.exe",
    "InitiatingProcessFolderPath": r"c:\program files\winword.exe",
    "InitiatingProcessRemoteSessionIP": "10.1.2.3",
    "AdditionalFields": '{"Mark": "x", "Size": 7}',
}
#: Detections that the full row fits, one an operator and kind of column.
OPERATORS = {
    "equals": {"CommandLine": "wmic /node:x os"},
    "in": {"CommandLine": ["wmic /node:x os", "y"]},
    "equals cased": {"CommandLine|cased": "WMIC /node:x os"},
    "contains": {"CommandLine|contains": "node"},
    "contains any": {"CommandLine|contains": ["node", "y"]},
    "has": {"CommandLine|contains": " /node:"},
    "has_any": {"CommandLine|contains": [" /node:", " -node:"]},
    "contains cased": {"CommandLine|contains|cased": "WMIC"},
    "startswith": {"CommandLine|startswith": "wmic"},
    "startswith cased": {"CommandLine|startswith|cased": "WMIC"},
    "endswith": {"CommandLine|endswith": "os"},
    "endswith cased": {"CommandLine|endswith|cased": "os"},
    "regex": {"CommandLine|re": "^WMIC"},
    "wildcard": {"CommandLine": "w*c*os"},
    "field": {"CommandLine|fieldref|startswith": "OriginalFileName"},
    "number": {"ProcessId": 4},
    "numbers": {"ProcessId": [4, 5]},
    "piece of a number": {"ProcessId|contains": "4"},
    "number of a field": {"ProcessId|fieldref": "ParentProcessId"},
    "lt": {"ProcessId|lt": 5},
    "lte": {"ProcessId|lte": 4},
    "gt": {"ProcessId|gt": 3},
    "gte": {"ProcessId|gte": 4},
    "time": {"UtcTime|hour": 5},
    "network": {"InitiatingProcessRemoteSessionIP|cidr": "10.0.0.0/8"},
    "IPv6 network or an IPv4 one": {"InitiatingProcessRemoteSessionIP|cidr": ["::/0", "10.0.0.0/8"]},
    "enumeration": {"IntegrityLevel": "High"},
    "hash": {"Hashes": "SHA1=" + "86f7e437" * 5},
    "account": {"User": r"CONTOSO\anna"},
    "path": {"Image": r"C:\Windows\System32\wbem\WMIC.exe"},
    "parent's path": {"ParentImage|startswith": "C:\\Program Files\\"},
    "parent's name": {"ParentImage|endswith": r"\winword.exe"},
    "key": {"AdditionalFields.Mark": "x"},
    "number in a key": {"AdditionalFields.Size|gt": 6},
    "there": {"CommandLine|exists": True},
    "anything": {"CommandLine": "*"},
}


@pytest.fixture(scope="module")
def full_and_empty() -> Rows:
    return Rows("DeviceProcessEvents", [{"ActionType": "ProcessCreated", **row} for row in (FULL, {})])


@pytest.mark.parametrize("detection", OPERATORS.values(), ids=OPERATORS)
def test_not_keeps_rows_that_hold_nothing(full_and_empty: Rows, detection: dict[str, object]) -> None:
    assert full_and_empty.selected(compiled(detection)) == {0}
    assert full_and_empty.selected(compiled(detection, "not selection")) == {1}


def test_not_null_and_not_empty_keep_rows_that_hold_something(full_and_empty: Rows) -> None:
    for field in (
        "CommandLine",
        "ProcessId",
        "User",
        "ParentImage",
        "Hashes",
        "AdditionalFields.Mark",
        "IntegrityLevel",
    ):
        assert full_and_empty.selected(compiled({field: None})) == {1}, field
        assert full_and_empty.selected(compiled({field: None}, "not selection")) == {0}, field


# -------------------------------------------------------------------------------------------------------------- encodings


def loaded(detection: dict[str, object]) -> RuleQuery:
    """The query of a rule that was loaded from a file, whose modifiers are applied there."""
    document = {
        "title": "A Rule",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"selection": detection, "condition": "selection"},
    }
    path = Path("rule.yml")
    [rule], problems = load_bytes(path, path, yaml.safe_dump(document).encode())
    assert problems == []
    parsed = rule.parse()
    return rule_query(parsed, xdr_pipeline())  # type: ignore[arg-type]


ENCODED = {
    "base64": ({"CommandLine|base64|contains": "IEX (New"}, [b"IEX (New"]),
    "base64, minding case": ({"CommandLine|base64": "ab"}, [b"ab"]),
    "wide, base64": ({"CommandLine|wide|base64|contains": "IEX"}, ["IEX".encode("utf-16-le")]),
    "utf16be, base64": ({"CommandLine|utf16be|base64|contains": "IEX"}, ["IEX".encode("utf-16-be")]),
    "utf16, base64": ({"CommandLine|utf16|base64|contains": "IEX"}, [b"\xff\xfe" + "IEX".encode("utf-16-le")]),
}


@pytest.mark.parametrize(("detection", "plain"), ENCODED.values(), ids=ENCODED)
def test_base64_minds_case(detection: dict[str, object], plain: list[bytes]) -> None:
    operator = "contains_cs" if any("contains" in key for key in detection) else "=="
    [text] = [base64.b64encode(each).decode() for each in plain]
    assert where(loaded(detection)) == f'ProcessCommandLine {operator} "{text}"'


@pytest.mark.parametrize(
    ("modifiers", "encoding", "text"),
    [
        ("base64offset", "utf-8", "http://"),
        ("wide|base64offset", "utf-16-le", "Invoke-WmiMethod"),
        ("utf16be|base64offset", "utf-16-be", "wmic"),
        ("base64offset", "utf-8", r"a\*b\?c é"),
    ],
)
def test_base64_is_found_at_every_offset(modifiers: str, encoding: str, text: str) -> None:
    query = loaded({f"CommandLine|{modifiers}|contains": text})
    plain = text.replace("\\", "").encode(encoding)
    lines = [base64.b64encode(b"x" * offset + plain + b"yz").decode() for offset in range(7)]
    wrong_case = [each.swapcase() for each in lines]
    rows = Rows(
        "DeviceProcessEvents",
        [{"ActionType": "ProcessCreated", **line(f"powershell -enc {each}")} for each in lines + wrong_case],
    )
    assert rows.selected(query) == set(range(7))


# --------------------------------------------------------------------------------------------------------------- keywords

#: On the table of fewest columns: an engine reads a keyword's condition a column at a time.
DIRECTORY = {"category": "identity_directory_events", "service": "defender-xdr"}
KEYWORD_ROWS: list[Row] = [
    {"AccountDisplayName": "the MIMIKATZ account"},
    {"TargetDeviceName": "mimikatz.contoso.com"},
    {"AccountName": "mimi", "AccountUpn": "katz"},
    {"AccountDisplayName": "mimi the katz, sekurlsa"},
    {"DestinationDeviceName": "sekurlsa"},
    {"AccountName": "7 wmic"},
    {},
]


def keyword(detection: object, condition: str) -> RuleQuery:
    selections = {"action": {"ActionType": "Wmi execution"}, "keyword": detection}
    return compiled({"selections": selections}, condition, **DIRECTORY)


@pytest.fixture(scope="module")
def keyword_rows() -> Rows:
    return Rows("IdentityDirectoryEvents", [{"ActionType": "Wmi execution", **row} for row in KEYWORD_ROWS])


@pytest.mark.parametrize(
    ("detection", "found"),
    [
        ("mimikatz", {0, 1}),
        ({"|contains": "mimikatz"}, {0, 1}),
        (["mimikatz", "sekurlsa"], {0, 1, 3, 4}),
        ({"|all": ["mimi", "sekurlsa"]}, {3}),
        ("mimi*katz", {0, 1, 3}),
        ("*mimi?atz*", {0, 1}),
        (r"mimi\*katz", set()),
        ({"|cased": "mimikatz"}, {1}),
        ({"|re": "(?i)mimi.{0,6}katz"}, {0, 1, 3}),
        ({"|re": "^mimi$"}, {2}),
        ([7], {5}),
        ([True], set()),
        ({"|windash": "-x"}, set()),
        ({"|neq": "mimikatz"}, {2, 3, 4, 5, 6}),
    ],
)
def test_a_keyword_is_found_in_any_column(keyword_rows: Rows, detection: object, found: set[int]) -> None:
    assert keyword_rows.selected(keyword(detection, "action and keyword")) == found


def test_not_a_keyword(keyword_rows: Rows) -> None:
    assert keyword_rows.selected(keyword(["mimikatz", "a*b"], "action and not keyword")) == {2, 3, 4, 5, 6}


def test_a_keywords_text() -> None:
    columns = xdr_schema().table("DeviceLogonEvents").string_columns
    detection = {"selections": {"event": {"EventID": 4625}, "words": ["nltest", "a*b"]}}
    assert whole(compiled(detection, "event and words", service="security")).split("\n") == [
        "DeviceLogonEvents",
        '| where ActionType == "LogonFailed"',
        f'| extend RowText = strcat_delim("\\u001f", {", ".join(columns)})',
        '| where RowText contains "nltest" or RowText matches regex @"(?is)a[^\\x1f]*b"',
    ]


@pytest.mark.parametrize("detection", ["*", "**", "?", "", ["\x1f"]])
def test_a_keyword_without_text_is_refused(detection: object) -> None:
    assert refused(detection) == [("unsupported", "a keyword of wildcards alone finds every row", "give it some text")]


@pytest.mark.parametrize("detection", [{"|cidr": "10.0.0.0/8"}, {"|gt": 5}])
def test_a_keyword_is_text(detection: object) -> None:
    assert refused(detection) == [("unsupported", "a keyword is text, a number or a regular expression", None)]


# ----------------------------------------------------------------------------------------------------- what can't be said


def test_placeholders_without_values_are_refused_together() -> None:
    detection = {"CommandLine|expand|windash": ["-x %servers%", "%servers% %tools%"], "Image|expand": "%tools%"}
    assert refused(detection, site={"other": ("x",)}) == [
        (
            "missing-placeholder",
            f"the site file gives no values for %{name}%",
            f"add a list under '{name}' to the site file, and give it with --site",
        )
        for name in ("servers", "tools", "tools")
    ]


@pytest.mark.parametrize("condition", ["1 of nothing_*", "selection and not 1 of filter_*", "selection or all of x*"])
def test_a_pattern_that_takes_in_no_selection_is_refused(condition: str) -> None:
    assert refused({"CommandLine": "x"}, condition) == [
        ("unknown-selection", "the condition has a pattern that takes in no selection", None)
    ]


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("commandline", "did you mean CommandLine (column ProcessCommandLine of DeviceProcessEvents)?"),
        ("ProcessComandLine", "did you mean ProcessCommandLine?"),
        ("Hahses", "did you mean Hashes (column MD5 of DeviceProcessEvents)?"),
        ("CurrentDirectori", "did you mean CurrentDirectory?"),
        ("Zzz", "list them: sigma-xdr fields process_creation"),
        ("FileName; print 1", "did you mean FileName?"),
        ("AdditionalField.x", "did you mean AdditionalFields?"),
    ],
)
def test_an_unknown_field_names_the_likest(field: str, hint: str) -> None:
    assert refused({field: "x"}) == [("unknown-field", f"'{field}' is no field of process_creation", hint)]


def test_an_additional_field_of_a_table_without_them_is_unknown() -> None:
    assert refused({"AdditionalFields.X": "y"}, category="registry_set")[0][:2] == (
        "unknown-field",
        "'AdditionalFields.X' is no field of registry_set",
    )


# ------------------------------------------------------------------------------------------------- group-by, correlations


@pytest.mark.parametrize(
    ("category", "field", "key"),
    [
        ("process_creation", "Computer", "DeviceId"),
        ("process_creation", "Image", "FileName"),
        ("process_creation", "ParentImage", "InitiatingProcessFileName"),
        ("process_creation", "GrandParentImage", "InitiatingProcessParentFileName"),
        ("process_creation", "User", 'iff(isempty(AccountName), "", strcat(AccountDomain, "\\\\", AccountName))'),
        ("process_creation", "CommandLine", "ProcessCommandLine"),
        ("process_creation", "AccountSid", "AccountSid"),
        ("process_creation", "IntegrityLevel", "ProcessIntegrityLevel"),
        ("network_connection", "DestinationIp", "RemoteIP"),
        ("dns_query", "QueryName", "tostring(parse_json(AdditionalFields).DnsQueryString)"),
        ("registry_set", "Details", "RegistryValueData"),
        ("security", "TargetUserName", "AccountName"),
    ],
)
def test_what_a_correlation_groups_by(category: str, field: str, key: str) -> None:
    source = log_sources()[category]
    assert group_key(field, source, xdr_schema().table(source.table)) == key


@pytest.mark.parametrize(
    ("category", "field", "code"),
    [
        ("registry_set", "TargetObject", "group-by-field"),
        ("process_creation", "Hashes", "group-by-field"),
        ("process_creation", "CurrentDirectory", "lost-field"),
        ("process_creation", "Nothing", "unknown-field"),
    ],
)
def test_what_a_correlation_cant_group_by(category: str, field: str, code: str) -> None:
    source = log_sources()[category]
    with pytest.raises(FieldProblem) as problem:
        group_key(field, source, xdr_schema().table(source.table))
    assert problem.value.code == code


def test_a_correlation_itself_is_left_as_it_is() -> None:
    correlation = SigmaCorrelationRule.from_dict(
        {
            "title": "Many",
            "correlation": {
                "type": "event_count",
                "rules": ["a"],
                "group-by": ["%x%"],
                "timespan": "1m",
                "condition": {"gte": 5},
            },
        }
    )
    before = correlation.to_dict()
    xdr_pipeline().apply(correlation)
    assert correlation.to_dict() == before


def test_the_pipeline_adds_to_others() -> None:
    pipeline = ProcessingPipeline(name="a site's own", priority=5) + xdr_pipeline()
    assert rule_query(sigma_rule({"CommandLine": "x"}), pipeline).table.name == "DeviceProcessEvents"
    assert xdr_pipeline().allowed_backends == frozenset({"sigma_xdr", "kusto", "microsoft365defender"})
