"""Process creations: Sysmon 1 and Security 4688 to DeviceProcessEvents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.naming import process_fields
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.values import (
    account,
    file,
    hashes,
    initiating,
    integrity_level,
    known,
    name_of,
    number,
    without_directory,
)

__all__ = ["as_initiating", "process_created", "wmi_process"]

_VERSIONS = {
    "VersionInfoOriginalFileName": "OriginalFileName",
    "VersionInfoFileDescription": "Description",
    "VersionInfoProductName": "Product",
    "VersionInfoCompanyName": "Company",
}
#: Microsoft's page on event 4688, Token Elevation Type.
_ELEVATIONS = {
    "%%1936": "TokenElevationTypeDefault",
    "%%1937": "TokenElevationTypeFull",
    "%%1938": "TokenElevationTypeLimited",
}


def process_created(record: Record, whole_paths: bool) -> Built:
    """The row of a process creation."""
    fields = _Texts(process_fields(record))
    domain, name = account(fields["User"])
    return Built(
        "DeviceProcessEvents",
        "ProcessCreated",
        {
            **file(fields["Image"]),
            **hashes(fields["Hashes"]),
            "ProcessId": number(fields["ProcessId"]),
            "ProcessCommandLine": without_directory(fields["CommandLine"], fields["Image"]),
            **{f"Process{column}": known(fields[field]) for column, field in _VERSIONS.items()},
            "AccountDomain": domain,
            "AccountName": name,
            "AccountSid": fields["UserSid"],
            "LogonId": number(fields["LogonId"]),
            "CreatedProcessSessionId": number(fields["TerminalSessionId"]),
            "ProcessIntegrityLevel": integrity_level(fields["IntegrityLevel"]),
            "ProcessTokenElevation": _ELEVATIONS.get(fields["TokenElevationType"]),
            **initiating(
                fields["ParentImage"],
                fields["ParentCommandLine"],
                fields["ParentUser"],
                fields["ParentProcessId"],
                whole_paths,
            ),
            "InitiatingProcessAccountSid": fields["ParentUserSid"],
        },
    )


def as_initiating(record: Record, whole_paths: bool) -> dict[str, Any]:
    """What a process creation says of the process, as columns of the rows that tell what this process does."""
    fields = _Texts(process_fields(record))
    return {
        **initiating(fields["Image"], fields["CommandLine"], fields["User"], fields["ProcessId"], whole_paths),
        **{f"InitiatingProcess{kind}": value for kind, value in hashes(fields["Hashes"]).items()},
        **{f"InitiatingProcess{column}": known(fields[field]) for column, field in _VERSIONS.items()},
        "InitiatingProcessAccountSid": fields["UserSid"],
        "InitiatingProcessIntegrityLevel": integrity_level(fields["IntegrityLevel"]),
        "InitiatingProcessLogonId": number(fields["LogonId"]),
        "InitiatingProcessParentFileName": name_of(known(fields["ParentImage"])),
        "InitiatingProcessParentId": number(fields["ParentProcessId"]),
        "InitiatingProcessSessionId": number(fields["TerminalSessionId"]),
        "InitiatingProcessTokenElevation": _ELEVATIONS.get(fields["TokenElevationType"]),
    }


def wmi_process(process: Mapping[str, Any], source: str) -> Built:
    """The row of a process that WMI created for a network logon, from the process' own row.

    ``source`` is the address that the logon came from, empty where it isn't known.
    """
    same = (
        "FileName FolderPath MD5 SHA1 SHA256 ProcessId ProcessCommandLine ProcessTokenElevation "
        "AccountDomain AccountName AccountSid LogonId CreatedProcessSessionId"
    )
    remote = {} if not source else {"IsRemoteMachine": "false" if source in ("127.0.0.1", "::1") else "true"}
    return Built(
        "DeviceEvents",
        "ProcessCreatedUsingWmiQuery",
        {name: process.get(name) for name in same.split()},
        remote,
        concluded=True,
    )


class _Texts(dict[str, Any]):
    """Fields as text; a missing one is empty."""

    def __getitem__(self, name: str) -> str:
        return text_of(self.get(name))
