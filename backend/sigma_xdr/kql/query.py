"""One mapped rule as a query over one table."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.envelope import Deployment, asked_columns, deployment, projection
from sigma_xdr.kql.literals import comment
from sigma_xdr.kql.lowering import lower, row_text
from sigma_xdr.kql.passes import rewrite
from sigma_xdr.kql.predicate import FALSE, ROW_TEXT, TRUE, And, Op, Or, Predicate, Test
from sigma_xdr.kql.text import TooManyAlternatives, where_clauses
from sigma_xdr.schema import Table, xdr_schema

__all__ = ["RuleQuery", "fresh", "header", "rule_query"]


@dataclass(frozen=True)
class RuleQuery:
    """A rule's conditions on the rows of a table. ``warnings`` are what the pipeline noted on the way."""

    table: Table
    predicate: Predicate
    log_source: str
    warnings: tuple[Diagnostic, ...] = ()

    @cached_property
    def action_types(self) -> tuple[str, ...]:
        """The ActionTypes that the query's rows have; none where it doesn't say."""
        args = self.predicate.args if isinstance(self.predicate, And) else (self.predicate,)
        tests = (arg for arg in args if isinstance(arg, Test) and arg.expression == "ActionType")
        return next((tuple(map(str, test.values)) for test in tests if test.op is Op.EQUALS), ())

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of its result."""
        return projection(self.table, self.predicate, self.action_types)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The table and a ``| where`` clause for each condition: all rows that match, with all of their columns."""
        clauses = where_clauses(self.predicate)
        if any(column == ROW_TEXT for column in asked_columns(self.predicate)):
            first = next(index for index, clause in enumerate(clauses) if ROW_TEXT in clause)
            clauses.insert(first, row_text(self.table))
        return (self.table.name, *clauses)

    @cached_property
    def text(self) -> str:
        """The whole query, without a comment and without a final line break."""
        return "\n".join((*self.conditions, f"| project {', '.join(self.columns)}"))

    @property
    def deployment(self) -> Deployment:
        """What a custom detection needs."""
        return deployment(self.table, self.predicate, self.columns)


def fresh(rule: SigmaRule) -> SigmaRule:
    """The rule with detections of its own, so that mapping it leaves the given one as it is."""
    own = copy.copy(rule)
    own.detection = copy.deepcopy(rule.detection)
    return own


def rule_query(rule: SigmaRule, pipeline: ProcessingPipeline) -> RuleQuery:
    """Map a rule with the pipeline and make its query. The rule is changed: give a fresh one.

    ``pipeline`` must hold the steps of :func:`sigma_xdr.pipeline.xdr_pipeline`. Several conditions of one rule are
    alternatives. Raises RuleError, and pySigma's SigmaError for what pySigma itself finds.
    """
    pipeline.apply(rule)
    state = pipeline.state
    if "query_table" not in state:
        hint = "use the pipeline sigma_xdr (-p sigma_xdr)"
        raise RuleError(Diagnostic("no-table", "no pipeline gave the rule a table", hint))
    table = xdr_schema().table(state["query_table"])
    return make_query(
        [condition.parsed for condition in rule.detection.parsed_condition],
        table,
        state.get("log_source", ""),
        tuple(state.get("warnings", ())),
    )


def make_query(conditions: Sequence[Any], table: Table, log_source: str, warnings: tuple[Diagnostic, ...]) -> RuleQuery:
    """The query of parsed conditions over a table's columns."""
    predicate = rewrite(Or(tuple(lower(condition, table) for condition in conditions)))
    if predicate == FALSE:
        raise _refusal("never-matches", "the condition contradicts itself: it selects no row")
    if predicate == TRUE:
        raise _refusal("always-matches", "the condition asks for nothing: it selects every row")
    query = RuleQuery(table, predicate, log_source, warnings)
    if log_source and not query.action_types:
        raise _refusal(
            "no-action-type",
            f"the rule reads {table.name} and names no ActionType",
            "add ActionType to a selection that every condition needs",
        )
    try:
        query.text  # noqa: B018 - what can't be written is found here
    except TooManyAlternatives as problem:
        raise _refusal(
            "too-many-values", str(problem), "use whole values (they make one in~ list), or split the rule"
        ) from None
    except ValueError as problem:
        raise _refusal("character", str(problem)) from None
    return query


def _refusal(code: str, message: str, hint: str | None = None) -> RuleError:
    return RuleError(Diagnostic(code, message, hint, keys=("detection", "condition")))


def header(title: str, identifier: str | None, level: str | None) -> str:
    """The comment on top of a query: title, level and id, in one line of visible ASCII."""
    return comment(" | ".join(part for part in (title, level, identifier) if part))
