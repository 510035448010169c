"""A Kusto cluster: Azure Data Explorer, Fabric, Log Analytics, through Microsoft's own client, PyPI ``azure-kusto-data``.

The client finds the login and the token's audience by asking the cluster, follows no redirect, and gives a token only to hosts that
Microsoft lists. It would read an answer of any length, and wait for ever for the first one: ``_Bounds`` ends both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from azure.identity import DefaultAzureCredential
from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.client import HTTPAdapterWithSocketOptions
from azure.kusto.data.exceptions import (
    KustoAuthenticationError,
    KustoClientInvalidConnectionStringException,
    KustoError,
    KustoNetworkError,
    KustoServiceError,
    KustoThrottlingError,
)

from sigma_xdr.engine.answers import Answer, typed_answer
from sigma_xdr.engine.limits import Limits, cluster_limits
from sigma_xdr.engine.pacing import Clock, Patience, retry_after
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.remote import RemoteEngine, is_loopback
from sigma_xdr.engine.service import ServiceError, TooMuch, one_line
from sigma_xdr.engine.slices import Span
from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["ClusterEngine"]


class ClusterEngine(RemoteEngine):
    """Runs queries on a database of a cluster.

    ``url`` is the cluster's (``https://name.region.kusto.windows.net``, or ``https://ade.loganalytics.io/subscriptions/…``),
    ``credential`` one of azure-identity's (default: DefaultAzureCredential), ``time_column`` the column that :meth:`run_all`
    chooses the time by. Without encryption only this machine itself is talked to, and without a token. Raises UsageError for
    a URL that isn't a cluster's.
    """

    def __init__(
        self,
        url: str,
        database: str,
        credential: Any = None,
        *,
        time_column: str = "Timestamp",
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(limits or cluster_limits())
        self._url = _checked(url)
        self._database = database
        self._time_column = time_column
        self._clock = clock or Clock()
        if urlsplit(self._url).scheme == "http":
            connection = KustoConnectionStringBuilder.with_no_authentication(self._url)
        else:
            credential = credential or DefaultAzureCredential()
            connection = KustoConnectionStringBuilder.with_azure_token_credential(self._url, credential)
        self._client = KustoClient(connection)
        # There is no public way to the client's session, nor another one to bound what it reads.
        for scheme in ("https://", "http://"):
            self._client._session.mount(scheme, _Bounds(self.limits))

    def __repr__(self) -> str:
        return f"ClusterEngine({self._url!r}, {self._database!r})"

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _ask(self, kql: str, span: Span | None) -> Answer:
        properties = ClientRequestProperties()  # type: ignore[no-untyped-call]
        properties.set_option("request_readonly", True)
        properties.set_option("servertimeout", timedelta(seconds=self.limits.query_seconds))
        if span is not None:
            start, end = str(span).split("/")
            properties.set_option("query_datetimescope_column", self._time_column)
            properties.set_option("query_datetimescope_from", start)
            properties.set_option("query_datetimescope_to", end)
        answer = self._send(kql, properties)
        if span is not None:
            self._check_time(answer, span)
        return answer

    def _send(self, kql: str, properties: ClientRequestProperties) -> Answer:
        patience = Patience(self._clock)
        while True:
            try:
                # execute() would take a text that starts with a dot for a command
                response = self._client.execute_query(self._database, kql, properties)
                if response.errors_count:
                    raise self._problem(one_line(" ".join(response.get_exceptions())))
                table = response.primary_results[0]
                return typed_answer([(each.column_name, each.column_type) for each in table.columns], table.raw_rows)
            except KustoThrottlingError as error:
                response = error.args[-1]
                if not patience.again("busy", retry_after(response.headers.get("Retry-After"))):
                    raise EngineError(Diagnostic("engine", "the cluster takes no more queries for now")) from None
            except KustoNetworkError as error:
                too_much = next((each for each in _causes(error) if isinstance(each, _TooLong)), None)
                if too_much is not None:
                    raise TooMuch(str(too_much)) from None
                if not patience.again("unreachable"):
                    raise ServiceError(self._unreachable(error)) from None
            except KustoError as error:
                refusal = self._refusal(error)
                if _status(error) < 500 or isinstance(refusal, TooMuch) or not patience.again("broken"):
                    raise refusal from None
            except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
                raise _unreadable() from None

    def _refusal(self, error: KustoError) -> EngineError:
        if isinstance(error, KustoAuthenticationError):
            hint = (
                "sign in with az login, or name a service principal in AZURE_TENANT_ID, AZURE_CLIENT_ID and its secret"
            )
            why = one_line(str(error.exception).partition("\n")[0])
            return ServiceError(Diagnostic("engine", f"no token for {self._url}: {why}", hint))
        if isinstance(error, KustoClientInvalidConnectionStringException):
            message = f"{urlsplit(self._url).hostname} is no host that Microsoft lists for Kusto: it gets no token"
            return ServiceError(Diagnostic("engine", message))
        status = _status(error)
        if status == 200:
            return _unreadable()
        message = one_line(error.message_text if isinstance(error, KustoServiceError) else str(error))
        if status in (401, 403):
            hint = f"the role Database Viewer of {self._database} is needed"
            return ServiceError(Diagnostic("engine", f"the cluster refuses access: {message}", hint))
        if 300 <= status < 400:
            return ServiceError(Diagnostic("engine", f"{self._url} redirects elsewhere; a token isn't sent there"))
        return self._problem(message)

    def _problem(self, message: str) -> EngineError:
        """What the cluster says of a query."""
        if any(text in message.lower() for text in self.limits.too_much):
            hint = (
                f"a cluster gives {self.limits.rows:,} rows and {self.limits.result_megabytes} MB unless it is set otherwise: "
                "make the query select less, or look at less time"
            )
            return TooMuch(f"the cluster doesn't give all rows: {message}", hint)
        return EngineError(Diagnostic("engine", f"the cluster refuses the query: {message}"))

    def _unreachable(self, error: BaseException) -> Diagnostic:
        why = list(_causes(error))[-1]
        return Diagnostic("engine", f"{self._url} can't be asked: {one_line(why) or type(why).__name__}")

    def _check_time(self, answer: Answer, span: Span) -> None:
        """A service that doesn't know the request's time scope would give rows of all time, and say nothing."""
        if self._time_column not in answer.columns:
            return
        first, last = (time.replace(tzinfo=None) for time in (span.start, span.end))
        for row in answer.rows:
            found = row[self._time_column]
            if isinstance(found, datetime) and not first <= found <= last:
                message = f"the cluster gives rows of another time than {span}: it doesn't know query_datetimescope"
                raise ServiceError(Diagnostic("engine", message, "write the time into the query, and use run()"))


class _TooLong(Exception):
    """An answer is longer, or takes longer, than is read."""


class _Bounds(HTTPAdapterWithSocketOptions):
    """The client's HTTP adapter, which ends what a server doesn't end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__(socket_options=KustoClient.compose_socket_options())  # type: ignore[no-untyped-call]

    def send(
        self,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        """One request; its answer's content is bounded."""
        limits = self._limits
        seconds = limits.query_seconds + limits.slack_seconds
        response = super().send(request, stream, (limits.connect_seconds, seconds), verify, cert, proxies)
        response.raw = _Bounded(response.raw, limits.answer_bytes, time.monotonic() + seconds)
        return response


class _Bounded:
    """urllib3's answer, as ``requests`` reads it, up to a length and a time."""

    def __init__(self, raw: Any, length: int, last: float) -> None:
        self._raw = raw
        self._length = length
        self._last = last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, size: int, decode_content: bool) -> Iterator[bytes]:
        """The content in pieces."""
        read = 0
        for chunk in self._raw.stream(size, decode_content=decode_content):
            read += len(chunk)
            if read > self._length:
                self._raw.close()
                raise _TooLong(f"the answer is longer than the {self._length // 1024**2} MB that are read")
            if time.monotonic() > self._last:
                self._raw.close()
                raise _TooLong("the answer takes longer than a query may")
            yield chunk


def _status(error: KustoError) -> int:
    """The status of the answer that the client didn't take; 0 where it took it, and the query failed."""
    return int(getattr(getattr(error, "http_response", None), "status_code", 0))


def _unreadable() -> EngineError:
    message = "the service's answer can't be read: it isn't what Kusto's protocol says"
    return EngineError(Diagnostic("engine", message))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it came from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _checked(url: str) -> str:
    """A cluster's URL. It becomes part of a connection string, where a semicolon would begin another setting."""
    try:
        parts = urlsplit(url)
        known = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
        known = known and bool(parts.hostname) and "@" not in parts.netloc and not parts.query and not parts.fragment
    except ValueError:
        known = False
    if not known or not url.isprintable() or any(char in ";\"'= " for char in url):
        hint = "write it as https://name.region.kusto.windows.net"
        raise UsageError(Diagnostic("usage", f"{url!r} is no cluster's URL", hint))
    return url.rstrip("/")
