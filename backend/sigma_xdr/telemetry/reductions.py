"""Each listed loss as what it does to a record's fields.

A reduction takes a record and its fields by Sigma's names, and gives them as far as a row can say them: ``"C:\\x\\a.exe" -f``
becomes ``"a.exe" -f``, and where Defender's one spelling stands for several of Windows', the field becomes all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sigma_xdr.telemetry.naming import category_of, consumer_of
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.values import (
    address,
    directory,
    hashes,
    integrity_level,
    iso_time,
    key_and_value,
    name_of,
    number,
    port,
    registry_data,
    sound,
    without_directory,
)
from sigma_xdr.telemetry.views import spellings

__all__ = ["REDUCTIONS"]

Fields = dict[str, Any]


def _each(fields: Fields, names: frozenset[str], change: Callable[[str], Any]) -> Fields:
    """The fields, the named ones changed; of a field with several spellings each."""
    return {name: _changed(value, change) if name in names else value for name, value in fields.items()}


def _changed(value: Any, change: Callable[[str], Any]) -> Any:
    """The value after a change; of a list each element, once. What lies deeper is left as it is: it may be of any depth."""
    if isinstance(value, list):
        kept: dict[Any, Any] = {}
        for one in value:
            for each in one if isinstance(one, list) else _listed(_changed(one, change)):
                kept.setdefault(each if isinstance(each, str) else id(each), each)
        return list(kept.values())
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        changed = change(str(value))
        return value if changed in (str(value), [str(value)]) else changed
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


#: Of every log source: Sysmon's own names of things, and what the log source says already.
_LOST_EVERYWHERE = "ProcessGuid ParentProcessGuid LogonGuid RuleName Provider_Name Channel CurrentDirectory"
_SIGNATURES = "Signed Signature SignatureStatus"
_BETWEEN = (
    "SourceProcessGuid SourceProcessGUID TargetProcessGuid TargetProcessGUID ProcessId SourceThreadId NewThreadId "
    "StartAddress StartModule StartFunction CallTrace"
)
_TIMES = "CreationUtcTime PreviousCreationUtcTime Contents IsExecutable Archived"
_LOST = {
    "process_creation": "FileVersion TokenElevationType",
    "network_connection": "SourceIsIpv6 DestinationIsIpv6 SourcePortName DestinationPortName",
    "image_load": f"OriginalFileName Description Product Company FileVersion {_SIGNATURES}",
    "driver_load": _SIGNATURES,
    "create_remote_thread": _BETWEEN,
    "process_access": f"{_BETWEEN} TargetUser",
    "file_event": _TIMES,
    "file_delete": _TIMES,
    "file_change": _TIMES,
    "pipe_created": "EventType",
    "dns_query": "QueryStatus QueryResults",
    "wmi_event": "Filter Name Query Destination Type EventNamespace Namespace ESS CONSUMER PossibleCause Message",
    None: (
        "LogonProcessName KeyLength ImpersonationLevel ElevatedToken TargetLinkedLogonId TargetOutboundUserName "
        "TargetOutboundDomainName RestrictedAdminMode VirtualAccount LmPackageName TransmittedServices SubjectLogonId "
        "ProcessId Status SubStatus FailureReason RemoteCredentialGuard"
    ),
}


def _lost_fields(record: Record, fields: Fields) -> Fields:
    lost = {*_LOST_EVERYWHERE.split(), *_LOST.get(category_of(record), "").split()}
    return {name: value for name, value in fields.items() if name not in lost}


def _argv0_directory(record: Record, fields: Fields) -> Fields:
    def shortened(name: str, image: str) -> Fields:
        program = text_of(fields.get(image))
        return _each(fields, frozenset((name,)), lambda text: without_directory(text, program))

    return {
        **fields,
        **{
            name: shortened(name, image)[name]
            for name, image in (("CommandLine", "Image"), ("ParentCommandLine", "ParentImage"))
            if name in fields
        },
    }


_ACCOUNTS = frozenset(("User", "ParentUser", "SourceUser", "TargetUser"))
#: Fields for which Windows writes ``-`` where it knows nothing: a rule may look for that in a row too.
_MAY_BE_UNKNOWN = _ACCOUNTS | {"SubjectUserName", "SubjectDomainName", "IpAddress", "WorkstationName"}


def _kinds_of_nothing(record: Record, fields: Fields) -> Fields:
    something = {name: value for name, value in fields.items() if value not in ("", "-", "?", "(Empty)", None)}
    nothing: Fields = dict.fromkeys(_MAY_BE_UNKNOWN - something.keys(), spellings.UNKNOWN)
    if "Details" not in something:
        nothing["Details"] = [None, "(Empty)"]
    return {**nothing, **something}


def _broken_characters(record: Record, fields: Fields) -> Fields:
    return {name: sound({name: value}).get(name, value) for name, value in fields.items()}


_PATHS = frozenset(
    ("Image", "ParentImage", "SourceImage", "TargetImage", "TargetFilename", "ImageLoaded", "ProcessName")
)


def _same_name_directory(record: Record, fields: Fields) -> Fields:
    def read(path: str) -> Any:
        above = directory(path)
        return [path, above] if name_of(path) and name_of(above).lower() == name_of(path).lower() else path

    return _each(fields, _PATHS, read)


_SAME_ROWS = ((1, 4688), (3, 5156), (23, 26), (17, 18), (13, 4657), (21, 5861))


def _event_id(record: Record, fields: Fields) -> Fields:
    same = next((ids for ids in _SAME_ROWS if record.event_id in ids), None)
    return {**fields, "EventID": list(same)} if same and category_of(record) and "EventID" in fields else fields


def _own_host_name(record: Record, fields: Fields) -> Fields:
    if category_of(record) != "network_connection":
        return fields
    outbound = text_of(fields.get("Initiated")).lower() == "true"
    name = "SourceHostname" if outbound else "DestinationHostname"
    return {**fields, name: record.host} if fields.get(name) != record.host else fields


_ADDRESSES = frozenset(("SourceIp", "DestinationIp", "IpAddress"))


def _spelling_of_addresses(record: Record, fields: Fields) -> Fields:
    return _each(fields, _ADDRESSES, lambda text: address(text) or text)


def _spelling_of_times(record: Record, fields: Fields) -> Fields:
    return {**fields, "UtcTime": iso_time(record.time)} if "UtcTime" in fields and record.time else fields


_PORTS = frozenset(("SourcePort", "DestinationPort", "IpPort"))
_NUMBERS = frozenset(
    [
        "ProcessId",
        "ParentProcessId",
        "SourceProcessId",
        "TargetProcessId",
        "LogonId",
        "TargetLogonId",
        "GrantedAccess",
        "TerminalSessionId",
    ]
)


def _spelling_of_numbers(record: Record, fields: Fields) -> Fields:
    def spelt(text: str, read: Callable[[str], int | None]) -> Any:
        value = read(text)
        return None if value is None else [text, *spellings.numbers(value)]

    fields = _each(fields, _NUMBERS, lambda text: spelt(text, number))
    return _each(fields, _PORTS, lambda text: spelt(text, port))


def _unknown_logon_type(record: Record, fields: Fields) -> Fields:
    known = {str(kind) for kind in (2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13)}
    return _each(fields, frozenset(("LogonType",)), lambda text: text if text in known else "Unknown")


def _integrity_levels(record: Record, fields: Fields) -> Fields:
    level = frozenset(("IntegrityLevel",))
    return _each(fields, level, lambda text: spellings.integrity_level(integrity_level(text)) or text)


def _size_of_integers(record: Record, fields: Fields) -> Fields:
    return _each(fields, frozenset(("Details",)), lambda text: spellings.data(*registry_data(text)))


_KEYS = frozenset(("TargetObject", "NewName"))


def _current_control_set(record: Record, fields: Fields) -> Fields:
    return _each(fields, _KEYS, spellings.with_control_set_numbered)


def _classes_hive(record: Record, fields: Fields) -> Fields:
    def spelt(path: str) -> list[str]:
        return spellings.with_classes(re.sub(r"(?i)^HKCR(?=\\|$)", r"HKLM\\SOFTWARE\\Classes", path))

    return _each(fields, _KEYS, spelt)


def _hives(record: Record, fields: Fields) -> Fields:
    return _each(fields, _KEYS, spellings.with_hives)


def _unnamed_value(record: Record, fields: Fields) -> Fields:
    def named(path: str) -> str:
        key, name = key_and_value(path)
        return path if name else f"{key}\\(Default)"

    of_value = record.text("EventType") in ("SetValue", "DeleteValue") or record.event_id == 13
    return _each(fields, frozenset(("TargetObject",)), named) if of_value else fields


def _pipe_names(record: Record, fields: Fields) -> Fields:
    def spelt(name: str) -> Any:
        return [name, f"\\Device\\NamedPipe{name}"] if name.startswith("\\") else name

    return _each(fields, frozenset(("PipeName",)), spelt)


def _consumer_names(record: Record, fields: Fields) -> Fields:
    return _each(fields, frozenset(("Consumer",)), lambda text: spellings.wmi_consumer(consumer_of(record)))


def _hashes(record: Record, fields: Fields) -> Fields:
    return _each(fields, frozenset(("Hashes",)), lambda text: spellings.hashes(hashes(text)))


def _account_parts(record: Record, fields: Fields) -> Fields:
    def parts(user: str) -> Any:
        return user if "\\" in user or user in ("", "-", "?") else [f"\\{user}", user]

    return _each(fields, _ACCOUNTS, parts)


#: Fields that are in lower case in every log source; the image is where it isn't what the event is about.
_LOWER = _ACCOUNTS | frozenset(
    [
        "Computer",
        "ComputerName",
        "Hostname",
        "SourceHostname",
        "DestinationHostname",
        "ParentImage",
        "SourceImage",
        "ProcessName",
        "TargetUserName",
        "TargetDomainName",
        "SubjectUserName",
        "SubjectDomainName",
        "Hashes",
        "md5",
        "sha1",
        "sha256",
    ]
)


def _lower_case(record: Record, fields: Fields) -> Fields:
    own_image = frozenset() if category_of(record) == "process_creation" else frozenset(("Image",))
    return _each(fields, _LOWER | own_image, str.lower)


#: Each loss that shows in the fields, in the order in which they add up; it leaves alone what it doesn't change.
REDUCTIONS: Mapping[str, Callable[[Record, Fields], Fields]] = {
    "lost-fields": _lost_fields,
    "argv0-directory": _argv0_directory,
    "kinds-of-nothing": _kinds_of_nothing,
    "broken-characters": _broken_characters,
    "same-name-directory": _same_name_directory,
    "event-id": _event_id,
    "own-host-name": _own_host_name,
    "spelling-of-addresses": _spelling_of_addresses,
    "spelling-of-times": _spelling_of_times,
    "spelling-of-numbers": _spelling_of_numbers,
    "unknown-logon-type": _unknown_logon_type,
    "integrity-levels": _integrity_levels,
    "size-of-integers": _size_of_integers,
    "unnamed-value": _unnamed_value,
    "current-control-set": _current_control_set,
    "classes-hive": _classes_hive,
    "hives": _hives,
    "pipe-names": _pipe_names,
    "consumer-names": _consumer_names,
    "hashes": _hashes,
    "account-parts": _account_parts,
    "lower-case": _lower_case,
}
