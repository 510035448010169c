"""Sigma filters on a rule: the meaning of pySigma's ``SigmaFilter.apply_on_rule`` without its random names and shared
parts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from uuid import UUID

from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetections, SigmaRule

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules.conditions import condition_words

__all__ = ["apply_filters"]


def apply_filters(rule: SigmaRule, filters: Sequence[SigmaFilter]) -> SigmaRule:
    """The rule with every filter that fits its log source and names it, or names any; the rule itself if none does.

    The result has selections of its own for each filter, called ``_filter_<number in filters>_<name>``, so that neither
    the rule's patterns take them in nor two filters meet; those whose name begins with _ are called ``_own_filter_…``, so
    that the filter's ``them`` doesn't take them in either. It shares the rule's own selections, so the rule is used up.
    Raises RuleError where a pattern of the rule, such as ``_*``, would take a filter's selection in.
    """
    detections = dict(rule.detection.detections)
    conditions = list(rule.detection.condition)
    for index, each in enumerate(filters):
        if not _fits(each, rule):
            continue
        prefix = f"_filter_{index}_"
        while any(name.startswith(prefix) for name in rule.detection.detections):
            prefix = "_" + prefix
        for name, detection in each.filter.detections.items():
            detections[_new_name(name, prefix)] = copy.deepcopy(detection)
        conditions = [f"({condition}) and ({_renamed(each.filter.condition[0], prefix)})" for condition in conditions]
    if len(detections) == len(rule.detection.detections):
        return rule
    _refuse_open_patterns(rule)
    filtered = copy.copy(rule)
    filtered.detection = SigmaDetections(detections, conditions, rule.detection.source)
    return filtered


def _fits(each: SigmaFilter, rule: SigmaRule) -> bool:
    if rule.logsource not in each.logsource:
        return False
    references = each.filter.rules
    return isinstance(references, str) or any(_names(reference.reference, rule) for reference in references)


def _names(reference: str, rule: SigmaRule) -> bool:
    try:
        return UUID(reference) == rule.id
    except ValueError:
        return reference == rule.name


def _renamed(condition: str, prefix: str) -> str:
    """The filter's condition over the new names; ``them`` is a pattern of all of them."""
    pieces, end = [], 0
    for word in condition_words(condition):
        pieces.append(condition[end : word.start])
        text = "*" if word.role == "pattern" and word.text == "them" else word.text
        pieces.append(text if word.role == "syntax" else _new_name(text, prefix))
        end = word.start + len(word.text)
    return "".join(pieces)


def _new_name(name: str, prefix: str) -> str:
    return f"_own{prefix}{name}" if name.startswith("_") else prefix + name


def _refuse_open_patterns(rule: SigmaRule) -> None:
    for condition in rule.detection.condition:
        for word in condition_words(condition):
            if word.role == "pattern" and word.text.startswith("_"):
                message = f"the pattern '{word.text}' would take in the selections of filters"
                hint = "let no selection's name begin with _"
                raise RuleError(Diagnostic.of_item(rule.detection.source, "filter-pattern", message, hint))
