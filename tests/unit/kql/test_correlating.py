from __future__ import annotations

import textwrap
from typing import Any

import pytest
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql import CompiledCorrelation, XdrBackend, correlation_query
from sigma_xdr.pipeline import xdr_pipeline

RULES = """
title: WMIC on Another Host
name: wmic_node
logsource: {category: process_creation, product: windows}
detection:
    selection:
        Image|endswith: '\\wmic.exe'
        CommandLine|contains: '/node:'
    condition: selection
---
title: Tool Opens a Port
name: rpc_port
logsource: {category: network_connection, product: windows}
detection:
    selection:
        Initiated: 'true'
        Image|endswith: '\\wmic.exe'
        DestinationPort|gte: 49152
    condition: selection
"""


def collection(correlation: str, rules: str = RULES) -> SigmaCollection:
    return SigmaCollection.from_yaml(f"{rules}---\n{textwrap.dedent(correlation)}")


def compiled(correlation: str, rules: str = RULES) -> CompiledCorrelation:
    (rule,) = [each for each in collection(correlation, rules).rules if isinstance(each, SigmaCorrelationRule)][-1:]
    return correlation_query(rule, xdr_pipeline())


def refusal(correlation: str, rules: str = RULES) -> tuple[str, str, str | None, tuple[str | int, ...]]:
    with pytest.raises(RuleError) as refused:
        compiled(correlation, rules)
    (problem,) = refused.value.diagnostics
    return problem.code, problem.message, problem.hint, problem.keys


BURST = """
    title: Burst
    correlation:
        type: event_count
        rules: wmic_node
        group-by: [Computer, User]
        timespan: 10m
        condition: {gte: 3}
"""


def process(number: int, minute: float, **columns: Any) -> dict[str, Any]:
    time = f"2026-01-01T10:{int(minute):02}:{int(minute % 1 * 60):02}Z"
    return {
        "Timestamp": time,
        "DeviceId": "device-1",
        "DeviceName": "host.corp",
        "ReportId": number,
        "ActionType": "ProcessCreated",
        "FileName": "WMIC.exe",
        "ProcessCommandLine": "wmic /node:srv os get caption",
        "AccountDomain": "corp",
        "AccountName": "eve",
        **columns,
    }


def test_a_burst_across_a_slots_edge_fires_once_with_its_last_event() -> None:
    rows = [process(1, 8), process(2, 9.5), process(3, 11), process(4, 30), process(5, 11, AccountName="bob")]
    query = compiled(BURST)
    alerts = KqlEngine({"DeviceProcessEvents": rows}).run(query.text)
    assert [(row["ReportId"], row["DeviceId"], row["User"], row["EventCount"]) for row in alerts] == [
        (3, "device-1", "corp\\eve", 3)
    ]
    assert query.columns == (
        "Timestamp", "DeviceId", "ReportId", "DeviceName", "User", "EventCount", "FirstTimestamp",
    )  # fmt: skip
    assert query.tables == ("DeviceProcessEvents",)


def test_what_deployment_needs() -> None:
    facts = compiled(BURST).deployment
    assert facts.missing_columns == ()
    assert facts.near_real_time_obstacles == ("correlates events: joins and aggregates",)
    assert (facts.schedule.frequency, facts.schedule.lookback) == ("PT1H", "PT4H")
    assert facts.entities == {"host": {"deviceId": "DeviceId", "name": "DeviceName"}}


@pytest.mark.parametrize(
    ("timespan", "frequency", "lookback"),
    [("4h", "PT1H", "PT4H"), ("241m", "PT3H", "PT12H"), ("13h", "PT12H", "PT48H"), ("3d", "P1D", "P30D")],
)
def test_the_fastest_schedule_whose_lookback_holds_the_window(timespan: str, frequency: str, lookback: str) -> None:
    schedule = compiled(BURST.replace("10m", timespan)).deployment.schedule
    assert (schedule.frequency, schedule.lookback) == (frequency, lookback)


def test_rules_of_two_tables_meet_by_an_alias() -> None:
    correlation = """
        title: Node then Port
        correlation:
            type: temporal_ordered
            rules: [wmic_node, rpc_port]
            aliases:
                process: {wmic_node: ProcessId, rpc_port: ProcessId}
            group-by: [Computer, process]
            timespan: 1m
    """
    query = compiled(correlation)
    rows = {
        "DeviceProcessEvents": [process(1, 1, ProcessId=7), process(2, 1, ProcessId=8)],
        "DeviceNetworkEvents": [
            {
                "Timestamp": "2026-01-01T10:01:30Z", "DeviceId": "device-1", "ReportId": number, "RemotePort": 50000,
                "ActionType": "ConnectionSuccess", "InitiatingProcessFileName": "wmic.exe", "InitiatingProcessId": process_id,
            }
            for number, process_id in ((1, 7), (2, 9))
        ],
    }  # fmt: skip
    assert query.tables == ("DeviceProcessEvents", "DeviceNetworkEvents")
    assert [(row["ReportId"], row["process"]) for row in KqlEngine(rows).run(query.text)] == [(1, 7)]


