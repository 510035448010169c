"""Records as Sigma's log sources name them: which events a log source has, and what it calls their fields.

The names are Sysmon's own; where another log tells the same (Security 4688 and 5156), its fields are renamed, as Sigma's
log source definitions ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import unquoted

__all__ = [
    "binding_fields",
    "category_of",
    "connection_fields",
    "consumer_of",
    "is_registry_event",
    "is_renamed",
    "process_fields",
    "record_event",
    "registry_event_type",
]

#: Sigma's categories by the records that they take in. Source: SigmaHQ's list of log sources (sigma-specification, taxonomy).
_CATEGORIES: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("sysmon", 1): ("process_creation",),
    ("security", 4688): ("process_creation",),
    ("sysmon", 2): ("file_change",),
    ("sysmon", 3): ("network_connection",),
    ("security", 5156): ("network_connection",),
    ("sysmon", 4): ("sysmon_status",),
    ("sysmon", 5): ("process_termination",),
    ("sysmon", 6): ("driver_load",),
    ("sysmon", 7): ("image_load",),
    ("sysmon", 8): ("create_remote_thread",),
    ("sysmon", 9): ("raw_access_thread",),
    ("sysmon", 10): ("process_access",),
    ("sysmon", 11): ("file_event",),
    ("sysmon", 12): ("registry_event", "registry_add", "registry_delete"),
    ("sysmon", 13): ("registry_event", "registry_set"),
    ("sysmon", 14): ("registry_event", "registry_rename"),
    ("sysmon", 15): ("create_stream_hash",),
    ("sysmon", 16): ("sysmon_status",),
    ("sysmon", 17): ("pipe_created",),
    ("sysmon", 18): ("pipe_created",),
    ("sysmon", 19): ("wmi_event",),
    ("sysmon", 20): ("wmi_event",),
    ("sysmon", 21): ("wmi_event",),
    ("wmi", 5861): ("wmi_event",),
    ("sysmon", 22): ("dns_query",),
    ("sysmon", 23): ("file_delete",),
    ("sysmon", 24): ("clipboard_capture",),
    ("sysmon", 25): ("process_tampering",),
    ("sysmon", 26): ("file_delete",),
    ("sysmon", 27): ("file_block_executable",),
    ("sysmon", 28): ("file_block_shredding",),
    ("sysmon", 29): ("file_executable_detected",),
    ("sysmon", 255): ("sysmon_error",),
    ("powershell", 4103): ("ps_module",),
    ("powershell", 4104): ("ps_script",),
    ("powershell-classic", 400): ("ps_classic_start",),
    ("powershell-classic", 600): ("ps_classic_provider_start",),
    ("powershell-classic", 800): ("ps_classic_script",),
}
#: Of Sysmon 12, which category a kind of event belongs to.
_OF_EVENT_TYPE = {"registry_add": ("CreateKey",), "registry_delete": ("DeleteKey", "DeleteValue")}
_ALWAYS = {13: "SetValue", 14: "RenameKey"}


def record_event(record: Record, logsource: Mapping[str, Any]) -> Event | None:
    """The untouched record as a Sigma log source names it; None where it is none of that log source's events."""
    product, category, service = (str(logsource.get(key) or "").lower() for key in ("product", "category", "service"))
    if product not in ("", "windows") or (service and service != record.log):
        return None
    if category and category not in _categories(record):
        return None
    named = _NAMED.get((record.log, record.event_id)) if category else None
    return Event({**_of_every_event(record), **(named(record) if named else record.fields)})


def is_renamed(record: Record) -> bool:
    """Whether Sigma's categories call some of the record's fields otherwise than it does."""
    return (record.log, record.event_id) in _NAMED


def category_of(record: Record) -> str | None:
    """The category that a record belongs to, of several the widest; None where it has none."""
    return next(iter(_CATEGORIES.get((record.log, record.event_id), ())), None)


def _categories(record: Record) -> tuple[str, ...]:
    kinds = _CATEGORIES.get((record.log, record.event_id), ())
    event_type = registry_event_type(record)
    return tuple(kind for kind in kinds if kind not in _OF_EVENT_TYPE or event_type in _OF_EVENT_TYPE[kind])


def _of_every_event(record: Record) -> dict[str, Any]:
    host = dict.fromkeys(("Computer", "ComputerName", "Hostname"), record.host) if record.host else {}
    provider = {"Provider_Name": record.provider} if record.provider else {}
    return {"EventID": record.event_id, "Channel": record.channel, **provider, **host}


def registry_event_type(record: Record) -> str:
    """What a record of Sysmon's says that was done to the registry; empty where it doesn't say."""
    return record.text("EventType") or _ALWAYS.get(record.event_id, "")


def is_registry_event(record: Record) -> bool:
    """Whether a record of Sysmon's says that something known was done to the registry."""
    return registry_event_type(record) in ("SetValue", "CreateKey", "DeleteKey", "DeleteValue", "RenameKey")


