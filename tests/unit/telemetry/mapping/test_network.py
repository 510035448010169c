"""Connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.telemetry.samples import columns, corpus_records, security, sysmon

ENDS: dict[str, Any] = {
    "SourceIp": "0:0:0:0:0:0:0:1",
    "SourcePort": 50000,
    "SourceHostname": "here",
    "DestinationIp": "10.0.0.9",
    "DestinationPort": "135",
    "DestinationHostname": "there",
    "Protocol": "tcp",
}


def test_outbound(corpus: Path) -> None:
    records = corpus_records(corpus / "splunk_attack_data" / "procdump_t1003.001_capattack.jsonl.gz")
    connection = next(record for record in records if record.event_id == 3)
    path = r"c:\program files\splunkuniversalforwarder\etc\apps\splunk_ta_stream\windows_x86_64\bin\streamfwd.exe"
    assert columns(connection) == [
        {
            "ActionType": "ConnectionSuccess",
            "LocalIP": "10.0.1.15",
            "LocalPort": 52543,
            "RemoteIP": "10.0.1.12",
            "RemotePort": 8000,
            "RemoteUrl": "ip-10-0-1-12.us-west-2.compute.internal",
            "Protocol": "Tcp",
            "InitiatingProcessFileName": "streamfwd.exe",
            "InitiatingProcessFolderPath": path,
            "InitiatingProcessId": 3792,
            "InitiatingProcessAccountDomain": "nt authority",
            "InitiatingProcessAccountName": "system",
        }
    ]


def test_inbound_the_device_is_the_destination() -> None:
    assert columns(sysmon(3, Initiated="false", **ENDS)) == [
        {
            "ActionType": "InboundConnectionAccepted",
            "LocalIP": "10.0.0.9",
            "LocalPort": 135,
            "RemoteIP": "::1",
            "RemotePort": 50000,
            "RemoteUrl": "here",
            "Protocol": "Tcp",
        }
    ]


def test_by_the_filtering_platform() -> None:
    ends = {"SourceAddress": "10.0.0.1", "SourcePort": "9", "DestAddress": "10.0.0.5", "DestPort": "53"}
    record = security(
        5156, Application=r"\device\x\dns.exe", ProcessID="30", Direction="%%14592", Protocol="17", **ends
    )
    assert columns(record) == [
        {
            "ActionType": "InboundConnectionAccepted",
            "LocalIP": "10.0.0.5",
            "LocalPort": 53,
            "RemoteIP": "10.0.0.1",
            "RemotePort": 9,
            "Protocol": "Udp",
            "InitiatingProcessFileName": "dns.exe",
            "InitiatingProcessFolderPath": r"\device\x\dns.exe",
            "InitiatingProcessId": 30,
        }
    ]


def test_what_is_no_port_is_unknown() -> None:
    [row] = columns(sysmon(3, Initiated="true", SourcePort="65535", DestinationPort="65536"))
    assert (row.get("LocalPort"), row.get("RemotePort")) == (65535, None)
