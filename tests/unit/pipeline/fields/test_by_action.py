"""Connections: which end is which depends on the direction, that is on the ActionType."""

from __future__ import annotations

from tests.unit.compiling import Case, CaseRows, by_name, refused, where

OUT, IN = {"ActionType": "ConnectionSuccess"}, {"ActionType": "InboundConnectionAccepted"}

CASES = [
    Case(
        "a destination's port",
        {"DestinationPort": [135, 445]},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        ActionType == "ConnectionSuccess" and RemotePort in (135, 445)
            or ActionType == "InboundConnectionAccepted" and LocalPort in (135, 445)
        """,
        [{**OUT, "RemotePort": 135, "LocalPort": 50123}, {**IN, "LocalPort": 445, "RemotePort": 50123}],
        [{**OUT, "LocalPort": 135, "RemotePort": 443}, {**IN, "RemotePort": 135, "LocalPort": 443}],
        category="network_connection",
    ),
    Case(
        "an outbound connection by address and port",
        {"Initiated": "true", "DestinationPort": 135, "DestinationIp|cidr": "10.0.0.0/8"},
        """
        ActionType == "ConnectionSuccess"
        RemotePort == 135
        ipv4_is_in_range(RemoteIP, "10.0.0.0/8")
        """,
        [{**OUT, "RemotePort": 135, "RemoteIP": "10.1.2.3"}],
        [
            {**IN, "LocalPort": 135, "LocalIP": "10.1.2.3"},
            {**OUT, "RemotePort": 135, "RemoteIP": "8.8.8.8"},
            {**OUT, "RemoteIP": "10.1.2.3"},
        ],
        category="network_connection",
    ),
    Case(
        "an inbound connection",
        {"Initiated": False, "SourceIp": "10.1.2.3"},
        """
        ActionType == "InboundConnectionAccepted"
        RemoteIP =~ "10.1.2.3"
        """,
        [{**IN, "RemoteIP": "10.1.2.3"}],
        [{**OUT, "LocalIP": "10.1.2.3"}, {**IN, "LocalIP": "10.1.2.3"}],
        category="network_connection",
    ),
    Case(
        "no new name: of a key that wasn't renamed, or not known",
        {"NewName": None},
        """
        ActionType in (
                "RegistryValueSet", "RegistryKeyCreated", "RegistryKeyRenamed", "RegistryKeyDeleted", "RegistryValueDeleted"
            )
        ActionType == "RegistryKeyRenamed" and isempty(RegistryKey)
            or ActionType in ("RegistryValueSet", "RegistryKeyCreated", "RegistryKeyDeleted", "RegistryValueDeleted")
        """,
        [
            {"ActionType": "RegistryKeyRenamed"},
            {"ActionType": "RegistryValueSet", "RegistryKey": "HKEY_LOCAL_MACHINE\\X"},
        ],
        [{"ActionType": "RegistryKeyRenamed", "RegistryKey": "HKEY_LOCAL_MACHINE\\X"}],
        category="registry_event",
    ),
    Case(
        "a new name",
        {"NewName|exists": True},
        """
        ActionType == "RegistryKeyRenamed"
        isnotempty(RegistryKey)
        """,
        [{"ActionType": "RegistryKeyRenamed", "RegistryKey": "HKEY_LOCAL_MACHINE\\X"}],
        [
            {"ActionType": "RegistryKeyRenamed"},
            {"ActionType": "RegistryValueSet", "RegistryKey": "HKEY_LOCAL_MACHINE\\X"},
        ],
        category="registry_event",
    ),
    Case(
        "not to a port: also who has none",
        {"selections": {"a": {"Image|endswith": r"\a.exe"}, "b": {"DestinationPort|lt": 1024}}},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        InitiatingProcessFileName =~ "a.exe"
        not(ActionType == "ConnectionSuccess" and RemotePort < 1024 and isnotnull(RemotePort))
        not(ActionType == "InboundConnectionAccepted" and LocalPort < 1024 and isnotnull(LocalPort))
        """,
        [
            {**OUT, "InitiatingProcessFileName": "a.exe", "RemotePort": 50000, "LocalPort": 1},
            {**IN, "InitiatingProcessFileName": "a.exe", "LocalPort": 50000, "RemotePort": 1},
            {**OUT, "InitiatingProcessFileName": "a.exe"},
        ],
        [{**OUT, "InitiatingProcessFileName": "a.exe", "RemotePort": 80}],
        condition="a and not b",
        category="network_connection",
    ),
    Case(
        "names of hosts",
        {"DestinationHostname|endswith": ".github.com", "SourceHostname|startswith": "ws"},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        ActionType == "ConnectionSuccess" and RemoteUrl endswith ".github.com"
            or ActionType == "InboundConnectionAccepted" and DeviceName endswith ".github.com"
        ActionType == "ConnectionSuccess" and DeviceName startswith "ws"
            or ActionType == "InboundConnectionAccepted" and RemoteUrl startswith "ws"
        """,
        [{**OUT, "RemoteUrl": "api.github.com", "DeviceName": "ws01.contoso.com"}],
        [{**OUT, "RemoteUrl": "api.github.com"}, {**IN, "RemoteUrl": "api.github.com", "DeviceName": "ws01"}],
        category="network_connection",
    ),
    Case(
        "an event id covers both directions",
        {"EventID": 3, "Protocol": "tcp", "Image|endswith": r"\wmic.exe"},
        """
        ActionType in ("ConnectionSuccess", "InboundConnectionAccepted")
        InitiatingProcessFileName =~ "wmic.exe"
        Protocol =~ "tcp"
        """,
        [
            {**OUT, "Protocol": "Tcp", "InitiatingProcessFileName": "WMIC.exe"},
            {**IN, "Protocol": "Tcp", "InitiatingProcessFileName": "WMIC.exe"},
        ],
        [{"ActionType": "ConnectionFailed", "Protocol": "Tcp", "InitiatingProcessFileName": "WMIC.exe"}],
        category="network_connection",
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


def test_an_ends_name_of_a_port_is_refused() -> None:
    assert refused({"DestinationPortName": "epmap"}, category="network_connection") == [
        ("lost-field", "Defender's DeviceNetworkEvents has no 'DestinationPortName': ports have no names", None)
    ]


def test_one_end_cant_be_compared_with_the_other() -> None:
    assert refused({"SourceIp|fieldref": "DestinationIp"}, category="network_connection") == [
        ("fieldref", "'SourceIp' can't be compared with 'DestinationIp': it is no single column", None)
    ]
