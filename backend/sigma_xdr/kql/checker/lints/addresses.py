"""Address ranges: the IP functions answer null where they can't read one, and ``where`` drops null."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from sigma_xdr.kql.checker.outline import Operand, Outline
from sigma_xdr.kql.checker.problem import Finding

#: By function, whether it takes IPv4 alone. The second and further arguments are ranges (IPv6 functions take both).
_RANGE_FUNCTIONS = {
    "ipv4_is_in_range": True,
    "ipv4_is_in_any_range": True,
    "ipv6_is_in_range": False,
    "ipv6_is_in_any_range": False,
}


def bad_address(outline: Outline) -> Iterator[Finding]:
    """``ipv4_is_in_range(RemoteIP, "fe80::/10")`` is never true."""
    for call in outline.calls:
        only_ipv4 = _RANGE_FUNCTIONS.get(call.name)
        if only_ipv4 is None:
            continue
        for argument in call.arguments[1:]:
            for text in _ranges(argument):
                if not _is_range(text, only_ipv4):
                    message = f"'{text[:60]}' is no {'IPv4' if only_ipv4 else 'IP'} range: {call.name}() is never true with it"
                    yield Finding("bad-address", "error", message, argument.span)


def _ranges(argument: Operand) -> list[str]:
    if argument.value is None:
        return []
    if argument.type == "string":
        return [argument.value]
    try:
        values = json.loads(argument.value)
    except (ValueError, RecursionError):
        return []
    return [str(value) for value in values] if isinstance(values, list) else []


def _is_range(text: str, only_ipv4: bool) -> bool:
    address, slash, prefix = text.partition("/")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    # Python also reads a netmask after the slash and a scope (%eth0) in the address; Kusto doesn't.
    return (
        (not slash or prefix.isdecimal()) and "%" not in address and (isinstance(network, IPv4Network) or not only_ipv4)
    )
