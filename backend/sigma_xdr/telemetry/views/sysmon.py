"""Sigma's log sources over Defender's rows: which rows are their events, and what their fields are there.

Written by hand from Sysmon's side, field by field, and never from the compiler's own mapping. A field that Defender lacks
isn't there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sigma_xdr.telemetry.views import spellings

__all__ = ["CATEGORIES", "LogSource", "View", "additional_fields"]

Columns = Mapping[str, Any]


@dataclass
class View:
    """A row's fields by Sysmon's names, and what a correlation groups by for those whose own value it isn't."""

    fields: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, value: Any) -> None:
        """Give a field its value."""
        self.fields[name] = value

    def spell(self, name: str, spellings: Any, key: Any) -> None:
        """Give a field the spellings of its value; ``key`` is what stands for it in a group."""
        self.fields[name] = spellings
        self.keys[name] = key


@dataclass(frozen=True)
class LogSource:
    """A log source: its table, the ActionTypes of its rows with the ids of Windows' events, and how it shows a row."""

    table: str
    actions: Mapping[str, tuple[int, ...]]
    show: Callable[[View, Columns], None]


# ------------------------------------------------------------------------------------------------------------ processes


def _everywhere(view: View, row: Columns) -> None:
    for name in ("Computer", "ComputerName", "Hostname"):
        view.spell(name, row.get("DeviceName"), row.get("DeviceId"))
    for name in ("UtcTime", "TimeCreated"):
        view.put(name, row.get("Timestamp"))


def _initiating(
    view: View, row: Columns, image: str, process_id: str, command_line: str, user: str, parent: str
) -> None:
    """The process that acts, under the names that a log source has for it."""
    name = row.get("InitiatingProcessFileName")
    view.spell(image, spellings.path(name, row.get("InitiatingProcessFolderPath")), name)
    view.put(process_id, row.get("InitiatingProcessId"))
    view.put(command_line, row.get("InitiatingProcessCommandLine"))
    _account(view, user, row, "InitiatingProcessAccount")
    above = row.get("InitiatingProcessParentFileName")
    view.spell(parent, spellings.name_only(above), above)


def _account(view: View, field_name: str, row: Columns, columns: str) -> None:
    domain, name = (row.get(f"{columns}{part}") for part in ("Domain", "Name"))
    view.spell(field_name, spellings.account(domain, name), f"{domain or ''}\\{name}" if name else None)


def _by_process(view: View, row: Columns) -> None:
    """What most of Sysmon's events say of the process that acts."""
    _everywhere(view, row)
    _initiating(view, row, "Image", "ProcessId", "CommandLine", "User", "ParentImage")
    view.put("ParentProcessId", row.get("InitiatingProcessParentId"))


def _file(view: View, row: Columns, field_name: str) -> None:
    view.spell(field_name, spellings.path(row.get("FileName"), row.get("FolderPath")), row.get("FileName"))


def _hashes(view: View, row: Columns) -> None:
    view.put("Hashes", spellings.hashes(row))
    for name in ("md5", "sha1", "sha256"):
        view.put(name, row.get(name.upper()))


def _integrity_level(view: View, level: Any) -> None:
    view.spell("IntegrityLevel", spellings.integrity_level(level), level)


def _process_creation(view: View, row: Columns) -> None:
    _everywhere(view, row)
    _initiating(view, row, "ParentImage", "ParentProcessId", "ParentCommandLine", "ParentUser", "GrandParentImage")
    _file(view, row, "Image")
    _hashes(view, row)
    view.put("ProcessId", row.get("ProcessId"))
    view.put("CommandLine", row.get("ProcessCommandLine"))
    view.put("OriginalFileName", row.get("ProcessVersionInfoOriginalFileName"))
    view.put("Description", row.get("ProcessVersionInfoFileDescription"))
    view.put("Product", row.get("ProcessVersionInfoProductName"))
    view.put("Company", row.get("ProcessVersionInfoCompanyName"))
    _account(view, "User", row, "Account")
    view.spell("LogonId", spellings.numbers(row.get("LogonId")), row.get("LogonId"))
    view.put("TerminalSessionId", row.get("CreatedProcessSessionId"))
    _integrity_level(view, row.get("ProcessIntegrityLevel"))


def _between_processes(view: View, row: Columns) -> None:
    _everywhere(view, row)
    _initiating(view, row, "SourceImage", "SourceProcessId", "SourceCommandLine", "SourceUser", "SourceParentImage")
    _file(view, row, "TargetImage")
    view.put("TargetProcessId", row.get("ProcessId"))


