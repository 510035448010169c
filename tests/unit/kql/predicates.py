"""Predicates at random over a few columns, rows, and what a predicate means on a row: two-valued and plain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from hypothesis import strategies as st

from sigma_xdr.kql.predicate import And, Constant, Not, Op, Or, Predicate, Test, Value

__all__ = ["ROWS", "holds", "predicates"]

Row = Mapping[str, Value | None]

# --------------------------------------------------------------------------------------------------------------- meaning


def holds(predicate: Predicate, row: Row) -> bool:
    """Whether a row fits; a test on what is empty, null or missing doesn't hold, ``EMPTY`` aside."""
    match predicate:
        case Constant(value):
            return value
        case And(args):
            return all(holds(arg, row) for arg in args)
        case Or(args):
            return any(holds(arg, row) for arg in args)
        case Not(arg):
            return not holds(arg, row)
        case Test(expression, _, op, values):
            given = row.get(expression)
            if given is None or given == "":
                return op is Op.EMPTY
            return op is not Op.EMPTY and any(_fits(op, given, value, row) for value in values)


def _fits(op: Op, given: Value, value: Value, row: Row) -> bool:
    if op.name.endswith("_FIELD"):
        other = row.get(str(value))
        return other is not None and other != "" and _fits(Op[op.name.removesuffix("_FIELD")], given, other, row)
    if op in (Op.LT, Op.LTE, Op.GT, Op.GTE):
        return {Op.LT: given < value, Op.LTE: given <= value, Op.GT: given > value, Op.GTE: given >= value}[op]  # type: ignore[operator]
    if op in (Op.IN_NETWORK, Op.IN_NETWORK_OR_NOT):
        return _in_network(str(given), str(value))
    if not isinstance(given, str):
        return given == value
    text, wanted = str(given), str(value)
    if op is Op.REGEX:
        return re.search(wanted, text) is not None
    if not op.name.endswith("_CS"):
        text, wanted = text.lower(), wanted.lower()
    match op.name.removesuffix("_CS"):
        case "EQUALS":
            return text == wanted
        case "STARTSWITH":
            return text.startswith(wanted)
        case "ENDSWITH":
            return text.endswith(wanted)
        case "CONTAINS":
            return wanted in text
    raise AssertionError(op)


def _in_network(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network)
    except ValueError:
        return False


# ------------------------------------------------------------------------------------------------------------------ rows

ACTIONS = ["ProcessCreated", "OpenProcess", "ProcessCreatedAggregatedReport"]
NAMES = ["", "cmd.exe", "CMD.EXE", "wmic.exe", "cmd"]
LINES = ["", "wmic /node:srv01 os", "WMIC -node:x", "cmd.exe", "node", "a /node: b", "-node", "x\n/node:y"]
IDS = [None, 0, 4, 999]
ADDRESSES = ["", "10.1.2.3", "192.168.0.9", "fe80::1", "LOCAL"]

ROWS: list[dict[str, Value | None]] = [
    {
        "ActionType": ACTIONS[index % 3],
        "FileName": NAMES[index % 5],
        "ProcessCommandLine": LINES[index % 8],
        "ProcessId": IDS[index % 4],
        "InitiatingProcessId": IDS[index // 4 % 4],
        "InitiatingProcessFileName": NAMES[index // 5 % 5],
        "InitiatingProcessRemoteSessionIP": ADDRESSES[index // 3 % 5],
        "IsProcessRemoteSession": [None, True, False][index // 2 % 3],
    }
    for index in range(0, 480, 7)
]

# ------------------------------------------------------------------------------------------------------------ predicates


def _test(
    expression: str, kind: str, op: Op, values: st.SearchStrategy[Value], most: int = 1
) -> st.SearchStrategy[Predicate]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda given: Test(expression, kind, op, tuple(given))
    )


def _texts(column: str, values: list[str]) -> st.SearchStrategy[Predicate]:
    pieces = st.sampled_from([value for value in values if value] + ["node", "/node:", "e", ".EXE", "o", "-node"])
    ops = [
        Op.EQUALS,
        Op.STARTSWITH,
        Op.ENDSWITH,
        Op.CONTAINS,
        Op.EQUALS_CS,
        Op.STARTSWITH_CS,
        Op.ENDSWITH_CS,
        Op.CONTAINS_CS,
    ]
    return st.sampled_from(ops).flatmap(lambda op: _test(column, "string", op, pieces, 3)) | st.just(
        Test(column, "string", Op.EMPTY)
    )


def _numbers(column: str) -> st.SearchStrategy[Predicate]:
    numbers = st.sampled_from([0, 4, 5, 999])
    compared = st.sampled_from([Op.LT, Op.LTE, Op.GT, Op.GTE]).flatmap(lambda op: _test(column, "long", op, numbers))
    return compared | _test(column, "long", Op.EQUALS, numbers, 2) | st.just(Test(column, "long", Op.EMPTY))


def _field(column: str, other: str, kind: str, op: Op) -> Predicate:
    present = [Not(Test(each, kind, Op.EMPTY)) for each in (column, other)]
    return And((*present, Test(column, kind, op, (other,))))


_ADDRESS = "InitiatingProcessRemoteSessionIP"
_TESTS: st.SearchStrategy[Predicate] = st.one_of(
    _test("ActionType", "string", Op.EQUALS, st.sampled_from(ACTIONS), 3),
    _texts("FileName", NAMES),
    _texts("ProcessCommandLine", LINES),
    _test("ProcessCommandLine", "string", Op.REGEX, st.sampled_from(["(?is)^wm.c", "node", "[a-z]$"])),
    _numbers("ProcessId"),
    _numbers("InitiatingProcessId"),
    _test("IsProcessRemoteSession", "bool", Op.EQUALS, st.booleans()),
    st.just(Test("IsProcessRemoteSession", "bool", Op.EMPTY)),
    _test(_ADDRESS, "string", Op.IN_NETWORK, st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "10.1.0.0/16"]), 2),
    _test(_ADDRESS, "string", Op.IN_NETWORK, st.sampled_from(["fe80::/10", "2001:db8::/32"]), 2),
    st.sampled_from([Op.EQUALS_FIELD, Op.STARTSWITH_FIELD, Op.ENDSWITH_FIELD, Op.CONTAINS_FIELD]).map(
        lambda op: _field("ProcessCommandLine", "InitiatingProcessFileName", "string", op)
    ),
    st.just(_field("ProcessId", "InitiatingProcessId", "long", Op.EQUALS_FIELD)),
)


def predicates() -> st.SearchStrategy[Predicate]:
    """Any predicate over the columns of ``ROWS``."""
    return st.recursive(
        _TESTS | st.sampled_from([Constant(True), Constant(False)]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map(lambda args: And(tuple(args))),
            st.lists(inner, min_size=1, max_size=4).map(lambda args: Or(tuple(args))),
            inner.map(Not),
        ),
        max_leaves=12,
    )
