"""Advanced hunting through Microsoft Graph, on a service of this machine that keeps to what is documented of it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from sigma_xdr.engine import EngineError, KqlEngine, ServiceError, TenantEngine
from sigma_xdr.engine.limits import tenant_limits
from sigma_xdr.engine.pacing import Clock
from sigma_xdr.errors import SigmaXdrError, UsageError
from tests.unit.engine.services import (
    TOKEN,
    Credential,
    GraphService,
    Hours,
    Reply,
    drip,
    error,
    gigabyte,
    hang,
    in_order,
    pack,
    serving,
)

QUERY = "DeviceEvents | project ReportId, FileName"


@pytest.fixture
def service() -> Iterator[GraphService]:
    with serving(GraphService({"DeviceEvents": [{"Timestamp": "2026-01-01T12:00:00Z", "ReportId": 7}]})) as started:
        yield started


def tenant(service: GraphService, credential: Any = None, clock: Clock | None = None, **limits: Any) -> TenantEngine:
    own = replace(tenant_limits(), **limits)
    return TenantEngine(credential or Credential(), service.url, limits=own, clock=clock or Hours().clock)


def run(engine: TenantEngine) -> list[dict[str, Any]]:
    with engine:
        return engine.run(QUERY)


def message(engine: TenantEngine, kind: type[SigmaXdrError] = EngineError) -> tuple[str, str | None]:
    with engine, pytest.raises(kind) as caught:
        engine.run(QUERY)
    assert type(caught.value) is kind or kind is EngineError
    [diagnostic] = caught.value.diagnostics
    return diagnostic.message, diagnostic.hint


def test_the_packs_queries_give_the_local_engines_rows() -> None:
    queries, tables = pack()
    local = KqlEngine(tables)
    with serving(GraphService(tables)) as service, tenant(service) as engine:
        for name, kql in list(queries.items())[::2]:  # a tenant takes 45 queries a minute
            expected = in_order(local.run(kql))
            assert expected, name
            assert in_order(engine.run(kql)) == expected, name


def test_what_is_sent(service: GraphService) -> None:
    credential = Credential()
    with tenant(service, credential) as engine:
        assert engine.run(QUERY) == [{"ReportId": 7, "FileName": ""}]
        assert engine.run("DeviceEvents | where FileName == 'ä\ud800' | count") == [{"Count": 0}]
    assert service.calls[0] == {"Query": QUERY}
    assert credential.scopes == [f"{service.url}/.default"]


def test_the_names_of_a_schema_may_be_capital(service: GraphService) -> None:
    """So are those of an example in Microsoft's documentation."""
    body = {"schema": [{"Name": "A", "Type": "Int64"}], "results": [{"A": 1}]}
    service.replies = [(200, {}, json.dumps(body).encode())]
    assert run(tenant(service)) == [{"A": 1}]


# ------------------------------------------------------------------------------------------------------- the token


def test_a_token_is_kept_until_it_is_about_to_end(service: GraphService) -> None:
    lasting, ending = Credential(), Credential(lifetime=200)
    for credential, asked in ((lasting, 1), (ending, 2)):
        with tenant(service, credential) as engine:
            engine.run(QUERY)
            engine.run(QUERY)
        assert len(credential.scopes) == asked


def test_a_token_that_isnt_taken_is_renewed_once(service: GraphService) -> None:
    with tenant(service, Credential(["old", TOKEN])) as engine:
        assert len(engine.run(QUERY)) == 1
    what, hint = message(tenant(service, Credential(["old", "older"])), ServiceError)
    assert what == "Microsoft Graph doesn't take the token: Access token has expired or is not yet valid."
    assert hint is not None
    assert "ThreatHunting.Read.All" in hint


def test_where_there_is_no_token(service: GraphService) -> None:
    class Nobody(Credential):
        def get_token(self, *scopes: str, **_: Any) -> Any:
            raise ClientAuthenticationError(
                "DefaultAzureCredential failed to retrieve a token.\nAttempted credentials: …"
            )

    what, hint = message(tenant(service, Nobody()), ServiceError)
    assert what == f"no token for {service.url}/.default: DefaultAzureCredential failed to retrieve a token."
    assert hint is not None
    assert "az login" in hint
    assert service.calls == []


@pytest.mark.parametrize("token", ["", "two\nlines", "eurö", "nul\0"])
def test_what_is_no_token_is_not_sent(service: GraphService, token: str) -> None:
    what, _ = message(tenant(service, Credential([token])), ServiceError)
    assert what == f"what is given as a token for {service.url}/.default isn't one"


def echo(status: int, **headers: str) -> Reply:
    return error(status, f"code {TOKEN}", f"you sent Bearer {TOKEN}", headers)


def echo_in_the_status_line(handler: Any) -> None:
    handler.send_response(500, handler.headers["Authorization"])
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def garbage(handler: Any) -> None:
    handler.wfile.write(f"HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n".encode())
    handler.close_connection = True


