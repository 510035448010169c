"""Fields of one column: text, numbers, booleans, times, keys of AdditionalFields, enumerations."""

from __future__ import annotations

import json

import pytest

from tests.unit.compiling import Case, CaseRows, by_name, compiled, refused, warned, where

XDR = "defender-xdr"
LOGON = {"ActionType": "LogonSuccess"}


def extra(**fields: object) -> dict[str, object]:
    """A row whose AdditionalFields hold these, as Defender writes them: JSON in a text."""

    return {"AdditionalFields": json.dumps(fields)}


CASES = [
    # ---- text
    Case(
        "every plain shape",
        {"CommandLine": ["wmic os", "wmic*", "*/format", "*process*"]},
        """
        ProcessCommandLine =~ "wmic os"
            or ProcessCommandLine startswith "wmic"
            or ProcessCommandLine endswith "/format"
            or ProcessCommandLine contains "process"
        """,
        [
            {"ProcessCommandLine": "WMIC OS"},
            {"ProcessCommandLine": "wmic.exe x"},
            {"ProcessCommandLine": "x /FORMAT"},
            {"ProcessCommandLine": "a process call"},
        ],
        [{"ProcessCommandLine": "a wmic"}, {}],
    ),
    Case(
        "text that minds case",
        {"CommandLine|cased": ["WMIC", "x*", "*y", "*z*"]},
        """
        ProcessCommandLine == "WMIC"
            or ProcessCommandLine startswith_cs "x"
            or ProcessCommandLine endswith_cs "y"
            or ProcessCommandLine contains_cs "z"
        """,
        [{"ProcessCommandLine": "WMIC"}, {"ProcessCommandLine": "xX"}, {"ProcessCommandLine": "az b"}],
        [{"ProcessCommandLine": "wmic"}, {"ProcessCommandLine": "Xx"}, {"ProcessCommandLine": "AZ B"}],
    ),
    Case(
        "a number and a boolean as text",
        {"CommandLine": [7, True]},
        'ProcessCommandLine in~ ("7", "true")',
        [{"ProcessCommandLine": "7"}, {"ProcessCommandLine": "True"}],
        [{"ProcessCommandLine": "77"}],
    ),
    Case(
        "a column by its own name",
        {"InitiatingProcessCommandLine|contains": "wmic"},
        'InitiatingProcessCommandLine contains "wmic"',
        [{"InitiatingProcessCommandLine": "wmic os"}],
        [{"ProcessCommandLine": "wmic os"}],
    ),
    Case(
        "one text in another",
        {"ParentCommandLine|fieldref|contains": "OriginalFileName"},
        """
        InitiatingProcessCommandLine contains ProcessVersionInfoOriginalFileName
        isnotempty(InitiatingProcessCommandLine)
        isnotempty(ProcessVersionInfoOriginalFileName)
        """,
        [{"InitiatingProcessCommandLine": "a wmic.exe", "ProcessVersionInfoOriginalFileName": "WMIC.exe"}],
        [{"InitiatingProcessCommandLine": "a wmic.exe"}, {"ProcessVersionInfoOriginalFileName": "x"}],
    ),
    # ---- numbers
    Case(
        "numbers as numbers and as text",
        {"ProcessId": [4, "0x1F4", " 80 "]},
        "ProcessId in (500, 80, 4)",
        [{"ProcessId": 4}, {"ProcessId": 500}, {"ProcessId": 80}],
        [{"ProcessId": 5}, {}],
    ),
    Case(
        "a number in hexadecimal text",
        {"LogonId": ["0x3e7", "0x1234567890abcdef"]},
        "LogonId in (999, 1311768467294899695)",
        [{"LogonId": 999}, {"LogonId": 0x1234567890ABCDEF}],
        [{"LogonId": 3}],
    ),
    Case(
        "no number",
        {"ProcessId": ["", 7]},
        "isnull(ProcessId) or ProcessId == 7",
        [{}, {"ProcessId": 7}],
        [{"ProcessId": 0}],
    ),
    Case(
        "a number that is null",
        {"ProcessId": None},
        "isnull(ProcessId)",
        [{}],
        [{"ProcessId": 0}],
    ),
    Case("some number", {"ProcessId": "*"}, "isnotnull(ProcessId)", [{"ProcessId": 0}], [{}]),
    Case(
        "pieces of a number",
        {"ProcessId|startswith": "12"},
        'tostring(ProcessId) startswith "12"',
        [{"ProcessId": 1234}],
        [{"ProcessId": 3412}, {}],
    ),
    Case(
        "a regex on a number",
        {"ProcessId|re": "^[0-9]{3}$"},
        'tostring(ProcessId) matches regex "^[0-9]{3}$"',
        [{"ProcessId": 123}],
        [{"ProcessId": 1234}, {}],
    ),
    Case(
        "comparisons",
        {"ProcessId|gte": 100, "ParentProcessId|lt": 100.5},
        """
        ProcessId >= 100
        InitiatingProcessId < 100.5
        """,
        [{"ProcessId": 100, "InitiatingProcessId": 100}],
        [{"ProcessId": 99, "InitiatingProcessId": 1}, {"ProcessId": 100}, {"InitiatingProcessId": 1}],
    ),
    Case(
        "a number that is another",
        {"ProcessId|fieldref": "ParentProcessId"},
        """
        ProcessId == InitiatingProcessId
        isnotnull(ProcessId)
        """,
        [{"ProcessId": 4, "InitiatingProcessId": 4}],
        [{"ProcessId": 4, "InitiatingProcessId": 5}, {"ProcessId": 4}, {}],
    ),
    # ---- booleans
    Case(
        "a boolean",
        {"IsLocalAdmin": True, "ActionType": "LogonSuccess"},
        """
        ActionType == "LogonSuccess"
        IsLocalAdmin == true
        """,
        [{**LOGON, "IsLocalAdmin": True}],
        [{**LOGON, "IsLocalAdmin": False}, LOGON],
        category="device_logon_events",
        service=XDR,
    ),
    Case(
        "a boolean as text, and none",
        {
            "selections": {
                "a": {"ActionType": "LogonSuccess"},
                "b": {"IsLocalAdmin": "False"},
                "c": {"IsLocalAdmin": None},
            }
        },
        """
        ActionType == "LogonSuccess"
        IsLocalAdmin == false or isnull(IsLocalAdmin)
        """,
        [{**LOGON, "IsLocalAdmin": False}, LOGON],
        [{**LOGON, "IsLocalAdmin": True}],
        condition="a and (b or c)",
        category="device_logon_events",
        service=XDR,
    ),
    # ---- times
    Case(
        "parts of a time",
        {"UtcTime|hour": [22, 23], "TimeCreated|minute": 5, "UtcTime|day": 4, "UtcTime|month": 3, "UtcTime|year": 2026},
        """
        hourofday(Timestamp) in (22, 23)
        datetime_part("minute", Timestamp) == 5
        dayofmonth(Timestamp) == 4
        monthofyear(Timestamp) == 3
        getyear(Timestamp) == 2026
        """,
        [{"Timestamp": "2026-03-04T22:05:00Z"}],
        [{"Timestamp": "2026-03-04T21:05:00Z"}, {"Timestamp": "2025-03-04T22:05:00Z"}, {}],
    ),
    Case(
        "a week, as ISO 8601 counts",
        {"UtcTime|week": 53},
        "week_of_year(Timestamp) == 53",
        [{"Timestamp": "2027-01-03T23:59:00Z"}, {"Timestamp": "2026-12-28T00:00:00Z"}],
        [{"Timestamp": "2027-01-04T00:00:00Z"}],
    ),
    # ---- AdditionalFields
    Case(
        "a key of AdditionalFields",
        {"AdditionalFields.Namespace|contains": "cimv2", "ActionType": "RemoteWmiOperation"},
        """
        ActionType == "RemoteWmiOperation"
        tostring(parse_json(AdditionalFields).Namespace) contains "cimv2"
        """,
        [extra(Namespace=r"ROOT\CIMV2")],
        [extra(Namespace=r"ROOT\subscription"), extra(OperationType="cimv2"), {"AdditionalFields": "cimv2"}, {}],
        category="device_events",
        service=XDR,
    ),
    Case(
        "a known key by itself",
        {"IsRemoteMachine": True, "ActionType": "ProcessCreatedUsingWmiQuery"},
        """
        ActionType == "ProcessCreatedUsingWmiQuery"
        tostring(parse_json(AdditionalFields).IsRemoteMachine) =~ "true"
        """,
        [extra(IsRemoteMachine="true"), extra(IsRemoteMachine=True)],
        [extra(IsRemoteMachine="false"), extra(), {}],
        category="device_events",
        service=XDR,
    ),
    Case(
        "a key that isn't there",
        {"AdditionalFields.Namespace": None, "ActionType": "RemoteWmiOperation"},
        """
        ActionType == "RemoteWmiOperation"
        isempty(tostring(parse_json(AdditionalFields).Namespace))
        """,
        [extra(), {}, extra(Namespace="")],
        [extra(Namespace="x")],
        category="device_events",
        service=XDR,
    ),
    Case(
        "a key compared as a number",
        {"AdditionalFields.FileSize|gt": 100, "ActionType": "NamedPipeEvent"},
        "todouble(parse_json(AdditionalFields).FileSize) > 100",
        [extra(FileSize=101), extra(FileSize="200")],
        [extra(FileSize=100), extra(FileSize="x"), extra()],
        category="device_events",
        service=XDR,
    ),
    # ---- access masks
    Case(
        "masks, in either notation",
        {"TargetImage|endswith": r"\lsass.exe", "GrantedAccess": ["0x1010", "4112", "0x1FFFFF", "10"]},
        """
        FileName =~ "lsass.exe"
        tolong(parse_json(AdditionalFields).DesiredAccess) in (4112, 2097151, 10)
        """,
        [
            {"FileName": "lsass.exe", **extra(DesiredAccess=4112)},
            {"FileName": "lsass.exe", **extra(DesiredAccess="2097151")},
            {"FileName": "lsass.exe", **extra(DesiredAccess=10)},
        ],
        [{"FileName": "lsass.exe", **extra(DesiredAccess=4096)}, {"FileName": "lsass.exe"}],
        category="process_access",
    ),
    # ---- enumerations
    Case(
        "integrity levels by name and by SID",
        {"IntegrityLevel": ["High", "S-1-16-16384", "S-1-16-12288"]},
        'ProcessIntegrityLevel in~ ("High", "System")',
        [{"ProcessIntegrityLevel": "High"}, {"ProcessIntegrityLevel": "System"}],
        [{"ProcessIntegrityLevel": "Medium"}, {}],
    ),
    Case(
        "logon types",
        {"EventID": 4624, "LogonType": [3, "9"]},
        """
        ActionType == "LogonSuccess"
        LogonType in~ ("NewCredentials", "Network")
        """,
        [{"LogonType": "Network"}, {"LogonType": "NewCredentials"}],
        [{"LogonType": "Interactive"}, {"LogonType": "3"}],
        service="security",
    ),
    Case(
        "logon types by a pattern and by a regex",
        {"selections": {"a": {"EventID": 4624, "LogonType": "1?"}, "b": {"EventID": 4624, "LogonType|re": "^[23]$"}}},
        """
        ActionType == "LogonSuccess"
        LogonType in~ (
                "RemoteInteractive", "CachedInteractive", "CachedRemoteInteractive", "CachedUnlock", "Interactive", "Network"
            )
        """,
        [{"LogonType": "RemoteInteractive"}, {"LogonType": "Interactive"}],
        [{"LogonType": "Service"}],
        condition="a or b",
        service="security",
    ),
    Case(
        "no logon type",
        {"selections": {"a": {"EventID": 4624}, "b": {"LogonType": None}, "c": {"LogonType|exists": True}}},
        """
        ActionType == "LogonSuccess"
        isempty(LogonType)
        """,
        [{}],
        [{"LogonType": "Service"}],
        condition="a and b and not c",
        service="security",
    ),
    Case(
        "any level, and none",
        {
            "selections": {
                "a": {"IntegrityLevel": "*", "FileName": "x"},
                "b": {"IntegrityLevel": ["", "Low"], "FileName": "y"},
            }
        },
        """
        FileName =~ "x" and isnotempty(ProcessIntegrityLevel)
            or FileName =~ "y" and (ProcessIntegrityLevel =~ "Low" or isempty(ProcessIntegrityLevel))
        """,
        [
            {"FileName": "x", "ProcessIntegrityLevel": "Protected"},
            {"FileName": "y", "ProcessIntegrityLevel": "low"},
            {"FileName": "y"},
        ],
        [{"FileName": "x"}, {"FileName": "y", "ProcessIntegrityLevel": "High"}],
        condition="a or b",
    ),
    Case(
        "ActionTypes by a pattern",
        {"ActionType": "AsrPsexecWmiChildProcess*"},
        """
        ActionType in (
                "AsrPsexecWmiChildProcessAudited", "AsrPsexecWmiChildProcessBlocked", "AsrPsexecWmiChildProcessWarnBypassed"
            )
        """,
        [{"ActionType": "AsrPsexecWmiChildProcessAudited"}, {"ActionType": "AsrPsexecWmiChildProcessBlocked"}],
        [{"ActionType": "AsrPersistenceThroughWmiAudited"}],
        category="device_events",
        service=XDR,
    ),
    Case(
        "an ActionType in another case",
        {"ActionType": "powershellcommand", "Command|startswith": "Invoke-WmiMethod"},
        """
        ActionType == "PowerShellCommand"
        tostring(parse_json(AdditionalFields).Command) startswith "Invoke-WmiMethod"
        """,
        [extra(Command="Invoke-WmiMethod")],
        [extra(Command="Get-Date"), {"ActionType": "AmsiScriptContent", **extra(Command="Invoke-WmiMethod")}],
        category="device_events",
        service=XDR,
    ),
    Case(
        "the Security log's dash is nothing",
        {"EventID": 4624, "IpAddress": "-"},
        """
        ActionType == "LogonSuccess"
        RemoteIP =~ "-" or isempty(RemoteIP)
        """,
        [{"RemoteIP": "-"}, {}],
        [{"RemoteIP": "10.1.2.3"}],
        service="security",
    ),
    # ---- networks
    Case(
        "networks of both kinds",
        {"EventID": 4624, "IpAddress|cidr": ["10.0.0.0/8", "192.168.0.0/16", "fe80::/10"]},
        """
        ActionType == "LogonSuccess"
        ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16") or ipv6_is_in_range(RemoteIP, "fe80::/10")
        """,
        [{"RemoteIP": "10.1.2.3"}, {"RemoteIP": "192.168.7.7"}, {"RemoteIP": "fe80::1"}],
        [{"RemoteIP": "8.8.8.8"}, {"RemoteIP": "2001:db8::1"}, {"RemoteIP": "-"}, {}],
        service="security",
    ),
    Case(
        "an IPv6 network holds no IPv4 address",
        {"EventID": 4624, "IpAddress|cidr": "::/0"},
        """
        ActionType == "LogonSuccess"
        RemoteIP contains ":"
        ipv6_is_in_range(RemoteIP, "::/0")
        """,
        [{"RemoteIP": "fe80::1"}, {"RemoteIP": "::ffff:10.0.0.1"}],
        [{"RemoteIP": "10.0.0.1"}, {}],
        service="security",
    ),
    Case(
        "outside a network is also who has no address",
        {"selections": {"a": {"EventID": 4624}, "b": {"IpAddress|cidr": "10.0.0.0/8"}}},
        """
        ActionType == "LogonSuccess"
        not(coalesce(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"), false))
        """,
        [{"RemoteIP": "8.8.8.8"}, {"RemoteIP": "fe80::1"}, {"RemoteIP": "LOCAL"}, {}],
        [{"RemoteIP": "10.1.2.3"}],
        condition="a and not b",
        service="security",
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said

PID = "'ProcessId' is a number in Defender (ProcessId: long)"
MASK = "'GrantedAccess' is a number in Defender (AdditionalFields.DesiredAccess)"

LOGON = "'LogonId' is a number in Defender (LogonId: long)"

REFUSED = [
    (
        {"LogonId|contains": "3"},
        "value-form",
        f"{LOGON}; '*3*' is no piece of its decimal text",
        "write the whole number",
    ),
    ({"LogonId|re": "7$"}, "value-form", f"{LOGON}; '7$' is no piece of its decimal text", "write the whole number"),
    ({"ProcessId": "wmic"}, "type-mismatch", f"{PID}; 'wmic' isn't one", None),
    ({"ProcessId": "080"}, "type-mismatch", f"{PID}; '080' isn't one", None),
    ({"ProcessId": "9" * 21}, "type-mismatch", f"{PID}; '{'9' * 21}' isn't one", None),
    ({"ProcessId": "9" * 20}, "type-mismatch", f"{'9' * 20} is no long, the type of 'ProcessId' (ProcessId)", None),
    ({"ProcessId": 4.5}, "type-mismatch", "4.5 is no long, the type of 'ProcessId' (ProcessId)", None),
    ({"ProcessId|gt": 2**63}, "type-mismatch", f"{2**63} is no long, the type of 'ProcessId' (ProcessId)", None),
    (
        {"ProcessId|contains": "0x3"},
        "value-form",
        f"{PID}; '*0x3*' is no piece of its decimal text",
        "write the whole number",
    ),
    ({"ProcessId|cidr": "10.0.0.0/8"}, "type-mismatch", "'ProcessId' can't be compared with a network", None),
    ({"ProcessId": True}, "type-mismatch", "'ProcessId' can't be compared with a boolean", None),
    ({"CommandLine|lt": 5}, "type-mismatch", "ProcessCommandLine is a string, 'lt' compares numbers", None),
    ({"CommandLine|hour": 5}, "type-mismatch", "'CommandLine' can't be compared with a part of a time", None),
    ({"UtcTime": "2026-03-04"}, "type-mismatch", "'UtcTime' can't be compared with text", None),
    ({"UtcTime": 2026}, "type-mismatch", "'UtcTime' can't be compared with a number", None),
    (
        {"CommandLine|fieldref": "ProcessId"},
        "fieldref",
        "'CommandLine' is a string, 'ProcessId' a long",
        None,
    ),
    (
        {"ProcessId|fieldref|startswith": "ParentProcessId"},
        "fieldref",
        "'ProcessId' is no text: it can only equal 'ParentProcessId'",
        None,
    ),
    (
        {"CommandLine|fieldref": "Image"},
        "fieldref",
        "'CommandLine' can't be compared with 'Image': it is no single column",
        None,
    ),
    (
        {"IntegrityLevel": "Hi"},
        "value-form",
        "'Hi' is no value of 'IntegrityLevel' that Defender's DeviceProcessEvents shows",
        "known: Low, S-1-16-4096, Medium, S-1-16-8192, High, S-1-16-12288, System, S-1-16-16384",
    ),
    (
        {"IntegrityLevel|re": "(?=H)"},
        "value-form",
        "'(?=H)' is no value of 'IntegrityLevel' that Defender's DeviceProcessEvents shows",
        "known: Low, S-1-16-4096, Medium, S-1-16-8192, High, S-1-16-12288, System, S-1-16-16384",
    ),
    ({"IntegrityLevel|gt": 1}, "type-mismatch", "ProcessIntegrityLevel is a string, 'gt' compares numbers", None),
]


@pytest.mark.parametrize(("detection", "code", "message", "hint"), REFUSED)
def test_refusals(detection: dict[str, object], code: str, message: str, hint: str | None) -> None:
    assert refused(detection) == [(code, message, hint)]


@pytest.mark.parametrize("value", ["*1010", "0x10?0", "x", "-1", "0x8000000000000000"])
def test_a_piece_of_a_mask_is_refused(value: str) -> None:
    assert refused({"TargetImage|endswith": r"\lsass.exe", "GrantedAccess": value}, category="process_access") == [
        ("value-form", f"{MASK}; '{value}' is a piece of its hexadecimal text", "list the whole masks: 0x1010")
    ]


@pytest.mark.parametrize(
    ("detection", "problem"),
    [
        (
            {"ActionType": "ProcesCreatedUsingWmiQuery"},
            (
                "unknown-action-type",
                "'ProcesCreatedUsingWmiQuery' is no ActionType of DeviceEvents",
                "did you mean ProcessCreatedUsingWmiQuery?",
            ),
        ),
        (
            {"ActionType": "ProcessCreated"},
            (
                "unknown-action-type",
                "'ProcessCreated' is no ActionType of DeviceEvents",
                "DeviceProcessEvents has it",
            ),
        ),
        (
            {"ActionType": "RemoteWmiOperation", "AdditionalFields.A b": "x"},
            ("unknown-field", "'AdditionalFields.A b' is no key that KQL can name", None),
        ),
        (
            {"ActionType": "RemoteWmiOperation", "IsInitiatingProcessRemoteSession": "yes"},
            (
                "type-mismatch",
                "'IsInitiatingProcessRemoteSession' is a boolean in Defender (IsInitiatingProcessRemoteSession)",
                "compare it with true or false",
            ),
        ),
        (
            {"ActionType": "RemoteWmiOperation", "IsInitiatingProcessRemoteSession": 1},
            ("type-mismatch", "'IsInitiatingProcessRemoteSession' can't be compared with a number", None),
        ),
    ],
)
def test_refusals_on_defenders_own_tables(detection: dict[str, object], problem: tuple[str, str, str | None]) -> None:
    assert refused(detection, category="device_events", service=XDR) == [problem]


def test_action_types_that_no_list_holds_are_refused() -> None:
    assert refused({"ActionType": "Add member to role."}, category="cloud_app_events", service=XDR) == [
        (
            "unknown-action-type",
            "'Add member to role.' can't be checked: which ActionTypes CloudAppEvents has is not published",
            "only tables whose ActionTypes are known can be used",
        )
    ]


def test_case_that_isnt_kept_is_refused() -> None:
    detection = {"EventID": 4624, "TargetUserName|cased": "Administrator"}
    assert refused(detection, service="security") == [
        ("lost-case", "'TargetUserName' can't be cased: Defender stores AccountName in lower case", None)
    ]


# --------------------------------------------------------------------------------------------------------------- warnings

DIRECTORY = "if the program is the process itself, ask Image for the path, or leave the directory out"


@pytest.mark.parametrize(
    "value",
    [
        r"C:\Windows\System32\wbem\wmic.exe*",
        r'"C:\Windows\*',
        r"%windir%\\*",
        r"\\\\srv01\\*",
        r"*\System32\wmic.exe os*",
    ],
)
def test_a_programs_directory_in_a_command_line_is_warned_of(value: str) -> None:
    query = compiled({"CommandLine": value})
    [(code, message, hint, severity)] = warned(query)
    asked = value.replace("\\\\", "\\") if not value.startswith("\\\\") else "\\\\srv01\\*"
    assert (code, hint, severity) == ("argv0-directory", DIRECTORY, "warning")
    assert message == f"'{asked}' asks for a program's directory: Defender drops it from a command line's first word"


def test_other_paths_in_a_command_line_are_not_warned_of() -> None:
    assert warned(compiled({"CommandLine": [r"wmic.exe*C:\x.txt*", "*/format:C:\\*", "wmic*"]})) == []


def test_a_regex_that_minds_case_on_a_column_in_lower_case_is_warned_of() -> None:
    query = compiled({"EventID": 4624, "TargetUserName|re": "^Admin"}, service="security")
    assert warned(query) == [
        (
            "lost-case",
            "Defender stores AccountName in lower case; the regular expression minds case",
            "add the modifier i (|re|i)",
            "warning",
        )
    ]


def test_letters_whose_case_kusto_may_fold_otherwise_are_warned_of() -> None:
    warning = (
        "unicode-case",
        "'É' has a case beyond ASCII, which Kusto may fold otherwise than Sigma means",
        "add the modifier cased if the case is known",
        "warning",
    )
    assert warned(compiled({"CommandLine|contains": "CAFÉ"})) == [warning]
    assert warned(compiled({"CommandLine|contains|cased": "CAFÉ"})) == []
    assert warned(compiled({"CommandLine|contains": "–enc 日本"})) == []
