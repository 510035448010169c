r"""Which Sigma log source is which table and ActionTypes of Defender XDR, and what its fields are there.

One entry a log source. Where Sysmon's event has no counterpart, or a field has none, the reason stands here; it is what the
refusal says. The ``…AggregatedReport`` ActionTypes are summaries of many events without a command line or a process of
their own; no log source reads them.

Sources: Microsoft's pages on the advanced hunting tables; for what the pages don't say, sample rows and queries in public
repositories (the schema's data files name them); Sysmon's and Sigma's own documentation for the left side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from sigma.types import SpecialChars

from sigma_xdr.pipeline.fields import (
    AccessMask,
    Account,
    AdditionalField,
    ByAction,
    Column,
    CommandLine,
    Device,
    Enumerated,
    FieldMapping,
    FileName,
    FilePath,
    Hashes,
    Lost,
    RegistryData,
    RegistryPath,
    RegistryRows,
)
from sigma_xdr.pipeline.patterns import Pattern, Shape
from sigma_xdr.schema import Table, xdr_schema

__all__ = ["DEFENDER", "REFUSED", "LogSource", "category_of_event", "log_sources"]

#: ``service`` of rules that are written on Defender's own tables; their category is the table's name in snake case.
DEFENDER = "defender-xdr"


@dataclass(frozen=True)
class LogSource:
    """One Sigma log source in XDR.

    ``name`` is Sigma's category (or ``security``); ``fields`` maps Sigma's field names; what is not in there may be a column
    of the table by its own name. ``events`` maps the Windows event ids that a rule may name to ActionTypes. ``note`` says
    what Defender shows less of.
    """

    name: str
    table: str
    action_types: tuple[str, ...]
    fields: Mapping[str, FieldMapping] = field(hash=False)
    events: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    note: str | None = None


# ----------------------------------------------------------------------------------------------------- shared fields

_IMAGE = FilePath("FileName", "FolderPath", whole=True)
#: DeviceEvents keeps the directory alone for some ActionTypes and the whole path for others.
_TARGET = FilePath("FileName", "FolderPath", whole=False)
_INITIATING = FilePath("InitiatingProcessFileName", "InitiatingProcessFolderPath", whole=False, lower_case=True)
_INITIATING_PARENT = FileName("InitiatingProcessParentFileName")
_INITIATING_ACCOUNT = Account(
    "InitiatingProcessAccountDomain", "InitiatingProcessAccountName", "InitiatingProcessAccountSid"
)
_ACCOUNT = Account("AccountDomain", "AccountName", "AccountSid")
_INTEGRITY_LEVELS = {
    name: (level,)
    for level, sid in (("Low", 4096), ("Medium", 8192), ("High", 12288), ("System", 16384))
    for name in (level, f"S-1-16-{sid}")
}

_NO_GUID = Lost("process and logon GUIDs are Sysmon's own")
_EVERYWHERE: dict[str, FieldMapping] = {
    **dict.fromkeys(("Computer", "ComputerName", "Hostname"), Device("DeviceName")),
    "UtcTime": Column("Timestamp"),
    "TimeCreated": Column("Timestamp"),
    "ProcessGuid": _NO_GUID,
    "ParentProcessGuid": _NO_GUID,
    "LogonGuid": _NO_GUID,
    "RuleName": Lost("it is the name of a rule in Sysmon's configuration"),
    "Provider_Name": Lost("the log source already says which provider writes the event"),
    "Channel": Lost("the log source already says which channel holds the event"),
}

_BY_INITIATING_PROCESS: dict[str, FieldMapping] = {
    **_EVERYWHERE,
    "Image": _INITIATING,
    "ProcessId": Column("InitiatingProcessId"),
    "CommandLine": CommandLine("InitiatingProcessCommandLine"),
    "User": _INITIATING_ACCOUNT,
    "ParentImage": _INITIATING_PARENT,
    "ParentProcessId": Column("InitiatingProcessParentId"),
    "ParentCommandLine": Lost("of an initiating process' parent only the file name and id are kept"),
    "ParentUser": Lost("of an initiating process' parent only the file name and id are kept"),
    "CurrentDirectory": Lost("working directories are not recorded"),
}

_SINGLE_HASHES: dict[str, FieldMapping] = {
    "Hashes": Hashes(),
    "md5": Column("MD5"),
    "sha1": Column("SHA1"),
    "sha256": Column("SHA256"),
    "Imphash": Lost("import hashes are not recorded"),
}


# ------------------------------------------------------------------------------------------------------------ processes

_PROCESS_CREATION = LogSource(
    "process_creation",
    "DeviceProcessEvents",
    ("ProcessCreated",),
    {
        **_EVERYWHERE,
        **_SINGLE_HASHES,
        "Image": _IMAGE,
        "ProcessId": Column("ProcessId"),
        "CommandLine": CommandLine("ProcessCommandLine"),
        "OriginalFileName": Column("ProcessVersionInfoOriginalFileName"),
        "Description": Column("ProcessVersionInfoFileDescription"),
        "Product": Column("ProcessVersionInfoProductName"),
        "Company": Column("ProcessVersionInfoCompanyName"),
        "FileVersion": Lost("only the product's version is kept (ProcessVersionInfoProductVersion)"),
        "CurrentDirectory": Lost("working directories are not recorded"),
        "User": _ACCOUNT,
        "LogonId": Column("LogonId", hexadecimal=True),
        "TerminalSessionId": Column("CreatedProcessSessionId"),
        "IntegrityLevel": Enumerated("ProcessIntegrityLevel", _INTEGRITY_LEVELS),
        "ParentImage": _INITIATING,
        "ParentProcessId": Column("InitiatingProcessId"),
        "ParentCommandLine": CommandLine("InitiatingProcessCommandLine"),
        "ParentUser": _INITIATING_ACCOUNT,
        "GrandParentImage": _INITIATING_PARENT,
        "GrandParentCommandLine": Lost("of a grandparent only the file name and id are kept"),
    },
    {"1": ("ProcessCreated",), "4688": ("ProcessCreated",)},
    note="argv[0] has no directory; command line, image and account of the parent, file name alone of the grandparent",
)

_IMAGE_LOAD = LogSource(
    "image_load",
    "DeviceImageLoadEvents",
    ("ImageLoaded",),
    {
        **_BY_INITIATING_PROCESS,
        **_SINGLE_HASHES,
        "ImageLoaded": _IMAGE,
        **dict.fromkeys(
            ("OriginalFileName", "Description", "Product", "Company", "FileVersion"),
            Lost("version information of a loaded image is not recorded"),
        ),
        **dict.fromkeys(
            ("Signed", "Signature", "SignatureStatus"), Lost("the signature of a loaded image is not recorded")
        ),
    },
    {"7": ("ImageLoaded",)},
    note="Defender records a selection of image loads",
)

_DRIVER_LOAD = LogSource(
    "driver_load",
    "DeviceEvents",
    ("DriverLoad",),
    {
        **_EVERYWHERE,
        **_SINGLE_HASHES,
        "ImageLoaded": _TARGET,
        **dict.fromkeys(
            ("Signed", "Signature", "SignatureStatus"), Lost("the signature of a loaded driver is not recorded")
        ),
    },
    {"6": ("DriverLoad",)},
)

_CREATE_REMOTE_THREAD = LogSource(
    "create_remote_thread",
    "DeviceEvents",
    ("CreateRemoteThreadApiCall",),
    {
        **_EVERYWHERE,
        "SourceImage": _INITIATING,
        "SourceProcessId": Column("InitiatingProcessId"),
        "SourceCommandLine": CommandLine("InitiatingProcessCommandLine"),
        "SourceUser": _INITIATING_ACCOUNT,
        "SourceParentImage": _INITIATING_PARENT,
        "TargetImage": _TARGET,
        "TargetProcessId": Column("ProcessId"),
        **dict.fromkeys(
            ("StartAddress", "StartModule", "StartFunction", "NewThreadId"),
            Lost("nothing of the new thread itself is recorded"),
        ),
        "TargetUser": _ACCOUNT,
        "TargetParentProcessId": Lost("the target's parent is not recorded"),
    },
    {"8": ("CreateRemoteThreadApiCall",)},
)

_PROCESS_ACCESS = LogSource(
    "process_access",
    "DeviceEvents",
    ("OpenProcessApiCall",),
    {
        **_EVERYWHERE,
        "SourceImage": _INITIATING,
        "SourceProcessId": Column("InitiatingProcessId"),
        "SourceCommandLine": CommandLine("InitiatingProcessCommandLine"),
        "SourceUser": _INITIATING_ACCOUNT,
        "TargetImage": _TARGET,
        "TargetProcessId": Column("ProcessId"),
        "GrantedAccess": AccessMask("DesiredAccess"),
        "CallTrace": Lost("call stacks are not recorded"),
    },
    {"10": ("OpenProcessApiCall",)},
    note="Defender records openings of lsass.exe alone",
)


# ---------------------------------------------------------------------------------------------------------------- files

_FILE_FIELDS: dict[str, FieldMapping] = {
    **_BY_INITIATING_PROCESS,
    **_SINGLE_HASHES,
    "TargetFilename": _IMAGE,
    "IntegrityLevel": Enumerated("InitiatingProcessIntegrityLevel", _INTEGRITY_LEVELS),
    "CreationUtcTime": Lost("a file's own times are not recorded"),
    "PreviousCreationUtcTime": Lost("a file's own times are not recorded"),
    "Contents": Lost("what a file holds is not recorded"),
}
_FILE_EVENT = LogSource("file_event", "DeviceFileEvents", ("FileCreated",), _FILE_FIELDS, {"11": ("FileCreated",)})
_FILE_DELETE = LogSource(
    "file_delete",
    "DeviceFileEvents",
    ("FileDeleted",),
    {**_FILE_FIELDS, "IsExecutable": Lost("not recorded"), "Archived": Lost("Sysmon's own archive")},
    {"23": ("FileDeleted",), "26": ("FileDeleted",)},
)
_FILE_RENAME = LogSource(
    "file_rename",
    "DeviceFileEvents",
    ("FileRenamed",),
    {**_FILE_FIELDS, "SourceFilename": FilePath("PreviousFileName", "PreviousFolderPath", whole=False)},
)
_FILE_CHANGE = LogSource(
    "file_change",
    "DeviceEvents",
    ("FileTimestampModificationEvent",),
    {**_FILE_FIELDS, "TargetFilename": _TARGET, "IntegrityLevel": Lost("not recorded with this event")},
    {"2": ("FileTimestampModificationEvent",)},
    note="Sigma's file_change is a changed creation time, not a changed content",
)
_FILE_ACCESS = LogSource(
    "file_access",
    "DeviceEvents",
    ("SensitiveFileRead",),
    {**_BY_INITIATING_PROCESS, "FileName": _TARGET, "TargetFilename": _TARGET},
    note="Defender records reads of files that it knows as sensitive, not every opening",
)


# ------------------------------------------------------------------------------------------------------------- registry

_VALUES_SET = RegistryRows(("RegistryValueSet",), "RegistryKey", "RegistryValueName")
_KEYS_MADE = RegistryRows(("RegistryKeyCreated",), "RegistryKey", None)
_KEYS_RENAMED = RegistryRows(("RegistryKeyRenamed",), "PreviousRegistryKey", None)
_KEYS_DELETED = RegistryRows(("RegistryKeyDeleted",), "PreviousRegistryKey", None)
_VALUES_DELETED = RegistryRows(("RegistryValueDeleted",), "PreviousRegistryKey", "PreviousRegistryValueName")


def _registry(category: str, events: Mapping[str, tuple[str, ...]], *rows: RegistryRows) -> LogSource:
    action_types = tuple(action for group in rows for action in group.action_types)
    names = {
        "SetValue": "RegistryValueSet",
        "CreateKey": "RegistryKeyCreated",
        "RenameKey": "RegistryKeyRenamed",
        "DeleteKey": "RegistryKeyDeleted",
        "DeleteValue": "RegistryValueDeleted",
    }
    return LogSource(
        category,
        "DeviceRegistryEvents",
        action_types,
        {
            **_BY_INITIATING_PROCESS,
            "TargetObject": RegistryPath(rows),
            "Details": RegistryData(),
            "NewName": _new_name(action_types),
            "EventType": Enumerated(
                "ActionType",
                {name: (action,) for name, action in names.items() if action in action_types},
                "unknown-event",
            ),
        },
        {event: shown for event, actions in events.items() if (shown := _those_of(actions, action_types))},
    )


def _new_name(action_types: tuple[str, ...]) -> FieldMapping:
    """The name that a key was given: in rows of other ActionTypes the column holds something else."""
    renamed = _those_of(_KEYS_RENAMED.action_types, action_types)
    name = RegistryPath((RegistryRows(renamed, "RegistryKey", None),), grouped=True)
    if renamed == action_types:
        return name
    others = tuple(action for action in action_types if action not in renamed)
    return ByAction(((renamed, name),), others) if renamed else Lost("only a renamed key has a new name")


def _those_of(actions: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    return tuple(action for action in actions if action in known)


_REGISTRY_EVENTS = {
    "12": ("RegistryKeyCreated", "RegistryKeyDeleted", "RegistryValueDeleted"),
    "13": ("RegistryValueSet",),
    "14": ("RegistryKeyRenamed",),
    "4657": ("RegistryValueSet",),
}
_REGISTRY = (
    _registry("registry_add", _REGISTRY_EVENTS, _KEYS_MADE),
    _registry("registry_set", _REGISTRY_EVENTS, _VALUES_SET),
    _registry("registry_delete", _REGISTRY_EVENTS, _KEYS_DELETED, _VALUES_DELETED),
    _registry("registry_rename", _REGISTRY_EVENTS, _KEYS_RENAMED),
    _registry(
        "registry_event", _REGISTRY_EVENTS, _VALUES_SET, _KEYS_MADE, _KEYS_RENAMED, _KEYS_DELETED, _VALUES_DELETED
    ),
)


# -------------------------------------------------------------------------------------------------------------- network

_OUTBOUND, _INBOUND = ("ConnectionSuccess",), ("InboundConnectionAccepted",)


def _end(outbound: str, inbound: str) -> ByAction:
    """One end of a connection: an inbound one's destination is the device itself."""
    return ByAction(((_OUTBOUND, Column(outbound)), (_INBOUND, Column(inbound))))


