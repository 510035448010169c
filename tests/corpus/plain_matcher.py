"""Sigma on one raw record, the plain way: the judge that shares nothing with the compiler but pySigma's parsing.

Written from the specification for the values that SigmaHQ's Windows rules use; anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

__all__ = ["Judge", "judge"]

Fields = Mapping[str, str]
Judge = Callable[[Fields], bool]


def judge(rule: SigmaRule, one_nothing: bool = False) -> Judge:
    """What an untouched rule says of a record's fields (name to text).

    In a record, null is a field that is missing, and not an empty one. With ``one_nothing`` missing and empty are one, as
    they are in rows, and Sysmon's ``(Empty)`` with them.
    """
    conditions = [_condition(condition.parsed, one_nothing) for condition in rule.detection.parsed_condition]
    return lambda fields: any(condition(fields) for condition in conditions)


def _condition(node: Any, one_nothing: bool) -> Judge:
    match node:
        case ConditionAND(args=args):
            all_of = [_condition(arg, one_nothing) for arg in args]
            return lambda fields: all(part(fields) for part in all_of)
        case ConditionOR(args=args):
            any_of = [_condition(arg, one_nothing) for arg in args]
            return lambda fields: any(part(fields) for part in any_of)
        case ConditionNOT(args=[arg]):
            negated = _condition(arg, one_nothing)
            return lambda fields: not negated(fields)
        case ConditionFieldEqualsValueExpression(field=field, value=value):
            if one_nothing and _is_nothing(value):
                return lambda fields: not fields.get(field)
            return _item(field, value)
        case ConditionValueExpression(value=SigmaString() as keyword):
            anywhere = _text(SigmaString(f"*{keyword}*"))
            return lambda fields: any(map(anywhere, fields.values()))
    raise NotImplementedError(f"{type(node).__name__} in a condition")


def _is_nothing(value: Any) -> bool:
    return isinstance(value, SigmaNull) or (isinstance(value, SigmaString) and list(value.s) in ([], ["(Empty)"]))


def _item(field: str, value: Any) -> Judge:
    match value:
        case SigmaExpansion(values=values):
            any_of = [_item(field, each) for each in values]
            return lambda fields: any(part(fields) for part in any_of)
        case SigmaNull():
            return lambda fields: field not in fields
        case SigmaExists():
            return lambda fields: (field in fields) == bool(value)
        case SigmaFieldReference(field=other, starts_with=starts, ends_with=ends):
            way = _WAYS[ends, starts]
            return lambda fields: {field, other} <= fields.keys() and way(fields[field].lower(), fields[other].lower())
    test = _test(value)
    return lambda fields: field in fields and test(fields[field])


def _test(value: Any) -> Callable[[str], bool]:
    """What one value says of a field's text."""
    match value:
        case SigmaString():
            return _text(value)
        case SigmaNumber() | SigmaBool():
            plain = str(value).lower()
            return lambda text: text.lower() == plain
        case SigmaRegularExpression():
            found = re.compile(value.escape(escape_escape_char=False)).search
            return lambda text: found(text) is not None
        case SigmaCIDRExpression():
            network = ip_network(value.cidr, strict=False)
            return lambda text: (address := _address(text)) is not None and address in network
        case SigmaCompareExpression(number=number, op=operator):
            limit, compare = float(number.number), _COMPARE[operator]
            return lambda text: text.lstrip("-").isdigit() and compare(float(text), limit)
    raise NotImplementedError(type(value).__name__)


_COMPARE: dict[CompareOperators, Callable[[float, float], bool]] = {
    CompareOperators.LT: lambda a, b: a < b,
    CompareOperators.LTE: lambda a, b: a <= b,
    CompareOperators.GT: lambda a, b: a > b,
    CompareOperators.GTE: lambda a, b: a >= b,
}


#: How a text is compared that may have more before it, and after it.
_WAYS: dict[tuple[bool, bool], Callable[[str, str], bool]] = {
    (False, False): str.__eq__,
    (False, True): str.startswith,
    (True, False): str.endswith,
    (True, True): str.__contains__,
}


def _text(value: SigmaString) -> Callable[[str], bool]:
    """Text with wildcards: plain string methods where they say it (fast), else a regex."""
    many = SpecialChars.WILDCARD_MULTI
    parts = list(value.s)
    first, last = bool(parts) and parts[0] is many, len(parts) > 1 and parts[-1] is many
    inner = parts[first : len(parts) - last]
    cased = isinstance(value, SigmaCasedString)
    if len(inner) == 1 and isinstance(inner[0], str):
        literal = inner[0] if cased else inner[0].lower()
        way = _WAYS[first, last]
        return (lambda text: way(text, literal)) if cased else (lambda text: way(text.lower(), literal))
    wildcards: dict[object, str] = {many: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    regex = "".join(re.escape(part) if isinstance(part, str) else wildcards[part] for part in parts)
    matches = re.compile(regex, re.DOTALL if cased else re.DOTALL | re.IGNORECASE).fullmatch
    return lambda text: matches(text) is not None


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None
