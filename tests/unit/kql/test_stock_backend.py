r"""What pySigma-backend-kusto 1.0.1 gets wrong for Defender XDR, a small rule a fault: the right query, and rows.

The faults are numbered; each test's id begins with its fault's number. What the stock backend emits stands in the name.
"""

from __future__ import annotations

from typing import Any

import pytest
from sigma.collection import SigmaCollection

from sigma_xdr.kql.backend import XdrBackend
from sigma_xdr.pipeline import xdr_pipeline
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import Case, CaseRows, Row, by_name, refused, where

SID = "S-1-5-21-34-91-68-1001"
RUN = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"


def line(text: str) -> Row:
    return {"ProcessCommandLine": text}


def parent(path: str) -> Row:
    return {"InitiatingProcessFileName": path.rpartition("\\")[2], "InitiatingProcessFolderPath": path.lower()}


def value(key: str, name: str = "", data: str = "") -> Row:
    return {"RegistryKey": key, "RegistryValueName": name, "RegistryValueData": data}


#: Key and name of a value as Sysmon writes them; of a value that has a name; and the columns where a keyword may be.
JOINED = r'strcat(RegistryKey, "\\", iff(isempty(RegistryValueName), "(Default)", RegistryValueName))'
NAMED = r'strcat(RegistryKey, "\\", RegistryValueName)'
TEXTS = ", ".join(xdr_schema().table("DeviceLogonEvents").string_columns)

