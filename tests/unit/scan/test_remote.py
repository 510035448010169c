"""Hunting a tenant and a cluster: services of this machine that answer from the local engine."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from sigma_xdr.engine import KqlEngine, TenantEngine
from sigma_xdr.engine.limits import tenant_limits
from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.kql.compiler import compile_rules
from sigma_xdr.rules import load_rules, load_site_of
from sigma_xdr.scan.hits import Hit, HuntedRule
from sigma_xdr.scan.output import CsvTable, JsonLines
from sigma_xdr.scan.remote import HuntQuery, RemoteHunt, hunt_cluster, hunt_tenant
from sigma_xdr.scan.report import HuntReport
from tests.unit.engine.services import (
    ROOT,
    TOKEN,
    Credential,
    GraphService,
    Hours,
    KustoService,
    Row,
    error,
    graph_answer,
    knows_time_scopes,
    pack,
    serving,
)

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
END = START + timedelta(hours=1)
LONG_AGO, FAR_OFF = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ROWS = "DeviceProcessEvents | project Timestamp, DeviceId, ReportId, DeviceName, FileName, ProcessId"
FOREVER = replace(tenant_limits(), days=None)


def rule(name: str, level: str | None = "high") -> HuntedRule:
    return HuntedRule(None, f"Rule {name}", level, f"{name}.yml")


def query(kql: str = ROWS, window: timedelta | None = None) -> HuntQuery:
    return HuntQuery(kql, ("DeviceProcessEvents",), window)


def process(seconds: float, number: int, **columns: Any) -> Row:
    time = START + timedelta(seconds=seconds)
    return {"Timestamp": time, "DeviceId": "d", "ReportId": number, "ActionType": "ProcessCreated", **columns}


def tenant(service: GraphService, queries: Mapping[HuntedRule, HuntQuery], **options: Any) -> RemoteHunt:
    given = {"credential": Credential(), "limits": FOREVER, "clock": Hours().clock, **options}
    return hunt_tenant(queries, START, END, endpoint=service.url, **given)


@cache
def packs() -> dict[HuntedRule, HuntQuery]:
    """Every third rule of the pack, and its query. That all of them run is for the rules' own tests."""
    compiled = compile_rules(load_rules([ROOT / "sigma_rules"]), load_site_of([ROOT / "sigma_rules"]), check=False)[::3]
    return {
        HuntedRule(each.rule.id, each.rule.title, each.rule.level, each.rule.relative.as_posix()): HuntQuery(
            each.kql,
            each.tables,
            timedelta(minutes=10) if each.rule.kind == "correlation" else None,
        )
        for each in compiled
    }


