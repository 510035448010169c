"""Rule files to a plan: which rules are hunted with, and which can't be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.evaluator import CorrelationMatcher, Matcher
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.rules import LoadedRule, RuleSet
from sigma_xdr.scan.hits import HuntedRule
from sigma_xdr.scan.hunting import Asked, Plan

__all__ = ["plan_of"]

#: Raises SigmaXdrError for a rule that can't be asked.
Check = Callable[[LoadedRule], object]


def plan_of(
    asked: RuleSet,
    references: RuleSet,
    check: Check,
    filters: Iterable[LoadedRule] = (),
    site: Site | None = None,
    raw: bool = False,
) -> tuple[Plan, list[Diagnostic]]:
    """The plan for the rules and correlations of a set, and the problems of those that can't be in it.

    ``references`` is where correlations find the rules that they name; a rule that is only named there reports nothing itself.
    ``check`` says whether a rule can be asked, beside the evaluator, which has to be able to judge it.
    """
    put_on, site = tuple(each.document for each in filters), site or {}
    documents = _by_reference(references)
    problems: list[Diagnostic] = []

    def is_fit(rule: LoadedRule) -> bool:
        try:
            check(rule)
            if rule.kind == "correlation":
                CorrelationMatcher(rule.document, documents, put_on, site)
            else:
                Matcher(rule.document, put_on, site)
        except SigmaXdrError as error:
            found = rule.with_places(error).diagnostics
            problems.extend(each for each in found if each.severity == "error")
            return False
        return True

    rules = [rule for rule in asked.rules if is_fit(rule)]
    correlations = [rule for rule in asked.correlations if is_fit(rule)]
    named = [rule for rule in _named(correlations, references) if rule not in rules and rule not in correlations]
    plan = Plan(
        (*map(_asked, rules), *(_asked(rule, reported=False) for rule in named if rule.kind == "rule")),
        tuple(map(_asked, correlations)),
        put_on,
        site,
        raw,
    )
    return plan, problems


def _asked(rule: LoadedRule, reported: bool = True) -> Asked:
    hunted = HuntedRule(rule.id, rule.title, rule.level, rule.relative.as_posix())
    return Asked(hunted, rule.document, reported)


def _named(correlations: Iterable[LoadedRule], references: RuleSet) -> list[LoadedRule]:
    """The rules that correlations name, and those that correlations that they name name."""
    found: list[LoadedRule] = []
    pending = list(correlations)
    while pending:
        for reference in pending.pop().references:
            rule = references.resolve(reference)
            if rule is not None and rule not in found:
                found.append(rule)
                pending.append(rule)
    return found


def _by_reference(rules: RuleSet) -> Mapping[str, Any]:
    """All documents by their ids and names."""
    loaded = (*rules.rules, *rules.correlations)
    return {key: rule.document for rule in reversed(loaded) for key in (rule.id, rule.name) if key}
