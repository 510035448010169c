"""The checker: text in, problems out."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from itertools import islice
from threading import Lock

from sigma_xdr.kql.checker.lints import LINTS
from sigma_xdr.kql.checker.outline import Outline, read_outline
from sigma_xdr.kql.checker.problem import Finding, KqlProblem, Span, placed
from sigma_xdr.kql.checker.service import LanguageService, OutlineFailed
from sigma_xdr.schema import Schema, xdr_schema

#: Longest query that is looked at, in characters. Microsoft's parser takes 4 MB; Sentinel's rules hold 10,000 characters.
_LONGEST = 1_000_000
#: So many findings of one lint are enough: a hostile text could hold a million.
_MOST = 1_000


class KqlChecker:
    """Checks KQL against a schema.

    Making one returns at once; the language service starts in the background (half a second) and the first call waits
    for it. It may be called from any thread, one query is looked at at a time.
    """

    def __init__(self, schema: Schema | None = None) -> None:
        """``schema`` says what tables and columns there are; without one, :func:`xdr_schema`."""
        service = LanguageService(schema or xdr_schema())
        # V8 lives on the one worker: JavaScript runs outside Python's lock, and a caller's event loop isn't touched.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kql-checker")
        self._worker.submit(service.start)  # a failure comes back with the first call
        self._outline = lru_cache(maxsize=8)(partial(_ask, self._worker, service))
        weakref.finalize(self, service.close)

    def check(self, kql: str) -> list[KqlProblem]:
        """The problems of a query in the order of its text, Microsoft's and our own; empty where all is well.

        Raises CheckerUnavailable where the language service can't be started on this machine.
        """
        if len(kql) > _LONGEST:
            message = f"the query has {len(kql):,} characters; no more than {_LONGEST:,} are looked at"
            return placed(kql, [Finding("query-too-long", "error", message, Span(0, 0))])
        try:
            return placed(kql, _findings(self._outline(kql)))
        except OutlineFailed as failure:
            message = f"the query can't be checked: Microsoft's language service {failure}"
            return placed(kql, [Finding("unchecked-query", "error", message, Span(0, 0), "make it smaller or flatter")])

    def columns(self, kql: str) -> list[tuple[str, str]]:
        """Name and type of each column that the query gives (``("Timestamp", "datetime")``).

        Empty where the query gives no rows or can't be checked at all; :meth:`check` says why. Raises CheckerUnavailable.
        """
        try:
            return list(self._outline(kql).columns) if len(kql) <= _LONGEST else []
        except OutlineFailed:
            return []


def _ask(worker: ThreadPoolExecutor, service: LanguageService, kql: str) -> Outline:
    return read_outline(kql, worker.submit(service.outline, kql).result())


def _findings(outline: Outline) -> Iterator[Finding]:
    yield from islice(outline.findings, _MOST)
    for lint in LINTS:
        yield from islice(lint(outline), _MOST)


_once = Lock()


def kql_checker() -> KqlChecker:
    """The checker of this process for :func:`xdr_schema`, made at the first call and then kept.

    Call it early: the language service starts in the background meanwhile. A forked child gets one of its own.
    """
    with _once:
        return _checker_of(os.getpid())


@cache
def _checker_of(process: int) -> KqlChecker:
    return KqlChecker()
