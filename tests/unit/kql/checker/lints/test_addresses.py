"""Address ranges."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


@pytest.mark.parametrize(
    ("call", "text", "range_", "family"),
    [
        ('ipv4_is_in_range(RemoteIP, "fe80::/10")', '"fe80::/10"', "fe80::/10", "IPv4"),
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/33")', '"10.0.0.0/33"', "10.0.0.0/33", "IPv4"),
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/255.0.0.0")', '"10.0.0.0/255.0.0.0"', "10.0.0.0/255.0.0.0", "IPv4"),
        ('ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "10.")', '"10."', "10.", "IPv4"),
        ('ipv4_is_in_any_range(RemoteIP, dynamic(["10.0.0.0/8", "x"]))', 'dynamic(["10.0.0.0/8", "x"])', "x", "IPv4"),
        ('ipv6_is_in_range(RemoteIP, "fe80::/129")', '"fe80::/129"', "fe80::/129", "IP"),
        ('ipv6_is_in_any_range(RemoteIP, "fe80::1%eth0")', '"fe80::1%eth0"', "fe80::1%eth0", "IP"),
    ],
)
def test_a_range_that_cannot_be_read_never_matches(call: str, text: str, range_: str, family: str) -> None:
    name = call.partition("(")[0]
    assert marked(f"DeviceNetworkEvents | where {call}") == [
        ("bad-address", "error", text, f"'{range_}' is no {family} range: {name}() is never true with it", None)
    ]


@pytest.mark.parametrize(
    "call",
    [
        'ipv4_is_in_range(RemoteIP, "10.0.0.1/8")',
        'ipv4_is_in_range(RemoteIP, "10.0.0.1")',
        'ipv4_is_in_any_range(RemoteIP, dynamic(["10.0.0.0/8", "192.168.0.0/16"]))',
        'ipv6_is_in_range(RemoteIP, "::ffff:10.0.0.0/104")',
        'ipv6_is_in_any_range(RemoteIP, "10.0.0.0/8", "fe80::/10")',
        "ipv4_is_in_range(RemoteIP, LocalIP)",
        "ipv4_is_private(RemoteIP)",
    ],
)
def test_a_range_that_can_be_read_is_let_pass(call: str) -> None:
    assert codes(f"DeviceNetworkEvents | where {call}") == []
