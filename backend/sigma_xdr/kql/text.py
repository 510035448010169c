"""A predicate as KQL text, the way an expert writes it: a clause a line, lists as ``in~``, no needless brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sigma_xdr.kql.literals import literal
from sigma_xdr.kql.predicate import And, Constant, Not, Op, Or, Predicate, Test, Value

__all__ = ["TooManyAlternatives", "list_operator", "where_clauses"]

_T = TypeVar("_T")

#: Where a line is broken, in characters.
WIDTH = 120
#: Kusto's parser gives up (KS245) near 490 chained operands; measured with Microsoft's language service.
MOST_CHAINED = 400


class TooManyAlternatives(Exception):
    """More operands than one condition can chain, of an operator that takes no list."""


def where_clauses(predicate: Predicate) -> list[str]:
    """The ``| where`` clauses of a predicate; none for one that is always true.

    A clause that doesn't fit a line is broken at its alternatives. Raises TooManyAlternatives, and ValueError for a text
    that no KQL string can hold.
    """
    if isinstance(predicate, Constant):
        return [] if predicate.value else ["| where false"]
    args = predicate.args if isinstance(predicate, And) else (predicate,)
    return [f"| where {_broken(arg, '    ', len('| where '))}" for arg in _chain(args)]


# ------------------------------------------------------------------------------------------------------------- breaking


def _broken(predicate: Predicate, indent: str, used: int) -> str:
    """The text, over several lines if it is longer than what is left of its line after ``used`` characters."""
    flat = _flat(predicate)
    if used + len(flat) <= WIDTH:
        return flat
    deeper = indent + "    "
    match predicate:
        case Or(args):
            return f"\n{indent}or ".join(
                text for each in args for text in (_links(each) or [_operand(each, deeper, len(indent) + 3)])
            )
        case And(args):
            return f"\n{indent}and ".join(_operand(each, deeper, len(indent) + 4) for each in args)
        case Test() if _is_chain(predicate):
            return f"\n{indent}or ".join(_links(predicate))
        case Not(Test() as test) if _negation(test) and not _is_chain(test):
            return _broken_list(test, _negation(test), indent)
        case Not(arg):
            return f"not(\n{deeper}{_broken(arg, deeper, len(deeper))}\n{indent})"
        case Test() if len(predicate.values) > 1 and list_operator(predicate):
            return _broken_list(predicate, None, indent)
    return flat


def _operand(predicate: Predicate, indent: str, used: int) -> str:
    """An operand of a broken and/or: another broken chain goes in brackets."""
    text = _broken(predicate, indent, used)
    chain = isinstance(predicate, (And, Or)) or (isinstance(predicate, Test) and _is_chain(predicate))
    return f"({text})" if chain and ("\n" in text or not isinstance(predicate, And)) else text


def _broken_list(test: Test, operator: str | None, indent: str) -> str:
    lines: list[str] = []
    for value in test.values:
        text = literal(value)
        if lines and len(indent) + 4 + len(lines[-1]) + len(text) + 2 <= WIDTH:
            lines[-1] += f", {text}"
        else:
            lines.append(text)
    values = f",\n{indent}    ".join(lines)
    return f"{test.expression} {operator or list_operator(test)} (\n{indent}    {values}\n{indent})"


# ----------------------------------------------------------------------------------------------------------- on one line


def _flat(predicate: Predicate) -> str:
    match predicate:
        case Constant(value):
            return literal(value)
        case And(args):
            return " and ".join(_bracketed(arg) for arg in _chain(args))
        case Or(args):
            return " or ".join(_chain([text for arg in args for text in (_links(arg) or [_flat(arg)])]))
        case Not(Test() as test) if (operator := _negation(test)) is not None:
            return _test(test, operator)
        case Not(Test(expression, kind, Op.EMPTY)):
            return f"{'isnotempty' if kind == 'string' else 'isnotnull'}({expression})"
        case Not(arg):
            return f"not({_flat(arg)})"
        case Test() if _is_chain(predicate):
            return " or ".join(_chain(_links(predicate)))
        case Test():
            return _test(predicate)
    raise TypeError(f"no predicate: {predicate!r}")


def _bracketed(predicate: Predicate) -> str:
    """An operand of and."""
    text = _flat(predicate)
    return f"({text})" if isinstance(predicate, Or) or (isinstance(predicate, Test) and _is_chain(predicate)) else text


def _chain(operands: Sequence[_T]) -> Sequence[_T]:
    if len(operands) > MOST_CHAINED:
        raise TooManyAlternatives(
            f"{len(operands):,} alternatives in one condition; Kusto's parser takes about {MOST_CHAINED}"
        )
    return operands


def _links(predicate: Predicate) -> list[str]:
    """The links of a chained test; none of anything else. Mixed texts are searched alike: has beside contains saves nothing."""
    if not (isinstance(predicate, Test) and _is_chain(predicate)):
        return []
    test, operator = predicate, _OPERATORS.get(predicate.op)
    return [_test(Test(test.expression, test.type, test.op, (value,)), operator) for value in test.values]


def _is_chain(test: Test) -> bool:
    """Whether its values have no list operator and are chained with or."""
    return len(test.values) > 1 and list_operator(test) is None and test.op not in (Op.IN_NETWORK, Op.IN_NETWORK_OR_NOT)


def _test(test: Test, operator: str | None = None) -> str:
    """A test without or with one value, or with a list that an operator takes."""
    expression, op = test.expression, test.op
    if op is Op.EMPTY:
        return f"{'isempty' if test.type == 'string' else 'isnull'}({expression})"
    if op is Op.IN_NETWORK:
        return _in_network(test)
    if op is Op.IN_NETWORK_OR_NOT:
        return f"coalesce({_in_network(test)}, false)"
    if op in _FIELD_OPERATORS:
        operator = "==" if op is Op.EQUALS_FIELD and test.type != "string" else _FIELD_OPERATORS[op]
        return f"{expression} {operator} {test.values[0]}"
    if len(test.values) > 1:
        return f"{expression} {operator or list_operator(test)} ({', '.join(literal(value) for value in test.values)})"
    return f"{expression} {operator or _operator(test)} {literal(test.values[0])}"


def _in_network(test: Test) -> str:
    """Kusto has a function for IPv4 and one for IPv6, each for one network and for several."""
    version = "6" if any(":" in str(value) for value in test.values) else "4"
    function = f"ipv{version}_is_in_{'any_' if len(test.values) > 1 else ''}range"
    return f"{function}({test.expression}, {', '.join(literal(value) for value in test.values)})"


# ------------------------------------------------------------------------------------------------------------ operators

_FIELD_OPERATORS = {
    Op.EQUALS_FIELD: "=~",
    Op.STARTSWITH_FIELD: "startswith",
    Op.ENDSWITH_FIELD: "endswith",
    Op.CONTAINS_FIELD: "contains",
}
_OPERATORS = {
    Op.STARTSWITH: "startswith",
    Op.ENDSWITH: "endswith",
    Op.CONTAINS: "contains",
    Op.EQUALS_CS: "==",
    Op.STARTSWITH_CS: "startswith_cs",
    Op.ENDSWITH_CS: "endswith_cs",
    Op.CONTAINS_CS: "contains_cs",
    Op.REGEX: "matches regex",
}


def _exact(test: Test) -> bool:
    """Whether equality needs no folding: of numbers and the like, and of ActionTypes, which are one closed spelling."""
    return test.type != "string" or test.expression == "ActionType"


def _operator(test: Test) -> str:
    """The operator for one value."""
    if test.op is Op.EQUALS:
        return "==" if _exact(test) else "=~"
    if test.op is Op.CONTAINS and _is_delimited(test.values[0]):
        return "has"
    return _OPERATORS.get(test.op, test.op.value)


def list_operator(test: Test) -> str | None:
    """The operator for several values; None where there is none."""
    if test.op is Op.EQUALS:
        return "in" if _exact(test) else "in~"
    if test.op is Op.EQUALS_CS:
        return "in"
    if test.op is Op.CONTAINS and all(_is_delimited(value) for value in test.values):
        return "has_any"
    return None


def _negation(test: Test) -> str | None:
    """The operator that says the opposite of a test; None where not(…) has to."""
    if test.op in (Op.EQUALS, Op.EQUALS_CS):
        plain = _operator(test) if len(test.values) == 1 else list_operator(test)
        return {"=~": "!~", "==": "!=", "in~": "!in~", "in": "!in"}[str(plain)]
    if len(test.values) == 1 and test.op in _NEGATED:
        return f"!{_operator(test)}"
    return None


_NEGATED = frozenset({Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS, Op.STARTSWITH_CS, Op.ENDSWITH_CS, Op.CONTAINS_CS})


def _is_delimited(value: Value) -> bool:
    r"""Whether ``has`` finds exactly what ``contains`` finds, and by the term index.

    ``has`` asks for a term's boundary only where the needle's own edge is a letter or a digit: with both edges on ASCII
    punctuation, space or a dash, the two are one. It is worth it where some term is long enough to be indexed.
    """
    if not isinstance(value, str) or not value or not (_is_delimiter(value[0]) and _is_delimiter(value[-1])):
        return False
    term = longest = 0
    for char in value:
        term = 0 if not char.isalnum() else term + 1
        longest = max(longest, term)
    return longest > 3


def _is_delimiter(char: str) -> bool:
    """ASCII that is no letter or digit, and the dashes that Windows programs take for a hyphen."""
    return (char.isascii() and not char.isalnum()) or char in "\u2013\u2014\u2015"