def plainly(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The local engine's rows as hits have them, in an order of their own."""

    def value(each: Any) -> Any:
        return f"{each.isoformat()}Z" if isinstance(each, datetime) else each

    return sorted(
        json.dumps({name: value(each) for name, each in row.items() if each is not None and each != ""}) for row in rows
    )


def check_pack(hunt: RemoteHunt, tables: Mapping[str, list[Row]], where: str) -> None:
    local = KqlEngine(tables)
    found: dict[HuntedRule, list[Hit]] = {}
    for hit in hunt.hits():
        found.setdefault(hit.rule, []).append(hit)
    for each, asked in packs().items():
        hits = found.get(each, [])
        assert sorted(json.dumps(hit.row) for hit in hits) == plainly(local.run(asked.kql)), each.path
        assert [(hit.file, hit.record, hit.records) for hit in hits] == [
            (where, number, (number,)) for number in range(1, len(hits) + 1)
        ]
        assert [hit.timestamp for hit in hits] == [hit.row["Timestamp"] for hit in hits]
        assert {hit.table for hit in hits} <= {asked.tables[0]}
    assert list(found) == [each for each in packs() if each in found]
    assert sum(map(len, found.values())) == hunt.summary.account.hits > 100
    assert hunt.summary.account.incomplete == []
    assert hunt.summary.exit_code() == 0


def test_the_packs_rules_on_a_tenant_give_the_local_engines_rows() -> None:
    tables = pack()[1]
    with serving(GraphService(tables, calls_per_minute=1000)) as service:
        options = {"credential": Credential(), "limits": FOREVER, "clock": Hours().clock}
        hunt = hunt_tenant(packs(), LONG_AGO, FAR_OFF, endpoint=service.url, **options)
        check_pack(hunt, tables, "tenant")
    assert hunt.summary.account.asked == {"tenant, 1990-01-01T00:00:00Z to 2100-01-01T00:00:00Z": len(packs())}


def test_the_packs_rules_on_a_cluster_give_the_local_engines_rows() -> None:
    tables = pack()[1]
    with knows_time_scopes(), serving(KustoService(tables, scoped=True)) as service:
        hunt = hunt_cluster(f"{service.url}/", "memory", packs(), LONG_AGO, FAR_OFF, clock=Hours().clock)
        check_pack(hunt, tables, f"{service.url}/memory")


def test_a_hit() -> None:
    events = [
        process(5, 2, DeviceName="WKS01", FileName="b.exe", ProcessId=0),
        process(0.5, 1),
        process(0.5, 1, FileName="a.exe"),
        process(3601, 3),
    ]
    with serving(GraphService({"DeviceProcessEvents": events})) as service:
        hunt = tenant(service, {rule("a"): query()})
        hits = list(hunt.hits())
    first = {"Timestamp": "2026-01-01T12:00:00.500000Z", "DeviceId": "d", "ReportId": 1}
    second = {"Timestamp": "2026-01-01T12:00:05Z", "DeviceId": "d", "ReportId": 2, "DeviceName": "WKS01"}
    at = ("DeviceProcessEvents", "2026-01-01T12:00:00.500000Z", "d", "tenant")
    assert hits == [
        Hit(rule("a"), *at, 1, (1,), {**first, "FileName": "a.exe"}),
        Hit(rule("a"), *at, 2, (2,), first),
        Hit(
            rule("a"),
            "DeviceProcessEvents",
            "2026-01-01T12:00:05Z",
            "WKS01",
            "tenant",
            3,
            (3,),
            {**second, "FileName": "b.exe", "ProcessId": 0},
        ),
    ]
    assert hunt.summary.rules[rule("a")].devices == {"d", "wks01"}
    assert (hunt.summary.exit_code(), hunt.summary.exit_code("medium")) == (0, 1)


def test_rows_without_the_usual_columns_are_hits_too() -> None:
    kql = "DeviceProcessEvents | summarize Number = count(), Names = make_list(FileName), Last = max(Timestamp)"
    with serving(GraphService({"DeviceProcessEvents": [process(5, 2, FileName="b")]})) as service:
        [hit] = tenant(service, {rule("a"): query(kql)}).hits()
    assert (hit.timestamp, hit.device) == (None, "")
    assert hit.row == {"Number": 1, "Names": ["b"], "Last": "2026-01-01T12:00:05Z"}


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [150, 900, 960, 980, 990])
def test_data_that_is_nested_deeply_ends_nothing(depth: int) -> None:
    body = f'{{"schema": [{{"name": "A", "type": "Object"}}], "results": [{{"A": {nested(depth)}}}, {{"A": 1}}]}}'
    with serving(GraphService({})) as service:
        service.replies = [(200, {}, body.encode())]
        hunt = tenant(service, {rule("a"): query(), rule("b"): query("DeviceEvents")})
        hits = list(hunt.hits())
    lines = io.BytesIO()
    for hit in hits:
        JsonLines(lines).write(hit)
    assert len(lines.getvalue().splitlines()) == len(hits) == (0 if hunt.summary.account.incomplete else 2)
    assert hunt.summary.account.asked.total() == 2


def test_what_a_query_doesnt_give_is_told_by_its_rule() -> None:
    """One is refused, one gives too much for what it is, the others are asked all the same."""
    events = [process(600 * number, number) for number in range(6)]
    grouped = "DeviceProcessEvents | summarize count() by ReportId"
    queries = {rule("wrong"): query("DeviceProcessEvents | where ("), rule("much"): query(grouped), rule("a"): query()}
    service = GraphService({"DeviceProcessEvents": events}, rows=5)
    with serving(service):
        hunt = tenant(service, queries, limits=replace(FOREVER, rows=5))
        hits = list(hunt.hits())
    assert [hit.rule for hit in hits] == [rule("much")] * 5 + [rule("a")] * 6
    refused, much = hunt.summary.account.incomplete
    assert refused.message.startswith("Defender XDR refuses the query: the query doesn't parse: ")
    assert replace(refused, message="") == Diagnostic("engine", "", None, file="wrong.yml")
    assert much == Diagnostic(
        "engine",
        "2026-01-01T12:00:00Z/2026-01-01T13:00:00Z: the query gives 5 rows, as many as the service gives at once: there may be "
        "more",
        "make the query select less, or look at less time",
        file="much.yml",
    )
    assert hunt.summary.account.asked == {"tenant, 2026-01-01T12:00:00Z to 2026-01-01T13:00:00Z": 3}
    assert (hunt.summary.account.gone, hunt.summary.exit_code("low")) == (False, 2)


