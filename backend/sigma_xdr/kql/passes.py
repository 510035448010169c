"""Passes over a predicate: pure functions, in one order. None changes which rows it selects; tests hold that.

``rewrite`` runs them all; the tuple :data:`PASSES` is their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sigma_xdr.kql.predicate import FALSE, ROW_TEXT, TRUE, And, Constant, Not, Op, Or, Predicate, Test, Value

__all__ = ["PASSES", "rewrite"]


def rewrite(predicate: Predicate) -> Predicate:
    """The predicate after all passes."""
    for step in PASSES:
        predicate = step(predicate)
    return predicate


def simplify(predicate: Predicate) -> Predicate:
    """Flat and/or without repetitions and constants; negations only on tests and on conjunctions; lists together."""
    match predicate:
        case And(args):
            return _conjunction([simplify(arg) for arg in args])
        case Or(args):
            return _disjunction([simplify(arg) for arg in args])
        case Not(arg):
            return _negation(simplify(arg))
        case Test(expression, kind, op, values) if len(values) > 1 and op.takes_lists:
            return Test(expression, kind, op, _distinct(values, op.folds_case))
    return predicate


def _conjunction(args: Iterable[Predicate]) -> Predicate:
    flat: dict[Predicate, None] = {}
    for arg in args:
        if arg == FALSE:
            return FALSE
        flat.update(dict.fromkeys(arg.args if isinstance(arg, And) else () if arg == TRUE else (arg,)))
    parts = _intersect(flat)
    if parts is None or _contradict(flat):
        return FALSE
    return parts[0] if len(parts) == 1 else And(tuple(parts)) if parts else TRUE


def _disjunction(args: Iterable[Predicate]) -> Predicate:
    flat: dict[Predicate, None] = {}
    for arg in args:
        if arg == TRUE:
            return TRUE
        flat.update(dict.fromkeys(arg.args if isinstance(arg, Or) else () if arg == FALSE else (arg,)))
    if _contradict(flat):
        return TRUE
    parts = _merge(flat)
    return parts[0] if len(parts) == 1 else Or(tuple(parts)) if parts else FALSE


def _contradict(parts: dict[Predicate, None]) -> bool:
    """Whether a part and its negation are both there."""
    return any(isinstance(part, Not) and part.arg in parts for part in parts)


def _negation(arg: Predicate) -> Predicate:
    match arg:
        case Not(inner):
            return inner
        case Constant(value):
            return Constant(not value)
        case Or(args):
            return _conjunction([_negation(each) for each in args])
    return Not(arg)


def _merge(parts: Iterable[Predicate]) -> list[Predicate]:
    """Alternatives on one expression with one operator become one test with a list, where the first of them stood."""
    merged: dict[object, Predicate | list[Test]] = {}
    for part in parts:
        if isinstance(part, Test) and part.op.takes_lists:
            key = (part.expression, part.op, part.op is Op.IN_NETWORK and ":" in str(part.values[0]))
            alike = merged.setdefault(key, [])
            assert isinstance(alike, list)
            alike.append(part)
        else:
            merged[part] = part
    return [_one_test(each) if isinstance(each, list) else each for each in merged.values()]


def _one_test(alike: list[Test]) -> Test:
    first = alike[0]
    if len(alike) == 1:
        return first
    values = (value for test in alike for value in test.values)
    return Test(first.expression, first.type, first.op, _distinct(values, first.op.folds_case))


def _intersect(parts: Iterable[Predicate]) -> list[Predicate] | None:
    """Two lists of values that one expression must equal become their intersection; None where it is empty."""
    merged: dict[object, Predicate] = {}
    for part in parts:
        key: object = part
        if isinstance(part, Test) and part.op is Op.EQUALS and all(map(_folds_surely, part.values)):
            key = (part.expression, part.op)
            first = merged.get(key)
            if isinstance(first, Test):
                both = {_fold(value) for value in first.values} & {_fold(value) for value in part.values}
                values = tuple(value for value in first.values if _fold(value) in both)
                if not values:
                    return None
                part = Test(part.expression, part.type, part.op, values)
        merged[key] = part
    return list(merged.values())


def _distinct(values: Iterable[Value], folds_case: bool) -> tuple[Value, ...]:
    seen: dict[object, Value] = {}
    for value in values:
        seen.setdefault(_fold(value) if folds_case else (type(value), value), value)
    return tuple(seen.values())


def _fold(value: Value) -> object:
    """Equal for values that every engine takes for equal without case: only ASCII's folding is certain."""
    if isinstance(value, str):
        return value.lower() if value.isascii() else value.translate(_LOWER)
    return (type(value), value)


def _folds_surely(value: Value) -> bool:
    """Whether every engine folds its case alike."""
    return not isinstance(value, str) or value.isascii()


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def narrow(predicate: Predicate) -> Predicate:
    """What a conjunction says of ActionType decides what its other parts say of it."""
    actions = sum(_of_action_type(test) for test in _tests(predicate))
    return simplify(_narrow(predicate, None)) if actions > 1 else predicate


def _tests(predicate: Predicate) -> Iterator[Test]:
    match predicate:
        case And(args) | Or(args):
            for arg in args:
                yield from _tests(arg)
        case Not(arg):
            yield from _tests(arg)
        case Test():
            yield predicate