@pytest.mark.parametrize(
    "reply",
    [
        echo(400),
        echo(403),
        echo(404),
        echo(500),
        echo(429),
        echo(302, Location=f"https://x/{TOKEN}"),
        echo_in_the_status_line,
        garbage,
    ],
)
def test_no_token_is_ever_shown(
    service: GraphService, reply: Reply | Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Even where a server repeats it, and with all logs on."""
    caplog.set_level(logging.DEBUG)
    service.replies = [reply] * 10
    with tenant(service) as engine, pytest.raises(EngineError) as caught:
        engine.run(QUERY)
    shown = [str(caught.value), repr(caught.value), repr(engine), repr(vars(engine)), repr(engine._token), caplog.text]
    assert [text for text in shown if TOKEN in text] == []
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_token_that_was_renewed_is_shown(service: GraphService) -> None:
    service.replies = [
        error(401, "InvalidAuthenticationToken", "expired"),
        error(400, "BadRequest", "first, then other"),
    ]
    what, _ = message(tenant(service, Credential(["first", "other"])))
    assert what == "Defender XDR refuses the query: [token], then [token]"


# ----------------------------------------------------------------------------------------------------------- errors


def test_a_query_that_is_refused(service: GraphService) -> None:
    service.replies = [
        error(400, "BadRequest", "'project' operator: Failed to resolve scalar expression named 'x'"),
        error(400, "BadRequest", "'where' operator: Failed to resolve table or column expression named 'DeviceX'"),
    ]
    assert message(tenant(service)) == (
        "Defender XDR refuses the query: 'project' operator: Failed to resolve scalar expression named 'x'",
        None,
    )
    assert message(tenant(service))[1] == "the tenant's licences decide which tables it has"


def test_access_that_is_refused_names_the_permission(service: GraphService) -> None:
    service.replies = [
        error(403, "Forbidden", "Missing application scopes. API required scopes: ThreatHunting.Read.All")
    ]
    assert message(tenant(service), ServiceError) == (
        "Microsoft Graph refuses access: Missing application scopes. API required scopes: ThreatHunting.Read.All",
        "grant ThreatHunting.Read.All of Microsoft Graph, with an administrator's consent; a user also needs a role that may "
        "see the devices' data",
    )


def test_a_busy_service_is_asked_again_when_it_says(service: GraphService) -> None:
    hours = Hours()
    service.replies = [
        error(429, "TooManyRequests", "wait", {"Retry-After": "37"}),
        error(503, "ServiceUnavailable", "wait", {"Retry-After": "5"}),
        error(502, "BadGateway", ""),
        (500, {}, b"<html>no JSON</html>"),
    ]
    assert len(run(tenant(service, clock=hours.clock))) == 1
    assert hours.slept == [37, 5, 4, 8]


def test_patience_with_a_service_ends(service: GraphService) -> None:
    hours = Hours()
    said = "You have exceeded processing resources allocated to this tenant. You can run queries again in 9 minutes."
    service.replies = [error(429, "TooManyRequests", said)] * 10
    assert message(tenant(service, clock=hours.clock)) == (
        f"Microsoft Graph takes no more queries for now: {said}",
        "the tenant's quota is filled again within 15 minutes",
    )
    assert sum(hours.slept) == 15 * 60 + 45
    service.replies = [error(429, "TooManyRequests", said, {"Retry-After": "1000000"})]
    hours = Hours()
    message(tenant(service, clock=hours.clock))
    assert hours.slept == []


def test_no_more_calls_a_minute_than_allowed(service: GraphService) -> None:
    hours = Hours()
    service.clock, service.calls_per_minute = hours.clock.seconds, 5
    with tenant(service, clock=hours.clock, calls_per_minute=5) as engine:
        for _ in range(12):
            engine.run(QUERY)
    assert len(service.calls) == 12
    assert hours.slept == [60, 60]


def test_the_row_limit_is_told(service: GraphService) -> None:
    assert message(tenant(service, rows=1)) == (
        "the query gives 1 rows, as many as the service gives at once: there may be more",
        "make the query select less, or look at less time",
    )


@pytest.mark.parametrize(
    "reply",
    [
        error(400, "BadRequest", "Query execution has exceeded the allowed result size. Optimize your query."),
        error(500, "InternalServerError", "Query exceeded the timeout period."),
    ],
)
def test_a_query_that_asks_for_too_much_is_not_asked_again(service: GraphService, reply: Reply) -> None:
    service.replies = [reply]
    what, _ = message(tenant(service))
    assert what.startswith("Microsoft Graph gives up: Query ex")
    assert service.replies == []


# ---------------------------------------------------------------------------------------------------- hostile servers


def test_a_redirect_is_not_followed(service: GraphService) -> None:
    elsewhere = GraphService({})
    with serving(elsewhere):
        for status in (301, 302, 307, 308):
            service.replies = [(status, {"Location": f"{elsewhere.url}/v1.0/security/runHuntingQuery"}, b"")]
            what, _ = message(tenant(service), ServiceError)
            assert what == (
                f"Microsoft Graph redirects to {elsewhere.url}/v1.0/security/runHuntingQuery; a token isn't sent there"
            )
    assert elsewhere.calls == []


def test_an_answer_of_a_gigabyte_is_not_read(service: GraphService) -> None:
    service.replies = [gigabyte]
    assert message(tenant(service))[0] == "the answer is longer than the 128 MB that are read"


def test_a_service_that_hangs_or_drips_is_left(service: GraphService) -> None:
    short = {"query_seconds": 0.2, "slack_seconds": 0.1}
    service.replies = [hang, drip]
    assert message(tenant(service, **short))[0] == "Microsoft Graph didn't answer within 0.3 s"
    assert message(tenant(service, **short))[0] == "the answer takes longer than a query may"


def cut(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"schema": [')
    handler.close_connection = True


def test_an_answer_that_is_cut_off_is_asked_for_again(service: GraphService) -> None:
    service.replies = [cut, cut]
    assert len(run(tenant(service))) == 1
    service.replies = [cut] * 3
    what, _ = message(tenant(service), ServiceError)
    assert what.startswith(
        f"{service.url} can't be asked: peer closed connection without sending complete message body"
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"schema": [], "resul', "it isn't whole JSON"),
        (b"", "it isn't whole JSON"),
        (b"\xff\xfe\x00", "it isn't whole JSON"),
        (b"[" * 100_000, "it isn't whole JSON"),
        (b"[]", "it has no schema and results"),
        (b'{"schema": [1], "results": []}', "it has no schema and results"),
        (b'{"schema": 5, "results": []}', "it has no schema and results"),
        (b'{"schema": [{"name": null, "type": []}], "results": []}', "its columns are no list of different names with types"),
        (b'{"schema": [{"name": "A", "type": "Int64"}], "results": "x"}', "its rows are no list"),
        (b'{"schema": [{"name": "A", "type": "Int64"}], "results": [{"A": "\\u001b[2J"}]}', "row 1: A is no Int64: '\\x1b[2J'"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape(service: GraphService, content: bytes, what: str) -> None:
    service.replies = [(200, {}, content)]
    assert message(tenant(service))[0] == f"the service's answer can't be read: {what}"


def test_content_that_isnt_compressed_as_it_says(service: GraphService) -> None:
    service.replies = [(200, {"Content-Encoding": "gzip"}, b"not gzip")]
    assert message(tenant(service), ServiceError)[0] == f"{service.url} can't be asked: DecodingError"


def test_nobody_there() -> None:
    with serving(GraphService({})) as gone:
        url = gone.url
    hours = Hours()
    what, _ = message(TenantEngine(Credential(), url, clock=hours.clock), ServiceError)
    assert what == f"{url} can't be asked: [Errno 111] Connection refused"
    assert hours.slept == [1, 2]


# -------------------------------------------------------------------------------------------------------- the call


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://graph.microsoft.com.evil.com", "http://graph.microsoft.com", "https://evil.com", "graph.microsoft.com",
        "https://graph.microsoft.com@evil.com", "https://a@127.0.0.1", "https://graph.microsoft.com/beta", "",
        "https://graph.microsoft.com?x", "https://[::1", "https://graph.microsoft.com:8443",
    ],
)  # fmt: skip
def test_a_token_goes_to_graph_alone(endpoint: str) -> None:
    with pytest.raises(UsageError) as caught:
        TenantEngine(Credential(), endpoint)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.message == f"{endpoint!r} isn't Microsoft Graph"
    assert diagnostic.hint == (
        "it is one of https://graph.microsoft.com, https://graph.microsoft.us, https://dod-graph.microsoft.us"
    )


def test_graph_is_what_is_asked_by_default() -> None:
    with TenantEngine(Credential()) as engine:
        assert repr(engine) == "TenantEngine('https://graph.microsoft.com')"
    with TenantEngine(Credential(), "https://graph.microsoft.us/") as engine:
        assert repr(engine) == "TenantEngine('https://graph.microsoft.us')"


@pytest.mark.parametrize(("engine", "library"), [("TenantEngine", "httpx"), ("ClusterEngine", "azure.kusto")])
def test_a_library_that_isnt_installed_is_named(engine: str, library: str) -> None:
    """And nothing else of the room needs it."""
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "import sigma_xdr.engine as room\n"
        "assert not {'httpx', 'azure'} & set(sys.modules) - {'httpx' if sys.modules.get('httpx', 0) is None else ''}\n"
        "from sigma_xdr.errors import UsageError\n"
        f"try: room.{engine}\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith(f"error[usage]: {engine} needs {library}")
    assert second == "  = pip install sigma-xdr[remote]"
