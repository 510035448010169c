"""A pack and its rules as lints see them: what is written, what it is compiled to, and the rows that it is tested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.rules import Key, LoadedRule
from sigma_xdr.rules.playbook import Playbook
from sigma_xdr.testing.subject import Subject
from sigma_xdr.testing.suite import RuleTest, Suite
from sigma_xdr.testing.trials import Trial

__all__ = ["LintedPack", "LintedRule"]


class LintedPack:
    """The rules of a suite with what stands beside them.

    ``playbooks`` are those of the families; None for a pack that has none at all. ``today`` is the day from which a rule's age is
    counted.
    """

    def __init__(self, suite: Suite, playbooks: Mapping[str, Playbook] | None, today: date) -> None:
        self.suite = suite
        self.playbooks = playbooks
        self.today = today
        tests = {id(test.rule): test for test in suite.tests}
        self.rules = tuple(LintedRule(rule, tests.get(id(rule)), self) for rule in suite.asked)

    @cached_property
    def by_table(self) -> Mapping[str, tuple[LintedRule, ...]]:
        """The rules on each table, in order."""
        found: dict[str, list[LintedRule]] = {}
        for each in self.rules:
            if each.query is not None:
                found.setdefault(each.query.table.name, []).append(each)
        return {table: tuple(rules) for table, rules in found.items()}


@dataclass(frozen=True, eq=False)
class LintedRule:
    """A rule, correlation or filter. ``test`` is its test file; None where it has none, or a wrong one."""

    rule: LoadedRule
    test: RuleTest | None
    pack: LintedPack

    @cached_property
    def parsed(self) -> SigmaRule | SigmaCorrelationRule | SigmaFilter:
        """The rule as pySigma has it, with the place of each part."""
        return self.rule.parse()

    @property
    def section(self) -> str:
        """The key under which it says what it looks for."""
        return "detection" if self.rule.kind == "rule" else self.rule.kind

    @property
    def alerts(self) -> bool:
        """Whether somebody gets an alert of it: it is no filter, and not there for correlations alone."""
        return self.rule.kind != "filter" and self.pack.suite.rules.generates(self.rule)

    @cached_property
    def subject(self) -> Subject:
        """The rule as its judges see it, without filters."""
        return self.pack.suite.subject(self.rule, ())

    @cached_property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Why the rule can't be compiled; nothing for a filter, which is a part of others."""
        if self.rule.kind == "filter":
            return ()
        try:
            self.subject.compiled  # noqa: B018 - compiled here
        except SigmaXdrError as error:
            return error.diagnostics
        return ()

    @cached_property
    def query(self) -> RuleQuery | None:
        """What a rule is compiled to; None for a correlation, a filter, and what can't be compiled."""
        if self.rule.kind != "rule" or self.errors:
            return None
        query = self.subject.compiled.query
        return query if isinstance(query, RuleQuery) else None

    @cached_property
    def true_positives(self) -> tuple[Trial, ...]:
        """The examples that the rule has to match. A case that can't be run has none: the tests say so."""
        if self.test is None or self.rule.kind == "filter" or self.errors:
            return ()
        return tuple(self._trials(self.test))

    @staticmethod
    def _trials(test: RuleTest) -> Iterator[Trial]:
        for case in test.file.cases:
            if case.expect:
                try:
                    yield from test.trials(case)
                except SigmaXdrError:
                    continue

    def finding(
        self,
        code: str,
        message: str,
        hint: str | None,
        *keys: Key,
        severity: str = "warning",
        within: str | None = None,
    ) -> Diagnostic:
        """A finding at the place of the rule that ``keys`` lead to, narrowed to the word ``within``."""
        return self.rule.diagnostic(code, message, hint, *keys, within=within, severity=severity)
