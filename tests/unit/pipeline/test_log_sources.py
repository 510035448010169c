"""Log sources: each one's table, ActionTypes and fields, against the schema and on rows."""

from __future__ import annotations

import re

import pytest

from sigma_xdr.pipeline import REFUSED, log_sources
from sigma_xdr.pipeline.fields import Lost
from sigma_xdr.pipeline.log_sources import DEFENDER, category_of_event
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import Case, CaseRows, by_name, compiled, refused, where

SOURCES = list(log_sources().values())
WINDOWS = [source for source in SOURCES if source.action_types]

# ------------------------------------------------------------------------------------------------- nothing invented


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_column_is_one_of_the_table(source) -> None:  # type: ignore[no-untyped-def]
    table = xdr_schema().table(source.table)
    columns = {column for mapping in source.fields.values() for column in mapping.columns}
    plain = {column.partition(".")[0] for column in columns}
    assert plain <= set(table.columns)
    assert all(table.column(name).name == name for name in plain)


@pytest.mark.parametrize("source", WINDOWS, ids=lambda source: source.name)
def test_every_action_type_is_one_of_the_table(source) -> None:  # type: ignore[no-untyped-def]
    table = xdr_schema().table(source.table)
    of_events = {action for actions in source.events.values() for action in actions}
    assert of_events <= set(source.action_types) <= set(table.action_types or ())
    assert not any("Aggregated" in action for action in source.action_types)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_field_answers_or_says_why_not(source) -> None:  # type: ignore[no-untyped-def]
    for name, mapping in source.fields.items():
        assert bool(mapping.columns) != isinstance(mapping, Lost), name


def test_every_table_with_action_types_is_a_log_source_of_its_own() -> None:
    own = {source.name: source.table for source in SOURCES if not source.action_types}
    assert own == {
        re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower(): name
        for name, table in xdr_schema().tables.items()
        if "ActionType" in table.columns
    }
    assert own["device_events"] == "DeviceEvents"
    assert own["identity_directory_events"] == "IdentityDirectoryEvents"


def test_the_categories_of_sysmons_events() -> None:
    assert dict(sorted(category_of_event().items(), key=lambda event: int(event[0]))) == {
        "1": "process_creation",
        "2": "file_change",
        "3": "network_connection",
        "6": "driver_load",
        "7": "image_load",
        "8": "create_remote_thread",
        "10": "process_access",
        "11": "file_event",
        "12": "registry_event",
        "13": "registry_event",
        "14": "registry_event",
        "21": "wmi_event",
        "22": "dns_query",
        "23": "file_delete",
        "26": "file_delete",
    }


# ------------------------------------------------------------------------------------------------ one rule a log source

WMIC = {"InitiatingProcessFileName": "WMIC.exe"}
RUN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"