_NETWORK_CONNECTION = LogSource(
    "network_connection",
    "DeviceNetworkEvents",
    _OUTBOUND + _INBOUND,
    {
        **_BY_INITIATING_PROCESS,
        "Initiated": Enumerated("ActionType", {"true": _OUTBOUND, "false": _INBOUND}),
        "DestinationIp": _end("RemoteIP", "LocalIP"),
        "DestinationPort": _end("RemotePort", "LocalPort"),
        "DestinationHostname": ByAction(((_OUTBOUND, Column("RemoteUrl")), (_INBOUND, Column("DeviceName")))),
        "SourceIp": _end("LocalIP", "RemoteIP"),
        "SourcePort": _end("LocalPort", "RemotePort"),
        "SourceHostname": ByAction(((_OUTBOUND, Column("DeviceName")), (_INBOUND, Column("RemoteUrl")))),
        "Protocol": Column("Protocol"),
        **dict.fromkeys(
            ("SourceIsIpv6", "DestinationIsIpv6"), Lost("the address itself says it: use cidr on it, such as ::/0")
        ),
        **dict.fromkeys(("SourcePortName", "DestinationPortName"), Lost("ports have no names")),
    },
    {"3": _OUTBOUND + _INBOUND},
    note="Initiated is the ActionType; a destination's name is RemoteUrl, where Defender knows one",
)

