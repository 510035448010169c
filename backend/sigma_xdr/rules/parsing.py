"""A rule's plain data to a pySigma object, or to all that is wrong with it."""

from __future__ import annotations

from typing import Any

from sigma.correlations import SigmaCorrelationRule, SigmaRuleReference
from sigma.filters import SigmaFilter, SigmaGlobalFilter
from sigma.rule import SigmaDetections, SigmaRule

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.conditions import check_condition, written_out
from sigma_xdr.rules.correlations import build_correlation
from sigma_xdr.rules.detections import MAX_PROBLEMS, build_detections
from sigma_xdr.rules.metadata import likely_typos, log_source, missing_key, rule_arguments
from sigma_xdr.rules.modifiers import MAX_VALUES
from sigma_xdr.rules.places import ItemLocation, RuleSource

__all__ = ["Parsed", "kind_of", "parse"]

Parsed = SigmaRule | SigmaCorrelationRule | SigmaFilter


def kind_of(document: dict[Any, Any]) -> str:
    """``rule``, ``correlation`` or ``filter``."""
    return "correlation" if "correlation" in document else "filter" if "filter" in document else "rule"


def parse(document: dict[Any, Any], source: RuleSource) -> tuple[Parsed | None, list[Diagnostic]]:
    """A fresh pySigma object of a document, with warnings; or None and its errors.

    Each part of it has an :class:`ItemLocation` as its ``source``.
    """
    if "action" in document:
        hint = "write each rule out, in a document or a file of its own"
        return None, [source.diagnostic("removed-action", "'action' was removed from Sigma", hint, "action")]
    sections = [key for key in ("detection", "correlation", "filter") if key in document]
    if len(sections) > 1:
        message = f"a document can't have both '{sections[0]}' and '{sections[1]}'"
        return None, [source.diagnostic("two-kinds", message, "split it in two, with --- between", sections[1])]
    arguments, problems = rule_arguments(document, source)
    parsed: Parsed | None
    match kind_of(document):
        case "correlation":
            # pySigma raises the first problem: with wrong metadata it gets the section alone, to look there too.
            readable = {"title": "", "correlation": document["correlation"]} if problems else document
            parsed, wrong = build_correlation(readable, source)
        case "filter":
            parsed, wrong = _filter(document, source, arguments)
        case _:
            parsed, wrong = _rule(document, source, arguments)
    problems += wrong
    told = {(problem.line, problem.column) for problem in problems}
    typos = [problem for problem in likely_typos(document, source) if (problem.line, problem.column) not in told]
    return (None if problems else parsed), problems + typos


_Result = tuple[Parsed | None, list[Diagnostic]]


def _rule(document: dict[Any, Any], source: RuleSource, arguments: dict[str, Any]) -> _Result:
    log, problems = log_source(document, source)
    section = document.get("detection")
    if section is None:
        return None, [*problems, missing_key("detection", document, source, "say under it what the rule looks for")]
    if not isinstance(section, dict):
        message, hint = "'detection' has to be a mapping", "name selections under it, and a condition"
        return None, [*problems, source.diagnostic("invalid-detection", message, hint, "detection")]
    detections, sizes, wrong = build_detections(section, source, ("detection",), ("condition",))
    wrong += _conditions(section, sizes, source, "detection")
    if log is None or wrong:
        return None, problems + wrong
    conditions = section["condition"] if isinstance(section["condition"], list) else [section["condition"]]
    detection = SigmaDetections(detections, list(conditions), ItemLocation(source, ("detection", "condition")))
    return SigmaRule(**arguments, logsource=log, detection=detection), problems


def _filter(document: dict[Any, Any], source: RuleSource, arguments: dict[str, Any]) -> _Result:
    log, problems = log_source(document, source)
    section = document["filter"]
    if not isinstance(section, dict):
        message, hint = "'filter' has to be a mapping", "name rules, selections and a condition under it"
        return None, [*problems, source.diagnostic("invalid-filter", message, hint, "filter")]
    detections, sizes, wrong = build_detections(section, source, ("filter",), ("condition", "rules"))
    wrong += _conditions(section, sizes, source, "filter")
    if isinstance(section.get("condition"), list):
        wrong.append(source.diagnostic("condition-syntax", "a filter has one condition", None, "filter", "condition"))
    rules = section.get("rules")
    references = [rules] if isinstance(rules, str) else rules
    if not isinstance(references, list) or not references or not all(isinstance(each, str) for each in references):
        message = "'rules' names the rules that are filtered"
        hint = "write their ids or names as a list, or: any"
        wrong.append(source.diagnostic("filter-rules", message, hint, "filter", "rules"))
    if log is None or wrong:
        return None, problems + wrong
    any_rule = isinstance(rules, str) and rules.lower() == "any"
    filtered = SigmaGlobalFilter(
        detections,
        [section["condition"]],
        ItemLocation(source, ("filter", "condition")),
        "any" if any_rule else [SigmaRuleReference(each) for each in references or ()],
    )
    return SigmaFilter(**arguments, logsource=log, filter=filtered), problems


def _conditions(section: dict[Any, Any], sizes: dict[str, int], source: RuleSource, key: str) -> list[Diagnostic]:
    """What is wrong with the condition, or with each of a list, over selections of these sizes."""
    condition = section.get("condition")
    if condition is None:
        hint = "say which selections have to fit: selection and not filter"
        return [missing_key("condition", section, source, hint, key)]
    if condition == []:
        return [source.diagnostic("empty-values", "the list of conditions is empty", None, key, "condition")]
    conditions = condition if isinstance(condition, list) else [condition]
    problems: list[Diagnostic] = []
    values = 0
    for index, each in enumerate(conditions):
        keys = (key, "condition", index) if isinstance(condition, list) else (key, "condition")
        problems += check_condition(each, sizes, source, keys)
        values += 0 if problems else written_out(each, sizes)
        if values > MAX_VALUES:
            message = f"the condition compares more than {MAX_VALUES:,} values, each selection as often as it is named"
            return [source.diagnostic("too-many-values", message, "split the rule", *keys)]
        if len(problems) >= MAX_PROBLEMS:
            break
    return problems
