"""Services on this machine: Microsoft Graph's hunting as its documentation says, and duckdb-kql's Kusto server."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import duckdb_kql
from azure.core.credentials import AccessToken
from duckdb_kql.options import OPTION_SUPPORT, OptionSupport
from duckdb_kql.server import KustoRestServer, Result, _Handler

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.engine.functions import add_functions
from sigma_xdr.engine.pacing import Clock
from sigma_xdr.engine.rows import column_lists
from sigma_xdr.schema import ColumnType, xdr_schema
from sigma_xdr.testing.suite import load_suite

Row = Mapping[str, Any]
S = TypeVar("S", bound=ThreadingHTTPServer)
Tables = Mapping[str, Iterable[Row]]
TOKEN = "eyJ0eXAi.this-is-the-token.nobody-may-see-it"
ROOT = Path(__file__).parents[3]


@dataclass
class Credential:
    """One of azure-identity's, as far as it is asked."""

    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    lifetime: float = 3600
    scopes: list[str] = field(default_factory=list)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        token = self.tokens[min(len(self.scopes), len(self.tokens)) - 1]
        return AccessToken(token, int(datetime.now(UTC).timestamp() + self.lifetime))

    def close(self) -> None:
        """Nothing is open."""


class Hours:
    """A clock that sleeps without taking time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


# ------------------------------------------------------------------------------------------------------------- Graph

Reply = tuple[int, Mapping[str, str], bytes]


class GraphService(ThreadingHTTPServer):
    """``POST /v1.0/security/runHuntingQuery``: what Microsoft documents of it, answered by the local engine.

    ``replies`` are given first, whatever is asked. ``closed`` says whether a Timespan's end belongs to it, which isn't
    documented. ``calls`` are the bodies that came.
    """

    daemon_threads = True

    def __init__(self, tables: Tables, *, rows: int = 100_000, calls_per_minute: int = 45, closed: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Graph)
        self.tables = {name: list(rows) for name, rows in tables.items()}
        self.rows = rows
        self.calls_per_minute = calls_per_minute
        self.closed = closed
        self.ended = threading.Event()
        self.token = TOKEN
        self.replies: list[Reply | Callable[[_Graph], None]] = []
        self.calls: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.clock: Callable[[], float] = lambda: 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def server_close(self) -> None:
        self.ended.set()
        super().server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        if handler.path != "/v1.0/security/runHuntingQuery":
            return error(404, "ResourceNotFound", "no such resource")
        if handler.headers["Authorization"] != f"Bearer {self.token}":
            return error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        self.times = [each for each in self.times if each > self.clock() - 60]
        if len(self.times) >= self.calls_per_minute:
            wait = str(int(self.times[0] + 60 - self.clock()) + 1)
            return error(429, "TooManyRequests", "Too many requests", {"Retry-After": wait})
        self.times.append(self.clock())
        asked = json.loads(body)
        self.calls.append(asked)
        typed = handler.headers["Content-Type"] == "application/json; charset=utf-8"
        if not typed or not isinstance(asked.get("Query"), str) or set(asked) - {"Query", "Timespan"}:
            return error(400, "BadRequest", "Invalid request body.")
        with KqlEngine(
            {name: list(self._within(rows, asked.get("Timespan"))) for name, rows in self.tables.items()}
        ) as engine:
            try:
                rows = engine.run(asked["Query"])
            except EngineError as refused:
                return error(400, "BadRequest", refused.diagnostics[0].message)
        return 200, {}, json.dumps(graph_answer(rows[: self.rows])).encode()

    def _within(self, rows: Iterable[Row], timespan: str | None) -> Iterator[Row]:
        start, end = (datetime.fromisoformat(text) for text in (timespan or "0001-01-01T00Z/9999-12-31T00Z").split("/"))
        for row in rows:
            time = as_time(row["Timestamp"])
            if start <= time < end or (self.closed and time == end):
                yield row


class _Graph(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GraphService

    def log_message(self, *arguments: Any) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        reply = self.server.replies.pop(0) if self.server.replies else self.server.answer(self, body)
        if callable(reply):
            reply(self)
            return
        status, headers, content = reply
        self.send_response(status)
        if "gzip" in self.headers.get("Accept-Encoding", "") and status == 200 and "Content-Encoding" not in headers:
            headers, content = {**headers, "Content-Encoding": "gzip"}, gzip.compress(content, 1)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error as Microsoft Graph writes it."""
    return status, headers or {}, json.dumps({"error": {"code": code, "message": message, "innerError": {}}}).encode()


