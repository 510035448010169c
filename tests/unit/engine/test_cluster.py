"""A Kusto cluster, with Microsoft's own client, on duckdb-kql's server and on servers that are no cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.kusto.data._cloud_settings import CloudSettings

from sigma_xdr.engine import ClusterEngine, EngineError, KqlEngine, ServiceError
from sigma_xdr.engine.limits import cluster_limits
from sigma_xdr.errors import SigmaXdrError, UsageError
from tests.unit.engine.services import (
    Credential,
    GraphService,
    Hours,
    KustoService,
    Row,
    drip,
    gigabyte,
    hang,
    in_order,
    knows_time_scopes,
    pack,
    serving,
)

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUERY = "DeviceEvents | project Timestamp, ReportId"


def event(minutes: float, number: int) -> Row:
    return {"Timestamp": START + timedelta(minutes=minutes), "ReportId": number}


@pytest.fixture
def answers() -> Iterator[GraphService]:
    """A server that gives nothing but its ``replies``."""
    with serving(GraphService({})) as started:
        yield started


def cluster(service: Any, hours: Hours | None = None, **limits: Any) -> ClusterEngine:
    own = replace(cluster_limits(), **limits)
    return ClusterEngine(service.url, "memory", limits=own, clock=(hours or Hours()).clock)


def message(engine: ClusterEngine, kind: type[SigmaXdrError] = EngineError, kql: str = QUERY) -> tuple[str, str | None]:
    with engine, pytest.raises(kind) as caught:
        engine.run(kql)
    [diagnostic] = caught.value.diagnostics
    return diagnostic.message, diagnostic.hint


def test_the_packs_queries_give_the_local_engines_rows() -> None:
    queries, tables = pack()
    local = KqlEngine(tables)
    with serving(KustoService(tables)) as service, cluster(service) as engine:
        for name, kql in queries.items():
            expected = in_order(local.run(kql))
            assert expected, name
            assert in_order(engine.run(kql)) == expected, name


def test_values_are_the_local_engines() -> None:
    kql = (
        "DeviceEvents | project t = Timestamp, n = ProcessId, b = ReportId > 0, s = FileName, r = 1.5, d = 10m, "
        "l = pack_array(1, 'x'), g = bag_pack('a', 1)"
    )
    tables = {"DeviceEvents": [event(1, 7)]}
    with serving(KustoService(tables)) as service, cluster(service) as engine:
        assert engine.run(kql) == KqlEngine(tables).run(kql)


def test_a_time_is_chosen_by_the_requests_scope() -> None:
    tables = {"DeviceEvents": [event(1, 1), event(59, 2), event(61, 3)]}
    with knows_time_scopes(), serving(KustoService(tables, scoped=True)) as service, cluster(service) as engine:
        [(name, rows)] = engine.run_all({"q": QUERY}, START, START + timedelta(hours=1))
        assert len(engine.run(QUERY)) == 3
    assert name == "q"
    assert not isinstance(rows, EngineError)
    assert [row["ReportId"] for row in in_order(rows)] == [1, 2]
    assert service.spans == [("2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"), (None, None)]


def test_a_result_that_is_too_large_is_asked_in_slices_or_told() -> None:
    tables = {"DeviceEvents": [event(10 * number, number) for number in range(6)]}
    grouped = "DeviceEvents | summarize count() by ReportId"
    with knows_time_scopes(), serving(KustoService(tables, scoped=True, rows=4)) as service, cluster(service) as engine:
        results = list(engine.run_all({"each": QUERY, "grouped": grouped}, START, START + timedelta(hours=1)))
        what, hint = message(engine)
    assert [name for name, _ in results] == ["each", "grouped"]
    rows, problem = results[0][1], results[1][1]
    assert not isinstance(rows, EngineError)
    assert sorted(row["ReportId"] for row in rows) == [0, 1, 2, 3, 4, 5]
    assert isinstance(problem, EngineError)
    assert problem.diagnostics[0].message == (
        "2026-01-01T12:00:00Z/2026-01-01T13:00:00Z: the cluster doesn't give all rows: Query result set has exceeded the "
        "internal record count limit 4 (E_QUERY_RESULT_SET_TOO_LARGE)."
    )
    assert what.endswith("internal record count limit 4 (E_QUERY_RESULT_SET_TOO_LARGE).")
    assert hint == (
        "a cluster gives 500,000 rows and 64 MB unless it is set otherwise: make the query select less, or look at less time"
    )


def test_a_service_that_doesnt_look_at_the_scope_is_told() -> None:
    with serving(KustoService({"DeviceEvents": [event(1, 1), event(61, 3)]})) as service, cluster(service) as engine:
        results = engine.run_all({"q": QUERY}, START, START + timedelta(hours=1))
        with pytest.raises(
            ServiceError, match="the cluster gives rows of another time than 2026-01-01T12:00:00Z/2026-01-01T13"
        ):
            next(results)


def test_a_service_that_refuses_the_scope_is_told() -> None:
    with serving(KustoService({}, options=True)) as service, cluster(service) as engine:
        [(_, problem)] = engine.run_all({"q": QUERY}, START, START + timedelta(hours=1))
    assert isinstance(problem, EngineError)
    assert "query_datetimescope_column" in problem.diagnostics[0].message


def test_a_query_that_is_refused() -> None:
    with serving(KustoService({})) as service:
        what, _ = message(cluster(service), kql="DeviceEvents | where (")
        assert what.startswith("the cluster refuses the query: ")
        what, _ = message(cluster(service), kql=".drop table DeviceEvents")
        assert what.startswith("the cluster refuses the query: ")
        with ClusterEngine(service.url, "other") as engine, pytest.raises(EngineError) as caught:
            engine.run(QUERY)
    assert "does not exist" in caught.value.diagnostics[0].message


# ------------------------------------------------------------------------------------------------ answers by hand


def frames(rows: Any, level: int = 4, columns: Any = ({"ColumnName": "A", "ColumnType": "long"},)) -> bytes:
    """Kusto's second protocol: the result, and how the query ended."""
    result = {
        "TableKind": "PrimaryResult",
        "TableName": "PrimaryResult",
        "TableId": 1,
        "Columns": list(columns),
        "Rows": rows,
    }
    ended = {
        "TableKind": "QueryCompletionInformation", "TableName": "x", "TableId": 2, "Rows": [[level, "id", "it fell over"]],
        "Columns": [{"ColumnName": name, "ColumnType": "string"} for name in ("Level", "ClientRequestId", "Payload")],
    }  # fmt: skip
    return json.dumps([{"FrameType": "DataTable", **table} for table in (result, ended)]).encode()


