"""The two judges side by side: the untouched rule on each row's Sysmon view, the compiled query on all rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.evaluator import EvaluatorError, Matcher
from sigma_xdr.kql.compiler import CompiledRule, Compiler
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.rules import LoadedRule, RuleSet, load_bytes
from sigma_xdr.schema import ColumnType, xdr_schema
from sigma_xdr.telemetry import row_event

from .slots import slots

__all__ = ["Disagreement", "Refused", "RuleJudge", "loaded_documents"]

Row = Mapping[str, Any]
Site = Mapping[str, tuple[str, ...]]

_FILE = Path("rule.yml")


class Refused(Exception):
    """A rule that one of the judges doesn't take: by whom, and the code of why."""

    def __init__(self, by: str, diagnostics: Iterable[Diagnostic]) -> None:
        first = next(iter(diagnostics))
        super().__init__(f"{by}: {first.code if by != 'engine' else first.message}")


class Disagreement(AssertionError):
    """A rule and a row on which the judges differ; its text is all that one needs to look into it."""


def loaded_documents(text: str) -> RuleSet:
    """The rules, correlations and filters in the text of one file. Raises Refused for a file with an error."""
    rules, problems = load_bytes(_FILE, _FILE, text.encode())
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Refused("loader", errors)

    def kind(name: str) -> tuple[LoadedRule, ...]:
        return tuple(rule for rule in rules if rule.kind == name)

    return RuleSet(kind("rule"), kind("correlation"), kind("filter"), (), (_FILE,))


@dataclass(frozen=True)
class RuleJudge:
    """A rule with its filters, ready for both judges."""

    text: str
    compiled: CompiledRule
    matcher: Matcher
    log_source: Mapping[str, Any]

    @classmethod
    def of(cls, text: str, site: Site, check: bool = False) -> RuleJudge:
        """The rule of a file, which holds one rule and its filters; ``check`` has Microsoft's checker look at the query.

        Raises Refused.
        """
        rules = loaded_documents(text)
        (rule,) = rules.rules
        try:
            compiled = Compiler(rules, site, rules.filters, check).compile(rule)
        except RuleError as error:
            raise Refused("compiler", error.diagnostics) from None
        odd = [warning for warning in compiled.warnings if warning.code == "unicode-case"]
        if odd:
            raise Refused("compiler's warning", odd)
        try:
            matcher = Matcher(rule.document, [each.document for each in rules.filters], site)
        except EvaluatorError as error:
            raise Refused("evaluator", error.diagnostics) from None
        return cls(text, compiled, matcher, rule.document["logsource"])

    @property
    def table(self) -> str:
        """The table that the query reads."""
        return self.compiled.table

    @property
    def source(self) -> str:
        """The pipeline's name of the rule's log source."""
        query = self.compiled.query
        assert isinstance(query, RuleQuery)
        return query.log_source

    def by_rule(self, row: Row) -> bool:
        """What the untouched rule says of a row."""
        event = row_event(self.table, row, self.log_source)
        return event is not None and self.matcher.matches(event)

    def by_query(self, rows: Sequence[Row]) -> list[bool]:
        """What the query says of each of some rows."""
        text = xdr_schema().table(self.table).column("ReportId").type is ColumnType.STRING
        numbered = [{**row, "ReportId": str(number) if text else number} for number, row in enumerate(rows)]
        try:
            with KqlEngine({self.table: numbered}) as engine:
                found = {int(hit["ReportId"]) for hit in engine.run(self.compiled.bare_kql)}
        except EngineError as error:
            raise Refused("engine", error.diagnostics) from None
        return [number in found for number in range(len(rows))]

    def matches(self, rows: Sequence[Row]) -> list[bool]:
        """What both say of each row. Raises Disagreement, with the first row that they differ about made small."""
        by_rule = [self.by_rule(row) for row in rows]
        by_query = self.by_query(rows)
        for row, rule_says, query_says in zip(rows, by_rule, by_query, strict=True):
            if rule_says != query_says:
                raise Disagreement(self._shown(self._smaller(row)))
        return by_rule

    def _smaller(self, row: Row) -> Row:
        """The row without the columns that don't matter; what belongs together goes together."""
        groups = dict.fromkeys(slot.columns for slot in slots(self.table).values())
        while True:
            fewer = [
                {name: value for name, value in row.items() if name not in group}
                for group in groups
                if not row.keys().isdisjoint(group) and "RegistryKey" not in group
            ]
            found = next(
                (each for each, says in zip(fewer, self.by_query(fewer), strict=True) if self.by_rule(each) != says),
                None,
            )
            if found is None:
                return row
            row = found

    def _shown(self, row: Row) -> str:
        event = row_event(self.table, row, self.log_source)
        reason = "no event of the log source" if event is None else self.matcher.explain(event).render()
        return "\n".join(
            (
                f"evaluator: {_says(self.by_rule(row))}   kql: {_says(self.by_query([row])[0])}",
                f"row of {self.table}:",
                *(f"    {name}: {value!r}" for name, value in row.items()),
                f"seen as: {event.fields if event else None}",
                "rule:",
                self.text,
                "query:",
                self.compiled.bare_kql,
                "evaluator:",
                reason,
            )
        )


def _says(verdict: bool) -> str:
    return "match" if verdict else "no match"
