"""Kusto's functions on networks, which DuckDB doesn't have.

As Microsoft documents them: null where the address or a network is none; a network is ``address/prefix``; the IPv6 functions
take IPv4 addresses too, as ``::ffff:a.b.c.d``. Each function takes its values as one list.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["NETWORK_FUNCTIONS", "in_ipv4_networks", "in_ipv6_networks", "is_private_ipv4"]

#: Kusto's name of a function, and the name of the one here that does its work.
NETWORK_FUNCTIONS = {
    "ipv4_is_in_any_range": "in_ipv4_networks",
    "ipv4_is_in_range": "in_ipv4_networks",
    "ipv4_is_private": "is_private_ipv4",
    "ipv6_is_in_any_range": "in_ipv6_networks",
    "ipv6_is_in_range": "in_ipv6_networks",
}
_PRIVATE = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def in_ipv4_networks(values: list[str]) -> bool | None:
    """Whether the first value, an IPv4 address, lies in one of the other ones."""
    address, *networks = values
    return _in_any(_address(address, IPv4Address), [_network(each) for each in networks], IPv4Network)


def in_ipv6_networks(values: list[str]) -> bool | None:
    """Whether the first value, an IPv6 or IPv4 address, lies in one of the other ones."""
    address, *networks = values
    found = _address(address, IPv6Address, IPv4Address)
    if isinstance(found, IPv4Address):
        found = IPv6Address(f"::ffff:{found}")
    return _in_any(found, [_network(each) for each in networks], IPv6Network)


def is_private_ipv4(values: list[str]) -> bool | None:
    """Whether the only value, an IPv4 address, lies in one of the three private networks."""
    return _in_any(_address(values[0], IPv4Address), list(_PRIVATE), IPv4Network)


def _in_any(
    address: IPv4Address | IPv6Address | None,
    networks: list[IPv4Network | IPv6Network | None],
    kind: type[IPv4Network] | type[IPv6Network],
) -> bool | None:
    if address is None or not all(isinstance(network, kind) for network in networks):
        return None
    return any(network is not None and address in network for network in networks)


def _address(text: str, *kinds: type[IPv4Address] | type[IPv6Address]) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address if isinstance(address, kinds) else None


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