CASES = [
    Case(
        "01 wildcards: an unanchored regex that minds case and stops at newlines",
        {"CommandLine": "wmic*process*call"},
        """
        ProcessCommandLine contains "process"
        ProcessCommandLine matches regex "(?is)^wmic.*process.*call$"
        """,
        [line("wmic process call"), line("WMIC /node:x\nPROCESS call")],
        [line("x wmic process call"), line("wmic process call create"), line("wmic call process")],
    ),
    Case(
        "02 wildcards in a list: pieces without their order and anchors",
        {"CommandLine": ["wmic*process*call", "power?hell*-enc*"]},
        """
        ProcessCommandLine contains "process" and ProcessCommandLine matches regex "(?is)^wmic.*process.*call$"
            or ProcessCommandLine contains "power" and ProcessCommandLine matches regex "(?is)^power.hell.*-enc"
        """,
        [line("wmic process call"), line("powerShell -enc")],
        [line("wmic call process"), line("wmic process callx"), line("powerhell -enc"), line("x powershell -enc")],
    ),
    Case(
        "03 escaped wildcards in a list: literal stars, lost backslashes",
        {"CommandLine": [r"type C:\\*", r"dir C:\*.txt", r"echo \?", r"copy \\srv\c$\\*"]},
        r"""
        ProcessCommandLine startswith @"type C:\"
            or ProcessCommandLine startswith @"copy \srv\c$\"
            or ProcessCommandLine in~ ("dir C:*.txt", "echo ?")
        """,
        [line("type C:\\x"), line("dir C:*.txt"), line("echo ?"), line(r"copy \srv\c$\x")],
        [line("type C:"), line(r"dir C:\a.txt"), line("echo x"), line(r"copy \\srv\c$\x")],
    ),
    Case(
        "04 a newline, a tab, quotes: a syntax error",
        {"CommandLine|contains": ["a\nb", "a\tb", 'say "it\'s"', 'C:\\"']},
        r"""
        ProcessCommandLine contains "a\nb"
            or ProcessCommandLine contains "a\tb"
            or ProcessCommandLine contains "say \"it's\""
            or ProcessCommandLine contains @'C:\"'
        """,
        [line("xa\nby"), line("a\tb"), line('say "it\'s" x'), line('C:\\"')],
        [line("a b"), line('say "its"'), line("C:\\")],
    ),
    Case(
        "05 cased: not implemented",
        {"CommandLine|cased": "IEX"},
        'ProcessCommandLine == "IEX"',
        [line("IEX")],
        [line("iex")],
    ),
    Case(
        "05 cased in a list: without case",
        {"CommandLine|cased|contains": ["IEX", "DownloadString"], "Image|endswith|cased": [r"\Cmd.exe", r"\X.exe"]},
        """
        FileName in ("Cmd.exe", "X.exe")
        ProcessCommandLine contains_cs "IEX" or ProcessCommandLine contains_cs "DownloadString"
        """,
        [{**line("x IEX"), "FileName": "Cmd.exe"}],
        [{**line("x iex"), "FileName": "Cmd.exe"}, {**line("x IEX"), "FileName": "cmd.exe"}],
    ),
    Case(
        "06 null on text: never true",
        {"selections": {"s": {"CommandLine|contains": "x"}, "filter": {"ParentCommandLine": None}}},
        """
        ProcessCommandLine contains "x"
        isnotempty(InitiatingProcessCommandLine)
        """,
        [{**line("x"), "InitiatingProcessCommandLine": "y"}],
        [line("x")],
        condition="s and not filter",
    ),
    Case(
        "06 null on a number",
        {"CommandLine|contains": "x", "ParentProcessId": None},
        """
        isnull(InitiatingProcessId)
        ProcessCommandLine contains "x"
        """,
        [line("x")],
        [{**line("x"), "InitiatingProcessId": 0}],
    ),
    Case(
        "07 all over whole values: their terms",
        {"CommandLine|all": ["wmic os", "WMIC OS"]},
        'ProcessCommandLine =~ "wmic os"',
        [line("Wmic Os")],
        [line("os wmic"), line("wmic os get")],
    ),
    Case(
        "08 base64offset: without case",
        {"CommandLine|base64offset|contains": "IEX "},
        """
        ProcessCommandLine contains_cs "SUVYI"
            or ProcessCommandLine contains_cs "lFWC"
            or ProcessCommandLine contains_cs "JRVgg"
        """,
        [line("-e SUVYIA=="), line("-e xJRVgg"), line("-e xxSUVYI")],
        [line("-e suvyia==")],
    ),
    Case(
        "09 a regex keeps its flags",
        {"CommandLine|re|i|s": r"^wmic.+\bcall\b"},
        r'ProcessCommandLine matches regex @"(?is)^wmic.+\bcall\b"',
        [line("WMIC\nprocess CALL create")],
        [line("x wmic call"), line("wmic callx")],
    ),
    Case(
        "10 numbers as texts: type errors",
        {"DestinationPort": [135, 445], "ProcessId": "0x3e7", "Initiated": "true"},
        """
        ActionType == "ConnectionSuccess"
        RemotePort in (135, 445)
        InitiatingProcessId == 999
        """,
        [{"ActionType": "ConnectionSuccess", "RemotePort": 445, "InitiatingProcessId": 999}],
        [{"ActionType": "ConnectionSuccess", "RemotePort": 80, "InitiatingProcessId": 999}],
        category="network_connection",
    ),
    Case(
        "10 logon ids and booleans",
        {"EventID": 4624, "TargetLogonId": "0x3e7", "IsLocalAdmin": "true"},
        """
        ActionType == "LogonSuccess"
        LogonId == 999
        IsLocalAdmin == true
        """,
        [{"LogonId": 999, "IsLocalAdmin": True}],
        [{"LogonId": 999, "IsLocalAdmin": False}, {"LogonId": 999}],
        service="security",
    ),
    Case(
        "11 an IPv6 network in a function of IPv4",
        {"Initiated": "true", "DestinationIp|cidr": ["10.0.0.0/8", "192.168.0.0/16", "fe80::/10"]},
        """
        ActionType == "ConnectionSuccess"
        ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16") or ipv6_is_in_range(RemoteIP, "fe80::/10")
        """,
        [{"RemoteIP": "10.1.2.3"}, {"RemoteIP": "192.168.1.1"}, {"RemoteIP": "fe80::1"}],
        [{"RemoteIP": "8.8.8.8"}, {"RemoteIP": "2001:db8::1"}],
        category="network_connection",
    ),
    Case(
        "12 keywords: where and a text",
        {"selections": {"event": {"EventID": 4624}, "keywords": ["mimikatz", "*sekurlsa*"]}},
        rf"""
        ActionType == "LogonSuccess"
        | extend RowText = strcat_delim("\u001f", {TEXTS})
        RowText contains "mimikatz" or RowText contains "sekurlsa"
        """,
        [{"AccountName": "mimikatz"}, {"InitiatingProcessCommandLine": "x SEKURLSA::y"}],
        [{"AccountName": "mimi", "AccountDomain": "katz"}],
        condition="event and keywords",
        service="security",
    ),
    Case(
        "13 not a numeric comparison: rows without a number are lost",
        {"selections": {"s": {"CommandLine|contains": "x"}, "filter": {"ProcessId|lt": 5}}},
        """
        isnull(ProcessId) or ProcessId >= 5
        ProcessCommandLine contains "x"
        """,
        [line("x"), {**line("x"), "ProcessId": 5}],
        [{**line("x"), "ProcessId": 4}],
        condition="s and not filter",
    ),
    Case(
        "14 a key between backslashes: a literal star",
        {"TargetObject|contains": "\\Run\\"},
        rf"""
        RegistryKey contains @"\Run\"
            or RegistryKey endswith @"\Run"
            or RegistryValueName contains @"\" and {NAMED} contains @"\Run\"
        """,
        [value(f"HKEY_LOCAL_MACHINE\\{RUN}", "x"), value(f"HKEY_LOCAL_MACHINE\\{RUN}\\x", "y")],
        [value(f"HKEY_LOCAL_MACHINE\\{RUN}Once", "x")],
        category="registry_set",
    ),
    Case(
        "15 a value's name: all in the key, never true",
        {"TargetObject|endswith": [r"\Run\Updater", r"\Run\(Default)"]},
        rf"""
        RegistryValueName =~ "Updater" and RegistryKey endswith @"\Run"
            or (RegistryValueName =~ "(Default)" or isempty(RegistryValueName)) and RegistryKey endswith @"\Run"
            or (RegistryValueName contains @"\"
                and ({NAMED} endswith @"\Run\Updater"
                    or {NAMED} endswith @"\Run\(Default)"))
        """,
        [value(f"HKEY_LOCAL_MACHINE\\{RUN}", "Updater"), value(f"HKEY_LOCAL_MACHINE\\{RUN}")],
        [value(f"HKEY_LOCAL_MACHINE\\{RUN}", "x"), value(f"HKEY_LOCAL_MACHINE\\{RUN}\\Updater", "x")],
        category="registry_set",
    ),
    Case(
        "15 a value's name that holds backslashes, by equals and by a wildcard",
        {"TargetObject": [r"HKLM\SOFTWARE\Exclusions\Paths\C:\Temp", r"HKLM\SOFTWARE\\*\Paths\D:\\?"]},
        rf"""
        RegistryValueName =~ "Temp" and RegistryKey =~ @"HKEY_LOCAL_MACHINE\SOFTWARE\Exclusions\Paths\C:"
            or (RegistryValueName contains @"\"
                and {NAMED} =~ @"HKEY_LOCAL_MACHINE\SOFTWARE\Exclusions\Paths\C:\Temp")
            or {JOINED} matches regex @"(?is)^HKEY_LOCAL_MACHINE\\SOFTWARE\\.*\\Paths\\D:\\.$"
        """,
        [
            value(r"HKEY_LOCAL_MACHINE\SOFTWARE\Exclusions\Paths", r"C:\Temp"),
            value(r"HKEY_LOCAL_MACHINE\SOFTWARE\X\Paths", r"D:\x"),
        ],
        [value(r"HKEY_LOCAL_MACHINE\SOFTWARE\Exclusions\Paths", "Temp")],
        category="registry_set",
    ),
    Case(
        "16 numbers in the registry: as Sysmon shows them",
        {"TargetObject|endswith": r"\EnableLUA", "Details": "DWORD (0x00000001)"},
        rf"""
        RegistryValueData =~ "1"
        RegistryValueName =~ "EnableLUA"
            or RegistryValueName contains @"\" and {NAMED} endswith @"\EnableLUA"
        """,
        [value(r"HKEY_LOCAL_MACHINE\SOFTWARE\X", "EnableLUA", "1")],
        [value(r"HKEY_LOCAL_MACHINE\SOFTWARE\X", "EnableLUA", "0")],
        category="registry_set",
    ),
    Case(
        "17 the control set: CurrentControlSet001",
        {"TargetObject|startswith": "HKLM\\SYSTEM\\CurrentControlSet\\Services\\"},
        rf"""
        RegistryKey startswith @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\"
            or RegistryKey startswith @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\"
            or RegistryKey startswith @"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\"
            or RegistryKey in~ (
                    @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services", @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services",
                    @"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
                )
            or (RegistryValueName contains @"\"
                and ({NAMED} startswith @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\"
                    or {NAMED} startswith @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\"
                    or {NAMED} startswith @"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\"))
        """,
        [value(r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\x", "ImagePath")],
        [value(r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet001\Services\x", "ImagePath")],
        category="registry_set",
    ),
    Case(
        "18 HKCU and HKU: untouched",
        {"TargetObject|startswith": [rf"HKCU\{RUN}", "HKU\\S-1-5-18\\"]},
        rf"""
        RegistryKey startswith @"HKEY_CURRENT_USER\S-1-5-18\"
            or RegistryKey startswith @"HKEY_USERS\S-1-5-18\"
            or RegistryKey in~ (@"HKEY_CURRENT_USER\S-1-5-18", @"HKEY_USERS\S-1-5-18")
            or (RegistryValueName contains @"\"
                and ({NAMED} startswith @"HKEY_CURRENT_USER\S-1-5-18\"
                    or {NAMED} startswith @"HKEY_USERS\S-1-5-18\"))
            or {JOINED} matches regex @"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
        """,  # noqa: E501
        [value(rf"HKEY_CURRENT_USER\{SID}\{RUN}", "x"), value(r"HKEY_CURRENT_USER\S-1-5-18\SOFTWARE", "x")],
        [value(rf"HKEY_CURRENT_USER\{RUN}", "x"), value(f"HKEY_LOCAL_MACHINE\\{RUN}", "x")],
        category="registry_set",
    ),
    Case(
        r"18 HKCR: HKEY_LOCAL_MACHINE\CLASSES",
        {"TargetObject|startswith": "HKCR\\.hta\\"},
        r'RegistryKey matches regex @"(?is)^(?:HKEY_LOCAL_MACHINE\\SOFTWARE\\|HKEY_(?:CURRENT_USER|USERS)'
        r"\\S-1-[0-9-]+(?:\\SOFTWARE\\|_))"
        r'Classes\\\.hta\\"',
        [
            {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\.hta\shell"},
            {"RegistryKey": rf"HKEY_CURRENT_USER\{SID}_Classes\.hta\shell"},
        ],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\CLASSES\.hta\shell"}],
        category="registry_add",
    ),
    Case(
        "19 a piece of a domain: the name",
        {"User|contains": "AUTHORI"},
        'AccountDomain contains "AUTHORI" or AccountName contains "AUTHORI"',
        [{"AccountDomain": "nt authority", "AccountName": "system"}],
        [{"AccountDomain": "contoso", "AccountName": "anna"}],
    ),
    Case(
        "19 no user: an AttributeError",
        {"User": None},
        "isempty(AccountName)",
        [{}],
        [{"AccountName": "system"}],
    ),
    Case(
        "20 who writes a file: the remote account",
        {"User": r"CONTOSO\anna", "TargetFilename|endswith": ".mof"},
        """
        InitiatingProcessAccountName =~ "anna"
        InitiatingProcessAccountDomain =~ "CONTOSO"
        FileName endswith ".mof"
        """,
        [
            {
                "FileName": "x.mof",
                "InitiatingProcessAccountDomain": "contoso",
                "InitiatingProcessAccountName": "anna",
                "RequestAccountName": "SYSTEM",
            }
        ],
        [{"FileName": "x.mof", "RequestAccountDomain": "contoso", "RequestAccountName": "anna"}],
        category="file_event",
    ),
    Case(
        "21 a parent's name: always true, a backslash kept",
        {"ParentImage|endswith": r"\winword.exe", "TargetFilename|endswith": ".exe"},
        """
        InitiatingProcessParentFileName =~ "winword.exe"
        FileName endswith ".exe"
        """,
        [{"FileName": "x.exe", "InitiatingProcessParentFileName": "WINWORD.EXE"}],
        [{"FileName": "x.exe", "InitiatingProcessParentFileName": "explorer.exe"}],
        category="file_event",
    ),
    Case(
        "21 a parent's path survives old rows and new ones",
        {"ParentImage|endswith": r"\Office16\WINWORD.EXE", "GrandParentImage|endswith": r"\explorer.exe"},
        r"""
        InitiatingProcessFileName =~ "WINWORD.EXE"
        InitiatingProcessParentFileName =~ "explorer.exe"
        InitiatingProcessFolderPath endswith @"\Office16\WINWORD.EXE"
            or InitiatingProcessFolderPath endswith @"\Office16"
        """,
        [
            {**parent(r"C:\Office16\WINWORD.EXE"), "InitiatingProcessParentFileName": "explorer.exe"},
            {
                "InitiatingProcessFileName": "WINWORD.EXE",
                "InitiatingProcessFolderPath": r"c:\office16",
                "InitiatingProcessParentFileName": "explorer.exe",
            },
        ],
        [{**parent(r"C:\Temp\WINWORD.EXE"), "InitiatingProcessParentFileName": "explorer.exe"}],
    ),
    Case(
        "23 all hashes: any of them",
        {"Hashes|contains|all": ["SHA1=" + "0a" * 20, "MD5=" + "0b" * 16]},
        """
        SHA1 =~ "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
        MD5 =~ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
        """,
        [{"SHA1": "0a" * 20, "MD5": "0b" * 16}],
        [{"SHA1": "0a" * 20}, {"MD5": "0b" * 16}],
    ),
    Case(
        "24 an inbound connection: the condition is dropped",
        {"Initiated": "false", "DestinationPort": 135},
        """
        ActionType == "InboundConnectionAccepted"
        LocalPort == 135
        """,
        [{"ActionType": "InboundConnectionAccepted", "LocalPort": 135}],
        [{"ActionType": "ConnectionSuccess", "RemotePort": 135}],
        category="network_connection",
    ),
    Case(
        "24 a destination's name: of inbound connections too",
        {"DestinationHostname|endswith": ".contoso.com"},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        ActionType == "ConnectionSuccess" and RemoteUrl endswith ".contoso.com"
            or ActionType == "InboundConnectionAccepted" and DeviceName endswith ".contoso.com"
        """,
        [
            {"ActionType": "ConnectionSuccess", "RemoteUrl": "srv01.contoso.com"},
            {"ActionType": "InboundConnectionAccepted", "DeviceName": "ws01.contoso.com"},
        ],
        [{"ActionType": "InboundConnectionAccepted", "RemoteUrl": "srv01.contoso.com"}],
        category="network_connection",
    ),
    Case(
        "25 an event id: dropped, so that success equals failure",
        {"EventID": 4625, "TargetUserName": "Administrator"},
        """
        ActionType == "LogonFailed"
        AccountName =~ "Administrator"
        """,
        [{"ActionType": "LogonFailed", "AccountName": "administrator"}],
        [{"ActionType": "LogonSuccess", "AccountName": "administrator"}],
        service="security",
    ),
    Case(
        "25 a category: deletions equal creations",
        {"TargetFilename|endswith": ".mof"},
        """
        ActionType == "FileDeleted"
        FileName endswith ".mof"
        """,
        [{"ActionType": "FileDeleted", "FileName": "x.mof"}],
        [{"ActionType": "FileCreated", "FileName": "x.mof"}],
        category="file_delete",
    ),
    Case(
        "25 an event id alone: no query",
        {"EventID": 4625},
        'ActionType == "LogonFailed"',
        [{"ActionType": "LogonFailed"}],
        [{"ActionType": "LogonSuccess"}],
        service="security",
    ),
    Case(
        "27 pipe_created: no table",
        {"PipeName": r"\atsvc"},
        r'tostring(parse_json(AdditionalFields).PipeName) in~ (@"\Device\NamedPipe\atsvc", @"\atsvc")',
        [{"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\atsvc"}'}],
        [{"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\x"}'}],
        category="pipe_created",
    ),
    Case(
        "27 wmi_event: no table",
        {"Consumer|contains": "ActiveScriptEventConsumer"},
        'tostring(parse_json(AdditionalFields).Consumer) contains "ActiveScriptEventConsumer"',
        [{"AdditionalFields": r'{"Consumer": "ActiveScriptEventConsumer=\"x\""}'}],
        [{"AdditionalFields": r'{"Consumer": "NTEventLogEventConsumer=\"x\""}'}],
        category="wmi_event",
    ),
    Case(
        "27 create_remote_thread: no table",
        {"SourceImage|endswith": r"\wmic.exe", "TargetImage|endswith": r"\explorer.exe"},
        """
        InitiatingProcessFileName =~ "wmic.exe"
        FileName =~ "explorer.exe"
        """,
        [{"InitiatingProcessFileName": "WMIC.exe", "FileName": "explorer.exe"}],
        [{"InitiatingProcessFileName": "explorer.exe", "FileName": "WMIC.exe"}],
        category="create_remote_thread",
    ),
    Case(
        "27 dns_query: no table",
        {"QueryName": "raw.githubusercontent.com"},
        """
        ActionType == "DnsQueryResponse"
        tostring(parse_json(AdditionalFields).DnsQueryString) =~ "raw.githubusercontent.com"
        """,
        [{"AdditionalFields": '{"DnsQueryString": "raw.githubusercontent.com"}'}],
        [{"AdditionalFields": '{"DnsQueryString": "github.com"}'}],
        category="dns_query",
    ),
    Case(
        "27 driver_load: no table",
        {"ImageLoaded|endswith": r"\rtcore64.sys"},
        """
        ActionType == "DriverLoad"
        FileName =~ "rtcore64.sys"
        """,
        [{"FileName": "RTCore64.sys"}],
        [{"ActionType": "OpenProcessApiCall", "FileName": "RTCore64.sys"}],
        category="driver_load",
    ),
    Case(
        "27 process_access: no table",
        {"TargetImage|endswith": r"\lsass.exe", "GrantedAccess": "0x1010"},
        """
        FileName =~ "lsass.exe"
        tolong(parse_json(AdditionalFields).DesiredAccess) == 4112
        """,
        [{"FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 4112}'}],
        [{"FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 4096}'}],
        category="process_access",
    ),
    Case(
        "30 a name, which the index serves: the end of a path",
        {"Image|endswith": r"\wmic.exe", "ParentImage|endswith": r"\winword.exe"},
        """
        FileName =~ "wmic.exe"
        InitiatingProcessFileName =~ "winword.exe"
        """,
        [{"FileName": "WMIC.exe", **parent(r"C:\WINWORD.EXE")}],
        [{"FileName": "xwmic.exe", **parent(r"C:\WINWORD.EXE")}],
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ------------------------------------------------------------------------------------------------- what has to be refused

REFUSED: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str, str]]] = {
    "09 look-around: passed through": (
        {"CommandLine|re": "wmic(?! os)"},
        {},
        ("regex", "look-around, '(?!', isn't known to Kusto"),
    ),
    "09 a back-reference: passed through": (
        {"CommandLine|re": r"(.)\1"},
        {},
        ("regex", r"'\1' is a back-reference or an octal escape; Kusto knows neither"),
    ),
    "12 a keyword of wildcards alone": (
        {"|contains": "*"},
        {},
        ("unsupported", "a keyword of wildcards alone finds every row"),
    ),
    "19 a user with two backslashes: always true": (
        {"User|contains": "\\adm\\"},
        {},
        ("never-matches", r"'User' is DOMAIN\name with one backslash; '*\adm\*' never fits"),
    ),
    "21 a path where there is a name: always true": (
        {"ParentImage|startswith": "C:\\Users\\"},
        {"category": "file_event"},
        (
            "path-of-name",
            "'ParentImage' is a bare file name in Defender (InitiatingProcessParentFileName); "
            "'C:\\Users\\*' asks for its path",
        ),
    ),
    "22 version information of a loaded image: the loading process's": (
        {"OriginalFileName": "wmic.exe"},
        {"category": "image_load"},
        (
            "lost-field",
            "Defender's DeviceImageLoadEvents has no 'OriginalFileName': version information of a loaded image is not recorded",
        ),
    ),
    "22 the company of a loaded image": (
        {"Company": "Contoso"},
        {"category": "image_load"},
        (
            "lost-field",
            "Defender's DeviceImageLoadEvents has no 'Company': version information of a loaded image is not recorded",
        ),
    ),
    "23 an import hash in a list: dropped": (
        {"Hashes|contains": ["SHA1=" + "0a" * 20, "IMPHASH=" + "0b" * 16]},
        {},
        ("lost-field", f"Defender records no import hash: 'IMPHASH={'0b' * 16}'"),
    ),
    "23 FileVersion: the product's": (
        {"FileVersion": "1.0"},
        {},
        (
            "lost-field",
            "Defender's DeviceProcessEvents has no 'FileVersion': "
            "only the product's version is kept (ProcessVersionInfoProductVersion)",
        ),
    ),
    "25 an event that Defender doesn't hold: dropped": (
        {"EventID": [4624, 4672]},
        {"service": "security"},
        ("unknown-event", "Defender's tables don't hold event 4672 of the Security log"),
    ),
    "27 ps_script: no table": (
        {"ScriptBlockText|contains": "Invoke-WmiMethod"},
        {"category": "ps_script"},
        (
            "lost-log-source",
            "Defender can't answer 'ps_script': the text of script blocks (PowerShell 4104) is not in the hunting tables",
        ),
    ),
    "27 service control: no table": (
        {"EventID": 7045},
        {"service": "system"},
        (
            "lost-log-source",
            "Defender can't answer the log source 'system': its hunting tables hold none of that log's events",
        ),
    ),
}


@pytest.mark.parametrize(("detection", "log_source", "problem"), REFUSED.values(), ids=REFUSED)
def test_refusals(detection: dict[str, Any], log_source: dict[str, str], problem: tuple[str, str]) -> None:
    [(code, message, _)] = refused(detection, **log_source)
    assert (code, message) == problem


# ------------------------------------------------------------------------------------------------------------ whole runs

RULES = r"""
title: WMIC
logsource: {category: process_creation, product: windows}
detection:
    selection: {Image|endswith: '\wmic.exe'}
    condition: selection
---
title: Script Blocks
logsource: {category: ps_script, product: windows}
detection:
    selection: {ScriptBlockText|contains: wmic}
    condition: selection
---
title: Logons
logsource: {service: security, product: windows}
detection:
    selection: {EventID: 4624, LogonType: 3}
    condition: selection
"""


def test_28_one_rule_that_cant_be_compiled_is_reported_and_the_rest_goes_on() -> None:
    backend = XdrBackend(xdr_pipeline(), collect_errors=True)
    queries = backend.convert(SigmaCollection.from_yaml(RULES))
    assert [query.split("\n")[:2] for query in queries] == [
        ["// WMIC", "DeviceProcessEvents"],
        ["// Logons", "DeviceLogonEvents"],
    ]
    [(rule, error)] = backend.errors
    assert (rule.title, str(error)) == (
        "Script Blocks",
        "error[lost-log-source]: Defender can't answer 'ps_script': "
        "the text of script blocks (PowerShell 4104) is not in the hunting tables",
    )


def test_29_the_schema_is_dated_and_its_names_are_clean() -> None:
    schema = xdr_schema()
    assert schema.dated == "2026-08"
    assert all(name == name.strip() for table in schema.tables.values() for name in table.columns)
    assert all(table.dated and table.source for table in schema.tables.values())