def _create_remote_thread(view: View, row: Columns) -> None:
    _between_processes(view, row)
    _account(view, "TargetUser", row, "Account")


def _process_access(view: View, row: Columns) -> None:
    _between_processes(view, row)
    access = additional_fields(row).get("DesiredAccess")
    mask = int(access) if isinstance(access, str) and access.isascii() and access.isdecimal() else access
    view.spell("GrantedAccess", spellings.numbers(mask), access)


# ------------------------------------------------------------------------------------------------- files, images, registry


def _image_load(view: View, row: Columns) -> None:
    _by_process(view, row)
    _file(view, row, "ImageLoaded")
    _hashes(view, row)


def _driver_load(view: View, row: Columns) -> None:
    _everywhere(view, row)
    _file(view, row, "ImageLoaded")
    _hashes(view, row)


def _file_event(view: View, row: Columns) -> None:
    _by_process(view, row)
    _file(view, row, "TargetFilename")
    _hashes(view, row)
    _integrity_level(view, row.get("InitiatingProcessIntegrityLevel"))


def _file_rename(view: View, row: Columns) -> None:
    _file_event(view, row)
    before = row.get("PreviousFileName")
    view.spell("SourceFilename", spellings.path(before, row.get("PreviousFolderPath")), before)


def _file_access(view: View, row: Columns) -> None:
    _by_process(view, row)
    _file(view, row, "FileName")
    _file(view, row, "TargetFilename")


_EVENT_TYPES = {
    "RegistryValueSet": "SetValue",
    "RegistryKeyCreated": "CreateKey",
    "RegistryKeyRenamed": "RenameKey",
    "RegistryKeyDeleted": "DeleteKey",
    "RegistryValueDeleted": "DeleteValue",
}


def _registry(view: View, row: Columns) -> None:
    _by_process(view, row)
    action = row["ActionType"]
    gone = "" if action in ("RegistryValueSet", "RegistryKeyCreated") else "Previous"
    key, name = row.get(f"{gone}RegistryKey"), row.get(f"{gone}RegistryValueName")
    of_value = action in ("RegistryValueSet", "RegistryValueDeleted")
    view.put("TargetObject", spellings.registry_value(key, name) if of_value else spellings.registry_key(key))
    details = row.get("RegistryValueData")
    view.spell("Details", spellings.data(details, row.get("RegistryValueType")), details)
    view.spell("EventType", _EVENT_TYPES[action], action)
    if action == "RegistryKeyRenamed":
        view.spell("NewName", spellings.registry_key(row.get("RegistryKey")), row.get("RegistryKey"))


# ---------------------------------------------------------------------------------------------------- network, pipes, WMI


def _network_connection(view: View, row: Columns) -> None:
    """Of a connection from outside, the device's own end is the destination."""
    _by_process(view, row)
    outbound = row["ActionType"] == "ConnectionSuccess"
    own, other = ("Source", "Destination") if outbound else ("Destination", "Source")
    view.spell("Initiated", "true" if outbound else "false", row["ActionType"])
    for name, end in ((own, "Local"), (other, "Remote")):
        view.put(f"{name}Ip", row.get(f"{end}IP"))
        view.put(f"{name}Port", row.get(f"{end}Port"))
    view.put(f"{own}Hostname", row.get("DeviceName"))
    view.put(f"{other}Hostname", row.get("RemoteUrl"))
    view.put("Protocol", row.get("Protocol"))
    # A correlation counts peers: for it the destination is always the other end.
    for name, end in (("Destination", "Remote"), ("Source", "Local")):
        view.keys |= {f"{name}Ip": row.get(f"{end}IP"), f"{name}Port": row.get(f"{end}Port")}
    view.keys |= {"DestinationHostname": row.get("RemoteUrl"), "SourceHostname": row.get("DeviceName")}


def _pipe_created(view: View, row: Columns) -> None:
    _by_process(view, row)
    pipe = additional_fields(row).get("PipeName")
    view.spell("PipeName", spellings.pipe(pipe), pipe)


def _dns_query(view: View, row: Columns) -> None:
    _by_process(view, row)
    view.put("QueryName", additional_fields(row).get("DnsQueryString"))


def _wmi_event(view: View, row: Columns) -> None:
    _everywhere(view, row)
    consumer = additional_fields(row).get("Consumer")
    view.spell("Consumer", spellings.wmi_consumer(consumer), consumer)
    _account(view, "User", row, "InitiatingProcessAccount")
    view.spell("Operation", "Created", row["ActionType"])
    view.spell("EventType", "WmiBindingEvent", row["ActionType"])


