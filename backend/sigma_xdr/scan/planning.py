"""Rule files to a plan: which rules are hunted with, and which can't be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.evaluator import CorrelationMatcher, Matcher
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.rules import LoadedRule, RuleCache, RuleSet
from sigma_xdr.rules.cache import digest
from sigma_xdr.rules.remembering import problems_as_data, problems_from_data
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
    cache: RuleCache | None = None,
) -> tuple[Plan, list[Diagnostic]]:
    """The plan for the rules and correlations of a set, and the problems of those that can't be in it.

    ``references`` is where correlations find the rules that they name; a rule that is only named there reports nothing itself.
    ``check`` says whether a rule can be asked, beside the evaluator, which has to be able to judge it. ``cache`` remembers what the
    two said of a rule, and changes nothing else: ``check`` has to say the same of the same rules, filters, site and ``raw``.
    """
    filters, site = tuple(filters), site or {}
    put_on = tuple(each.document for each in filters)
    documents = _by_reference(references)
    problems: list[Diagnostic] = []

    def found(rule: LoadedRule) -> Sequence[Diagnostic]:
        try:
            check(rule)
            if rule.kind == "correlation":
                CorrelationMatcher(rule.document, documents, put_on, site)
            else:
                Matcher(rule.document, put_on, site)
        except SigmaXdrError as error:
            return rule.with_places(error).diagnostics
        return ()

    verdict = found if cache is None else _Remembered(found, cache, references, filters, site, raw)

    def is_fit(rule: LoadedRule) -> bool:
        said = verdict(rule)
        problems.extend(each for each in said if each.severity == "error")
        return not said

    rules = [rule for rule in asked.rules if is_fit(rule)]
    correlations = [rule for rule in asked.correlations if is_fit(rule)]
    if cache is not None:
        cache.save()
    named = [rule for rule in _named(correlations, references) if rule not in rules and rule not in correlations]
    plan = Plan(
        (
            *(_asked(rule, asked.generates(rule)) for rule in rules),
            *(_asked(rule, reported=False) for rule in named if rule.kind == "rule"),
        ),
        tuple(_asked(rule, asked.generates(rule)) for rule in correlations),
        put_on,
        site,
        raw,
    )
    return plan, problems


class _Remembered:
    """What is found wrong with rules, from the cache where it was found out before.

    A rule's entry is made of its file, the filters and the site, a correlation's of all rules as well.
    """

    def __init__(
        self,
        found: Callable[[LoadedRule], Sequence[Diagnostic]],
        cache: RuleCache,
        references: RuleSet,
        filters: Sequence[LoadedRule],
        site: Site,
        raw: bool,
    ) -> None:
        self._found = found
        self._cache = cache
        self._references = references
        self._filters = filters
        values = json.dumps([*site.items()]).encode("ascii")
        self._around = digest(b"raw" if raw else b"rows", values, *map(_identity, filters))

    def __call__(self, rule: LoadedRule) -> Sequence[Diagnostic]:
        name = rule.source.file.name
        parts = [b"verdict", _text(rule), self._around]
        if rule.kind == "correlation":
            parts.append(self._all_rules)
        if rule.kind == "correlation" or self._filters:
            parts.append(name.encode("utf-8", "surrogatepass"))  # what stands elsewhere may be to blame
        entry = self._cache.get(*parts)
        if entry is not None:
            return problems_from_data(entry, name)
        problems = self._found(rule)
        self._cache.put(problems_as_data(problems, name), *parts)
        return problems

    @cached_property
    def _all_rules(self) -> bytes:
        return digest(*map(_identity, (*self._references.rules, *self._references.correlations)))


def _identity(rule: LoadedRule) -> bytes:
    """What a document is: its file's name and text, and which of its documents it is."""
    return digest(rule.source.file.name.encode("utf-8", "surrogatepass"), _text(rule))


def _text(rule: LoadedRule) -> bytes:
    return b"%d:%s" % (rule.source.index, rule.source.file.text.encode())


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
