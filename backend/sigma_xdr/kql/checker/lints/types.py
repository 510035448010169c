"""Values of different types side by side.

Microsoft's parser takes any two types on the sides of ``==`` and ``in``; the service answers "Cannot compare values of
types …". (Where ``<``, ``between``, ``=~`` or ``has`` get a wrong type, the parser says so itself: KS106, KS107, KS141.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Comparison, Operand, Outline
from sigma_xdr.kql.checker.problem import Finding

_EQUALITY = frozenset(("==", "!=", "<>"))
_EXACT_LISTS = frozenset(("in", "!in"))
_STRING_LISTS = frozenset(("in~", "!in~", "has_any", "has_all"))
_EQUALITIES = _EQUALITY | _EXACT_LISTS | {"=~", "!~", "in~", "!in~"}
_NUMBERS = frozenset(("int", "long", "real", "decimal"))


def type_mismatch(outline: Outline) -> Iterator[Finding]:
    """``ProcessId == "4"``, ``LogonId in ("0x3e7")``, ``FileName has_any (1)``."""
    for comparison in outline.comparisons:
        if comparison.operator in _STRING_LISTS and comparison.operands[0].type not in ("string", "dynamic"):
            continue  # KS107
        if comparison.operator in _EQUALITY | _EXACT_LISTS | _STRING_LISTS:
            yield from _mismatches(comparison)


def _mismatches(comparison: Comparison) -> Iterator[Finding]:
    left, *others = comparison.operands
    expected = "string" if comparison.operator in _STRING_LISTS else left.type
    for other in others:
        for type_ in _types(other, comparison.operator):
            if expected in (None, "dynamic") or _kind(type_) == _kind(expected):
                continue
            like_numbers = {_kind(type_), _kind(str(expected))} == {"bool", "number"}
            message = f"{comparison.operator} between {expected} and {type_}"
            hint = "write true or false" if like_numbers else f"write it as {expected}, or cast"
            yield Finding("type-mismatch", "warning" if like_numbers else "error", message, other.span, hint)
            break


def _types(operand: Operand, operator: str) -> list[str]:
    """The types of the values that an operand stands for; empty where they aren't known."""
    if operand.type != "dynamic":
        return [operand.type] if operand.type else []
    if operator in _EQUALITY or operand.value is None:
        return []
    try:
        values = json.loads(operand.value)
    except (ValueError, RecursionError):
        return []  # Kusto's own literals inside: datetime(…)
    names = {str: "string", bool: "bool", int: "long", float: "real"}
    return [names[type(value)] for value in values if type(value) in names] if isinstance(values, list) else []


def _kind(type_: str) -> str:
    return "number" if type_ in _NUMBERS else type_


def dynamic_operand(outline: Outline) -> Iterator[Finding]:
    """``parse_json(AdditionalFields).Name == "x"``: equality with a dynamic depends on what is in it, row by row."""
    for comparison in outline.comparisons:
        if comparison.operator in _EQUALITIES and comparison.within != "join":
            candidates = (
                comparison.operands if comparison.operator in _EQUALITY | {"=~", "!~"} else comparison.operands[:1]
            )
            for operand in candidates:
                if operand.type == "dynamic":
                    message = f"{comparison.operator} with a dynamic depends on the type of each row's value"
                    hint = "cast it: tostring(…), tolong(…), tobool(…)"
                    yield Finding("dynamic-operand", "warning", message, operand.span, hint)


def branch_types(outline: Outline) -> Iterator[Finding]:
    """``iff(c, "a", 1)``: the service wants one type in all branches."""
    for call in outline.calls:
        branches: tuple[Operand, ...] = ()
        if call.name in ("iff", "iif"):
            branches = call.arguments[1:]
        elif call.name == "case":
            branches = (*call.arguments[1:-1:2], *call.arguments[-1:])
        types = [branch.type for branch in branches if branch.type]
        for branch in branches[1:]:
            if branch.type and _kind(branch.type) != _kind(types[0]):
                message = f"the branches of {call.name}() have different types, {types[0]} and {branch.type}"
                yield Finding("branch-types", "error", message, branch.span, f"cast it to {types[0]}")