def _narrow(predicate: Predicate, known: frozenset[object] | None) -> Predicate:
    match predicate:
        case Test("ActionType", kind, Op.EQUALS, values) if known is not None:
            left = tuple(value for value in values if _fold(value) in known)
            if len(left) == len(known):
                return TRUE
            return Test("ActionType", kind, Op.EQUALS, left) if left else FALSE
        case And(args):
            own = next((arg for arg in args if _of_action_type(arg)), None)
            if isinstance(own, Test):
                values = tuple(v for v in own.values if known is None or _fold(v) in known)
                inner = frozenset(_fold(value) for value in values)
                rest = [_narrow(arg, inner) for arg in args if arg is not own]
                here = _narrow(own, known)
                return And((here, *rest))
            return And(tuple(_narrow(arg, known) for arg in args))
        case Or(args):
            return Or(tuple(_narrow(arg, known) for arg in args))
        case Not(arg):
            return Not(_narrow(arg, known))
    return predicate


def _of_action_type(predicate: Predicate) -> bool:
    return isinstance(predicate, Test) and predicate.expression == "ActionType" and predicate.op is Op.EQUALS


def factor(predicate: Predicate) -> Predicate:
    """What all alternatives ask for stands before them, once; an alternative that another one holds already goes."""
    match predicate:
        case And(args):
            return _conjunction([factor(arg) for arg in args])
        case Not(arg):
            return _negation(factor(arg))
        case Or(args):
            alternatives = [dict.fromkeys(_parts(factor(arg))) for arg in args]
            common = [part for part in alternatives[0] if all(part in other for other in alternatives)]
            if not common:
                return _disjunction([_conjunction(parts) for parts in alternatives])
            rest = [_conjunction(part for part in parts if part not in common) for parts in alternatives]
            return _conjunction([*common, _disjunction(rest)])
    return predicate


def _parts(predicate: Predicate) -> tuple[Predicate, ...]:
    return predicate.args if isinstance(predicate, And) else (predicate,)


def guard_nulls(predicate: Predicate) -> Predicate:
    """Under NOT, a comparison of null must be false as Sigma has it; in KQL it is null, and the row is lost."""
    nullable = any(test.op in _OPPOSITE or test.op is Op.IN_NETWORK for test in _tests(predicate))
    return simplify(_guard(predicate, negated=False)) if nullable else predicate


def _guard(predicate: Predicate, negated: bool) -> Predicate:
    match predicate:
        case And(args):
            return And(tuple(arg if _is_guarded(arg, args) else _guard(arg, negated) for arg in args))
        case Or(args):
            return Or(tuple(_guard(arg, negated) for arg in args))
        case Not(Test(expression, kind, op, values)) if op in _OPPOSITE and not negated:
            return Or((Test(expression, kind, Op.EMPTY), Test(expression, kind, _OPPOSITE[op], values)))
        case Not(arg):
            return Not(_guard(arg, not negated))
        case Test(expression, kind, op) if op in _OPPOSITE and negated:
            return And((Not(Test(expression, kind, Op.EMPTY)), predicate))
        case Test(expression, kind, Op.IN_NETWORK, values) if negated:
            return Test(expression, kind, Op.IN_NETWORK_OR_NOT, values)
    return predicate


def _is_guarded(predicate: Predicate, conjunction: Iterable[Predicate]) -> bool:
    """Whether another part of a conjunction already says that the compared expression isn't null."""
    return (
        isinstance(predicate, Test)
        and predicate.op in _OPPOSITE
        and Not(Test(predicate.expression, predicate.type, Op.EMPTY)) in conjunction
    )


_OPPOSITE = {Op.LT: Op.GTE, Op.LTE: Op.GT, Op.GT: Op.LTE, Op.GTE: Op.LT}


def order(predicate: Predicate) -> Predicate:
    """The cheapest and most selective parts of a conjunction first; equals keep the rule's order."""
    match predicate:
        case And(args):
            return And(tuple(sorted((order(arg) for arg in args), key=_cost)))
        case Or(args):
            return Or(tuple(order(arg) for arg in args))
        case Not(arg):
            return Not(order(arg))
    return predicate


def _cost(predicate: Predicate) -> int:
    """How much a row costs, in steps: an indexed name, other equality, an anchored text, a search, a regex."""
    match predicate:
        case And(args):
            return min(_cost(arg) for arg in args)
        case Or(args):
            return max(_cost(arg) for arg in args)
        case Not(arg):
            return _NEGATED + _cost(arg)
        case Test(expression, _, op):
            if expression == "ActionType":
                return 0
            plain = expression.isidentifier() and expression != ROW_TEXT
            name = plain and expression.endswith("FileName")
            return (
                _COSTS.get(op, _COSTS[Op.REGEX])
                - (1 if name and op in (Op.EQUALS, Op.EQUALS_CS) else 0)
                + (0 if plain else _COMPUTED)
            )
    return 0


_NEGATED, _COMPUTED = 100, 50
_COSTS = {
    Op.EQUALS: 2,
    Op.EQUALS_CS: 2,
    Op.EMPTY: 2,
    Op.LT: 2,
    Op.LTE: 2,
    Op.GT: 2,
    Op.GTE: 2,
    Op.STARTSWITH: 4,
    Op.STARTSWITH_CS: 4,
    Op.ENDSWITH: 6,
    Op.ENDSWITH_CS: 6,
    Op.CONTAINS: 8,
    Op.CONTAINS_CS: 8,
    Op.IN_NETWORK: 9,
    Op.IN_NETWORK_OR_NOT: 9,
    Op.REGEX: 12,
}

PASSES: tuple[Callable[[Predicate], Predicate], ...] = (simplify, narrow, factor, guard_nulls, order)
