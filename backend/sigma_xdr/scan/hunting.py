"""One stream of events through all rules: what is found in it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.scan.correlating import Correlations, Place, Sighting
from sigma_xdr.scan.gate import Gate, Need, gate
from sigma_xdr.scan.hits import HuntedRule
from sigma_xdr.scan.literals import Clause, Literal
from sigma_xdr.scan.routes import Routes
from sigma_xdr.scan.summary import Account
from sigma_xdr.telemetry import Mapper, Record, Row, Unreadable, record_event, row_event
from sigma_xdr.telemetry.mapping import FORETOLD, Wanted, written
from sigma_xdr.telemetry.naming import is_renamed, registry_event_type
from sigma_xdr.telemetry.stored import StoredRow
from sigma_xdr.telemetry.values import iso_time

__all__ = ["Asked", "Found", "Hunter", "Plan"]

#: A row of one record; several rows may come of it, each with a report of its own.
_MOST_ROWS = 16


@dataclass(frozen=True, eq=False)
class Asked:
    """A rule of a hunt. One that only a correlation names is not ``reported`` by itself."""

    rule: HuntedRule
    document: Mapping[str, Any]
    reported: bool = True


@dataclass(frozen=True)
class Found:
    """A row with what is found in it: the positions of the rules that select it, and what correlations need of it."""

    place: Place
    timestamp: str | None
    device: str
    rules: tuple[int, ...]
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True)
class Plan:
    """What is asked: rules and correlations, the filters put on them, the site's values.

    Rules are asked of the rows that Defender would have of the events; if ``raw``, of the records as they are.
    """

    rules: Sequence[Asked]
    correlations: Sequence[Asked] = ()
    filters: tuple[Mapping[str, Any], ...] = ()
    site: Site = field(default_factory=dict)
    raw: bool = False


class Hunter:
    """A plan, ready for any number of streams.

    Raises EvaluatorError for a correlation that can't be judged, and :meth:`hunt` for such a rule.
    """

    def __init__(self, plan: Plan) -> None:
        self._rules = plan.rules
        self._raw = plan.raw
        self._gates: dict[tuple[str, int], Gate] = {}
        self._record_gates: dict[tuple[Any, ...], Gate] = {}
        documents = [asked.document for asked in plan.rules]
        self.correlations = Correlations(
            [asked.document for asked in plan.correlations],
            _by_reference((*plan.rules, *plan.correlations)),
            plan.filters,
            plan.site,
        )
        self._rows: Routes[_Seen] = Routes(documents, _see_row, _row_kind, plan.filters, plan.site)
        self._records: Routes[Record] = Routes(documents, record_event, _record_kind, plan.filters, plan.site)

    def hunt(
        self,
        events: Iterable[Record | StoredRow | Unreadable],
        file: int,
        account: Account,
        first: int = 1,
        last: int | None = None,
    ) -> Iterator[Found]:
        """What is found in the records from ``first`` to ``last`` of the file at this position. Records before and after them
        only help to map those. What is read, and what isn't, is counted in ``account``.
        """

        def unmapped(_: Record, reason: str) -> None:
            account.unmapped.add(reason)

        mapper = Mapper(unmapped=unmapped, first=first, last=last)
        for event in events:
            own = first <= event.number and (last is None or event.number <= last)
            if isinstance(event, Record):
                account.records += own
                if not self._raw:
                    if rows := mapper.take(event, own and self._matters(event)):
                        yield from self._mapped(rows, file)
                elif own and (found := self._of_record(event, file)):
                    yield from found
            elif not own:
                continue
            elif isinstance(event, StoredRow):
                account.records += 1
                report = event.columns.get("ReportId", _report(file, event.number, 0))
                place = Place(file, (event.number,), event.table, event.columns)
                yield from self._of_row(_Seen(event.table, event.columns), place, report)
            else:
                account.records += 1
                account.cannot_read(f"{event.file}: {event.reason}", event.number)
        yield from self._mapped(mapper.rest(), file)

    def _matters(self, record: Record) -> Wanted:
        """Whether a rule may have a chance with a row of the record."""
        kind = record.log, record.event_id
        passes = self._gates.get(kind)
        if passes is None:
            if kind not in FORETOLD:
                return True
            passes = self._gates[kind] = self._gate(kind) or _all_pass
        return passes(record.surface.get)

    def _gate(self, kind: tuple[str, int]) -> Gate | None:
        """The gate for the records of a kind."""
        row = FORETOLD[kind]
        needs = [
            Need(clauses, tree, row.names_on(route.logsource), row.action == "ProcessCreated")
            for route in self._rows.routes(_Seen(row.table, {"ActionType": row.action}))
            for clauses, tree in route.scanner.needs
        ]
        for table, action, name, text in row.besides:
            if self._rows.routes(_Seen(table, {"ActionType": action})):
                needs.append(Need((Clause(frozenset((Literal(name, text),))),), None, ()))
        return gate(needs, row.fields)

    def _mapped(self, rows: Iterable[Row], file: int) -> Iterator[Found]:
        number, count = 0, 0
        for row in rows:
            records = tuple(record.number for record in row.records)
            count = count + 1 if records[0] == number else 0
            number = records[0]
            place = Place(file, records, row.table, row.columns)
            yield from self._of_row(_Seen(row.table, row.columns), place, _report(file, number, count))

    def _of_row(self, seen: _Seen, place: Place, report: Any) -> Iterator[Found]:
        columns = seen.columns
        found = self._rows.hits(seen)
        device = str(columns.get("DeviceName") or columns.get("DeviceId") or "")
        return self._finds(found, place, columns.get("Timestamp"), device, report)

    def _record_gate(self, record: Record) -> Gate:
        """The gate for records of this one's kind, for rules that are asked of the record itself."""
        needs = [clauses for route in self._records.routes(record) for clauses, _ in route.scanner.needs]
        names = {str(literal.field) for clauses in needs for clause in clauses for literal in clause.literals}
        foretold = {} if is_renamed(record) else written(names)
        return gate([Need(clauses, None, ()) for clauses in needs], foretold) or _all_pass

    def _of_record(self, record: Record, file: int) -> Iterable[Found]:
        kind = _record_kind(record)
        passes = self._record_gates.get(kind)
        if passes is None:
            passes = self._record_gates[kind] = self._record_gate(record)
        if not passes(record.surface.get):
            return ()
        found = list(self._records.hits(record))
        if not found:  # nearly always
            return ()
        row = {"Computer": record.host, "Channel": record.channel, "EventID": record.event_id, **record.fields}
        place = Place(file, (record.number,), record.channel, row)
        return self._finds(found, place, iso_time(record.time), record.host, _report(file, record.number, 0))

    def _finds(
        self, found: Iterable[tuple[int, Event]], place: Place, timestamp: str | None, device: str, report: Any
    ) -> Iterator[Found]:
        rules, sightings = [], list[Sighting]()
        time = None if timestamp is None else datetime.fromisoformat(timestamp)
        for position, event in found:
            asked = self._rules[position]
            if asked.reported:
                rules.append(position)
            if time is not None and self.correlations.names(asked.document):
                sightings += self.correlations.sightings(asked.document, event, time, report, place)
        if rules or sightings:
            yield Found(place, timestamp, device, tuple(rules), tuple(sightings))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row, wherever it comes from."""

    table: str
    columns: Mapping[str, Any]


def _all_pass(_: Callable[[str], Any]) -> bool:
    return True


def _see_row(row: _Seen, logsource: Mapping[str, Any]) -> Event | None:
    return row_event(row.table, row.columns, logsource)


def _row_kind(row: _Seen) -> tuple[str, Any]:
    return row.table, row.columns.get("ActionType")


def _record_kind(record: Record) -> tuple[Any, ...]:
    registry = registry_event_type(record) if record.log == "sysmon" and record.event_id in (12, 13, 14) else ""
    return record.log, record.event_id, registry


def _report(file: int, number: int, row: int) -> int:
    """A number of its own for each row of each record of each file."""
    return (file << 40 | number) * _MOST_ROWS + row


def _by_reference(asked: Iterable[Asked]) -> dict[str, Mapping[str, Any]]:
    """Documents by their ids and names."""
    found: dict[str, Mapping[str, Any]] = {}
    for each in asked:
        for key in (each.rule.id, each.document.get("name")):
            if key:
                found.setdefault(str(key), each.document)
    return found