_DNS_QUERY = LogSource(
    "dns_query",
    "DeviceEvents",
    ("DnsQueryResponse",),
    {
        **_BY_INITIATING_PROCESS,
        "QueryName": AdditionalField("DnsQueryString"),
        **dict.fromkeys(("QueryStatus", "QueryResults"), Lost("no public source names the key that holds it")),
    },
    {"22": ("DnsQueryResponse",)},
)


def _stored_pipe(pattern: Pattern) -> tuple[Pattern, ...]:
    r"""Sysmon's ``\name`` as Defender shows it, ``\Device\NamedPipe\name``; some rows keep the short form.

    So it is for ``\Device\NamedPipe\name`` too, which may be a pipe in a folder of that name.
    """
    first = pattern.parts[0] if pattern.parts else None
    if isinstance(first, str) and first.startswith("\\"):
        return (pattern.with_first("\\Device\\NamedPipe" + first), pattern)
    return (pattern,)


_PIPE_CREATED = LogSource(
    "pipe_created",
    "DeviceEvents",
    ("NamedPipeEvent",),
    {
        **_BY_INITIATING_PROCESS,
        "PipeName": AdditionalField("PipeName", stored=_stored_pipe, spelt_otherwise=re.compile(r"\^|\\A")),
        "EventType": Lost("creation and connection of a pipe are one event; FileOperation tells them apart"),
    },
)