def gigabyte(handler: Any) -> None:
    """An answer of a gigabyte, as far as it is read."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1024**3))
    handler.end_headers()
    try:
        for _ in range(1024):
            handler.wfile.write(b" " * 1024**2)
    except OSError:
        handler.close_connection = True


def drip(handler: Any) -> None:
    """An answer that comes in small pieces, and doesn't end."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1024**3))
    handler.end_headers()
    try:
        while not handler.server.ended.wait(0.05):
            handler.wfile.write(b" " * 20_000)
    except OSError:
        pass
    handler.close_connection = True


def hang(handler: Any) -> None:
    """No answer at all."""
    handler.close_connection = True
    handler.server.ended.wait()


_NAMES = {
    ColumnType.BOOL: "SByte",
    ColumnType.DATETIME: "DateTime",
    ColumnType.DYNAMIC: "Object",
    ColumnType.INT: "Int32",
    ColumnType.LONG: "Int64",
    ColumnType.REAL: "Double",
    ColumnType.STRING: "String",
}


def graph_answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The local engine's rows as Microsoft Graph's huntingQueryResults, with OData's annotations, and without nulls."""
    known = {
        name: _NAMES[column.type] for table in xdr_schema().tables.values() for name, column in table.columns.items()
    }
    by_value = {datetime: "DateTime", str: "String", bool: "SByte", int: "Int64", float: "Double"}
    names = list(rows[0]) if rows else []
    kinds = {
        name: next(
            (by_value.get(type(row[name]), "Object") for row in rows if row[name] is not None),
            known.get(name, "Object"),
        )
        for name in names
    }
    results = []
    for row in rows:
        wire: dict[str, Any] = {}
        for name, value in row.items():
            if value is None:
                continue
            if kinds[name] in ("Int64", "SByte"):
                wire[f"{name}@odata.type"] = f"#{kinds[name]}"
            wire[name] = f"{value.isoformat()}{'' if value.tzinfo else 'Z'}" if isinstance(value, datetime) else value
        results.append(wire)
    return {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
        "schema": [{"name": name, "type": kinds[name]} for name in names],
        "results": results,
    }


# ------------------------------------------------------------------------------------------------------------- Kusto