def kusto_error(code: str, description: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "failed", "@message": description}}).encode()


def test_partial_results_are_no_result(answers: GraphService) -> None:
    row = {"OneApiErrors": [json.loads(kusto_error("LimitsExceeded", "HashJoin: out of memory (E_RUNAWAY_QUERY)."))]}
    answers.replies = [
        (200, {}, frames([[1]])),
        (200, {}, frames([[1], row])),
        (200, {}, frames([[1]], level=2)),
    ]
    with cluster(answers) as engine:
        assert engine.run(QUERY) == [{"A": 1}]
    assert (
        message(cluster(answers))[0] == "the cluster doesn't give all rows: HashJoin: out of memory (E_RUNAWAY_QUERY)."
    )
    assert message(cluster(answers))[0].endswith("CRID='id' Description:'it fell over'")


def test_access_that_is_refused_names_the_role(answers: GraphService) -> None:
    answers.replies = [(403, {}, kusto_error("Forbidden", "Principal 'x' is not authorized")), (401, {}, b"{}")]
    expected = "the role Database Viewer of memory is needed"
    what = "the cluster refuses access: Principal 'x' is not authorized"
    assert message(cluster(answers), ServiceError) == (what, expected)
    what = "the cluster refuses access: 401. Missing adequate access rights."
    assert message(cluster(answers), ServiceError) == (what, expected)


def test_a_busy_cluster_is_asked_again(answers: GraphService) -> None:
    hours = Hours()
    answers.replies = [(429, {"Retry-After": "9"}, b"{}"), (429, {}, b"{}"), (200, {}, frames([[1]]))]
    with cluster(answers, hours) as engine:
        assert engine.run(QUERY) == [{"A": 1}]
    assert hours.slept == [9, 30]
    answers.replies = [(429, {}, b"{}")] * 9
    assert message(cluster(answers))[0] == "the cluster takes no more queries for now"


def test_a_cluster_that_fails_is_asked_again(answers: GraphService) -> None:
    hours = Hours()
    failed = (503, {}, kusto_error("ServiceUnavailable", "not now"))
    answers.replies = [failed, (502, {}, b"<html>"), (200, {}, frames([[1]]))]
    with cluster(answers, hours) as engine:
        assert engine.run(QUERY) == [{"A": 1}]
    assert hours.slept == [1, 2]
    answers.replies = [failed] * 9
    assert message(cluster(answers))[0] == "the cluster refuses the query: not now"


