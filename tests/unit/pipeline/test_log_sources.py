"""Log sources: each one's table, ActionTypes and fields, against the schema and on rows."""

from __future__ import annotations

import re

import pytest

from sigma_xdr.pipeline import REFUSED, log_sources
from sigma_xdr.pipeline.fields import Lost
from sigma_xdr.pipeline.log_sources import DEFENDER, category_of_event
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import Case, CaseRows, by_name, compiled, refused, where, whole

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
        DeviceProcessEvents
        | where ActionType == "ProcessCreated"
        | where FileName =~ "wmic.exe"
        | where ProcessCommandLine contains "process"
        """,
        [{"FileName": "WMIC.exe", "ProcessCommandLine": "wmic process call"}],
        [
            {
                "FileName": "WMIC.exe",
                "ProcessCommandLine": "wmic process",
                "ActionType": "ProcessCreatedAggregatedReport",
            }
        ],
        category="process_creation",
    ),
    Case(
        "network_connection",
        {"Image|endswith": r"\wmic.exe", "DestinationPort": 135},
        """
        DeviceNetworkEvents
        | where ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        | where ActionType == "ConnectionSuccess" and RemotePort == 135
            or ActionType == "InboundConnectionAccepted" and LocalPort == 135
        | where InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "ActionType": "ConnectionSuccess", "RemotePort": 135}],
        [{**WMIC, "ActionType": "ConnectionFailed", "RemotePort": 135}],
        category="network_connection",
    ),
    Case(
        "image_load",
        {"ImageLoaded|endswith": r"\vbscript.dll", "Image|endswith": r"\wmic.exe"},
        """
        DeviceImageLoadEvents
        | where ActionType == "ImageLoaded"
        | where FileName =~ "vbscript.dll"
        | where InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "FileName": "vbscript.dll", "FolderPath": r"C:\Windows\System32\vbscript.dll"}],
        [{**WMIC, "FileName": "jscript.dll"}],
        category="image_load",
    ),
    Case(
        "file_event",
        {"TargetFilename|contains": "\\wbem\\", "TargetFilename|endswith": ".mof", "Image|endswith": r"\wmic.exe"},
        r"""
        DeviceFileEvents
        | where ActionType == "FileCreated"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where FileName endswith ".mof"
        | where FolderPath has @"\wbem\"
        """,
        [{**WMIC, "FileName": "x.mof", "FolderPath": r"C:\Windows\System32\wbem\x.mof"}],
        [{**WMIC, "FileName": "x.mof", "FolderPath": r"C:\Windows\System32\wbem\x.mof", "ActionType": "FileDeleted"}],
        category="file_event",
    ),
    Case(
        "file_delete",
        {"TargetFilename|endswith": ".mof"},
        """
        DeviceFileEvents
        | where ActionType == "FileDeleted"
        | where FileName endswith ".mof"
        """,
        [{"FileName": "x.mof"}],
        [{"FileName": "x.mof", "ActionType": "FileCreated"}],
        category="file_delete",
    ),
    Case(
        "file_rename",
        {"TargetFilename|endswith": ".exe", "SourceFilename|endswith": r"\Temp\x.txt"},
        r"""
        DeviceFileEvents
        | where ActionType == "FileRenamed"
        | where PreviousFileName =~ "x.txt"
        | where FileName endswith ".exe"
        | where PreviousFolderPath endswith @"\Temp\x.txt" or PreviousFolderPath endswith @"\Temp"
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
        DeviceEvents
        | where ActionType == "FileTimestampModificationEvent"
        | where FolderPath startswith @"C:\Windows\" or FolderPath =~ @"C:\Windows" and FileName !~ "Windows"
        """,
        [{"FileName": "x.exe", "FolderPath": r"C:\Windows"}, {"FileName": "x.exe", "FolderPath": r"C:\Windows\x.exe"}],
        [{"FileName": "Windows", "FolderPath": r"C:\Windows"}],
        category="file_change",
    ),
    Case(
        "file_access",
        {"FileName|endswith": r"\ntds.dit", "Image|endswith": r"\wmic.exe"},
        """
        DeviceEvents
        | where ActionType == "SensitiveFileRead"
        | where FileName =~ "ntds.dit"
        | where InitiatingProcessFileName =~ "wmic.exe"
        """,
        [{**WMIC, "FileName": "ntds.dit"}],
        [{"FileName": "ntds.dit"}],
        category="file_access",
    ),
    Case(
        "registry_add",
        {"TargetObject|contains": r"\WBEM\ESS"},
        r"""
        DeviceRegistryEvents
        | where ActionType == "RegistryKeyCreated"
        | where RegistryKey contains @"\WBEM\ESS"
        """,
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\WBEM\ESS\x"}],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\WBEM\ESS\x", "ActionType": "RegistryValueSet"}],
        category="registry_add",
    ),
    Case(
        "registry_set",
        {"TargetObject|endswith": r"\Run\x", "Details|contains": "wmic"},
        r"""
        DeviceRegistryEvents
        | where ActionType == "RegistryValueSet"
        | where RegistryValueName =~ "x" and RegistryKey endswith @"\Run"
            or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) endswith @"\Run\x"
        | where RegistryValueData contains "wmic"
        """,
        [{"RegistryKey": RUN, "RegistryValueName": "x", "RegistryValueData": "wmic os"}],
        [{"RegistryKey": RUN, "RegistryValueName": "x", "RegistryValueData": "x"}],
        category="registry_set",
    ),
    Case(
        "registry_delete",
        {"EventType": "DeleteKey", "TargetObject|endswith": r"\Run"},
        r"""
        DeviceRegistryEvents
        | where ActionType == "RegistryKeyDeleted"
        | where PreviousRegistryKey endswith @"\Run"
        """,
        [{"PreviousRegistryKey": RUN}],
        [{"RegistryKey": RUN}, {"PreviousRegistryKey": RUN, "ActionType": "RegistryValueDeleted"}],
        category="registry_delete",
    ),
    Case(
        "registry_event",
        {"EventType": ["SetValue", "CreateKey"], "TargetObject|contains": "CurrentVersion"},
        """
        DeviceRegistryEvents
        | where ActionType in ("RegistryValueSet", "RegistryKeyCreated")
        | where (ActionType == "RegistryValueSet"
                and (RegistryKey contains "CurrentVersion" or RegistryValueName contains "CurrentVersion"))
            or ActionType == "RegistryKeyCreated" and RegistryKey contains "CurrentVersion"
        """,
        [
            {"RegistryKey": RUN, "ActionType": "RegistryValueSet"},
            {"RegistryKey": RUN, "ActionType": "RegistryKeyCreated"},
        ],
        [{"PreviousRegistryKey": RUN, "ActionType": "RegistryKeyDeleted"}],
        category="registry_event",
    ),
    Case(
        "pipe_created",
        {"PipeName|startswith": r"\postex_", "Image|endswith": r"\wmic.exe"},
        r"""
        DeviceEvents
        | where ActionType == "NamedPipeEvent"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where tostring(parse_json(AdditionalFields).PipeName) startswith @"\Device\NamedPipe\postex_"
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
        DeviceEvents
        | where ActionType == "WmiBindEventFilterToConsumer"
        | where InitiatingProcessAccountDomain contains "anna" or InitiatingProcessAccountName contains "anna"
        | where tostring(parse_json(AdditionalFields).Consumer) startswith "CommandLineEventConsumer=\""
        """,
        [
            {
                "AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"Updater\""}',
                "InitiatingProcessAccountName": "anna",
            }
        ],
        [
            {
                "AdditionalFields": r'{"Consumer": "NTEventLogEventConsumer=\"x\""}',
                "InitiatingProcessAccountName": "anna",
            }
        ],
        category="wmi_event",
    ),
    Case(
        "create_remote_thread",
        {"SourceImage|endswith": r"\wmic.exe", "TargetImage|endswith": r"\lsass.exe"},
        """
        DeviceEvents
        | where ActionType == "CreateRemoteThreadApiCall"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where FileName =~ "lsass.exe"
        """,
        [{**WMIC, "FileName": "lsass.exe", "FolderPath": r"C:\Windows\System32"}],
        [{**WMIC, "FileName": "winlogon.exe"}],
        category="create_remote_thread",
    ),
    Case(
        "process_access",
        {"TargetImage|endswith": r"\lsass.exe", "GrantedAccess": "0x1410", "SourceImage|endswith": r"\wmic.exe"},
        """
        DeviceEvents
        | where ActionType == "OpenProcessApiCall"
        | where FileName =~ "lsass.exe"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where tolong(parse_json(AdditionalFields).DesiredAccess) == 5136
        """,
        [{**WMIC, "FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 5136}'}],
        [{**WMIC, "FileName": "lsass.exe", "AdditionalFields": '{"DesiredAccess": 1}'}],
        category="process_access",
    ),
    Case(
        "dns_query",
        {"QueryName|endswith": ".github.com", "Image|endswith": r"\wmic.exe"},
        """
        DeviceEvents
        | where ActionType == "DnsQueryResponse"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where tostring(parse_json(AdditionalFields).DnsQueryString) endswith ".github.com"
        """,
        [{**WMIC, "AdditionalFields": '{"DnsQueryString": "raw.github.com"}'}],
        [{**WMIC, "AdditionalFields": '{"DnsQueryString": "github.com.x"}'}],
        category="dns_query",
    ),
    Case(
        "driver_load",
        {"ImageLoaded|endswith": r"\rtcore64.sys", "Hashes|contains": "MD5=" + "0c" * 16},
        """
        DeviceEvents
        | where ActionType == "DriverLoad"
        | where FileName =~ "rtcore64.sys"
        | where MD5 =~ "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c"
        """,
        [{"FileName": "RTCore64.sys", "MD5": "0c" * 16}],
        [{"FileName": "RTCore64.sys"}],
        category="driver_load",
    ),
    Case(
        "security 4624",
        {"EventID": 4624, "LogonType": 3, "TargetUserName|endswith": "$", "ProcessName|endswith": r"\wmic.exe"},
        """
        DeviceLogonEvents
        | where ActionType == "LogonSuccess"
        | where InitiatingProcessFileName =~ "wmic.exe"
        | where LogonType =~ "Network"
        | where AccountName endswith "$"
        """,
        [{**WMIC, "LogonType": "Network", "AccountName": "ws01$"}],
        [{**WMIC, "LogonType": "Network", "AccountName": "ws01$", "ActionType": "LogonFailed"}],
        service="security",
    ),
    Case(
        "security 4625",
        {"EventID": 4625, "TargetUserName": "Administrator"},
        """
        DeviceLogonEvents
        | where ActionType == "LogonFailed"
        | where AccountName =~ "Administrator"
        """,
        [{"AccountName": "administrator"}],
        [{"AccountName": "administrator", "ActionType": "LogonSuccess"}],
        service="security",
    ),
    Case(
        "security, both",
        {"EventID": [4624, 4625], "IpAddress": "10.1.2.3"},
        """
        DeviceLogonEvents
        | where ActionType in ("LogonSuccess", "LogonFailed")
        | where RemoteIP =~ "10.1.2.3"
        """,
        [{"ActionType": "LogonSuccess", "RemoteIP": "10.1.2.3"}, {"ActionType": "LogonFailed", "RemoteIP": "10.1.2.3"}],
        [{"ActionType": "LogonAttempted", "RemoteIP": "10.1.2.3"}],
        service="security",
    ),
    Case(
        "sysmon by its event id",
        {"EventID": 11, "TargetFilename|endswith": ".mof"},
        """
        DeviceFileEvents
        | where ActionType == "FileCreated"
        | where FileName endswith ".mof"
        """,
        [{"FileName": "x.mof"}],
        [{"FileName": "x.mof", "ActionType": "FileDeleted"}],
        service="sysmon",
    ),
    Case(
        "sysmon's registry events by their ids",
        {"EventID": [13, 14], "TargetObject|endswith": r"\Run"},
        r"""
        DeviceRegistryEvents
        | where ActionType in ("RegistryValueSet", "RegistryKeyRenamed")
        | where (ActionType == "RegistryValueSet"
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
        """
        DeviceProcessEvents
        | where ActionType == "ProcessCreated"
        | where ProcessCommandLine contains "wmic"
        """,
        [{"ProcessCommandLine": "wmic os"}],
        [{"ProcessCommandLine": "x"}],
        category="process_creation",
        service="sysmon",
    ),
    Case(
        "an event id alone",
        {"EventID": 23},
        """
        DeviceFileEvents
        | where ActionType == "FileDeleted"
        """,
        [{"ActionType": "FileDeleted"}],
        [{"ActionType": "FileCreated"}],
        service="sysmon",
    ),
    Case(
        "a remote WMI process creation",
        {"ActionType": "ProcessCreatedUsingWmiQuery", "IsRemoteMachine": "true", "FileName": "powershell.exe"},
        """
        DeviceEvents
        | where ActionType == "ProcessCreatedUsingWmiQuery"
        | where FileName =~ "powershell.exe"
        | where tostring(parse_json(AdditionalFields).IsRemoteMachine) =~ "true"
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
        DeviceEvents
        | where ActionType == "RemoteWmiOperation"
        | where tostring(parse_json(AdditionalFields).OperationDetails) contains "AntiVirusProduct"
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
        DeviceEvents
        | where ActionType in ("PowerShellCommand", "AmsiScriptContent")
        | where AdditionalFields contains "Invoke-WmiMethod"
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
        DeviceEvents
        | where ActionType in (
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
        IdentityDirectoryEvents
        | where ActionType == "Wmi execution"
        | where AccountName =~ "anna"
        """,
        [{"AccountName": "anna"}],
        [{"AccountName": "anna", "ActionType": "PowerShell execution"}],
        category="identity_directory_events",
        service=DEFENDER,
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert whole(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said


@pytest.mark.parametrize(("category", "reason"), REFUSED.items())
def test_a_category_that_defender_cant_answer(category: str, reason: str) -> None:
    assert refused({"X": "y"}, category=category) == [
        ("lost-log-source", f"Defender can't answer '{category}': {reason}", None)
    ]


SEE = "see what it holds: sigma-xdr fields"


@pytest.mark.parametrize(
    ("log_source", "problem"),
    [
        (
            {"service": "system"},
            (
                "lost-log-source",
                "Defender can't answer the log source 'system': its hunting tables hold none of that log's events",
                SEE,
            ),
        ),
        (
            {"category": "process_creation", "service": "wmi"},
            (
                "lost-log-source",
                "Defender can't answer the log source 'wmi': its hunting tables hold none of that log's events",
                SEE,
            ),
        ),
        (
            {"category": "proces_creation"},
            (
                "unknown-log-source",
                "'proces_creation' is no log source that Defender's tables answer",
                "did you mean process_creation?",
            ),
        ),
        (
            {"category": "security"},
            (
                "unknown-log-source",
                "'security' is no log source that Defender's tables answer",
                "did you mean service: security?",
            ),
        ),
        (
            {"category": "device_event", "service": DEFENDER},
            (
                "unknown-log-source",
                "'device_event' is no log source that Defender's tables answer",
                "did you mean device_events or device_file_events or device_logon_events?",
            ),
        ),
        (
            {"category": "process_creation", "product": "linux"},
            (
                "unknown-log-source",
                "the log source's product is 'linux'; Defender's tables are mapped for windows",
                "write product: windows",
            ),
        ),
    ],
)
def test_a_log_source_that_isnt_mapped(log_source: dict[str, str], problem: tuple[str, str, str]) -> None:
    assert refused({"X": "y"}, **log_source) == [problem]


@pytest.mark.parametrize(
    ("detection", "log_source", "problem"),
    [
        (
            {"EventID": [4624, 4688]},
            {"service": "security"},
            ("unknown-event", "Defender's tables don't hold event 4688 of the Security log", "they hold 4624, 4625"),
        ),
        (
            {"TargetUserName": "x"},
            {"service": "security"},
            (
                "unknown-event",
                "Defender's tables don't hold a rule that names no EventID of the Security log",
                "they hold 4624, 4625",
            ),
        ),
        (
            {"EventID": [1, 3]},
            {"service": "sysmon"},
            (
                "unknown-event",
                "Sysmon's events 1, 3 are not of one table of Defender",
                "name a category, one rule a table",
            ),
        ),
        (
            {"EventID": 255},
            {"service": "sysmon"},
            (
                "unknown-event",
                "Sysmon's events 255 are not of one table of Defender",
                "name a category, one rule a table",
            ),
        ),
        (
            {"Image": "x"},
            {"service": "sysmon"},
            ("unknown-event", "the rule reads Sysmon's whole log and names no EventID", "name a category"),
        ),
        (
            {"EventID": 5},
            {"category": "process_creation"},
            (
                "unknown-event",
                "'5' is no value of 'EventID' that Defender's DeviceProcessEvents shows",
                "known: 1, 4688",
            ),
        ),
        (
            {"Operation": "Deleted"},
            {"category": "wmi_event"},
            (
                "unknown-event",
                "'Deleted' is no value of 'Operation' that Defender's DeviceEvents shows",
                "known: Created",
            ),
        ),
        (
            {"EventType": "RenameKey"},
            {"category": "registry_set"},
            (
                "unknown-event",
                "'RenameKey' is no value of 'EventType' that Defender's DeviceRegistryEvents shows",
                "known: SetValue",
            ),
        ),
    ],
)
def test_an_event_that_defender_doesnt_hold(
    detection: dict[str, object], log_source: dict[str, str], problem: tuple[str, str, str]
) -> None:
    assert refused(detection, **log_source) == [problem]


OF_LSASS = (
    "lost-log-source",
    "Defender records the opening of lsass.exe alone (OpenProcessApiCall), and the rule doesn't ask for it",
    r"add TargetImage|endswith: '\lsass.exe'",
)


@pytest.mark.parametrize(
    ("detection", "log_source"),
    [
        ({"TargetImage|endswith": r"\winlogon.exe"}, {"category": "process_access"}),
        ({"EventID": 10, "SourceImage|endswith": r"\wmic.exe"}, {"service": "sysmon"}),
    ],
)
def test_of_process_access_there_is_only_that_of_lsass(
    detection: dict[str, object], log_source: dict[str, str]
) -> None:
    assert refused(detection, **log_source) == [OF_LSASS]


def test_a_filter_on_lsass_does_not_ask_for_lsass() -> None:
    of_wmic = {"SourceImage|endswith": r"\wmic.exe"}
    of_lsass = {"TargetImage|endswith": r"\lsass.exe"}
    selections = {"selections": {"selection": of_wmic, "filter": of_lsass}}
    assert refused(selections, "selection and not filter", category="process_access") == [OF_LSASS]
    query = compiled(selections, "selection and not not filter", category="process_access")
    assert where(query) == 'InitiatingProcessFileName =~ "wmic.exe"\nFileName =~ "lsass.exe"'


LOST = [(source, name) for source in WINDOWS for name, mapping in source.fields.items() if isinstance(mapping, Lost)]


def test_fields_that_defender_lacks_are_refused_with_their_reason() -> None:
    assert len(LOST) > 100
    for source, name in LOST[:: len(LOST) // 20]:
        detection = {"EventID": 4624} if source.name == "security" else {}
        detection |= {"TargetImage|endswith": r"\lsass.exe"} if source.name == "process_access" else {}
        log_source = {"service": "security"} if source.name == "security" else {"category": source.name}
        [(code, message, hint)] = refused({**detection, name: "x"}, **log_source)
        assert (code, hint) == ("lost-field", None)
        assert message == f"Defender's {source.table} has no '{name}': {source.fields[name].reason}"


def test_every_reason_of_the_mapping_is_a_listed_one() -> None:
    assert {"lost-log-source", "unknown-log-source", "unknown-event", "lost-field"} <= set(REFUSALS)


def test_version_information_of_a_loaded_image_is_refused() -> None:
    problem = "Defender's DeviceImageLoadEvents has no 'Company': version information of a loaded image is not recorded"
    assert refused({"Company": "Contoso"}, category="image_load") == [("lost-field", problem, None)]


def test_what_a_pipe_event_was_is_refused() -> None:
    problem = (
        "Defender's DeviceEvents has no 'EventType': "
        "creation and connection of a pipe are one event; FileOperation tells them apart"
    )
    assert refused({"EventType": "CreatePipe"}, category="pipe_created") == [("lost-field", problem, None)]


def test_own_tables_name_their_action_types_or_are_refused() -> None:
    assert refused({"FileName": "x"}, category="device_events", service=DEFENDER) == [
        (
            "no-action-type",
            "the rule reads DeviceEvents and names no ActionType",
            "add ActionType to a selection that every condition needs",
        )
    ]


def test_the_query_reads_the_log_sources_table() -> None:
    assert compiled({"ActionType": "LogonSuccess"}, category="identity_logon_events", service=DEFENDER).table.name == (
        "IdentityLogonEvents"
    )


@pytest.mark.parametrize(
    ("category", "detection"),
    [
        ("pipe_created", {"PipeName|re": r"^\\msagent_[0-9a-f]+"}),
        ("wmi_event", {"Consumer|re": r"EventConsumer\.Name=.*x"}),
    ],
)
def test_a_regex_in_sysmons_spelling_is_refused(category: str, detection: dict[str, str]) -> None:
    [field] = (name.removesuffix("|re") for name in detection)
    assert refused(detection, category=category) == [
        (
            "value-form",
            f"the regular expression on '{field}' asks for what Defender spells otherwise",
            "use contains, startswith or endswith: their values are translated",
        )
    ]


def test_other_regexes_on_such_fields_are_not() -> None:
    assert where(compiled({"PipeName|re": r"\\msagent_[0-9]+$"}, category="pipe_created")) == (
        r'tostring(parse_json(AdditionalFields).PipeName) matches regex @"\\msagent_[0-9]+$"'
    )
