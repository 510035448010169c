"""Defender XDR's advanced hunting, through Microsoft Graph: ``POST /v1.0/security/runHuntingQuery``.

The token goes to Microsoft Graph alone, over HTTPS, and into no message, no repr and no log. A redirect isn't followed.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

from sigma_xdr.engine.answers import Answer, typed_answer
from sigma_xdr.engine.limits import Limits, tenant_limits
from sigma_xdr.engine.pacing import Clock, Pace, Patience, retry_after
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.remote import RemoteEngine, is_loopback
from sigma_xdr.engine.service import ServiceError, TooMuch, one_line
from sigma_xdr.engine.slices import Span
from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["TenantEngine"]

_GRAPH = "https://graph.microsoft.com"
_PATH = "/v1.0/security/runHuntingQuery"
#: They log an answer's status line and headers as they come, in which a server might repeat the token.
_WIRE_LOGS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
#: A token is renewed when it has less than this many seconds left.
_MARGIN = 300


class TenantEngine(RemoteEngine):
    """Runs queries on a tenant.

    ``credential`` is one of azure-identity's (default: DefaultAzureCredential), ``endpoint`` Microsoft Graph's address in a
    national cloud, ``limits`` the service's. Raises UsageError for an endpoint that isn't Microsoft Graph.
    """

    def __init__(
        self,
        credential: Any = None,
        endpoint: str = _GRAPH,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(limits or tenant_limits())
        self._endpoint = _checked(endpoint, self.limits)
        self._token = _Token(credential or DefaultAzureCredential(), f"{self._endpoint}/.default")
        self._clock = clock or Clock()
        self._pace = Pace(self.limits.calls_per_minute, self._clock)
        silence = self.limits.query_seconds + self.limits.slack_seconds
        timeout = httpx.Timeout(silence, connect=self.limits.connect_seconds)
        self._http = httpx.Client(timeout=timeout, follow_redirects=False)
        for name in _WIRE_LOGS:
            logging.getLogger(name).addFilter(self._token)

    def __repr__(self) -> str:
        return f"TenantEngine({self._endpoint!r})"

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()
        for name in _WIRE_LOGS:
            logging.getLogger(name).removeFilter(self._token)

    def _ask(self, kql: str, span: Span | None) -> Answer:
        body = {"Query": kql} if span is None else {"Query": kql, "Timespan": str(span)}
        answer = _answer(self._send(json.dumps(body).encode("ascii")))
        if len(answer.rows) >= self.limits.rows:
            raise TooMuch(
                f"the query gives {len(answer.rows):,} rows, as many as the service gives at once: there may be more",
                "make the query select less, or look at less time",
                answer,
            )
        return answer

    def _send(self, body: bytes) -> bytes:
        """The content of the service's answer, tried again as long as that may help."""
        patience = Patience(self._clock)
        renewed = False
        while True:
            self._pace.wait()
            try:
                status, headers, content = self._post(body)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.RemoteProtocolError) as error:
                if patience.again("unreachable"):
                    continue
                raise ServiceError(self._unreachable(error)) from None
            except httpx.TimeoutException:
                seconds = self.limits.query_seconds + self.limits.slack_seconds
                raise EngineError(Diagnostic("engine", f"Microsoft Graph didn't answer within {seconds:g} s")) from None
            except httpx.HTTPError as error:
                raise ServiceError(self._unreachable(error)) from None
            if status == 200:
                return content
            if status == 401 and not renewed:
                renewed = True
                self._token.forget()
                continue
            reason = "busy" if status == 429 else "broken" if status >= 500 else None
            message = self._words(status, content)
            if (
                reason
                and not self._is_too_much(message)
                and patience.again(reason, retry_after(headers.get("Retry-After")))
            ):
                continue
            raise self._refusal(status, headers, message)

    def _post(self, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        """One request. No more of the answer is read than is allowed, and for no longer."""
        headers = {
            "Authorization": f"Bearer {self._token.text()}",
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
        }
        last = time.monotonic() + self.limits.query_seconds + self.limits.slack_seconds
        content = bytearray()
        with self._http.stream("POST", self._endpoint + _PATH, content=body, headers=headers) as response:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > self.limits.answer_bytes:
                    megabytes = self.limits.answer_bytes // 1024**2
                    raise TooMuch(f"the answer is longer than the {megabytes} MB that are read")
                if time.monotonic() > last:
                    raise TooMuch("the answer takes longer than a query may")
            return response.status_code, response.headers, bytes(content)

    def _words(self, status: int, content: bytes) -> str:
        """What the service says of an error: ``{"error": {"code": …, "message": …}}``."""
        try:
            error = json.loads(content)["error"]
            said = error["message"] or error["code"]
        except (ValueError, LookupError, TypeError, RecursionError):
            said = ""
        return one_line(self._token.redacted(str(said))) or f"HTTP status {status}"

    def _is_too_much(self, message: str) -> bool:
        return any(text in message.lower() for text in self.limits.too_much)

    def _refusal(self, status: int, headers: httpx.Headers, message: str) -> EngineError:
        """The problem that an answer other than 200 is."""
        if self._is_too_much(message) or status in (408, 504):
            return TooMuch(f"Microsoft Graph gives up: {message}")
        if status == 400:
            hint = "the tenant's licences decide which tables it has" if "table" in message.lower() else None
            return EngineError(Diagnostic("engine", f"Defender XDR refuses the query: {message}", hint))
        if status in (401, 403):
            hint = (
                f"grant {self.limits.permission} of Microsoft Graph, with an administrator's consent; a user also needs a "
                "role that may see the devices' data"
            )
            what = "doesn't take the token" if status == 401 else "refuses access"
            return ServiceError(Diagnostic("engine", f"Microsoft Graph {what}: {message}", hint))
        if 300 <= status < 400:
            where = self._token.redacted(one_line(headers.get("Location", "nowhere")))
            message = f"Microsoft Graph redirects to {where}; a token isn't sent there"
            return ServiceError(Diagnostic("engine", message))
        if status == 429:
            hint = f"the tenant's quota is filled again within {self.limits.cpu_minutes} minutes"
            return EngineError(Diagnostic("engine", f"Microsoft Graph takes no more queries for now: {message}", hint))
        return EngineError(Diagnostic("engine", f"Microsoft Graph can't run the query: {message}"))

    def _unreachable(self, error: Exception) -> Diagnostic:
        """Why there is no answer. The words of an error about what was *sent* could hold the token, and aren't shown."""
        told = isinstance(error, (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError))
        why = one_line(self._token.redacted(str(error))) if told else ""
        return Diagnostic("engine", f"{self._endpoint} can't be asked: {why or type(error).__name__}")


class _Token(logging.Filter):
    """The access token: asked for when it is needed, kept until it is about to end, and never shown. It is also the filter
    that keeps it out of logs.
    """

    def __init__(self, credential: Any, scope: str) -> None:
        super().__init__()
        self._credential = credential
        self._scope = scope
        self._known: Any = None
        self._sent: set[str] = set()

    def __repr__(self) -> str:
        return "_Token()"

    def text(self) -> str:
        """The token itself. Raises ServiceError where there is none to be had."""
        if self._known is None or self._known.expires_on - time.time() < _MARGIN:
            try:
                self._known = self._credential.get_token(self._scope)
            except (AzureError, ValueError) as error:
                hint = "sign in with az login, or name a service principal in AZURE_TENANT_ID, AZURE_CLIENT_ID and its secret"
                message = f"no token for {self._scope}: {one_line(str(error).partition(chr(10))[0])}"
                raise ServiceError(Diagnostic("engine", message, hint)) from None
        token = str(self._known.token)
        if not (token and token.isascii() and token.isprintable()):  # a header's value is nothing else
            raise ServiceError(Diagnostic("engine", f"what is given as a token for {self._scope} isn't one"))
        self._sent.add(token)
        return token

    def forget(self) -> None:
        """Ask for a new one the next time."""
        self._known = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record may be logged."""
        return not any(token in record.getMessage() for token in self._sent)

    def redacted(self, text: str) -> str:
        """Text without the token, or an earlier one, should a server repeat it."""
        for token in sorted(self._sent):
            text = text.replace(token, "[token]")
        return text


def _checked(endpoint: str, limits: Limits) -> str:
    """An endpoint's scheme and host, as the token's audience names them."""
    try:
        parts = urlsplit(endpoint)
        known = parts.scheme == "https" and parts.netloc in limits.hosts
        known = known or (parts.scheme in ("http", "https") and is_loopback(endpoint) and "@" not in parts.netloc)
    except ValueError:
        known = False
    if not known or parts.path not in ("", "/") or parts.query or parts.fragment:
        hint = "it is one of " + ", ".join(f"https://{host}" for host in limits.hosts)
        raise UsageError(Diagnostic("usage", f"{endpoint!r} isn't Microsoft Graph", hint))
    return f"{parts.scheme}://{parts.netloc}"


def _answer(content: bytes) -> Answer:
    """The ``results`` of an answer in the types of its ``schema``."""
    try:
        data = json.loads(content)
        schema = [
            (column.get("name", column.get("Name")), column.get("type", column.get("Type")))
            for column in data["schema"]
        ]
        rows = data["results"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = (
            "it isn't whole JSON" if isinstance(error, (ValueError, RecursionError)) else "it has no schema and results"
        )
        raise EngineError(Diagnostic("engine", f"the service's answer can't be read: {what}")) from None
    return typed_answer(schema, rows)
