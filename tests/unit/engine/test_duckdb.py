from __future__ import annotations

import pytest

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.errors import SchemaError


def test_what_a_row_leaves_out_is_empty_or_null() -> None:
    engine = KqlEngine({"DeviceNetworkEvents": [{"ReportId": 1}]})
    assert engine.run("DeviceNetworkEvents | project RemoteIP, RemotePort, Timestamp, E = isempty(RemoteIP)") == [
        {"RemoteIP": "", "RemotePort": None, "Timestamp": None, "E": True}
    ]


def test_columns_are_found_in_any_case_and_rows_may_have_different_ones() -> None:
    engine = KqlEngine({"devicenetworkevents": [{"remoteport": 135}, {"RemoteIP": "10.0.0.1", "RemotePort": 445}]})
    assert engine.run("DeviceNetworkEvents | where RemotePort > 135 | project RemoteIP") == [{"RemoteIP": "10.0.0.1"}]


def test_many_rows() -> None:
    engine = KqlEngine({"DeviceNetworkEvents": ({"ReportId": number} for number in range(25_000))})
    assert engine.run("DeviceNetworkEvents | summarize N = count(), Last = max(ReportId)") == [
        {"N": 25_000, "Last": 24_999}
    ]


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(SchemaError, match="'RemotePrt' is no column of DeviceNetworkEvents"):
        KqlEngine({"DeviceNetworkEvents": [{"RemotePrt": 1}]})


def test_a_value_of_another_type_is_an_error() -> None:
    with pytest.raises(EngineError, match="rows that don't fit DeviceNetworkEvents"):
        KqlEngine({"DeviceNetworkEvents": [{"RemotePort": "many"}]})


@pytest.mark.parametrize("kql", ["DeviceNetworkEvents | serialize", "DeviceNetworkEvents | where", "Nothing"])
def test_what_it_cannot_run_is_an_error(kql: str) -> None:
    with pytest.raises(EngineError, match="the engine can't run the query"):
        KqlEngine({"DeviceNetworkEvents": []}).run(kql)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/8")', ["10.1.2.3"]),
        ('ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16")', ["10.1.2.3", "192.168.1.1"]),
        ('ipv6_is_in_range(RemoteIP, "fe80::/10")', ["fe80::1"]),
        ('ipv6_is_in_any_range(RemoteIP, "::ffff:10.0.0.0/104", "fe80::/10")', ["10.1.2.3", "::ffff:10.9.9.9", "fe80::1"]),
        ('isnull(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"))', ["", "10.1.2.3 10.0.0.0/8", "::ffff:10.9.9.9", "fe80::1", "none"]),
        ('not(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"))', ["192.168.1.1"]),
        ('isnull(ipv4_is_in_range(RemoteIP, "10.0.0.0/33"))', None),
    ],
)  # fmt: skip
def test_networks_as_kusto_documents_them(condition: str, expected: list[str] | None) -> None:
    addresses = ["10.1.2.3", "192.168.1.1", "fe80::1", "::ffff:10.9.9.9", "none", "", "10.1.2.3 10.0.0.0/8"]
    engine = KqlEngine({"DeviceNetworkEvents": [{"RemoteIP": address} for address in addresses]})
    found = engine.run(f"DeviceNetworkEvents | where {condition} | project RemoteIP")
    assert sorted(row["RemoteIP"] for row in found) == sorted(addresses if expected is None else expected)