# ------------------------------------------------------------------------------------------------------------------ WMI

_NO_WMI_PARTS = Lost(
    "filters and consumers by themselves (Sysmon 19 and 20) are not recorded, only their binding; "
    "its text is in PossibleCause"
)


_NAME_OF_CONSUMER = re.compile(r'\.Name=\\?"', re.IGNORECASE)


def _stored_consumer(pattern: Pattern) -> tuple[Pattern, ...]:
    r"""Sysmon's ``"CommandLineEventConsumer.Name=\"x\""`` as Defender shows it, ``CommandLineEventConsumer="x"``.

    The outer quotes are the ends of Sysmon's text, so they anchor a pattern; of a whole text both are there, or none. One that
    doesn't name ``.Name="`` stays as it is.
    """
    if not any(map(_NAME_OF_CONSUMER.search, pattern.literals)):
        return (pattern,)
    parts = list(pattern.parts)
    places = [place for place, part in enumerate(parts) if isinstance(part, str)]
    first, last = places[0], places[-1]
    opened = str(parts[first]).startswith('"') and SpecialChars.WILDCARD_SINGLE not in parts[:first]
    closed = str(parts[last]).endswith('\\""') and SpecialChars.WILDCARD_SINGLE not in parts[last:]
    if opened != closed and first == 0 and last == len(parts) - 1:
        return (pattern,)
    if closed:
        parts[last:] = [str(parts[last])[:-1]]
    if opened:
        parts[: first + 1] = [str(parts[first])[1:]]
    stored = (_unquoted_consumer(part) if isinstance(part, str) else part for part in parts)
    return (Pattern(tuple(part for part in stored if part), pattern.cased),)


