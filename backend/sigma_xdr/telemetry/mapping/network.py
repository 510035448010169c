"""Connections: Sysmon 3 and Security 5156 to DeviceNetworkEvents."""

from __future__ import annotations

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.naming import connection_fields
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.values import address, initiating, known, port

__all__ = ["connection"]


def connection(record: Record, whole_paths: bool) -> Built:
    """The row of a connection. Which end is the device's own depends on who began it."""
    fields = {name: text_of(value) for name, value in connection_fields(record).items()}
    outbound = fields.get("Initiated", "").lower() == "true"
    local, remote = ("Source", "Destination") if outbound else ("Destination", "Source")
    return Built(
        "DeviceNetworkEvents",
        "ConnectionSuccess" if outbound else "InboundConnectionAccepted",
        {
            "LocalIP": address(fields.get(f"{local}Ip", "")),
            "LocalPort": port(fields.get(f"{local}Port", "")),
            "RemoteIP": address(fields.get(f"{remote}Ip", "")),
            "RemotePort": port(fields.get(f"{remote}Port", "")),
            "RemoteUrl": known(fields.get(f"{remote}Hostname", "")),
            "Protocol": known(fields.get("Protocol", "")).capitalize(),
            **initiating(fields.get("Image", ""), "", fields.get("User", ""), fields.get("ProcessId", ""), whole_paths),
        },
    )
