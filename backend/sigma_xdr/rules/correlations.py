"""A rule's correlation section, checked before pySigma reads it: wrong types crash it, and unknown keys it drops."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import islice
from typing import Any

from sigma.correlations import SigmaCorrelationRule, SigmaCorrelationType
from sigma.correlations import SigmaExtendedCorrelationCondition as ExtendedCondition
from sigma.exceptions import SigmaError

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.places import ItemLocation, RuleSource

__all__ = ["build_correlation", "referenced_rules"]

_KEYS = ("type", "rules", "generate", "group-by", "timespan", "aliases", "condition")
_OPERATORS = ("lt", "lte", "gt", "gte", "eq", "neq")
_TYPES = tuple(str(member) for member in SigmaCorrelationType)
_TEMPORAL = ("temporal", "temporal_ordered")
#: Longest extended condition, in characters, and most brackets and words ``not``: pySigma recurses into them.
_MAX_LENGTH, _MAX_NESTED = 20_000, 50
#: Unknown keys and wrong aliases that are shown.
_SHOWN = 5


def build_correlation(
    document: dict[Any, Any], source: RuleSource
) -> tuple[SigmaCorrelationRule | None, list[Diagnostic]]:
    """pySigma's correlation rule, or what is wrong with its section. The metadata has been checked before."""
    section = document["correlation"]
    if not isinstance(section, dict):
        message, hint = (
            "'correlation' has to be a mapping",
            "write type, rules, group-by, timespan and condition under it",
        )
        return None, [source.diagnostic("invalid-correlation", message, hint, "correlation", 0)]
    check = _Check(section, source)
    check.run()
    if check.problems:
        return None, check.problems
    try:
        return SigmaCorrelationRule.from_dict(document, source=ItemLocation(source, ())), []
    except SigmaError as error:
        return None, [source.diagnostic("invalid-correlation", str(error.args[0]), None, "correlation")]


def referenced_rules(rule: SigmaCorrelationRule) -> list[str]:
    """The ids and names of the rules that a correlation is about, in order."""
    if rule.rules is not None:
        return [reference.reference for reference in rule.rules]
    return rule.condition.get_referenced_rules() if isinstance(rule.condition, ExtendedCondition) else []


class _Check:
    """Every value of a correlation section has its type and every key is known."""

    def __init__(self, section: dict[Any, Any], source: RuleSource) -> None:
        self.section = section
        self.source = source
        self.problems: list[Diagnostic] = []

    def problem(self, message: str, hint: str | None, *keys: str | int) -> None:
        self.problems.append(self.source.diagnostic("invalid-correlation", message, hint, "correlation", *keys))

    def run(self) -> None:
        for key in [key for key in self.section if key not in _KEYS][:_SHOWN]:
            self.problem(f"a correlation has no '{str(key)[:60]}'", _did_you_mean(key, _KEYS), str(key))
        self.kind()
        self.rules()
        self.group_by()
        self.timespan()
        self.aliases()
        self.condition()
        if "generate" in self.section and not isinstance(self.section["generate"], bool):
            self.problem("'generate' is true or false", None, "generate", 0)

    def kind(self) -> None:
        kind = self.section.get("type")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            message = "there is no 'type'" if kind is None else f"there is no type '{str(kind)[:60]}'"
            self.problem(message, _did_you_mean(kind, _TYPES), "type", 0)

    def rules(self) -> None:
        rules = self.section.get("rules")
        if rules is None and isinstance(self.section.get("condition"), str):
            return
        if not isinstance(rules, list):
            rules = [rules]
        if not rules or not all(isinstance(rule, str) for rule in rules):
            self.problem("'rules' names the rules that it is about", "write their ids or names as a list", "rules")

    def group_by(self) -> None:
        fields = self.section.get("group-by")
        if fields is not None and not _is_text_or_list(fields):
            self.problem("'group-by' is a field or a list of fields", None, "group-by")

    def timespan(self) -> None:
        timespan = self.section.get("timespan")
        if not isinstance(timespan, str) or not re.fullmatch(r"0*[1-9][0-9]{0,8}[smhdwMy]", timespan):
            message = "there is no 'timespan'" if timespan is None else f"'{str(timespan)[:60]}' is no timespan"
            self.problem(message, "write a number and one of s, m, h, d, w, M, y: 15m", "timespan", 0)

    def aliases(self) -> None:
        aliases = self.section.get("aliases")
        if aliases is None:
            return
        if not isinstance(aliases, dict):
            self.problem("'aliases' is a mapping of names", None, "aliases")
            return
        for alias in [alias for alias, mapping in aliases.items() if not _is_alias(alias, mapping)][:_SHOWN]:
            self.problem("an alias maps each rule to one of its fields", None, "aliases", str(alias))

    def condition(self) -> None:
        condition = self.section.get("condition")
        temporal = self.section.get("type") in _TEMPORAL
        if isinstance(condition, str) and temporal:
            nested = len(re.findall(r"\(|\bnot\b", condition))
            if len(condition) > _MAX_LENGTH or nested > _MAX_NESTED:
                self.problem("the condition is too long or nests too deep", "split the rule", "condition")
        elif isinstance(condition, dict):
            self.comparison(condition)
        elif condition is not None or not temporal:
            self.problem("the condition compares a count", "write an operator and a number: gte: 10", "condition")

    def comparison(self, condition: dict[Any, Any]) -> None:
        operators = [key for key in condition if key in _OPERATORS]
        if len(operators) != 1:
            self.problem("the condition has to have one operator", f"it is one of {', '.join(_OPERATORS)}", "condition")
        for key, value in islice(condition.items(), _SHOWN):
            if key in _OPERATORS or key == "percentile":
                if type(value) is not int:
                    self.problem(f"'{key}' takes a whole number", None, "condition", key, 0)
            elif key != "field":
                known = (*_OPERATORS, "field", "percentile")
                self.problem(f"a condition has no '{str(key)[:60]}'", _did_you_mean(key, known), "condition", str(key))
            elif not _is_text_or_list(value):
                self.problem("'field' is a field or a list of fields", None, "condition", "field", 0)
        kind = str(self.section.get("type"))
        if kind.startswith("value_") and "field" not in condition:
            self.problem(f"'{kind}' needs a field to look at", "add 'field' to the condition", "condition")


def _is_alias(name: object, mapping: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(mapping, dict)
        and all(isinstance(each, str) for pair in mapping.items() for each in pair)
    )


def _is_text_or_list(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(each, str) for each in values)


def _did_you_mean(key: object, allowed: tuple[str, ...]) -> str:
    nearest = get_close_matches(str(key)[:60].lower(), allowed, 1)
    return f"did you mean {nearest[0]}?" if nearest else f"it is one of {', '.join(allowed)}"
