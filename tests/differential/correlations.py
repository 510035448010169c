"""Correlations at random, over rules that look for a letter in a command line, and timed rows that hold such letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import yaml
from hypothesis import strategies as st

from sigma_xdr.pipeline import log_sources

__all__ = ["RandomCorrelation", "correlations", "timed_rows"]

#: The log sources that are correlated, with the field of theirs that the rules look into, and the column that it is.
_SOURCES: Mapping[str, tuple[str, str]] = {
    "process_creation": ("CommandLine", "ProcessCommandLine"),
    "network_connection": ("CommandLine", "InitiatingProcessCommandLine"),
    "image_load": ("CommandLine", "InitiatingProcessCommandLine"),
    "registry_set": ("CommandLine", "InitiatingProcessCommandLine"),
    "dns_query": ("CommandLine", "InitiatingProcessCommandLine"),
    "file_event": ("CommandLine", "InitiatingProcessCommandLine"),
    "device_events": ("InitiatingProcessCommandLine", "InitiatingProcessCommandLine"),
}
_FIELDS = (
    "Computer", "Computer", "Computer", "User", "Image", "ProcessId", "CommandLine", "ParentImage", "LogonId", "DeviceName",
    "DestinationIp", "DestinationPort", "Protocol", "TargetObject", "InitiatingProcessId", "ActionType", "AccountName",
    "InitiatingProcessFileName", "DeviceId", "QueryName", "EventID", "who",
)  # fmt: skip
_KINDS = ("event_count", "value_count", "temporal", "temporal_ordered")
_TIMESPANS = {"10s": 10, "7s": 7, "1m": 60, "90s": 90, "5m": 300, "1h": 3600, "1d": 86_400, "7d": 7 * 86_400}


@dataclass(frozen=True)
class RandomCorrelation:
    """A file whose last document is the correlation; ``sources`` are the pipeline's names of its rules' log sources."""

    documents: tuple[dict[str, Any], ...]
    sources: tuple[str, ...]
    seconds: int

    @property
    def text(self) -> str:
        """The file."""
        return yaml.safe_dump_all(self.documents, sort_keys=False, allow_unicode=True)


@st.composite
def correlations(draw: st.DrawFn) -> RandomCorrelation:
    """One to three rules, a correlation of them, now and then one of that one."""
    names = ("rule_a", "rule_b", "rule_c")[: draw(st.sampled_from((1, 2, 2, 3)))]
    one_table = draw(st.booleans())
    first = draw(st.sampled_from([*["process_creation"] * 3, *_SOURCES]))
    sources = tuple(first if one_table else draw(st.sampled_from(sorted(_SOURCES))) for _ in names)
    rules = [_rule(name, source) for name, source in zip(names, sources, strict=True)]
    timespan = draw(st.sampled_from(sorted(_TIMESPANS)))
    document = draw(_correlation("inner", names, timespan))
    documents = [*rules, document]
    if draw(st.integers(0, 4)) == 0:
        others = draw(st.sampled_from(((), (names[0],), (names[-1],))))
        ordered = draw(st.permutations(("inner", *others)))
        documents.append(draw(_correlation("outer", ordered, timespan)))
    return RandomCorrelation(tuple(documents), sources, _TIMESPANS[timespan])


def _rule(name: str, source: str) -> dict[str, Any]:
    field, _ = _SOURCES[source]
    log_source = {"product": "windows", "category": source}
    selection: dict[str, Any] = {f"{field}|contains": name[-1]}
    if not log_sources()[source].action_types:
        log_source["service"] = "defender-xdr"
        selection["ActionType"] = ["NamedPipeEvent", "DnsQueryResponse"]
    return {
        "title": name,
        "name": name,
        "logsource": log_source,
        "detection": {"selection": selection, "condition": "selection"},
    }


@st.composite
def _correlation(draw: st.DrawFn, name: str, rules: Sequence[str], timespan: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(_KINDS))
    section: dict[str, Any] = {"type": kind, "rules": list(rules), "timespan": timespan}
    group_by = draw(st.lists(st.sampled_from(_FIELDS), max_size=2, unique=True))
    if group_by:
        section["group-by"] = group_by
    if "who" in group_by:
        section["aliases"] = {"who": {rule: draw(st.sampled_from(_FIELDS[:-1])) for rule in rules}}
    operator = draw(st.sampled_from(("gte", "gte", "gte", "gt", "eq", "lt", "lte", "neq")))
    count = {operator: draw(st.integers(1, 4))}
    if kind == "value_count":
        fields = draw(st.lists(st.sampled_from(_FIELDS[:-1]), min_size=1, max_size=2, unique=True))
        section["condition"] = {"field": fields[0] if len(fields) == 1 else fields, **count}
    elif kind == "event_count":
        section["condition"] = count
    elif draw(st.booleans()) and kind == "temporal":
        section["condition"] = draw(_expressions(rules)) if draw(st.booleans()) else count
        if isinstance(section["condition"], str) and draw(st.booleans()):
            del section["rules"]
    return {"title": name, "name": name, "correlation": section}


def _expressions(rules: Sequence[str]) -> st.SearchStrategy[str]:
    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.tuples(inner, st.sampled_from((" and ", " or ")), inner)
        return inner.map(lambda each: f"not {each}") | joined.map(lambda three: f"({''.join(three)})")

    return st.recursive(st.sampled_from(list(rules)), larger, max_leaves=4)


# ---------------------------------------------------------------------------------------------------------------- rows


def timed_rows(correlation: RandomCorrelation, count: int, random: Random) -> list[tuple[str, dict[str, Any]]]:
    """Rows with their tables, in any order: few hosts, accounts and values, duplicates, times about the edges of slots."""
    span = timedelta(seconds=correlation.seconds)
    start = datetime(2026, 8, 1, tzinfo=UTC)
    rows = [_row(random.choice(correlation.sources), start, span, random) for _ in range(count)]
    rows += [random.choice(rows) for _ in range(count // 10)]
    random.shuffle(rows)
    return rows


def _row(source: str, start: datetime, span: timedelta, random: Random) -> tuple[str, dict[str, Any]]:
    table, action = log_sources()[source].table, random.choice(log_sources()[source].action_types or _ACTIONS)
    microsecond = timedelta(microseconds=1)
    offset = random.choice((timedelta(0), microsecond, timedelta(seconds=3), span / 2, span - microsecond))
    user, process = random.choice(_USERS), random.choice(_PROCESSES)
    columns: dict[str, Any] = {
        "Timestamp": start + random.choice((0, 1, 1, 1, 2, 2, 4)) * span + offset,
        "DeviceId": random.choice(("d1", "d1", "d2", "D1", "")),
        "DeviceName": random.choice(("host", "host", "HOST", "other", "")),
        "ReportId": random.randint(1, 4),
        "ActionType": action,
        "InitiatingProcessFileName": process,
        "InitiatingProcessFolderPath": random.choice((f"c:\\x\\{process}", "c:\\x")) if process else "",
        "InitiatingProcessId": random.choice((7, 7, 8, None)),
        "InitiatingProcessParentFileName": random.choice(("explorer.exe", "Explorer.exe", "")),
        "InitiatingProcessAccountDomain": user[0],
        "InitiatingProcessAccountName": user[1],
    }
    columns |= _OF_TABLE[table](random) if table in _OF_TABLE else {}
    columns[_SOURCES[source][1]] = random.choice(("a", "b", "c", "x", "ab", "B c", "abc", "-"))
    return table, {name: value for name, value in columns.items() if value not in (None, "") or random.random() < 0.5}


_ACTIONS = ("NamedPipeEvent", "DnsQueryResponse", "DriverLoad")
_USERS = (("corp", "eve"), ("corp", "eve"), ("corp", "bob"), ("", "eve"), ("", ""))
_PROCESSES = ("wmic.exe", "wmic.exe", "WMIC.exe".lower(), "cmd.exe", "")


def _process(random: Random) -> dict[str, Any]:
    name, user = random.choice(("a.exe", "A.exe", "b.exe")), random.choice(_USERS)
    return {
        "FileName": name,
        "FolderPath": f"C:\\{name}",
        "ProcessId": random.choice((7, 7, 8, None)),
        "LogonId": random.choice((999, 999, 2**53 + 1, None)),
        "AccountDomain": user[0],
        "AccountName": user[1],
    }


def _connection(random: Random) -> dict[str, Any]:
    return {
        "RemoteIP": random.choice(("10.0.0.1", "10.0.0.1", "10.0.0.2", "FE80::1", "fe80::1", "")),
        "RemotePort": random.choice((80, 80, 443, None)),
        "LocalIP": "10.0.0.9",
        "LocalPort": random.choice((50000, 50001)),
        "Protocol": random.choice(("Tcp", "Udp", "TCP")),
    }


def _value(random: Random) -> dict[str, Any]:
    return {"RegistryKey": "HKEY_LOCAL_MACHINE\\SOFTWARE\\a", "RegistryValueName": random.choice(("x", "X", ""))}


def _query(random: Random) -> dict[str, Any]:
    asked = ('{"DnsQueryString": "a.example"}', '{"DnsQueryString": "A.example"}', "{}", "")
    return {"AdditionalFields": random.choice(asked)}


_OF_TABLE = {
    "DeviceProcessEvents": _process,
    "DeviceNetworkEvents": _connection,
    "DeviceRegistryEvents": _value,
    "DeviceEvents": _query,
}
