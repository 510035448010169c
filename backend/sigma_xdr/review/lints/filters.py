"""Filters that leave nothing of their rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.kql.predicate import And, Not, Op, Or, Predicate, Test
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.review.lints.implication import implies
from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.rules.conditions import condition_words
from sigma_xdr.testing.subject import Subject

__all__ = ["filter_empties_rule"]


def filter_empties_rule(linted: LintedRule) -> Iterator[Diagnostic]:
    """A ``not`` in a rule, or a Sigma filter, that takes away all that the rule asks for: it never alerts again."""
    if linted.rule.kind == "filter":
        yield from _emptied_by(linted)
    elif linted.query is not None and (swallowing := _swallowing(linted.query.predicate)) is not None:
        names = _columns(swallowing)
        message = f"the filter on {names} takes away every event that the selections find: the rule never alerts"
        hint = "narrow what stands after not"
        word = next((word for word in _excluded_words(linted) if word == "not"), None)
        yield linted.finding(
            "filter-empties-rule", message, hint, "detection", "condition", 0, severity="error", within=word
        )


def _swallowing(predicate: Predicate) -> Predicate | None:
    """What is excluded and holds of every row that is asked for; None where there is no such thing."""
    parts = predicate.args if isinstance(predicate, And) else (predicate,)
    asked = And(tuple(part for part in parts if not isinstance(part, Not)))
    excluded = (part.arg for part in parts if isinstance(part, Not))
    # isnotempty(column) is written as a Not, and takes nothing away that another test of the column asks for
    return next((each for each in excluded if not _is_empty_test(each) and implies(asked, each)), None)


def _is_empty_test(predicate: Predicate) -> bool:
    return isinstance(predicate, Test) and predicate.op is Op.EMPTY


def _columns(predicate: Predicate) -> str:
    found: dict[str, None] = {}

    def walk(part: Predicate) -> None:
        match part:
            case And(args) | Or(args):
                for arg in args:
                    walk(arg)
            case Not(arg):
                walk(arg)
            case Test(expression):
                found[expression] = None

    walk(predicate)
    return " and ".join(found)


def _excluded_words(linted: LintedRule) -> Iterator[str]:
    condition = linted.rule.document["detection"]["condition"]
    return (word.text for word in condition_words(condition)) if isinstance(condition, str) else iter(())


def _emptied_by(linted: LintedRule) -> Iterator[Diagnostic]:
    """The rules of which a Sigma filter leaves nothing: by their queries, or by all of their own examples."""
    suite = linted.pack.suite
    for each in linted.pack.rules:
        if each.query is None or not _names(linted, each):
            continue
        subject = suite.subject(each.rule, (linted.rule,))
        why = _emptied(each, subject)
        if why:
            message = f"the filter leaves nothing of '{each.rule.title}': {why}"
            hint = "compare more fields, or whole values: what it silences nobody looks at"
            yield linted.finding("filter-empties-rule", message, hint, *_reference(linted, each), severity="error")


def _emptied(each: LintedRule, subject: Subject) -> str | None:
    try:
        query = subject.compiled.query
    except SigmaXdrError as error:
        never = any(problem.code == "never-matches" for problem in error.diagnostics)
        return "what the rule asks for and the filter takes away are the same" if never else None
    if isinstance(query, RuleQuery) and _swallowing(query.predicate) is not None:
        return "it takes away every event that the rule asks for"
    trials = each.true_positives
    if trials and not any(_matches(subject, [trial]) for trial in trials):
        return f"it takes away all {len(trials)} true positives of its tests"
    return None


def _matches(subject: Subject, trials: Sequence[object]) -> bool:
    try:
        return any(subject.evaluate(trials))  # type: ignore[arg-type]
    except SigmaXdrError:
        return True


def _names(linted: LintedRule, each: LintedRule) -> bool:
    """Whether the filter is put on a rule: it names it, or any, and the log source fits."""
    if linted.rule.references and each.rule not in map(linted.pack.suite.rules.resolve, linted.rule.references):
        return False
    compiled = linted.pack.suite.subject(each.rule, (linted.rule,))
    try:
        return compiled.compiled.query != each.subject.compiled.query
    except SigmaXdrError:
        return True


def _reference(linted: LintedRule, each: LintedRule) -> tuple[str | int, ...]:
    """The way to where the filter names the rule."""
    for number, reference in enumerate(linted.rule.references):
        if linted.pack.suite.rules.resolve(reference) is each.rule:
            return ("filter", "rules", number)
    return ("filter", "rules")
