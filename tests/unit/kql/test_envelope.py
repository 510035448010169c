"""What stands around a query's conditions, and what a custom detection needs."""

from __future__ import annotations

import pytest

from sigma_xdr.kql.envelope import Deployment, Schedule, asked_columns, deployment, entities, projection, schedule_for
from sigma_xdr.kql.predicate import TRUE, And, Not, Op, Or, Predicate, Test
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import compiled

SCHEMA = xdr_schema()
PROCESSES = SCHEMA.table("DeviceProcessEvents")
CONTINUOUS, HOURLY = Schedule("PT0S", "PT0S"), Schedule("PT1H", "PT4H")


def asks(column: str, op: Op = Op.EQUALS, *values: str) -> Test:
    return Test(column, "string", op, values or ("x",))


# ----------------------------------------------------------------------------------------------------------- projection


def test_columns_that_a_rule_asks_about_come_last_and_once() -> None:
    predicate = And(
        (asks("MD5"), Or((asks("FileName"), Not(asks("ProcessIntegrityLevel")))), asks("tostring(ProcessId)"))
    )
    assert projection(PROCESSES, predicate, ("ProcessCreated",)) == (
        "Timestamp",
        "DeviceId",
        "ReportId",
        "DeviceName",
        "AccountDomain",
        "AccountName",
        "AccountSid",
        "FileName",
        "FolderPath",
        "SHA256",
        "ProcessId",
        "ProcessCommandLine",
        "InitiatingProcessFileName",
        "InitiatingProcessCommandLine",
        "InitiatingProcessParentFileName",
        "MD5",
        "ProcessIntegrityLevel",
    )


def test_a_network_rule_shows_both_ends_and_who_connects() -> None:
    assert compiled({"DestinationPort": 135}, category="network_connection").columns == (
        "Timestamp",
        "DeviceId",
        "ReportId",
        "DeviceName",
        "ActionType",
        "RemoteIP",
        "RemotePort",
        "RemoteUrl",
        "LocalIP",
        "LocalPort",
        "Protocol",
        "InitiatingProcessAccountDomain",
        "InitiatingProcessAccountName",
        "InitiatingProcessAccountSid",
        "InitiatingProcessFileName",
        "InitiatingProcessFolderPath",
        "InitiatingProcessId",
        "InitiatingProcessCommandLine",
        "InitiatingProcessParentFileName",
    )


@pytest.mark.parametrize("table", SCHEMA.tables.values(), ids=lambda table: table.name)
def test_every_tables_columns_are_its_own_and_once(table) -> None:  # type: ignore[no-untyped-def]
    columns = projection(table, TRUE, ())
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(table.columns)
    assert set(table.requires) - set(table.lacks) <= set(columns)


def test_columns_asked_by_themselves_in_order() -> None:
    predicate = And((asks("B"), Not(Or((asks("A"), asks("tostring(C)")))), asks("B")))
    assert list(asked_columns(predicate)) == ["B", "A", "B"]


# ----------------------------------------------------------------------------------------------------------- deployment


@pytest.mark.parametrize(
    ("predicate", "obstacles"),
    [
        (And((asks("FileName"), Not(asks("FolderPath", Op.CONTAINS)))), ()),
        (asks("FileName", Op.EMPTY), ()),
        (asks("FileName", Op.REGEX), ("matches regex",)),
        (Or((asks("FileName", Op.REGEX), asks("MD5", Op.REGEX))), ("matches regex",)),
        (asks("tostring(ProcessId)", Op.CONTAINS), ("computes tostring(…)",)),
        (asks("RowText", Op.CONTAINS), ("computes strcat_delim(…)",)),
        (asks("IP", Op.IN_NETWORK, "10.0.0.0/8"), ("computes ipv4_is_in_range(…) or its like",)),
        (Not(asks("IP", Op.IN_NETWORK_OR_NOT, "::1/128")), ("computes ipv4_is_in_range(…) or its like",)),
        (
            And((asks("strcat(A, B)", Op.REGEX), asks("tostring(C)"))),
            ("computes strcat(…)", "matches regex", "computes tostring(…)"),
        ),
    ],
)
def test_what_keeps_a_rule_from_running_continuously(predicate: Predicate, obstacles: tuple[str, ...]) -> None:
    facts = deployment(PROCESSES, predicate, PROCESSES.requires)
    schedule = HOURLY if obstacles else CONTINUOUS
    assert facts == Deployment((), obstacles, (), schedule, {"host": {"deviceId": "DeviceId"}})
    assert facts.near_real_time == (not obstacles)