def test_a_correlation_is_asked_in_slices_of_its_window() -> None:
    name = "correlations/correlation_wmic_remote_node_burst"
    kql = (ROOT / "tests" / "golden" / f"{name}.kql").read_text("utf-8")
    line = "wmic.exe /node:srv01 os get caption"
    events = [
        process(1200 * slot + 120 + 5 * each, 100 * slot + each, FileName="wmic.exe", ProcessCommandLine=line)
        for slot in range(3)
        for each in range(12)
    ]
    for window, complete in ((timedelta(minutes=10), True), (None, False)):
        service = GraphService({"DeviceProcessEvents": events}, rows=2)
        with serving(service):
            hunt = tenant(service, {rule(name): query(kql, window)}, limits=replace(FOREVER, rows=2))
            hits = list(hunt.hits())
        assert (len(hits), hunt.summary.account.incomplete == []) == ((3, True) if complete else (2, False))


def test_what_was_found_before_the_service_is_gone_is_kept() -> None:
    service = GraphService({"DeviceProcessEvents": [process(1, 1)]}, rows=5)
    full = json.dumps(graph_answer([dict(process(number, number)) for number in range(5)])).encode()
    some = json.dumps(graph_answer([dict(process(1, 1))])).encode()
    service.replies = [(200, {}, some), (200, {}, full), (200, {}, some), error(403, "Forbidden", "no more")]
    with serving(service):
        queries = {rule(name): query() for name in ("whole", "part", "never", "neither")}
        hunt = tenant(service, queries, limits=replace(FOREVER, rows=5))
        hits = list(hunt.hits())
    assert [hit.rule for hit in hits] == [rule("whole"), rule("part")]
    gone = "the service was gone before the rule was asked"
    assert hunt.summary.account.incomplete == [
        Diagnostic(
            "engine",
            "2026-01-01T12:30:00Z/2026-01-01T13:00:00Z: Microsoft Graph refuses access: no more",
            "grant ThreatHunting.Read.All of Microsoft Graph, with an administrator's consent; a user also needs a role that "
            "may see the devices' data",
            file="part.yml",
        ),
        Diagnostic("not-asked", gone, file="never.yml"),
        Diagnostic("not-asked", gone, file="neither.yml"),
    ]
    assert (hunt.summary.account.gone, hunt.summary.exit_code("low")) == (True, 3)
    shown = io.StringIO()
    HuntReport(shown).account(hunt.summary)
    assert shown.getvalue().splitlines() == [
        "2 queries of tenant, 2026-01-01T12:00:00Z to 2026-01-01T13:00:00Z: 2 hits of 2 rules on 1 device",
        "3 rules are without a whole answer:",
        f"  {gone}: neither.yml, never.yml",
        "  2026-01-01T12:30:00Z/2026-01-01T13:00:00Z: Microsoft Graph refuses access: no more: part.yml",
        "    = grant ThreatHunting.Read.All of Microsoft Graph, with an administrator's consent; a user also needs a role that "
        "may see the devices' data",
    ]


def test_a_service_that_lets_nobody_in() -> None:
    service = GraphService({})
    service.replies = [error(403, "Forbidden", "Missing scopes")]
    with serving(service):
        hunt = tenant(service, {rule("a"): query(), rule("b"): query()})
        assert list(hunt.hits()) == []
    assert [(each.file, each.code) for each in hunt.summary.account.incomplete] == [
        ("a.yml", "engine"),
        ("b.yml", "not-asked"),
    ]
    assert (hunt.summary.account.asked.total(), hunt.summary.exit_code()) == (0, 3)


