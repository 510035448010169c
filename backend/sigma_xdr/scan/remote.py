"""Hunting where the data lives: the rules' queries asked of a tenant or a cluster, their answers as hits.

A query that gives no answer, or only a part of one, is told in the account by its rule; so is every rule that isn't asked any more
because the service is gone. No hit that was found before is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.service import ServiceError
from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.scan.hits import Hit, HuntedRule
from sigma_xdr.scan.output import json_text
from sigma_xdr.scan.summary import HuntSummary

if TYPE_CHECKING:
    from sigma_xdr.engine.remote import RemoteEngine

__all__ = ["HuntQuery", "Queries", "RemoteHunt", "hunt_cluster", "hunt_tenant"]


@dataclass(frozen=True)
class HuntQuery:
    """A rule's query, the tables that it reads (the first is the hits') and, for a correlation, how far it looks back.

    Without its ``window``, which is its timespan, a correlation isn't cut into slices of time where its answer is too long for the
    service. A correlation of correlations has none: theirs are of several lengths.
    """

    kql: str
    tables: tuple[str, ...]
    window: timedelta | None = None


Queries = Mapping[HuntedRule, HuntQuery]


def hunt_tenant(
    queries: Queries, since: datetime, until: datetime, *, endpoint: str | None = None, **options: Any
) -> RemoteHunt:
    """A hunt in a tenant's advanced hunting, from ``since`` to ``until``.

    ``endpoint`` is Microsoft Graph's address in a national cloud; further options are TenantEngine's. Raises UsageError for an
    endpoint that isn't Microsoft Graph, for a time that ends before it starts, and where the libraries of the extra ``remote``
    aren't installed.
    """
    from sigma_xdr.engine import TenantEngine

    if endpoint is not None:
        options["endpoint"] = endpoint
    return RemoteHunt(TenantEngine(**options), "tenant", queries, since, until)


def hunt_cluster(
    url: str, database: str, queries: Queries, since: datetime, until: datetime, **options: Any
) -> RemoteHunt:
    """A hunt in a cluster's database; further options are ClusterEngine's.

    Raises UsageError for a URL that is no cluster's, for a time that ends before it starts, and where the libraries of the
    extra ``remote`` aren't installed.
    """
    from sigma_xdr.engine import ClusterEngine

    return RemoteHunt(ClusterEngine(url, database, **options), f"{url.rstrip('/')}/{database}", queries, since, until)


@dataclass
class RemoteHunt:
    """A hunt where the data lives: ``hits`` gives what is found, and fills ``summary`` meanwhile.

    ``where`` is what a hit has for its file. ``now`` is when it is; by default the clock says it. Raises UsageError for a time
    that ends before it starts.
    """

    engine: RemoteEngine
    where: str
    queries: Queries
    since: datetime
    until: datetime
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    summary: HuntSummary = field(default_factory=HuntSummary)

    def __post_init__(self) -> None:
        self._rules = {str(number): rule for number, rule in enumerate(self.queries)}
        named = {name: self.queries[rule] for name, rule in self._rules.items()}
        texts = {name: query.kql for name, query in named.items()}
        windows = {name: query.window for name, query in named.items() if query.window is not None}
        try:
            self._answers = self.engine.run_all(texts, self.since, self.until, windows)
        except UsageError:
            self.engine.close()
            raise

    def hits(self) -> Iterator[Hit]:
        """The hits, rule by rule in the order of the queries, and by their time. Can be asked for once.

        A hit's record is the number of its row in the rule's answer, whose rows are numbered by their time. Columns that are null
        or empty aren't there, times are ISO 8601 text in UTC. What ends the hunt isn't raised: ``summary.account`` says that the
        service is gone, or that somebody interrupted it, and which rules got no answer because of that.
        """
        account = self.summary.account
        account.incomplete += self._out_of_reach()
        asked = f"{self.where}, {_time(self.since)} to {_time(self.until)}"
        unasked = dict(self._rules)
        with self.engine:
            try:
                for name, answer in self._answers:
                    if unasked.pop(name, None) is not None:
                        account.asked[asked] += 1
                    rule = self._rules[name]
                    if isinstance(answer, EngineError):
                        account.incomplete += _of_rule(rule, answer)
                        continue
                    for hit in _hits(rule, self.queries[rule].tables[0], self.where, answer):
                        self.summary.add(hit)
                        yield hit
            except ServiceError as error:
                account.gone = True
                if error.query is not None:
                    unasked.pop(error.query, None)
                    account.incomplete += _of_rule(self._rules[error.query], error)
            except KeyboardInterrupt:
                account.interrupted = True
            finally:  # also where nobody asks for the other hits
                why = "the service was gone" if account.gone else "the hunt was ended"
                message = f"{why} before the rule was asked"
                account.incomplete += [Diagnostic("not-asked", message, file=rule.path) for rule in unasked.values()]

    def _out_of_reach(self) -> list[Diagnostic]:
        """That the service keeps no events of a part of the time. It would give none, and say nothing."""
        days = self.engine.limits.days
        # what passes between the choice of the time and the first query makes no difference
        if days is None or _aware(self.now) - _aware(self.since) <= timedelta(days=days, hours=1):
            return []
        message = f"the service keeps the events of {days} days, not all those since {_time(self.since)}"
        return [Diagnostic("retention", message, file=rule.path) for rule in self._rules.values()]


def _of_rule(rule: HuntedRule, error: EngineError) -> list[Diagnostic]:
    """The problems of a rule's query, at the rule: their place in the query's text says nothing in the rule's file."""
    return [Diagnostic(each.code, each.message, each.hint, file=rule.path) for each in error.diagnostics]


def _hits(rule: HuntedRule, table: str, where: str, answer: Iterable[Mapping[str, Any]]) -> Iterator[Hit]:
    rows = [{name: _plain(value) for name, value in row.items() if value not in (None, "")} for row in answer]
    for number, row in enumerate(sorted(rows, key=_order), 1):
        yield Hit(
            rule=rule,
            table=table,
            timestamp=_text(row.get("Timestamp")),
            device=_text(row.get("DeviceName", row.get("DeviceId"))) or "",
            file=where,
            record=number,
            records=(number,),
            row=row,
        )


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    """Services give rows in any order: the same rows have the same numbers each time."""
    return ((_text(row.get("Timestamp")) or "").removesuffix("Z"), json_text(row))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _plain(value: Any) -> Any:
    """A value as telemetry's rows have it."""
    if isinstance(value, datetime):
        return _time(value)
    return value if isinstance(value, (str, int, float, list, dict)) else str(value)


def _time(time: datetime) -> str:
    return f"{_aware(time).astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