class KustoService(KustoRestServer):
    """duckdb-kql's server, over tables of Defender XDR.

    It doesn't see the options of a request as Microsoft's client sends them, JSON in JSON: ``options`` lets it. It then
    refuses Kusto's time scope; ``scoped`` teaches it: a table shows its rows of that time alone, and ``spans`` are those that
    were asked for. ``rows`` is Kusto's limit of records.
    """

    def __init__(self, tables: Tables, *, options: bool = False, scoped: bool = False, rows: int = 500_000) -> None:
        connection = duckdb_kql.connect(":memory:")
        add_functions(connection)
        super().__init__(connection, port=0, quiet=True)
        if options or scoped:
            self.RequestHandlerClass = _WithOptions
        self.scoped = scoped
        self.rows = rows
        self.spans: list[tuple[Any, Any]] = []
        for name in {*tables, *TABLES}:
            table = xdr_schema().table(name)
            types = ", ".join(f'"{column.name}" {_SQL[column.type]}' for column in table.columns.values())
            connection.execute(f'CREATE TABLE "all {name}" ({types})')
            connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM "all {name}"')
            lists = column_lists(table, list(tables.get(name, ())), 1)
            if lists:
                columns = ", ".join(f'"{column.name}"' for column in lists)
                values = ", ".join("unnest(?)" for _ in lists)
                connection.execute(f'INSERT INTO "all {name}" ({columns}) SELECT {values}', list(lists.values()))

    def server_close(self) -> None:
        super().server_close()
        self._con.close()

    def run(
        self,
        csl: str,
        parameters: dict[str, Any] | None = None,
        database: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> Result:
        if self.scoped:
            given = options or {}
            span = given.get("query_datetimescope_from"), given.get("query_datetimescope_to")
            self.spans.append(span)
            within = (
                f"WHERE {given['query_datetimescope_column']} BETWEEN '{span[0]}' AND '{span[1]}'" if span[0] else ""
            )
            with self._lock:
                for name in TABLES:
                    self._con.execute(f'CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM "all {name}" {within}')
        result = super().run(csl, parameters, database, {k: v for k, v in (options or {}).items() if "scope" not in k})
        if len(result.rows) > self.rows:
            code = "E_QUERY_RESULT_SET_TOO_LARGE"
            raise ValueError(f"Query result set has exceeded the internal record count limit {self.rows} ({code}).")
        return result


class _WithOptions(_Handler):
    """Unpacks a request's properties."""

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body["properties"] = json.loads(body.get("properties", "{}"))
        content = json.dumps(body).encode()
        self.headers.replace_header("Content-Length", str(len(content)))
        rest, self.rfile = self.rfile, BytesIO(content)
        super().do_POST()
        self.rfile = rest


TABLES = ("DeviceEvents", "DeviceImageLoadEvents", "DeviceNetworkEvents", "DeviceProcessEvents", "DeviceRegistryEvents")
_SQL = {
    ColumnType.BOOL: "BOOLEAN",
    ColumnType.DATETIME: "TIMESTAMP",
    ColumnType.DYNAMIC: "JSON",
    ColumnType.INT: "INTEGER",
    ColumnType.LONG: "BIGINT",
    ColumnType.REAL: "DOUBLE",
    ColumnType.STRING: "VARCHAR NOT NULL DEFAULT ''",
}


@contextmanager
def knows_time_scopes() -> Iterator[None]:
    """Lets duckdb-kql's server take the options that :class:`KustoService` acts on."""
    names = [f"query_datetimescope_{part}" for part in ("column", "from", "to")]
    before = {name: OPTION_SUPPORT[name] for name in names}
    OPTION_SUPPORT.update(dict.fromkeys(names, (OptionSupport.IMPLEMENTED, "")))
    try:
        yield
    finally:
        OPTION_SUPPORT.update(before)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """A server that serves in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# -------------------------------------------------------------------------------------------------------------- rows


def as_time(value: Any) -> datetime:
    """A time with its offset."""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@cache
def pack() -> tuple[dict[str, str], dict[str, list[Row]]]:
    """Queries of the pack by rule, and the rows of their tests' cases: every eighth rule, and every fourth correlation."""
    queries: dict[str, str] = {}
    tables: dict[str, list[Row]] = {name: [] for name in xdr_schema().tables if name.startswith("Device")}
    tests = load_suite([ROOT / "sigma_rules"], ROOT / "tests" / "rules").tests
    single, correlations = (
        [test for test in tests if (test.rule.kind == "correlation") is kind] for kind in (False, True)
    )
    for test in (*single[::8], *correlations[::4]):
        queries[test.name] = test.subject(test.file.cases[0]).compiled.kql
        for case in test.file.cases:
            for trial in test.trials(case):
                for row in trial.rows:
                    tables[row.table].append(row.columns)
    return queries, tables


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows in an order that depends on nothing but themselves."""
    return sorted(rows, key=lambda row: json.dumps(row, default=str))