class Impatient(Credential):
    """Somebody presses Ctrl-C at the second query."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        if self.scopes:
            raise KeyboardInterrupt
        return super().get_token(*scopes, **options)


def test_whoever_interrupts_keeps_what_was_found() -> None:
    with serving(GraphService({"DeviceProcessEvents": [process(1, 1)]})) as service:
        queries = {rule("a"): query(), rule("b"): query(), rule("c"): query()}
        hunt = tenant(service, queries, credential=Impatient(lifetime=0))
        hits = list(hunt.hits())
    assert [hit.rule for hit in hits] == [rule("a")]
    ended = "the hunt was ended before the rule was asked"
    assert hunt.summary.account.incomplete == [
        Diagnostic("not-asked", ended, file="b.yml"),
        Diagnostic("not-asked", ended, file="c.yml"),
    ]
    assert hunt.summary.exit_code() == 130


def test_whoever_wants_no_more_hits_is_told_what_wasnt_asked() -> None:
    with serving(GraphService({"DeviceProcessEvents": [process(1, 1)]})) as service:
        hunt = tenant(service, {rule("a"): query(), rule("b"): query()})
        hits = hunt.hits()
        next(hits)
        hits.close()  # type: ignore[attr-defined]
    assert [each.file for each in hunt.summary.account.incomplete] == ["b.yml"]


@pytest.mark.parametrize(("days", "told"), [(30, 0), (31, 2)])
def test_a_time_that_the_service_doesnt_keep_is_told(days: int, told: int) -> None:
    with serving(GraphService({})) as service:
        engine = TenantEngine(Credential(), service.url)
        now = START + timedelta(days=days)
        hunt = RemoteHunt(engine, "tenant", {rule("a"): query(), rule("b"): query()}, START, END, now)
        assert list(hunt.hits()) == []
    message = "the service keeps the events of 30 days, not all those since 2026-01-01T12:00:00Z"
    assert (
        hunt.summary.account.incomplete
        == [
            Diagnostic("retention", message, file="a.yml"),
            Diagnostic("retention", message, file="b.yml"),
        ][:told]
    )


def test_a_time_that_ends_before_it_starts() -> None:
    with pytest.raises(UsageError, match="the time to look at ends before it starts"):
        hunt_tenant({}, END, START, credential=Credential())


def test_what_is_no_service() -> None:
    with pytest.raises(UsageError, match=r"'https://evil\.example' isn't Microsoft Graph"):
        hunt_tenant({}, START, END, endpoint="https://evil.example", credential=Credential())
    with pytest.raises(UsageError, match="'http://name' is no cluster's URL"):
        hunt_cluster("http://name", "db", {}, START, END)


def echo(handler: Any) -> None:
    """Repeats what was sent, wherever it can."""
    sent = handler.headers["Authorization"]
    content = json.dumps({"error": {"code": sent, "message": f"you sent {sent}"}}).encode()
    handler.send_response(handler.server.status, sent)
    for name, value in {"Location": f"https://x/{TOKEN}", "X-Sent": sent, "Content-Length": str(len(content))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
def test_no_token_is_ever_shown(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Not in hits, not in the report, not in a log, not in a repr: whatever the service sends back."""
    caplog.set_level(logging.DEBUG)
    service = GraphService({"DeviceProcessEvents": [process(1, 1)]})
    service.status = status  # type: ignore[attr-defined]
    found = graph_answer([dict(process(1, 1, FileName="x"))])
    replies: list[Callable[[Any], None] | tuple[int, Mapping[str, str], bytes]]
    replies = [(200, {}, json.dumps(found).encode()), *[echo] * 30]
    service.replies = replies  # type: ignore[assignment]
    with serving(service):
        hunt = tenant(service, {rule(name): query() for name in "abc"})
        lines, table, report = io.BytesIO(), io.BytesIO(), io.StringIO()
        writers = (JsonLines(lines), CsvTable(table))
        for hit in hunt.hits():
            for writer in writers:
                writer.write(hit)
        HuntReport(report, most=None).hits(hunt.summary)
        HuntReport(report, most=None).account(hunt.summary)
    shown = [lines.getvalue().decode(), table.getvalue().decode(), report.getvalue(), caplog.text, repr(hunt)]
    assert hunt.summary.account.incomplete
    assert '"FileName":"x"' in shown[0]
    assert [text for text in shown if TOKEN in text] == []
