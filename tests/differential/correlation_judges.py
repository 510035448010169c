"""The two judges on correlations: each gives alerts for the same timed rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.evaluator import CorrelationMatcher, EvaluatorError, Event, TimedEvent
from sigma_xdr.kql import CompiledCorrelation
from sigma_xdr.kql.compiler import CompiledRule, Compiler
from sigma_xdr.telemetry import row_event

from .judges import Disagreement, Refused, Site, loaded_documents

__all__ = ["CorrelationJudge"]

TableRow = tuple[str, Mapping[str, Any]]
#: Group, Timestamp, DeviceId, ReportId, first Timestamp, and of a counting correlation the count.
Alert = tuple[tuple[Any, ...], datetime, str, int, datetime, Any]


@dataclass(frozen=True)
class CorrelationJudge:
    """A correlation with its rules, ready for both judges."""

    text: str
    compiled: CompiledRule
    matcher: CorrelationMatcher

    @classmethod
    def of(cls, text: str, site: Site, check: bool = False) -> CorrelationJudge:
        """The last correlation of a file. Raises Refused."""
        rules = loaded_documents(text)
        correlation = rules.correlations[-1]
        try:
            compiled = Compiler(rules, site, rules.filters, check).compile(correlation)
        except RuleError as error:
            raise Refused("compiler", error.diagnostics) from None
        named = {rule.name: rule.document for rule in (*rules.rules, *rules.correlations) if rule.name}
        try:
            matcher = CorrelationMatcher(correlation.document, named, [each.document for each in rules.filters], site)
        except EvaluatorError as error:
            raise Refused("evaluator", error.diagnostics) from None
        return cls(text, compiled, matcher)

    def by_rule(self, rows: Sequence[TableRow]) -> set[Alert]:
        """The evaluator's alerts."""
        events = [
            TimedEvent(row["Timestamp"], row.get("DeviceId") or "", row["ReportId"], (table, row))
            for table, row in rows
        ]
        return {
            (
                tuple(map(_folded, alert.group)),
                _naive(alert.time),
                alert.device,
                int(alert.report),
                _naive(alert.first),
                alert.count if self._counts else None,
            )
            for alert in self.matcher.alerts(events, _view)
        }

    def by_query(self, rows: Sequence[TableRow]) -> set[Alert]:
        """The alerts that the query gives."""
        tables: dict[str, list[Mapping[str, Any]]] = {table: [] for table in self.compiled.tables}
        for table, row in rows:
            tables.setdefault(table, []).append(row)
        with KqlEngine(tables) as engine:
            found = engine.run(self.compiled.bare_kql)
        columns = [column.strip("[]'") for column, _ in self._query.groups.values()]
        return {
            (
                tuple(_folded(row[column]) for column in columns),
                _naive(row["Timestamp"]),
                row["DeviceId"],
                int(row["ReportId"]),
                _naive(row["FirstTimestamp"]),
                row.get("EventCount", row.get("ValueCount")),
            )
            for row in found
        }

    @property
    def _query(self) -> CompiledCorrelation:
        query = self.compiled.query
        assert isinstance(query, CompiledCorrelation)
        return query

    @property
    def _counts(self) -> bool:
        return str(self.matcher.document["correlation"]["type"]).endswith("_count")

    def alerts(self, rows: Sequence[TableRow]) -> int:
        """How many alerts both give. Raises Disagreement, with as few rows as still show it."""
        by_rule = self.by_rule(rows)
        if by_rule != self.by_query(rows):
            raise Disagreement(self._shown(self._fewer(list(rows))))
        return len(by_rule)

    def _fewer(self, rows: list[TableRow]) -> list[TableRow]:
        step = len(rows) // 2
        while step:
            for start in range(0, len(rows), step):
                fewer = rows[:start] + rows[start + step :]
                if fewer and self.by_rule(fewer) != self.by_query(fewer):
                    rows = fewer
                    break
            else:
                step //= 2
        return rows

    def _shown(self, rows: Sequence[TableRow]) -> str:
        by_rule, by_query = self.by_rule(rows), self.by_query(rows)
        return "\n".join(
            (
                *(f"evaluator alone: {alert}" for alert in sorted(by_rule - by_query, key=str)),
                *(f"kql alone:       {alert}" for alert in sorted(by_query - by_rule, key=str)),
                *(f"row of {table}: {dict(row)}" for table, row in rows),
                "rules:",
                self.text,
                "query:",
                self.compiled.bare_kql,
            )
        )


def _view(rule: Mapping[str, Any], event: TableRow) -> Event | None:
    table, row = event
    return row_event(table, row, rule["logsource"])


def _folded(value: Any) -> str:
    return str(value).lower()


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
