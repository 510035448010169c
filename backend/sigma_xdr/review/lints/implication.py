"""Whether one condition holds wherever another one does: sure, or not known."""

from __future__ import annotations

from sigma_xdr.kql.predicate import FALSE, TRUE, And, Not, Op, Or, Predicate, Test, Value

__all__ = ["implies"]

#: Pairs of values that are compared at most.
_MOST_PAIRS = 200_000
_CASED = {
    Op.EQUALS_CS: Op.EQUALS,
    Op.STARTSWITH_CS: Op.STARTSWITH,
    Op.ENDSWITH_CS: Op.ENDSWITH,
    Op.CONTAINS_CS: Op.CONTAINS,
}
_TEXTS = (*_CASED, *_CASED.values())


def implies(some: Predicate, other: Predicate) -> bool:
    """Whether ``other`` holds of every row of which ``some`` does. False where that isn't plain to see."""
    known: dict[tuple[int, int], bool] = {}

    def found(left: Predicate, right: Predicate) -> bool:
        key = (id(left), id(right))
        if key not in known:
            known[key] = fresh(left, right)
        return known[key]

    def fresh(left: Predicate, right: Predicate) -> bool:
        if left in (right, FALSE) or right == TRUE:
            return True
        match left, right:
            case Or(args), _:
                return all(found(arg, right) for arg in args)
            case _, And(args):
                return all(found(left, arg) for arg in args)
        match left, right:
            case And(args), _ if any(found(arg, right) for arg in args):
                return True
            case _, Or(args) if any(found(left, arg) for arg in args):
                return True
            case Not(inner), Not(outer):
                return found(outer, inner)
            case Test(), Not(Test(expression, _, Op.EMPTY)):
                return left.expression == expression and left.op in _TEXTS and all(left.values)
            case Test(), Test():
                return _test_implies(left, right)
        return False

    return found(some, other)


def _test_implies(some: Test, other: Test) -> bool:
    if some.expression != other.expression or len(some.values) * len(other.values) > _MOST_PAIRS:
        return False
    if some.op in _TEXTS and other.op in _TEXTS and (other.op not in _CASED or some.op in _CASED):
        cased = other.op in _CASED
        return all(any(_holds(some.op, left, other.op, right, cased) for right in other.values) for left in some.values)
    return some.op is other.op and other.op.takes_lists and set(some.values) <= set(other.values)


def _holds(some: Op, left: Value, other: Op, right: Value, cased: bool) -> bool:
    """Whether a text of which the first test is true is one of which the second is."""
    if not isinstance(left, str) or not isinstance(right, str):
        return left == right and type(left) is type(right)
    if not cased:
        left, right = _lower(left), _lower(right)
    has, asks = _CASED.get(some, some), _CASED.get(other, other)
    match asks:
        case Op.EQUALS:
            return has is Op.EQUALS and left == right
        case Op.STARTSWITH:
            return has in (Op.EQUALS, Op.STARTSWITH) and left.startswith(right)
        case Op.ENDSWITH:
            return has in (Op.EQUALS, Op.ENDSWITH) and left.endswith(right)
    return right in left


def _lower(text: str) -> str:
    """The text in lower case as far as every engine folds it alike."""
    return "".join(char.lower() if char.isascii() else char for char in text)