def test_values_are_counted_without_case() -> None:
    correlation = """
        title: Many Commands
        correlation:
            type: value_count
            rules: wmic_node
            group-by: Computer
            timespan: 5m
            condition: {field: CommandLine, gte: 3}
    """
    lines = ["wmic /node:a x", "WMIC /node:A X", "wmic /node:b x", "wmic /node:c x"]
    rows = [process(number, number / 10, ProcessCommandLine=line) for number, line in enumerate(lines)]
    alerts = KqlEngine({"DeviceProcessEvents": rows}).run(compiled(correlation).text)
    assert [(row["ReportId"], row["ValueCount"]) for row in alerts] == [(3, 3)]


def test_a_correlation_of_correlations_groups_by_what_the_inner_one_has() -> None:
    named = textwrap.dedent(BURST).replace("title: Burst", "title: Burst\nname: burst")
    rules = f"{RULES}---\n{named}"
    correlation = """
        title: Burst then Port
        correlation:
            type: temporal_ordered
            rules: [burst, rpc_port]
            group-by: Computer
            timespan: 1h
    """
    query = compiled(correlation, rules)
    assert query.window == 3600 + 600
    rows = {
        "DeviceProcessEvents": [process(number, number) for number in range(3)],
        "DeviceNetworkEvents": [
            {
                "Timestamp": "2026-01-01T10:20:00Z", "DeviceId": "device-1", "ReportId": 9, "RemotePort": 50000,
                "ActionType": "ConnectionSuccess", "InitiatingProcessFileName": "wmic.exe",
            }
        ],
    }  # fmt: skip
    assert [row["ReportId"] for row in KqlEngine(rows).run(query.text)] == [9]
    assert KqlEngine({**rows, "DeviceProcessEvents": rows["DeviceProcessEvents"][:2]}).run(query.text) == []


def test_extended_conditions() -> None:
    correlation = """
        title: Node without Port
        correlation:
            type: temporal
            rules: [wmic_node, rpc_port]
            group-by: Computer
            timespan: 1m
            condition: wmic_node and not rpc_port
    """
    rows = {"DeviceProcessEvents": [process(1, 1)], "DeviceNetworkEvents": []}
    assert [row["ReportId"] for row in KqlEngine(rows).run(compiled(correlation).text)] == [1]


def test_generate_gives_the_named_rules_too_and_changes_no_text() -> None:
    def texts(generate: str) -> list[str]:
        return list(XdrBackend(xdr_pipeline()).convert(collection(f"{BURST.rstrip()}\n        generate: {generate}\n")))

    alone = XdrBackend(xdr_pipeline()).convert(SigmaCollection.from_yaml(RULES))
    assert [text.splitlines()[0] for text in texts("false")] == ["// Tool Opens a Port", "// Burst"]
    assert texts("true")[:-1] == alone
    assert texts("true")[-1] == texts("false")[-1]


REFUSED = {
    "a type that isn't compiled": (
        BURST.replace("event_count", "value_sum").replace("{gte: 3}", "{field: CommandLine, gte: 3}"),
        (
            "correlation-type",
            "a correlation of type value_sum isn't compiled",
            "event_count, value_count, temporal and temporal_ordered are",
            ("correlation", "type"),
        ),
    ),
    "a group-by field that isn't there": (
        BURST.replace("User", "Usr"),
        (
            "unknown-field",
            "in the rule 'wmic_node': 'Usr' is no field of process_creation",
            "did you mean User (column AccountDomain of DeviceProcessEvents)?",
            ("correlation", "group-by"),
        ),
    ),
    "a group-by field that Defender lacks": (
        BURST.replace("User", "ProcessGuid"),
        (
            "lost-field",
            "in the rule 'wmic_node': Defender's DeviceProcessEvents has no 'ProcessGuid': "
            "process and logon GUIDs are Sysmon's own",
            None,
            ("correlation", "group-by"),
        ),
    ),
    "an alias that forgets a rule": (
        BURST.replace("rules: wmic_node", "rules: [wmic_node, rpc_port]\n        aliases: {User: {wmic_node: User}}"),
        (
            "correlation-alias",
            "the alias 'User' doesn't say which field it is in 'rpc_port'",
            "add rpc_port: FIELD",
            ("correlation", "aliases"),
        ),
    ),
    "a window that no detection looks back": (
        BURST.replace("10m", "31d"),
        (
            "correlation-timespan",
            "a timespan is one second to 30 days: no detection looks back further",
            "shorten the timespan",
            ("correlation", "timespan"),
        ),
    ),
}


@pytest.mark.parametrize(("correlation", "expected"), REFUSED.values(), ids=REFUSED)
def test_refusals_say_what_and_where(correlation: str, expected: tuple[Any, ...]) -> None:
    assert refusal(correlation) == expected
