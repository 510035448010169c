"""What stands around a query's conditions, and what deploying it as a custom detection needs to know.

Facts of Microsoft's pages on custom detections and advanced hunting (custom-detection-rules of 2026-04-16, supported
KQL of data collection transformations of 2024-10-15, security-ruleSchedule of Graph v1.0), and where live testers disagree
on near-real-time rules the strictest of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sigma_xdr.kql.predicate import ROW_TEXT, And, Not, Op, Or, Predicate, Test
from sigma_xdr.kql.text import list_operator
from sigma_xdr.schema import Table

__all__ = ["Deployment", "Schedule", "asked_columns", "deployment", "entities", "projection", "schedule_for"]


def projection(table: Table, predicate: Predicate, action_types: Sequence[str]) -> tuple[str, ...]:
    """The columns that a query gives: identity, host, what an analyst looks at, and each column that the rule asks about."""
    columns = [*table.requires, "DeviceName", *(["ActionType"] if len(action_types) != 1 else []), *table.shown]
    columns += [name for name in asked_columns(predicate) if name != "ActionType"]
    return tuple(dict.fromkeys(name for name in columns if name in table.columns))


def asked_columns(predicate: Predicate) -> Iterable[str]:
    """The columns that a predicate tests by themselves, in order."""
    match predicate:
        case And(args) | Or(args):
            for arg in args:
                yield from asked_columns(arg)
        case Not(arg):
            yield from asked_columns(arg)
        case Test(expression) if expression.isidentifier():
            yield expression


# ----------------------------------------------------------------------------------------------------------- deployment


@dataclass(frozen=True)
class Schedule:
    """How often a custom detection runs and how far back each run looks, as ISO 8601 durations."""

    frequency: str
    lookback: str


#: Frequencies with Microsoft's fixed look-back, in seconds, the fastest first.
_SCHEDULES = (
    (4 * 3600, Schedule("PT1H", "PT4H")),
    (12 * 3600, Schedule("PT3H", "PT12H")),
    (48 * 3600, Schedule("PT12H", "PT48H")),
    (30 * 86400, Schedule("P1D", "P30D")),
)
_CONTINUOUS = Schedule("PT0S", "PT0S")


def schedule_for(window: int) -> Schedule | None:
    """The fastest schedule whose look-back holds a window of so many seconds whole; None where none does."""
    return next((schedule for lookback, schedule in _SCHEDULES if window <= lookback), None)


@dataclass(frozen=True)
class Deployment:
    """What a custom detection needs of a compiled rule.

    ``missing_columns`` are required columns that the query doesn't give (none: it can be deployed); ``near_real_time`` says
    whether it may run continuously, ``near_real_time_obstacles`` what keeps it from that, ``near_real_time_doubts`` what
    Microsoft's list of operators lacks and the service was seen to accept (February 2026); ``schedule`` is the fastest one
    that fits; ``entities`` maps an entity of the alert (host, account, process, file, registryValue, ip) to its properties
    and the columns that hold them.
    """

    missing_columns: tuple[str, ...]
    near_real_time_obstacles: tuple[str, ...]
    near_real_time_doubts: tuple[str, ...]
    schedule: Schedule
    entities: Mapping[str, Mapping[str, str]]

    @property
    def near_real_time(self) -> bool:
        """Whether nothing keeps it from running continuously."""
        return not self.near_real_time_obstacles


def deployment(table: Table, predicate: Predicate, columns: Sequence[str]) -> Deployment:
    """The deployment facts of a query over one table."""
    obstacles = tuple(dict.fromkeys(_obstacles(table, predicate)))
    return Deployment(
        tuple(column for column in table.requires if column not in columns),
        obstacles,
        tuple(dict.fromkeys(_doubts(predicate))),
        _CONTINUOUS if not obstacles else _SCHEDULES[0][1],
        entities(columns),
    )


def _obstacles(table: Table, predicate: Predicate) -> Iterable[str]:
    """What a near-real-time rule may not use, by the strictest of the documents and testers."""
    if not table.near_real_time:
        yield f"{table.name} is no table that near-real-time rules read"
    yield from _constructs(predicate)


def _constructs(predicate: Predicate) -> Iterable[str]:
    match predicate:
        case And(args) | Or(args):
            for arg in args:
                yield from _constructs(arg)
        case Not(arg):
            yield from _constructs(arg)
        case Test(expression, _, op):
            if expression == ROW_TEXT:
                yield "computes strcat_delim(…)"
            elif not expression.isidentifier():
                yield f"computes {expression.partition('(')[0]}(…)"
            if op is Op.REGEX:
                yield "matches regex"
            if op in (Op.IN_NETWORK, Op.IN_NETWORK_OR_NOT):
                yield "computes ipv4_is_in_range(…) or its like"


def _doubts(predicate: Predicate) -> Iterable[str]:
    match predicate:
        case And(args) | Or(args):
            for arg in args:
                yield from _doubts(arg)
        case Not(arg):
            yield from _doubts(arg)
        case Test() if len(predicate.values) > 1 and (operator := list_operator(predicate)) in ("in~", "has_any"):
            yield str(operator)


#: Entities by the columns that suffice to name them, the strongest first (the service's own messages, 2026-09-15).
_ENTITIES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("host", (("deviceId", "DeviceId"), ("name", "DeviceName"))),
    ("account", (("sid", "AccountSid"), ("name", "AccountName"), ("ntDomain", "AccountDomain"))),
    (
        "initiatingAccount",
        (
            ("sid", "InitiatingProcessAccountSid"),
            ("name", "InitiatingProcessAccountName"),
            ("ntDomain", "InitiatingProcessAccountDomain"),
        ),
    ),
    ("file", (("sha256", "SHA256"), ("name", "FileName"))),
    ("registryValue", (("key", "RegistryKey"), ("valueName", "RegistryValueName"))),
    ("ip", (("address", "RemoteIP"),)),
)
_SUFFICIENT = frozenset({"deviceId", "name+deviceId", "sid", "name+ntDomain", "sha256", "key+valueName", "address"})


def entities(columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """The alert's entities that these columns name well enough."""
    found: dict[str, dict[str, str]] = {}
    for entity, properties in _ENTITIES:
        held = {name: column for name, column in properties if column in columns}
        if any(set(enough.split("+")) <= set(held) for enough in _SUFFICIENT):
            found[entity] = held
    return found
