"""Logons: Security 4624 and 4625 to DeviceLogonEvents."""

from __future__ import annotations

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import address, initiating, known, number, port

__all__ = ["logon"]

#: Microsoft's page on event 4624, Logon Type; the names are those of DeviceLogonEvents.
_LOGON_TYPES = {
    "2": "Interactive",
    "3": "Network",
    "4": "Batch",
    "5": "Service",
    "7": "Unlock",
    "8": "NetworkCleartext",
    "9": "NewCredentials",
    "10": "RemoteInteractive",
    "11": "CachedInteractive",
    "12": "CachedRemoteInteractive",
    "13": "CachedUnlock",
}


def logon(record: Record, whole_paths: bool) -> Built:
    """The row of a logon, or of one that failed. The subject is the account whose process asked for it."""

    def text(name: str) -> str:
        return known(record.text(name))

    kind = text("LogonType")
    subject = f"{text('SubjectDomainName')}\\{text('SubjectUserName')}"
    return Built(
        "DeviceLogonEvents",
        "LogonSuccess" if record.event_id == 4624 else "LogonFailed",
        {
            "LogonType": _LOGON_TYPES.get(kind, "Unknown") if kind else "",
            "AccountDomain": text("TargetDomainName").lower(),
            "AccountName": text("TargetUserName").lower(),
            "AccountSid": text("TargetUserSid"),
            "LogonId": number(text("TargetLogonId")),
            "Protocol": text("AuthenticationPackageName"),
            "RemoteIP": address(text("IpAddress")),
            "RemotePort": port(text("IpPort")),
            "RemoteDeviceName": text("WorkstationName"),
            **initiating(text("ProcessName"), "", subject, text("ProcessId"), whole_paths),
            "InitiatingProcessAccountSid": text("SubjectUserSid"),
        },
    )