# ------------------------------------------------------------------------------------------------------------ other logs

_PROCESS_NAMES = {
    "NewProcessName": "Image",
    "CommandLine": "CommandLine",
    "NewProcessId": "ProcessId",
    "ParentProcessName": "ParentImage",
    "ProcessId": "ParentProcessId",
    "MandatoryLabel": "IntegrityLevel",
    "TokenElevationType": "TokenElevationType",
}
_NOBODY = "S-1-0-0"


def process_fields(record: Record) -> Mapping[str, Any]:
    """The fields of a process creation by Sysmon's names; beside them UserSid and ParentUserSid, which Security 4688 has."""
    if record.log == "sysmon":
        return record.fields
    named = {name: record.fields[own] for own, name in _PROCESS_NAMES.items() if own in record.fields}
    who = "Target" if record.text("TargetUserName") not in ("", "-") else "Subject"
    logon = next(
        (text for each in ("TargetLogonId", "SubjectLogonId") if (text := record.text(each)) not in ("", "0x0")), ""
    )
    sid = record.text(f"{who}UserSid")
    return {
        **named,
        **({"LogonId": logon} if logon else {}),
        **_user(record, who, "User"),
        **_user(record, "Subject", "ParentUser"),
        **({"UserSid": sid} if sid not in ("", _NOBODY) else {}),
        **({"ParentUserSid": creator} if (creator := record.text("SubjectUserSid")) not in ("", _NOBODY) else {}),
    }


def _user(record: Record, who: str, name: str) -> dict[str, str]:
    account = record.text(f"{who}UserName")
    return {name: f"{record.text(f'{who}DomainName')}\\{account}"} if account not in ("", "-") else {}


_CONNECTION_NAMES = {
    "Application": "Image",
    "ProcessID": "ProcessId",
    "SourceAddress": "SourceIp",
    "SourcePort": "SourcePort",
    "DestAddress": "DestinationIp",
    "DestPort": "DestinationPort",
}
#: Microsoft's page on event 5156, Direction; IANA's protocol numbers.
_DIRECTIONS = {"%%14592": "false", "%%14593": "true"}
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


def connection_fields(record: Record) -> Mapping[str, Any]:
    """The fields of a connection by Sysmon's names."""
    if record.log == "sysmon":
        return record.fields
    named = {name: record.fields[own] for own, name in _CONNECTION_NAMES.items() if own in record.fields}
    protocol, direction = record.text("Protocol"), _DIRECTIONS.get(record.text("Direction"))
    return {
        **named,
        **({"Protocol": _PROTOCOLS.get(protocol, protocol)} if protocol else {}),
        **({"Initiated": direction} if direction else {}),
    }


def binding_fields(record: Record) -> Mapping[str, str]:
    """What WMI-Activity 5861 says of a binding: Namespace, ESS (its filter), Consumer, PossibleCause; empty where it doesn't."""
    said = {name: record.text(name) for name in ("Namespace", "ESS", "PossibleCause")}
    said["Consumer"] = record.text("Consumer") or record.text("CONSUMER")
    return said if said["Consumer"] else _binding_message(record.text("Message"))


def _binding_message(message: str) -> dict[str, str]:
    """The same from the event's message, where a collector kept nothing else."""
    namespace, _, rest = message.strip().removeprefix("Namespace = ").partition("; Eventfilter = ")
    event_filter, _, rest = rest.partition("; Consumer = ")
    consumer, _, cause = rest.partition("; PossibleCause = ")
    event_filter = event_filter.partition(" (refer to its activate eventid:")[0]
    return {"Namespace": namespace, "ESS": event_filter, "Consumer": consumer, "PossibleCause": cause}


def consumer_of(record: Record) -> str:
    r"""The consumer of a binding as Defender names it, by either log: ``CommandLineEventConsumer="x"``."""
    if record.event_id == 5861:
        return binding_fields(record)["Consumer"]
    kind, _, name = unquoted(record.text("Consumer")).replace('\\"', '"').partition(".Name=")
    return f"{kind.rpartition(':')[2]}={name}" if name else kind


def _binding_by_sysmons_names(record: Record) -> dict[str, Any]:
    said = binding_fields(record)
    named = {"EventNamespace": said["Namespace"], "Filter": said["ESS"], "Consumer": said["Consumer"]}
    return {**record.fields, **named, "EventType": "WmiBindingEvent", "Operation": "Created"}


def _process_by_sysmons_names(record: Record) -> dict[str, Any]:
    return {name: value for name, value in process_fields(record).items() if name not in ("UserSid", "ParentUserSid")}


_NAMED = {
    ("security", 4688): _process_by_sysmons_names,
    ("security", 5156): connection_fields,
    ("wmi", 5861): _binding_by_sysmons_names,
}