def test_what_the_service_takes_though_microsofts_list_lacks_it_is_said() -> None:
    facts = compiled(
        {
            "Image|endswith": [r"\wmic.exe", r"\cmd.exe"],
            "CommandLine|contains": [" /node:", " -node:"],
            "ProcessId": [1, 2],
            "User|contains": ["a", "b"],
        }
    ).deployment
    assert (facts.near_real_time, facts.near_real_time_doubts) == (True, ("in~", "has_any"))


def test_a_table_that_continuous_rules_dont_read() -> None:
    table = SCHEMA.table("DeviceTvmSoftwareInventory")
    facts = deployment(table, asks("DeviceName"), ("DeviceName",))
    assert facts.near_real_time_obstacles == ("DeviceTvmSoftwareInventory is no table that near-real-time rules read",)
    assert facts.missing_columns == ("Timestamp", "DeviceId", "ReportId")
    assert facts.schedule == HOURLY


def test_a_compiled_rule_can_be_deployed() -> None:
    facts = compiled({"Image|endswith": r"\wmic.exe", "CommandLine|contains": "/node:"}).deployment
    assert facts == Deployment(
        (),
        (),
        (),
        CONTINUOUS,
        {
            "host": {"deviceId": "DeviceId", "name": "DeviceName"},
            "account": {"sid": "AccountSid", "name": "AccountName", "ntDomain": "AccountDomain"},
            "file": {"sha256": "SHA256", "name": "FileName"},
        },
    )


@pytest.mark.parametrize(
    ("seconds", "schedule"),
    [
        (0, HOURLY),
        (4 * 3600, HOURLY),
        (4 * 3600 + 1, Schedule("PT3H", "PT12H")),
        (12 * 3600 + 1, Schedule("PT12H", "PT48H")),
        (48 * 3600 + 1, Schedule("P1D", "P30D")),
        (30 * 86400, Schedule("P1D", "P30D")),
        (30 * 86400 + 1, None),
    ],
)
def test_the_fastest_schedule_that_looks_back_far_enough(seconds: int, schedule: Schedule | None) -> None:
    assert schedule_for(seconds) == schedule


# ------------------------------------------------------------------------------------------------------------- entities


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ((), {}),
        (("DeviceName",), {}),
        (("DeviceName", "DeviceId"), {"host": {"deviceId": "DeviceId", "name": "DeviceName"}}),
        (("AccountName",), {}),
        (("AccountName", "AccountDomain"), {"account": {"name": "AccountName", "ntDomain": "AccountDomain"}}),
        (("InitiatingProcessAccountSid",), {"initiatingAccount": {"sid": "InitiatingProcessAccountSid"}}),
        (("FileName",), {}),
        (("SHA256", "FileName"), {"file": {"sha256": "SHA256", "name": "FileName"}}),
        (("RegistryKey",), {}),
        (
            ("RegistryKey", "RegistryValueName"),
            {"registryValue": {"key": "RegistryKey", "valueName": "RegistryValueName"}},
        ),
        (("RemoteIP",), {"ip": {"address": "RemoteIP"}}),
    ],
)
def test_entities_are_named_by_what_suffices(columns: tuple[str, ...], found: dict[str, dict[str, str]]) -> None:
    assert entities(columns) == found