def _unquoted_consumer(text: str) -> str:
    text = text[:-1] + '"' if text.endswith("\\") else text
    return _NAME_OF_CONSUMER.sub('="', text).replace('\\"', '"')


_WMI_EVENT = LogSource(
    "wmi_event",
    "DeviceEvents",
    ("WmiBindEventFilterToConsumer",),
    {
        **_EVERYWHERE,
        "Consumer": AdditionalField("Consumer", stored=_stored_consumer, spelt_otherwise=re.compile("(?i)Name")),
        **dict.fromkeys(("Filter", "Name", "Query", "Destination", "Type", "EventNamespace"), _NO_WMI_PARTS),
        "User": _INITIATING_ACCOUNT,
        "Operation": Enumerated("ActionType", {"Created": ("WmiBindEventFilterToConsumer",)}, "unknown-event"),
        "EventType": Enumerated("ActionType", {"WmiBindingEvent": ("WmiBindEventFilterToConsumer",)}, "unknown-event"),
    },
    {"21": ("WmiBindEventFilterToConsumer",), "5861": ("WmiBindEventFilterToConsumer",)},
    note="the binding of a filter to a consumer (Sysmon 21, WMI-Activity 5861); nothing of deletions",
)


# --------------------------------------------------------------------------------------------------------------- logons

_LOGON_TYPES = {
    "2": ("Interactive",),
    "3": ("Network",),
    "4": ("Batch",),
    "5": ("Service",),
    "7": ("Unlock",),
    "8": ("NetworkCleartext",),
    "9": ("NewCredentials",),
    "10": ("RemoteInteractive",),
    "11": ("CachedInteractive",),
    "12": ("CachedRemoteInteractive",),
    "13": ("CachedUnlock",),
}


def _stored_unknown(pattern: Pattern) -> tuple[Pattern, ...]:
    """The Security log's ``-`` for what it doesn't know: some of Defender's rows keep it, in others the column is empty."""
    is_dash = pattern.literals == ("-",) and pattern.shape is not Shape.WILDCARD
    return (pattern, Pattern(())) if is_dash else (pattern,)