def test_a_redirect_is_not_followed(answers: GraphService) -> None:
    answers.replies = [(302, {"Location": "http://127.0.0.1:1/"}, b"{}")]
    what, _ = message(cluster(answers), ServiceError)
    assert what == f"{answers.url} redirects elsewhere; a token isn't sent there"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'[{"FrameType": "Da', "it isn't what Kusto's protocol says"),
        (b"{}", "it isn't what Kusto's protocol says"),
        (b"[]", "it isn't what Kusto's protocol says"),
        (b"[1]", "it isn't what Kusto's protocol says"),
        (b"[" * 100_000, "it isn't what Kusto's protocol says"),
        (b"", "it isn't what Kusto's protocol says"),
        (b"<html>", "it isn't what Kusto's protocol says"),
        (frames("x"), "its rows are no list"),
        (frames([[1, 2]]), "row 1 doesn't have its columns"),
        (frames([["x"]]), "row 1: A is no long: 'x'"),
        (
            frames([], columns=[{"ColumnName": 5, "ColumnType": 6}]),
            "its columns are no list of different names with types",
        ),
    ],
)
def test_an_answer_of_another_shape(answers: GraphService, content: bytes, what: str) -> None:
    answers.replies = [(200, {}, content)]
    assert message(cluster(answers))[0] == f"the service's answer can't be read: {what}"


def test_what_doesnt_end_is_ended(answers: GraphService) -> None:
    answers.replies = [gigabyte]
    assert message(cluster(answers))[0] == "the answer is longer than the 128 MB that are read"
    short = {"query_seconds": 0.2, "slack_seconds": 0.1}
    answers.replies = [drip]
    assert message(cluster(answers, **short))[0] == "the answer takes longer than a query may"
    answers.replies = [hang] * 9
    assert "Read timed out" in message(cluster(answers, **short), ServiceError)[0]


def test_also_what_the_client_asks_without_a_time_has_one(answers: GraphService) -> None:
    """It asks a cluster for its login so."""
    answers.replies = [hang]
    with (
        cluster(answers, query_seconds=0.2, slack_seconds=0.1) as engine,
        pytest.raises(OSError, match="Read timed out"),
    ):
        engine._client._session.post(answers.url, data=b"")


# -------------------------------------------------------------------------------------------------------- the call


def test_nobody_there() -> None:
    with serving(GraphService({})) as gone:
        pass
    hours = Hours()
    what, _ = message(cluster(gone, hours), ServiceError)
    assert what.startswith(f"{gone.url} can't be asked: ")
    assert "[Errno 111] Connection refused" in what
    assert hours.slept == [1, 2]


@pytest.mark.parametrize(
    "url",
    [
        "http://name.kusto.windows.net", "https://a;AAD User ID=x;Password=y", "https://user@name.kusto.windows.net", "name",
        "https://", "https://name.kusto.windows.net?x=y", "https://[::1", "ftp://name", "https://a\nb", "https://a'b",
    ],
)  # fmt: skip
def test_what_is_no_clusters_url(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        ClusterEngine(url, "db")
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.hint) == (
        f"{url!r} is no cluster's URL",
        "write it as https://name.region.kusto.windows.net",
    )


def public_cloud(url: str) -> None:
    """What a host says of its cloud is known, so that it isn't asked."""
    CloudSettings.add_to_cache(url, CloudSettings.DEFAULT_CLOUD)


def test_a_host_that_microsoft_doesnt_list_gets_no_token() -> None:
    public_cloud("https://kusto.evil.example")
    credential = Credential()
    engine = ClusterEngine("https://kusto.evil.example", "db", credential, clock=Hours().clock)
    what, _ = message(engine, ServiceError)
    assert what == "kusto.evil.example is no host that Microsoft lists for Kusto: it gets no token"
    assert credential.scopes == []


def test_where_there_is_no_token() -> None:
    class Nobody(Credential):
        def get_token(self, *scopes: str, **_: Any) -> Any:
            raise ValueError("nobody is signed in\nand more")

    public_cloud("https://name.kusto.windows.net")
    engine = ClusterEngine("https://name.kusto.windows.net", "db", Nobody(), clock=Hours().clock)
    what, hint = message(engine, ServiceError)
    assert what == "no token for https://name.kusto.windows.net: nobody is signed in"
    assert hint is not None
    assert "az login" in hint


def test_its_repr_holds_no_secret() -> None:
    with ClusterEngine("https://name.kusto.windows.net/", "db", Credential()) as engine:
        assert repr(engine) == "ClusterEngine('https://name.kusto.windows.net', 'db')"
