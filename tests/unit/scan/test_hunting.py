"""One stream of events through all rules: raw records, rows, pieces of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigma_xdr.evaluator import Matcher
from sigma_xdr.rules import load_rules
from sigma_xdr.scan.correlating import Place
from sigma_xdr.scan.hits import HuntedRule
from sigma_xdr.scan.hunting import Asked, Found, Hunter, Plan
from sigma_xdr.scan.routes import Routes
from sigma_xdr.scan.summary import Account
from sigma_xdr.telemetry import Record, Unreadable, record_event, record_of
from sigma_xdr.telemetry.mapping import mapper, memory
from sigma_xdr.telemetry.stored import StoredRow
from tests.unit.telemetry.samples import SYSMON, corpus_files, corpus_records, security, sysmon

Item = Record | StoredRow | Unreadable

START = {"category": "process_creation", "product": "windows"}


def rule(name: str, logsource: Mapping[str, Any], condition: str = "a", **items: Any) -> dict[str, Any]:
    return {"title": name, "name": name, "logsource": logsource, "detection": {"a": items, "condition": condition}}


def asked(*documents: dict[str, Any], reported: bool = True) -> list[Asked]:
    return [Asked(HuntedRule(None, each["title"], None, f"{each['title']}.yml"), each, reported) for each in documents]


def hunt(plan: Plan, events: Iterable[Item], *bounds: int | None) -> tuple[list[Found], Account]:
    account = Account()
    return list(Hunter(plan).hunt(events, 0, account, *bounds)), account  # type: ignore[arg-type]


WMIC = rule("wmic", START, **{"Image|endswith": "\\wmic.exe"})
PATH = r"C:\Windows\System32\wbem\WMIC.exe"


def test_a_row() -> None:
    [found], account = hunt(Plan(asked(WMIC)), [sysmon(1, 3, Image=PATH, ProcessId=5)])
    row = {
        "Timestamp": "2026-01-01T12:00:00Z",
        "DeviceId": "host-1",
        "DeviceName": "host-1",
        "ActionType": "ProcessCreated",
        "FileName": "WMIC.exe",
        "FolderPath": PATH,
        "ProcessId": 5,
        "ReportId": 3,
    }
    assert found == Found(Place(0, (3,), "DeviceProcessEvents", row), "2026-01-01T12:00:00Z", "host-1", (0,), ())
    assert account == Account(records=1)


def test_what_no_rule_selects_is_read_and_not_found() -> None:
    found, account = hunt(Plan(asked(WMIC)), [sysmon(1, 1, Image=r"C:\a.exe"), sysmon(11, 2), sysmon(1, 3)])
    assert (found, account) == ([], Account(records=3))


def test_a_record_as_it_is() -> None:
    by_service = rule("sysmon", {"product": "windows", "service": "sysmon"}, EventID=255)
    record = sysmon(255, 4, ID="x")
    [found], account = hunt(Plan(asked(WMIC, by_service), raw=True), [sysmon(1, 3, Image="wmic.exe"), record])
    row = {"Computer": "Host-1", "Channel": SYSMON, "EventID": 255, **record.fields}
    assert found == Found(Place(0, (4,), SYSMON, row), "2026-01-01T12:00:00Z", "Host-1", (1,), ())
    assert account == Account(records=2)


def test_the_same_rules_on_records_and_rows() -> None:
    """A record keeps what its row loses."""
    guid = rule("guid", START, ProcessGuid="{1}")
    record = sysmon(1, ProcessGuid="{1}")
    assert [each.rules for each in hunt(Plan(asked(guid), raw=True), [record])[0]] == [(0,)]
    assert hunt(Plan(asked(guid)), [record])[0] == []


def test_a_row_that_defender_stored() -> None:
    columns = {"ActionType": "ProcessCreated", "FileName": "wmic.exe", "FolderPath": PATH, "DeviceId": "d"}
    row = StoredRow("f", 2, "DeviceProcessEvents", {**columns, "Timestamp": "2026-01-01T12:00:00Z", "ReportId": 77})
    without = StoredRow("f", 3, "DeviceProcessEvents", columns)
    found, account = hunt(Plan(asked(WMIC)), [row, without])
    assert found == [
        Found(Place(0, (2,), row.table, row.columns), "2026-01-01T12:00:00Z", "d", (0,), ()),
        Found(Place(0, (3,), row.table, columns), None, "d", (0,), ()),
    ]
    assert account == Account(records=2)
    assert hunt(Plan(asked(WMIC), raw=True), [row])[0] == found[:1]


def test_what_is_not_read_and_what_has_no_row_is_counted() -> None:
    broken = [Unreadable("f", number, "no JSON") for number in (2, 3)]
    events = [security(4658, 1), *broken, security(4658, 4), Unreadable("f", 5, "cut off")]
    _, account = hunt(Plan(asked(WMIC)), events)
    assert account == Account(
        records=5,
        unreadable={"f: no JSON": 2, "f: cut off": 1},
        first_unreadable={"f: no JSON": 2, "f: cut off": 5},
        unmapped={"Security 4658 has no Defender table": 2},
    )


def test_several_rows_of_a_record_have_reports_of_their_own() -> None:
    """A process that WMI created for a logon over the network stands in two tables."""
    plan = Plan(
        asked(WMIC, rule("by wmi", {"category": "deviceevents", "service": "defender-xdr"}, FileName="wmic.exe")),
        asked(
            {
                "title": "both",
                "correlation": {
                    "type": "event_count",
                    "rules": ["wmic", "by wmi"],
                    "timespan": "1m",
                    "condition": {"gte": 2},
                },
            }
        ),
    )
    parent = r"C:\Windows\System32\wbem\WmiPrvSE.exe"
    logon = security(4624, 1, LogonType="3", TargetLogonId="0x7", IpAddress="10.0.0.5")
    process = sysmon(1, 2, Image=PATH, ParentImage=parent, LogonId="0x7")
    found, _ = hunt(plan, [logon, process])
    assert [(each.place.table, each.place.records, each.rules) for each in found] == [
        ("DeviceProcessEvents", (2,), (0,)),
        ("DeviceEvents", (2, 1), (1,)),
    ]
    assert [[sighting.report for sighting in each.sightings] for each in found] == [[32], [33]]


def test_a_rule_that_only_a_correlation_names_is_no_hit_itself() -> None:
    correlation = {
        "title": "many",
        "correlation": {"type": "event_count", "rules": ["wmic"], "timespan": "1m", "condition": {"gte": 2}},
    }
    plan = Plan(asked(WMIC, reported=False), asked(correlation))
    [found], _ = hunt(plan, [sysmon(1, Image=PATH)])
    assert (found.rules, len(found.sightings)) == ((), 1)
    without_time = record_of({"Channel": SYSMON, "EventID": 1, "Image": PATH})
    assert hunt(plan, [without_time])[0] == []  # a window has no place for it


@pytest.mark.parametrize("time", ["9999-12-31 23:59:59.999", "0001-01-01 00:00:00.000", "never", "", None])
def test_a_time_that_no_calendar_has(time: str | None) -> None:
    record = sysmon(1, Image=PATH, UtcTime=time, EventTime="9999-12-31T23:59:59+00:00")
    for raw in (False, True):
        [found], _ = hunt(Plan(asked(WMIC), raw=raw), [record])
        assert found.rules == (0,)


def test_filters_and_the_sites_values() -> None:
    by_site = rule("site", START, **{"Image|expand": "%tools%"})
    allowed = {"logsource": {}, "filter": {"rules": "any", "own": {"User": "d\\admin"}, "condition": "not own"}}
    events = [sysmon(1, 1, Image=PATH, User="D\\bob"), sysmon(1, 2, Image=PATH, User="D\\admin")]
    plan = Plan(asked(by_site), (), (allowed,), {"tools": (PATH,)})
    assert [each.place.records for each in hunt(plan, events)[0]] == [(1,)]


# --------------------------------------------------------------------------------------------------------------- pieces

#: Rules that select every row, so that every column of each is compared, and one that lets the gate stop nearly all processes.
CATEGORIES = (
    "process_creation",
    "network_connection",
    "file_event",
    "image_load",
    "registry_set",
    "wmi_event",
    "ps_module",
)
EVERY_ROW = [rule(each, {"category": each, "product": "windows"}, "not a", User="nobody") for each in CATEGORIES]
EVERY_ROW += [
    rule(table, {"category": table, "service": "defender-xdr"}, "not a", AccountName="nobody")
    for table in ["deviceevents"]
]
FEW = [WMIC, rule("cmd", START, **{"ParentImage|endswith": "\\cmd.exe"}), *EVERY_ROW[1:]]

IMAGES = [r"C:\cmd.exe", PATH, r"C:\Windows\System32\wbem\WmiPrvSE.exe"]
ONES = st.sampled_from(["1", "2", "3"])


@st.composite
def event(draw: st.DrawFn) -> dict[str, Any]:
    """An event among few processes, bindings and logons, so that many belong together."""
    one, other, image = draw(ONES), draw(ONES), draw(st.sampled_from(IMAGES))
    sysmons = {"Channel": SYSMON, "Computer": draw(st.sampled_from(["h", "H2"])), "UtcTime": "2026-01-01 12:00:00.000"}
    securitys = {**sysmons, "Channel": "Security", "TimeCreated": sysmons["UtcTime"]}
    del securitys["UtcTime"]
    name = {"Name": f'"b{one}"', "Operation": "Created"}
    bound = {
        "Consumer": f'"CommandLineEventConsumer.Name=\\"b{one}\\""',
        "Filter": f'"__EventFilter.Name=\\"b{other}\\""',
    }
    local = {"EventTime": "2026-01-01 14:00:00", "Message": "x"} if draw(st.booleans()) else {}
    return draw(
        st.sampled_from(
            [
                {
                    **sysmons,
                    **local,
                    "EventID": 1,
                    "ProcessGuid": one,
                    "ProcessId": one,
                    "ParentProcessGuid": other,
                    "Image": image,
                    "ParentImage": draw(st.sampled_from([*IMAGES, "-"])),
                    "LogonId": other,
                    "CommandLine": f"x {one}",
                },
                {
                    **securitys,
                    "EventID": 4688,
                    "NewProcessId": one,
                    "NewProcessName": image,
                    "ProcessId": hex(int(other)),
                },
                {**sysmons, "EventID": 3, "ProcessGuid": one, "DestinationIp": "10.0.0.1", "Initiated": "true"},
                {**securitys, "EventID": 5156, "ProcessID": one, "Direction": "%%14593", "DestAddress": "10.0.0.1"},
                {**sysmons, "EventID": 11, "ProcessId": one, "Image": image, "TargetFilename": "C:\\x"},
                {**sysmons, "EventID": 19, **name, "Query": "q"},
                {**sysmons, "EventID": 20, **name, "Destination": "d"},
                {**sysmons, "EventID": 21, **bound, "Operation": "Created"},
                {
                    **securitys,
                    "Channel": "Microsoft-Windows-WMI-Activity/Operational",
                    "EventID": 5861,
                    **bound,
                    "ESS": "b",
                },
                {**securitys, "EventID": 4624, "LogonType": "3", "TargetLogonId": one, "IpAddress": f"10.0.0.{one}"},
                {**securitys, "EventID": 4658},
                {},
            ]
        )
    )


def items(documents: Sequence[Mapping[str, Any]]) -> list[Item]:
    return [
        record_of(document, "f", number) if document else Unreadable("f", number, "broken")
        for number, document in enumerate(documents, 1)
    ]


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(
    st.lists(event(), min_size=1, max_size=40),
    st.lists(st.integers(1, 40), max_size=3),
    st.integers(0, 6),
    st.integers(1, 6),
    st.sampled_from([EVERY_ROW, FEW]),
)
def test_pieces_give_what_the_whole_gives(
    monkeypatch: pytest.MonkeyPatch,
    documents: list[dict[str, Any]],
    cuts: list[int],
    ahead: int,
    behind: int,
    rules: list[dict[str, Any]],
) -> None:
    monkeypatch.setattr(mapper, "AHEAD", ahead)
    monkeypatch.setattr(memory, "BEHIND", behind)
    plan = Plan(asked(*rules))
    whole, account = hunt(plan, items(documents))
    ends = [*sorted({cut for cut in cuts if cut < len(documents)}), len(documents)]
    found: list[Found] = []
    summed, first = Account(), 1
    for last in ends:
        near = items(documents)[max(first - 1 - behind, 0) : last + ahead]
        some, own = hunt(plan, near, first, None if last == len(documents) else last)
        found += some
        summed.add(own)
        first = last + 1
    assert found == whole
    assert summed == account


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(event(), min_size=1, max_size=40))
def test_what_the_gate_stops_changes_nothing_else(documents: list[dict[str, Any]]) -> None:
    class Plain(Hunter):
        def _matters(self, record: Record) -> bool:
            return True

    plan = Plan(asked(*FEW))
    plainly, account = Account(), Account()
    expected = list(Plain(plan).hunt(items(documents), 0, plainly))
    assert list(Hunter(plan).hunt(items(documents), 0, account)) == expected
    assert account == plainly


# ------------------------------------------------------------------------------------------- records that need no rule's eye

NAMES = (
    "Image",
    "CommandLine",
    "EventID",
    "Channel",
    "Computer",
    "ProcessId",
    "RuleName",
    "EventType",
    "Message",
    "User",
)
TEXTS = st.lists(st.sampled_from(["a", "wmic", ".exe", "&amp;", "&", "-", "ß", "\\", " ", '"', "\n"]), max_size=4).map(
    "".join
)
GIVEN = TEXTS | st.none() | st.integers(0, 3) | st.lists(TEXTS, max_size=2)
ASKED = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(["", "|contains", "|endswith", "|startswith", "|re", "|exists"])
)
SOURCES = st.sampled_from([START, {"product": "windows", "service": "sysmon"}, {"product": "windows"}])


@st.composite
def raw_rules(draw: st.DrawFn) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for name, modifier in draw(st.lists(ASKED, min_size=1, max_size=2)):
        value: Any = draw(st.booleans() if modifier == "|exists" else TEXTS.filter(bool))
        items[name + modifier] = re.escape(value) if modifier == "|re" else value
    return rule("r", draw(SOURCES), draw(st.sampled_from(["a", "not a"])), **items)


@given(
    rules=st.lists(raw_rules(), min_size=1, max_size=4),
    given_fields=st.lists(st.dictionaries(st.sampled_from(NAMES[1:]), GIVEN), min_size=1, max_size=4),
    collector=st.booleans(),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_record_that_isnt_looked_at_is_no_rules_business(
    rules: list[dict[str, Any]], given_fields: list[dict[str, Any]], collector: bool
) -> None:
    more = {"SourceName": "Microsoft-Windows-Sysmon", "EventTime": "2026-01-01 12:00:00"} if collector else {}
    records = [
        record_of(
            {**fields, **more, "Channel": SYSMON, "EventID": 1, "Provider_Name": "Microsoft-Windows-Sysmon"},
            "f",
            number,
        )
        for number, fields in enumerate(given_fields, 1)
    ]
    matchers = [Matcher(each) for each in rules]
    expected = {
        (record.number, position)
        for record in records
        for position, matcher in enumerate(matchers)
        if (event := record_event(record, rules[position]["logsource"])) is not None and matcher.matches(event)
    }
    found, _ = hunt(Plan(asked(*rules), raw=True), records)
    assert {(each.place.records[0], position) for each in found for position in each.rules} == expected


def test_recorded_events_that_arent_looked_at_are_no_rules_business(corpus: Path) -> None:
    documents = [each.document for each in load_rules([corpus / "sigmahq" / "rules" / "windows"]).rules]
    plan = Plan(asked(*documents), raw=True)
    hunter = Hunter(plan)
    routes = Routes(documents, record_event, lambda record: (record.log, record.event_id, record.text("EventType")))
    records = [each for path in list(corpus_files(corpus))[::3] for each in corpus_records(path)[::15]]
    found = {
        (record.file, record.number, position)
        for record in records
        for each in hunter.hunt([record], 0, Account())
        for position in each.rules
    }
    assert found == {
        (record.file, record.number, position) for record in records for position, _ in routes.hits(record)
    }
    assert len(found) > 10