_SECURITY = LogSource(
    "security",
    "DeviceLogonEvents",
    ("LogonSuccess", "LogonFailed"),
    {
        **_EVERYWHERE,
        "LogonType": Enumerated("LogonType", _LOGON_TYPES),
        "TargetUserName": Column("AccountName", lower_case=True),
        "TargetDomainName": Column("AccountDomain", lower_case=True),
        "TargetUserSid": Column("AccountSid"),
        "TargetSid": Column("AccountSid"),
        "TargetLogonId": Column("LogonId", hexadecimal=True),
        "SubjectUserName": Column("InitiatingProcessAccountName", stored=_stored_unknown, lower_case=True),
        "SubjectDomainName": Column("InitiatingProcessAccountDomain", stored=_stored_unknown, lower_case=True),
        "SubjectUserSid": Column("InitiatingProcessAccountSid"),
        "ProcessName": _INITIATING,
        "IpAddress": Column("RemoteIP", stored=_stored_unknown),
        "IpPort": Column("RemotePort"),
        "WorkstationName": Column("RemoteDeviceName", stored=_stored_unknown),
        "AuthenticationPackageName": Column("Protocol"),
        **dict.fromkeys(
            (
                "LogonProcessName",
                "KeyLength",
                "ImpersonationLevel",
                "ElevatedToken",
                "TargetLinkedLogonId",
                "TargetOutboundUserName",
                "RestrictedAdminMode",
                "VirtualAccount",
            ),
            Lost("DeviceLogonEvents has no such column"),
        ),
        **dict.fromkeys(("Status", "SubStatus"), Lost("a failed logon has its reason in words (FailureReason)")),
    },
    {"4624": ("LogonSuccess",), "4625": ("LogonFailed",)},
    note="of the Security log, logons alone (4624, 4625)",
)


# ------------------------------------------------------------------------------------------------------- all log sources

_WINDOWS = (
    _PROCESS_CREATION,
    _NETWORK_CONNECTION,
    _IMAGE_LOAD,
    _FILE_EVENT,
    _FILE_CHANGE,
    _FILE_DELETE,
    _FILE_RENAME,
    _FILE_ACCESS,
    *_REGISTRY,
    _PIPE_CREATED,
    _WMI_EVENT,
    _CREATE_REMOTE_THREAD,
    _PROCESS_ACCESS,
    _DNS_QUERY,
    _DRIVER_LOAD,
    _SECURITY,
)

#: Log sources that Defender's hunting tables can't answer, with the reason.
REFUSED: dict[str, str] = {
    "ps_script": "the text of script blocks (PowerShell 4104) is not in the hunting tables",
    "ps_module": "the pipeline's details (PowerShell 4103) are not in the hunting tables",
    "ps_classic_start": "the classic PowerShell log is not in the hunting tables",
    "ps_classic_provider_start": "the classic PowerShell log is not in the hunting tables",
    "create_stream_hash": "alternate data streams (Sysmon 15) are not recorded",
    "raw_access_thread": "raw disk reads (Sysmon 9) are not recorded",
    "process_tampering": "process tampering (Sysmon 25) is not recorded as such",
    "process_termination": "the end of a process (Sysmon 5) is not recorded",
    "file_block_executable": "Sysmon's own blocking is not recorded",
    "file_block_shredding": "Sysmon's own blocking is not recorded",
    "file_executable_detected": "Sysmon's own detection (29) is not recorded",
    "clipboard_capture": "clipboard contents (Sysmon 24) are not recorded",
    "sysmon_error": "Sysmon's own state is not recorded",
    "sysmon_status": "Sysmon's own state is not recorded",
}


@cache
def log_sources() -> Mapping[str, LogSource]:
    """All log sources by name, Defender's own tables last (``device_events`` …)."""
    return {source.name: source for source in (*_WINDOWS, *_defender_tables())}


def _defender_tables() -> Iterable[LogSource]:
    for table in xdr_schema().tables.values():
        if "ActionType" in table.columns:
            yield LogSource(_snake_case(table.name), table.name, (), _own_fields(table))


def _own_fields(table: Table) -> Mapping[str, FieldMapping]:
    """The known keys of AdditionalFields; the columns need no entry."""
    keys = {
        key for action in (table.action_types or {}).values() for key in action.additional_fields if key.isidentifier()
    }
    return {key: AdditionalField(key) for key in sorted(keys - set(table.columns))}


def _snake_case(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() and index else char.lower() for index, char in enumerate(name))


@cache
def category_of_event() -> Mapping[str, str]:
    """Sysmon's event ids to the log source that shows them, for rules on ``service: sysmon``."""
    sysmon = (source for source in _WINDOWS if source.name not in ("security", "registry_add", "registry_delete"))
    return {event: source.name for source in sysmon for event in source.events if int(event) < 100}
