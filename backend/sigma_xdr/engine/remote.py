"""What the engines share that send a query to where the data lives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from sigma_xdr.engine.answers import Answer
from sigma_xdr.engine.limits import Limits
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.service import ServiceError, TooMuch
from sigma_xdr.engine.slices import EachRow, Slicing, Span, Whole, Windows, looks_at_each_row
from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["RemoteEngine", "is_loopback"]


class RemoteEngine(ABC):
    """Runs queries on a service. Also a context manager, which closes it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def run(self, kql: str) -> list[dict[str, Any]]:
        """The rows that a query gives over all the time that the service looks back.

        Values are the local engine's: datetimes naive and UTC, dynamic values Python data, text never None. Raises
        EngineError for a query that the service refuses, or gives no whole answer to, and ServiceError where it can't be
        asked at all.
        """
        return self._ask(kql, None).rows

    def run_all(
        self,
        queries: Mapping[str, str],
        since: datetime,
        until: datetime,
        windows: Mapping[str, timedelta] | None = None,
    ) -> Iterator[tuple[str, list[dict[str, Any]] | EngineError]]:
        """The rows of many queries by name, in their order, over the time from ``since`` to ``until``.

        A query gives its rows, a problem, or both: the rows that were found, and then why they aren't all. Where the
        service gives too little at once a query is asked in slices of that time, if that gives the same rows; the
        ``windows`` of correlations, by the query's name, let them be cut too (a correlation of correlations has none: its
        slots are of several lengths). Times without an offset are UTC. Raises UsageError where ``since`` isn't before
        ``until``, and ServiceError as soon as the service can't be asked at all, after the rows that it gave before.
        """
        whole = Span(_aware(since), _aware(until))
        if whole.start >= whole.end:
            raise UsageError(Diagnostic("usage", f"the time to look at ends before it starts: {whole}"))
        return self._each(queries, whole, windows or {})

    def _each(
        self, queries: Mapping[str, str], whole: Span, windows: Mapping[str, timedelta]
    ) -> Iterator[tuple[str, list[dict[str, Any]] | EngineError]]:
        for name, kql in queries.items():
            window = windows.get(name)
            rows, problem = self._in_slices(kql, whole, Windows(window) if window else None)
            if rows is not None:
                yield name, rows
            if isinstance(problem, ServiceError):
                problem.query = name
                raise problem
            if problem is not None:
                yield name, problem

    def _in_slices(
        self, kql: str, whole: Span, slicing: Slicing | None
    ) -> tuple[list[dict[str, Any]] | None, EngineError | None]:
        """The rows that a query gives, None where it gives no answer at all, and why they aren't all."""
        answers: list[tuple[Span, Answer]] = []
        missing: list[Diagnostic] = []
        pending = [whole]
        kind = EngineError
        calls = 0
        way = slicing or Whole()
        while pending:
            if calls == self.limits.slices:
                rest = Span(pending[-1].start, whole.end)
                missing.append(Diagnostic("engine", f"after {calls} calls the time of {rest} is left unasked", _NARROW))
                break
            piece = pending.pop()
            calls += 1
            try:
                answer: Answer | None = self._ask(kql, way.asked(piece, whole))
            except TooMuch as much:
                answer = much.answer
                if slicing is None and looks_at_each_row(kql):
                    way = slicing = EachRow()
                border = way.cut(piece, self.limits.shortest)
                if border and _has(answer, way.columns):
                    pending += [Span(border, piece.end), Span(piece.start, border)]
                    continue
                missing += [_of_span(each, piece) for each in much.diagnostics]
            except EngineError as error:
                rest = Span(piece.start, whole.end)
                missing += [_of_span(each, rest) if answers else each for each in error.diagnostics]
                kind = type(error)
                break
            if answer is not None:
                if piece != whole and not _has(answer, way.columns):
                    columns = " and ".join(sorted(way.columns))
                    missing.append(Diagnostic("engine", f"the query can't be asked in slices: its rows lack {columns}"))
                    break
                answers.append((piece, answer))
        rows = way.merged(answers, whole) if answers else None
        return rows, kind(*missing) if missing else None

    @abstractmethod
    def _ask(self, kql: str, span: Span | None) -> Answer:
        """A query's answer over a time, or all time. Raises TooMuch, EngineError and ServiceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_NARROW = "make the query select less, or look at less time"


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _has(answer: Answer | None, columns: frozenset[str]) -> bool:
    """Whether an answer has the columns, as far as it is known: one without rows needs none."""
    return answer is None or not answer.rows or columns <= set(answer.columns)


def _of_span(diagnostic: Diagnostic, span: Span) -> Diagnostic:
    return Diagnostic(diagnostic.code, f"{span}: {diagnostic.message}", diagnostic.hint)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