# --------------------------------------------------------------------------------------------------------------- logons


def _security(view: View, row: Columns) -> None:
    _everywhere(view, row)
    process = row.get("InitiatingProcessFileName")
    view.spell("ProcessName", spellings.path(process, row.get("InitiatingProcessFolderPath")), process)
    view.spell("LogonType", spellings.logon_type(row.get("LogonType")), row.get("LogonType"))
    for sigma, column in (
        ("TargetUserName", "AccountName"),
        ("TargetDomainName", "AccountDomain"),
        ("TargetUserSid", "AccountSid"),
        ("TargetSid", "AccountSid"),
        ("SubjectUserSid", "InitiatingProcessAccountSid"),
        ("IpPort", "RemotePort"),
        ("AuthenticationPackageName", "Protocol"),
    ):
        view.put(sigma, row.get(column))
    for sigma, column in (
        ("SubjectUserName", "InitiatingProcessAccountName"),
        ("SubjectDomainName", "InitiatingProcessAccountDomain"),
        ("IpAddress", "RemoteIP"),
        ("WorkstationName", "RemoteDeviceName"),
    ):
        view.spell(sigma, row.get(column) or spellings.UNKNOWN, row.get(column))
    view.spell("TargetLogonId", spellings.numbers(row.get("LogonId")), row.get("LogonId"))


def additional_fields(row: Columns) -> Mapping[str, Any]:
    """The keys of AdditionalFields, JSON that Device* tables keep as text; none where it is no JSON object."""
    value = row.get("AdditionalFields")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


# ---------------------------------------------------------------------------------------------------------- log sources

_SET = {"RegistryValueSet": (13, 4657)}
_ADDED = {"RegistryKeyCreated": (12,)}
_DELETED = {"RegistryKeyDeleted": (12,), "RegistryValueDeleted": (12,)}
_RENAMED = {"RegistryKeyRenamed": (14,)}
_CONNECTIONS = {"ConnectionSuccess": (3, 5156), "InboundConnectionAccepted": (3, 5156)}

CATEGORIES: Mapping[str, LogSource] = {
    "process_creation": LogSource("DeviceProcessEvents", {"ProcessCreated": (1, 4688)}, _process_creation),
    "network_connection": LogSource("DeviceNetworkEvents", _CONNECTIONS, _network_connection),
    "image_load": LogSource("DeviceImageLoadEvents", {"ImageLoaded": (7,)}, _image_load),
    "driver_load": LogSource("DeviceEvents", {"DriverLoad": (6,)}, _driver_load),
    "file_event": LogSource("DeviceFileEvents", {"FileCreated": (11,)}, _file_event),
    "file_delete": LogSource("DeviceFileEvents", {"FileDeleted": (23, 26)}, _file_event),
    "file_rename": LogSource("DeviceFileEvents", {"FileRenamed": ()}, _file_rename),
    "file_change": LogSource("DeviceEvents", {"FileTimestampModificationEvent": (2,)}, _file_event),
    "file_access": LogSource("DeviceEvents", {"SensitiveFileRead": ()}, _file_access),
    "registry_event": LogSource("DeviceRegistryEvents", {**_SET, **_ADDED, **_DELETED, **_RENAMED}, _registry),
    "registry_set": LogSource("DeviceRegistryEvents", _SET, _registry),
    "registry_add": LogSource("DeviceRegistryEvents", _ADDED, _registry),
    "registry_delete": LogSource("DeviceRegistryEvents", _DELETED, _registry),
    "registry_rename": LogSource("DeviceRegistryEvents", _RENAMED, _registry),
    "pipe_created": LogSource("DeviceEvents", {"NamedPipeEvent": (17, 18)}, _pipe_created),
    "dns_query": LogSource("DeviceEvents", {"DnsQueryResponse": (22,)}, _dns_query),
    "wmi_event": LogSource("DeviceEvents", {"WmiBindEventFilterToConsumer": (21, 5861)}, _wmi_event),
    "create_remote_thread": LogSource("DeviceEvents", {"CreateRemoteThreadApiCall": (8,)}, _create_remote_thread),
    "process_access": LogSource("DeviceEvents", {"OpenProcessApiCall": (10,)}, _process_access),
    "security": LogSource("DeviceLogonEvents", {"LogonSuccess": (4624,), "LogonFailed": (4625,)}, _security),
}