CASES = [
    Case(
        "process_creation",
        {"Image|endswith": r"\wmic.exe", "CommandLine|contains": "process"},
        """
        FileName =~ "wmic.exe"
        ProcessCommandLine contains "process"
        """,
        [{"FileName": "WMIC.exe", "ProcessCommandLine": "wmic process call"}],
        [{"FileName": "WMIC.exe", "ProcessCommandLine": "wmic process", "ActionType": "ProcessCreatedAggregatedReport"}],
        category="process_creation",
    ),
    Case(
        "network_connection",
        {"Image|endswith": r"\wmic.exe", "DestinationPort": 135},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        ActionType == "ConnectionSuccess" and RemotePort == 135
            or ActionType == "InboundConnectionAccepted" and LocalPort == 135
        InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "ActionType": "ConnectionSuccess", "RemotePort": 135}],
        [{**WMIC, "ActionType": "ConnectionFailed", "RemotePort": 135}],
        category="network_connection",
    ),
    Case(
        "image_load",
        {"ImageLoaded|endswith": r"\vbscript.dll", "Image|endswith": r"\wmic.exe"},
        """
        FileName =~ "vbscript.dll"
        InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "FileName": "vbscript.dll", "FolderPath": r"C:\Windows\System32\vbscript.dll"}],
        [{**WMIC, "FileName": "jscript.dll"}],
        category="image_load",
    ),
    Case(
        "file_event",
        {"TargetFilename|contains": "\\wbem\\", "TargetFilename|endswith": ".mof", "Image|endswith": r"\wmic.exe"},
        r"""
        InitiatingProcessFileName =~ "wmic.exe"
        FileName endswith ".mof"
        FolderPath has @"\wbem\"
        """,
        [{**WMIC, "FileName": "x.mof", "FolderPath": r"C:\Windows\System32\wbem\x.mof"}],
        [{**WMIC, "FileName": "x.mof", "FolderPath": r"C:\Windows\System32\wbem\x.mof", "ActionType": "FileDeleted"}],
        category="file_event",
    ),
    Case(
        "file_delete",
        {"TargetFilename|endswith": ".mof"},
        """
        ActionType == "FileDeleted"
        FileName endswith ".mof"
        """,
        [{"FileName": "x.mof"}],
        [{"FileName": "x.mof", "ActionType": "FileCreated"}],
        category="file_delete",
    ),
    Case(
        "file_rename",
        {"TargetFilename|endswith": ".exe", "SourceFilename|endswith": r"\Temp\x.txt"},
        r"""
        ActionType == "FileRenamed"
        PreviousFileName =~ "x.txt"
        FileName endswith ".exe"
        PreviousFolderPath endswith @"\Temp\x.txt" or PreviousFolderPath endswith @"\Temp"
        """,
        [
            {"FileName": "x.exe", "PreviousFileName": "x.txt", "PreviousFolderPath": r"C:\Temp"},
            {"FileName": "x.exe", "PreviousFileName": "x.txt", "PreviousFolderPath": r"C:\Temp\x.txt"},
        ],
        [{"FileName": "x.exe", "PreviousFileName": "x.txt", "PreviousFolderPath": r"C:\Windows\x.txt"}],
        category="file_rename",
    ),
    Case(
        "file_change",
        {"TargetFilename|startswith": "C:\\Windows\\"},
        r"""
        ActionType == "FileTimestampModificationEvent"
        FolderPath startswith @"C:\Windows\" or FolderPath =~ @"C:\Windows" and FileName !~ "Windows"
        """,
        [{"FileName": "x.exe", "FolderPath": r"C:\Windows"}, {"FileName": "x.exe", "FolderPath": r"C:\Windows\x.exe"}],
        [{"FileName": "Windows", "FolderPath": r"C:\Windows"}],
        category="file_change",
    ),
    Case(
        "file_access",
        {"FileName|endswith": r"\ntds.dit", "Image|endswith": r"\wmic.exe"},
        """
        ActionType == "SensitiveFileRead"
        FileName =~ "ntds.dit"
        InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "FileName": "ntds.dit"}],
        [{"FileName": "ntds.dit"}],
        category="file_access",
    ),
    Case(
        "registry_add",
        {"TargetObject|contains": r"\WBEM\ESS"},
        r'RegistryKey contains @"\WBEM\ESS"',
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\WBEM\ESS\x"}],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\WBEM\ESS\x", "ActionType": "RegistryValueSet"}],
        category="registry_add",
    ),
    Case(
        "registry_set",
        {"TargetObject|endswith": r"\Run\x", "Details|contains": "wmic"},
        r"""
        RegistryValueName =~ "x" and RegistryKey endswith @"\Run"
            or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) endswith @"\Run\x"
        RegistryValueData contains "wmic"
        """,
        [{"RegistryKey": RUN, "RegistryValueName": "x", "RegistryValueData": "wmic os"}],
        [{"RegistryKey": RUN, "RegistryValueName": "x", "RegistryValueData": "x"}],
        category="registry_set",
    ),
    Case(
        "registry_delete",
        {"EventType": "DeleteKey", "TargetObject|endswith": r"\Run"},
        r"""
        ActionType == "RegistryKeyDeleted"
        PreviousRegistryKey endswith @"\Run"
        """,
        [{"PreviousRegistryKey": RUN}],
        [{"RegistryKey": RUN}, {"PreviousRegistryKey": RUN, "ActionType": "RegistryValueDeleted"}],
        category="registry_delete",
    ),
    Case(
        "registry_event",
        {"EventType": ["SetValue", "CreateKey"], "TargetObject|contains": "CurrentVersion"},
        """
        ActionType in ("RegistryValueSet", "RegistryKeyCreated")
        (ActionType == "RegistryValueSet"
                and (RegistryKey contains "CurrentVersion" or RegistryValueName contains "CurrentVersion"))
            or ActionType == "RegistryKeyCreated" and RegistryKey contains "CurrentVersion"
        """,
        [{"RegistryKey": RUN, "ActionType": "RegistryValueSet"}, {"RegistryKey": RUN, "ActionType": "RegistryKeyCreated"}],
        [{"PreviousRegistryKey": RUN, "ActionType": "RegistryKeyDeleted"}],
        category="registry_event",
    ),
    Case(
        "pipe_created",
        {"PipeName|startswith": r"\postex_", "Image|endswith": r"\wmic.exe"},
        r"""
        InitiatingProcessFileName =~ "wmic.exe"
        tostring(parse_json(AdditionalFields).PipeName) startswith @"\Device\NamedPipe\postex_"
            or tostring(parse_json(AdditionalFields).PipeName) startswith @"\postex_"
        """,
        [
            {**WMIC, "AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\postex_1"}'},
            {**WMIC, "AdditionalFields": r'{"PipeName": "\\postex_1"}'},
        ],
        [{**WMIC, "AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\x_postex_1"}'}],
        category="pipe_created",
    ),
    Case(
        "wmi_event",
        {"EventID": 21, "Consumer|startswith": 'CommandLineEventConsumer.Name=\\"', "User|contains": "anna"},
        r"""
        InitiatingProcessAccountDomain contains "anna" or InitiatingProcessAccountName contains "anna"
        tostring(parse_json(AdditionalFields).Consumer) startswith "CommandLineEventConsumer=\""
        """,
        [
            {
                "AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"Updater\""}',
                "InitiatingProcessAccountName": "anna",
            }
        ],
        [{"AdditionalFields": r'{"Consumer": "NTEventLogEventConsumer=\"x\""}', "InitiatingProcessAccountName": "anna"}],
        category="wmi_event",
    ),
    Case(
        "create_remote_thread",
        {"SourceImage|endswith": r"\wmic.exe", "TargetImage|endswith": r"\lsass.exe"},
        """
        InitiatingProcessFileName =~ "wmic.exe"
        FileName =~ "lsass.exe"
        """,
        [{**WMIC, "FileName": "lsass.exe", "FolderPath": r"C:\Windows\System32"}],
        [{**WMIC, "FileName": "winlogon.exe"}],
        category="create_remote_thread",
    ),
    Case(
        "process_access",
        {"TargetImage|endswith": r"\lsass.exe", "GrantedAccess": "0x1410", "SourceImage|endswith": r"\wmic.exe"},
        """
        FileName =~ "lsass.exe"
        InitiatingProcessFileName =~ "wmic.exe"
        tolong(parse_json(AdditionalFields).DesiredAccess) == 5136
        """,
        [{**WMIC, "FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 5136}'}],
        [{**WMIC, "FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 1}'}],
        category="process_access",
    ),
    Case(
        "dns_query",
        {"QueryName|endswith": ".github.com", "Image|endswith": r"\wmic.exe"},
        """
        ActionType == "DnsQueryResponse"
        InitiatingProcessFileName =~ "wmic.exe"
        tostring(parse_json(AdditionalFields).DnsQueryString) endswith ".github.com"
        """,
        [{**WMIC, "AdditionalFields": '{"DnsQueryString": "raw.github.com"}'}],
        [{**WMIC, "AdditionalFields": '{"DnsQueryString": "github.com.x"}'}],
        category="dns_query",
    ),
    Case(
        "driver_load",
        {"ImageLoaded|endswith": r"\rtcore64.sys", "Hashes|contains": "MD5=" + "0c" * 16},
        """
        ActionType == "DriverLoad"
        FileName =~ "rtcore64.sys"
        MD5 =~ "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c"
        """,
        [{"FileName": "RTCore64.sys", "MD5": "0c" * 16}],
        [{"FileName": "RTCore64.sys"}],
        category="driver_load",
    ),
    Case(
        "security 4624",
        {"EventID": 4624, "LogonType": 3, "TargetUserName|endswith": "$", "ProcessName|endswith": r"\wmic.exe"},
        """
        ActionType == "LogonSuccess"
        InitiatingProcessFileName =~ "wmic.exe"
        LogonType =~ "Network"
        AccountName endswith "$"
        """,
        [{**WMIC, "LogonType": "Network", "AccountName": "ws01$"}],
        [{**WMIC, "LogonType": "Network", "AccountName": "ws01$", "ActionType": "LogonFailed"}],
        service="security",
    ),
    Case(
        "security 4625",
        {"EventID": 4625, "TargetUserName": "Administrator"},
        """
        ActionType == "LogonFailed"
        AccountName =~ "Administrator"
        """,
        [{"AccountName": "administrator"}],
        [{"AccountName": "administrator", "ActionType": "LogonSuccess"}],
        service="security",
    ),
    Case(
        "security, both",
        {"EventID": [4624, 4625], "IpAddress": "10.1.2.3"},
        """
        ActionType in ("LogonSuccess", "LogonFailed")
        RemoteIP =~ "10.1.2.3"
        """,
        [{"ActionType": "LogonSuccess", "RemoteIP": "10.1.2.3"}, {"ActionType": "LogonFailed", "RemoteIP": "10.1.2.3"}],
        [{"ActionType": "LogonAttempted", "RemoteIP": "10.1.2.3"}],
        service="security",
    ),
    Case(
        "sysmon by its event id",
        {"EventID": 11, "TargetFilename|endswith": ".mof"},
        'FileName endswith ".mof"',
        [{"FileName": "x.mof"}],
        [{"FileName": "x.mof", "ActionType": "FileDeleted"}],
        service="sysmon",
    ),
    Case(
        "sysmon's registry events by their ids",
        {"EventID": [13, 14], "TargetObject|endswith": r"\Run"},
        r"""
        ActionType in ("RegistryValueSet", "RegistryKeyRenamed")
        (ActionType == "RegistryValueSet"
                and (RegistryValueName =~ "Run"
                    or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) endswith @"\Run"))
            or ActionType == "RegistryKeyRenamed" and PreviousRegistryKey endswith @"\Run"
        """,
        [{"ActionType": "RegistryKeyRenamed", "PreviousRegistryKey": RUN}],
        [{"ActionType": "RegistryKeyCreated", "RegistryKey": RUN}],
        service="sysmon",
    ),
    Case(
        "a category and its event id",
        {"EventID": 1, "CommandLine|contains": "wmic"},
        'ProcessCommandLine contains "wmic"',
        [{"ProcessCommandLine": "wmic os"}],
        [{"ProcessCommandLine": "x"}],
        category="process_creation",
        service="sysmon",
    ),
    Case(
        "an event id alone",
        {"EventID": 23},
        'ActionType == "FileDeleted"',
        [{"ActionType": "FileDeleted"}],
        [{"ActionType": "FileCreated"}],
        service="sysmon",
    ),
    Case(
        "a remote WMI process creation",
        {"ActionType": "ProcessCreatedUsingWmiQuery", "IsRemoteMachine": "true", "FileName": "powershell.exe"},
        """
        ActionType == "ProcessCreatedUsingWmiQuery"
        FileName =~ "powershell.exe"
        tostring(parse_json(AdditionalFields).IsRemoteMachine) =~ "true"
        """,
        [{"AdditionalFields": '{"IsRemoteMachine": "true"}', "FileName": "PowerShell.exe"}],
        [{"AdditionalFields": '{"IsRemoteMachine": "false"}', "FileName": "PowerShell.exe"}],
        category="device_events",
        service=DEFENDER,
    ),
    Case(
        "a remote WMI operation",
        {"ActionType": "RemoteWmiOperation", "OperationDetails|contains": "AntiVirusProduct"},
        """
        ActionType == "RemoteWmiOperation"
        tostring(parse_json(AdditionalFields).OperationDetails) contains "AntiVirusProduct"
        """,
        [{"AdditionalFields": '{"OperationDetails": "select * from AntiVirusProduct"}'}],
        [{"ActionType": "NamedPipeEvent", "AdditionalFields": '{"OperationDetails": "AntiVirusProduct"}'}],
        category="device_events",
        service=DEFENDER,
    ),
    Case(
        "cmdlets and scripts",
        {"ActionType": ["PowerShellCommand", "AmsiScriptContent"], "AdditionalFields|contains": "Invoke-WmiMethod"},
        """
        ActionType in ("PowerShellCommand", "AmsiScriptContent")
        AdditionalFields contains "Invoke-WmiMethod"
        """,
        [
            {"ActionType": "PowerShellCommand", "AdditionalFields": '{"Command": "Invoke-WmiMethod"}'},
            {"ActionType": "AmsiScriptContent", "AdditionalFields": '{"ScriptContent": "invoke-wmimethod x"}'},
        ],
        [{"ActionType": "NamedPipeEvent", "AdditionalFields": '{"x": "Invoke-WmiMethod"}'}],
        category="device_events",
        service=DEFENDER,
    ),
    Case(
        "attack surface reduction",
        {"ActionType": ["AsrPsexecWmiChildProcess*", "AsrPersistenceThroughWmi*"]},
        """
        ActionType in (
                "AsrPsexecWmiChildProcessAudited", "AsrPsexecWmiChildProcessBlocked", "AsrPsexecWmiChildProcessWarnBypassed",
                "AsrPersistenceThroughWmiAudited", "AsrPersistenceThroughWmiBlocked", "AsrPersistenceThroughWmiWarnBypassed"
            )
        """,
        [{"ActionType": "AsrPsexecWmiChildProcessBlocked"}, {"ActionType": "AsrPersistenceThroughWmiAudited"}],
        [{"ActionType": "AsrVulnerableSignedDriverBlocked"}],
        category="device_events",
        service=DEFENDER,
    ),
    Case(
        "what Defender for Identity sees",
        {"ActionType": "WMI execution", "AccountName": "anna"},
        """
        ActionType == "Wmi execution"
        AccountName =~ "anna"
        """,
        [{"AccountName": "anna"}],
        [{"AccountName": "anna", "ActionType": "PowerShell execution"}],
        category="identity_directory_events",
        service=DEFENDER,
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    query = case.compiled()
    assert (query.table.name, query.action_types, where(query)) == (*TABLES[case.name], case.text)


@pytest.fixture(scope="module")
def rows() -> CaseRows:
    return CaseRows(CASES)


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting
