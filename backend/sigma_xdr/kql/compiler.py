"""Rules to compiled rules: each mapped, written, checked by Microsoft's language service, its problems in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sigma.correlations import SigmaCorrelationRule, SigmaRuleReference
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.correlating import CompiledCorrelation, correlation_query
from sigma_xdr.kql.envelope import Deployment
from sigma_xdr.kql.query import RuleQuery, header, rule_query
from sigma_xdr.pipeline import xdr_pipeline
from sigma_xdr.rules import LoadedRule, RuleSet, apply_filters

if TYPE_CHECKING:
    from sigma_xdr.kql.checker import KqlChecker, KqlProblem

__all__ = ["CompiledRule", "Compiler", "compile_rules"]


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """A rule and its query. ``warnings`` are located diagnostics: it compiles, and deserves a look."""

    rule: LoadedRule
    query: RuleQuery | CompiledCorrelation
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the query reads."""
        return self.query.tables if isinstance(self.query, CompiledCorrelation) else (self.query.table.name,)

    @property
    def table(self) -> str:
        """The table that the query reads; of a correlation the first one."""
        return self.tables[0]

    @cached_property
    def kql(self) -> str:
        """The query with its header comment, without a final line break."""
        return f"{header(self.rule.title, self.rule.id, self.rule.level)}\n{self.query.text}"

    @property
    def bare_kql(self) -> str:
        """The query without a comment: what a near-real-time detection takes."""
        return self.query.text

    @cached_property
    def deployment(self) -> Deployment:
        """What a custom detection needs."""
        return self.query.deployment

    def as_data(self) -> dict[str, Any]:
        """The compiled rule as plain data, for machines."""
        facts = self.deployment
        return {
            "id": self.rule.id,
            "title": self.rule.title,
            "level": self.rule.level,
            "rule": self.rule.path.as_posix(),
            "tables": list(self.tables),
            "query": self.bare_kql,
            "columns": list(self.query.columns),
            "missing_columns": list(facts.missing_columns),
            "near_real_time": facts.near_real_time,
            "near_real_time_obstacles": list(facts.near_real_time_obstacles),
            "near_real_time_doubts": list(facts.near_real_time_doubts),
            "schedule": {"frequency": facts.schedule.frequency, "lookback": facts.schedule.lookback},
            "entities": {entity: dict(columns) for entity, columns in facts.entities.items()},
            "warnings": [warning.message for warning in self.warnings],
        }


class Compiler:
    """Compiles rules one by one. What else is loaded never changes a rule's text.

    ``rules`` is where a correlation finds the rules that it names. ``site`` holds the values of placeholders, ``filters`` are
    applied to the rules that they name. ``check`` has Microsoft's language service look at every query.
    """

    def __init__(
        self,
        rules: RuleSet,
        site: Mapping[str, tuple[str, ...]] | None = None,
        filters: Sequence[LoadedRule] = (),
        check: bool = True,
    ) -> None:
        self._rules = rules
        self._filters = tuple(filters)
        self._pipeline = xdr_pipeline(site)
        self._checker = _checker() if check else None

    def compile(self, loaded: LoadedRule) -> CompiledRule:
        """The compiled rule. Raises RuleError with all of the rule's problems, in place."""
        try:
            query = self._query(loaded)
            problems = [_problem(each) for each in self._checker.check(query.text)] if self._checker else []
            errors = [problem for problem in problems if problem.severity == "error"]
            if errors:
                raise RuleError(*errors)
            query.deployment  # noqa: B018 - a correlation that no schedule holds is refused here
        except RuleError as error:
            raise RuleError(*(_located(loaded, problem) for problem in error.diagnostics)) from None
        except SigmaError as error:
            raise RuleError(loaded.diagnostic("sigma", _sigma_message(error))) from None
        except RecursionError:
            raise RuleError(
                loaded.diagnostic("too-complex", "the rule is nested too deeply to compile", None, "detection")
            ) from None
        warnings = (*query.warnings, *(problem for problem in problems if problem.severity == "warning"))
        return CompiledRule(loaded, query, tuple(_located(loaded, warning) for warning in warnings))

    def _query(self, loaded: LoadedRule) -> RuleQuery | CompiledCorrelation:
        rule = self._parsed(loaded)
        if isinstance(rule, SigmaCorrelationRule):
            return correlation_query(rule, self._pipeline)
        return rule_query(rule, self._pipeline)

    def _parsed(self, loaded: LoadedRule, within: tuple[LoadedRule, ...] = ()) -> SigmaRule | SigmaCorrelationRule:
        """A fresh pySigma rule, with filters applied and references resolved."""
        rule = loaded.parse()
        if isinstance(rule, SigmaFilter):
            raise RuleError(loaded.diagnostic("filter", "a filter is no rule: it changes rules (--filters)"))
        if isinstance(rule, SigmaRule):
            filters = (each for each in map(LoadedRule.parse, self._filters) if isinstance(each, SigmaFilter))
            return apply_filters(rule, tuple(filters))
        references = rule.rules
        rule.referenced_rules = (
            [SigmaRuleReference(name) for name in loaded.references] if references is None else references
        )
        for number, reference in enumerate(rule.referenced_rules):
            found = self._rules.resolve(reference.reference)
            keys = ("correlation", "rules", number)
            if found is None:
                message = f"there is no rule '{reference.reference[:60]}'"
                raise RuleError(loaded.diagnostic("unknown-rule", message, "give its file too", *keys))
            if found is loaded or found in within:
                message = f"'{reference.reference[:60]}' leads back to this correlation"
                raise RuleError(loaded.diagnostic("unknown-rule", message, None, *keys))
            reference.rule = self._parsed(found, (*within, loaded))
        return rule


def compile_rules(
    rules: RuleSet,
    site: Mapping[str, tuple[str, ...]] | None = None,
    filters: Sequence[LoadedRule] = (),
    check: bool = True,
) -> list[CompiledRule]:
    """All rules and correlations of a set compiled, rules first. Raises RuleError at the first that can't be."""
    compiler = Compiler(rules, site, filters, check)
    return [compiler.compile(loaded) for loaded in (*rules.rules, *rules.correlations)]


def _checker() -> KqlChecker:
    """Microsoft's language service, started when the first rule needs it: it takes most of a short run's time."""
    from sigma_xdr.kql.checker import kql_checker

    return kql_checker()


def _located(loaded: LoadedRule, problem: Diagnostic) -> Diagnostic:
    """The problem with its place, looked up in the document that it stands in."""
    return problem if problem.file is not None else (problem.origin or loaded).locate(problem)


def _problem(problem: KqlProblem) -> Diagnostic:
    """What the checker says of the query, as a problem of the rule: the place in the query stands in the message."""
    severity = "error" if problem.severity == "error" else "warning"
    return Diagnostic(
        "kql",
        f"the query fails Microsoft's checker ({problem.code}): {problem.message.rstrip('.')}",
        f"in line {problem.line}, column {problem.column} of the query: {problem.text.strip()}",
        severity,
        keys=("detection",),
    )


def _sigma_message(error: SigmaError) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
