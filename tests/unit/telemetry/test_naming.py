"""Records as Sigma's log sources name them."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.telemetry import Record, record_event, record_of
from sigma_xdr.telemetry.naming import category_of

from .samples import security, sysmon

WINDOWS = {"product": "windows"}
HOST = {"Computer": "Host-1", "ComputerName": "Host-1", "Hostname": "Host-1"}


def fields(record: Record, **logsource: str) -> dict[str, Any] | None:
    event = record_event(record, {**WINDOWS, **logsource})
    return None if event is None else dict(event.fields)


def test_a_record_keeps_its_own_names_and_says_what_it_is() -> None:
    record = sysmon(7, ImageLoaded=r"C:\x.dll", Signed=True)
    assert fields(record, category="image_load") == {
        "EventID": 7,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        **HOST,
        "UtcTime": "2026-01-01 12:00:00.000",
        "ImageLoaded": r"C:\x.dll",
        "Signed": True,
    }
    assert fields(record, service="sysmon") == fields(record, category="image_load", service="sysmon")


@pytest.mark.parametrize(
    "logsource",
    [
        {"category": "process_creation"},
        {"category": "image_load", "service": "security"},
        {"service": "security"},
        {"service": "defender-xdr", "category": "device_image_load_events"},
        {"product": "linux", "category": "image_load"},
    ],
)
def test_no_event_of_the_log_source(logsource: dict[str, str]) -> None:
    assert fields(sysmon(7), **logsource) is None


@pytest.mark.parametrize(
    ("record", "categories"),
    [
        (sysmon(12, EventType="CreateKey"), ["registry_add", "registry_event"]),
        (sysmon(12, EventType="DeleteValue"), ["registry_delete", "registry_event"]),
        (sysmon(12), ["registry_event"]),
        (sysmon(13), ["registry_event", "registry_set"]),
        (sysmon(14), ["registry_event", "registry_rename"]),
    ],
)
def test_one_event_is_of_several_categories(record: Record, categories: list[str]) -> None:
    kinds = ("registry_add", "registry_delete", "registry_event", "registry_rename", "registry_set")
    assert [kind for kind in kinds if fields(record, category=kind) is not None] == categories
    assert category_of(record) == "registry_event"


PROCESS = {
    "NewProcessName": r"C:\a.exe",
    "NewProcessId": "0x10",
    "CommandLine": "a.exe",
    "ProcessId": "0x20",
    "ParentProcessName": r"C:\b.exe",
    "MandatoryLabel": "S-1-16-12288",
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "HOST-1$",
    "SubjectDomainName": "SHIRE",
    "SubjectLogonId": "0x3e7",
    "TargetUserSid": "S-1-0-0",
    "TargetUserName": "-",
    "TargetDomainName": "-",
    "TargetLogonId": "0x0",
}
SECURITY = {
    "EventID": 4688,
    "Channel": "Security",
    "Provider_Name": "Microsoft-Windows-Security-Auditing",
    **HOST,
}


def test_a_process_creation_of_the_security_log() -> None:
    record = security(4688, **PROCESS)
    common = {
        **SECURITY,
        "Image": r"C:\a.exe",
        "ProcessId": "0x10",
        "CommandLine": "a.exe",
        "ParentProcessId": "0x20",
        "ParentImage": r"C:\b.exe",
        "IntegrityLevel": "S-1-16-12288",
        "ParentUser": r"SHIRE\HOST-1$",
    }
    creators = {"LogonId": "0x3e7", "User": r"SHIRE\HOST-1$"}
    assert fields(record, category="process_creation") == {**common, **creators}
    assert fields(record, service="security") == {**SECURITY, **PROCESS}
    for_another = {"TargetUserName": "eve", "TargetDomainName": "SHIRE", "TargetLogonId": "0x99"}
    record = security(4688, **{**PROCESS, **for_another})
    assert fields(record, category="process_creation") == {**common, "LogonId": "0x99", "User": r"SHIRE\eve"}


def test_a_connection_of_the_security_log() -> None:
    record = security(
        5156,
        ProcessID="3068",
        Application=r"\device\harddiskvolume1\dns.exe",
        Direction="%%14592",
        SourceAddress="10.0.0.1",
        SourcePort="55506",
        DestAddress="10.0.0.5",
        DestPort="53",
        Protocol="17",
    )
    assert fields(record, category="network_connection") == {
        **SECURITY,
        "EventID": 5156,
        "Image": r"\device\harddiskvolume1\dns.exe",
        "ProcessId": "3068",
        "SourceIp": "10.0.0.1",
        "SourcePort": "55506",
        "DestinationIp": "10.0.0.5",
        "DestinationPort": "53",
        "Protocol": "udp",
        "Initiated": "false",
    }


MESSAGE = (
    "Namespace = //./root/subscription; Eventfilter = Evil (refer to its activate eventid:5859); "
    'Consumer = CommandLineEventConsumer="Evil"; PossibleCause = Binding EventFilter: x; y'
)


def test_a_binding_that_windows_logged() -> None:
    channel = "Microsoft-Windows-WMI-Activity/Operational"
    named = {
        "EventNamespace": "//./root/subscription",
        "Filter": "Evil",
        "Consumer": 'CommandLineEventConsumer="Evil"',
        "EventType": "WmiBindingEvent",
        "Operation": "Created",
    }
    record = record_of({"Channel": channel, "EventID": 5861, "Message": MESSAGE})
    event = fields(record, category="wmi_event") or {}
    assert event.items() >= named.items()
    data = {"Namespace": "//./root/subscription", "ESS": "Evil", "CONSUMER": 'CommandLineEventConsumer="Evil"'}
    event = fields(record_of({"Channel": channel, "EventID": 5861, **data}), category="wmi_event") or {}
    assert event.items() >= named.items()
