"""A key of a selection with its modifiers, and its values, as comparisons.

Modifiers are applied from left to right. ``re``, ``cidr``, ``exists``, ``fieldref``, the comparisons of numbers and the parts of a
time make something else of a plain value and so come first; the others change a text. ``all`` and ``neq`` are about the item as a
whole and may stand anywhere. In a regular expression a placeholder's value is a piece of the expression.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2

from sigma_xdr.evaluator.comparisons import (
    TIME_PARTS,
    AnyOfTests,
    Compared,
    Empty,
    Exists,
    InNetwork,
    Null,
    Number,
    OtherField,
    Regex,
    Test,
    Text,
    TimePart,
    WithinHours,
)
from sigma_xdr.evaluator.patterns import Part, Pattern, Placeholder, Wild, joined, parse
from sigma_xdr.evaluator.problems import Key, ValueProblem, refusal
from sigma_xdr.evaluator.transformations import TRANSFORMATIONS, Site, filled, marked, transformed

__all__ = ["ItemTests", "item_tests"]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_SPAN = re.compile(rf"{_DAY}(?:-{_DAY})? [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]")
_FLAGS = {"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}
#: What makes something else of a plain value, with what may follow it.
_KINDS: dict[str, frozenset[str]] = {
    "re": frozenset((*_FLAGS, "expand")),
    "fieldref": frozenset(("contains", "startswith", "endswith")),
    **dict.fromkeys(("cidr", "exists", *_COMPARISONS, *TIME_PARTS), frozenset()),
}
_LINKING = frozenset(("all", "neq"))
_KNOWN = frozenset((*TRANSFORMATIONS, *_KINDS, *_LINKING, *_FLAGS))


@dataclass(frozen=True)
class ItemTests:
    """An item of a selection: its field (None: keywords), a comparison for each value, and how they are joined.

    ``words`` are its modifiers for a reader, without those that ``every`` (``all``) and ``negated`` (``neq``) say.
    """

    field: str | None
    words: tuple[str, ...]
    tests: tuple[Test, ...]
    every: bool
    negated: bool


def item_tests(
    key: str | None, values: Sequence[Any], site: Site, keys: tuple[Key, ...] = (), origin: Any = None
) -> ItemTests:
    """The item under ``key`` (``Image|endswith``; None: keywords) with these values.

    Raises EvaluatorError with the ``keys`` of the item or of the wrong value, in the document of ``origin``.
    """
    name, *names = (key or "").split("|")
    field = name or None
    problem = _wrong_modifiers(names, field)
    if problem:
        raise refusal(problem.code, problem.message, problem.hint, keys, origin)
    modifiers = tuple(each for each in names if each not in _LINKING)
    tests = []
    for index, value in enumerate(values):
        try:
            tests.append(_test(value, modifiers, field, site))
        except ValueProblem as wrong:
            raise refusal(wrong.code, wrong.message, wrong.hint, (*keys, index), origin) from None
    return ItemTests(field, modifiers, tuple(tests), "all" in names, "neq" in names)


def _wrong_modifiers(names: Sequence[str], field: str | None) -> ValueProblem | None:
    """What is wrong with modifiers that don't exist or don't go together."""
    for position, name in enumerate(names):
        if name not in _KNOWN:
            hint = "the Sigma specification lists the modifiers"
            return ValueProblem("unknown-modifier", f"there is no modifier '{name[:60]}'", hint)
        if name in names[:position]:
            return ValueProblem("modifier-order", f"'{name}' stands twice", "leave one out")
    rest = [name for name in names if name not in _LINKING]
    first = rest.pop(0) if rest and rest[0] in _KINDS else ""
    if first and first != "re" and field is None:
        return ValueProblem("modifier-type", f"a keyword can't be asked for '{first}'", "name a field")
    allowed = _KINDS[first] if first else TRANSFORMATIONS.keys()
    wrong = next((name for name in rest if name not in allowed), None)
    if wrong is not None:
        message = f"'{wrong}' has no meaning in '{'|'.join(names)[:60]}'"
        return ValueProblem("modifier-order", message, "the Sigma specification says what modifiers go together")
    return None


# ---------------------------------------------------------------------------------------------------------- comparisons


def _test(value: Any, modifiers: tuple[str, ...], field: str | None, site: Site) -> Test:
    """What a value asks under its modifiers."""
    match modifiers:
        case ():
            return _plain(value, field)
        case "re", *rest:
            return _regex(_typed(value, str, "re", "text"), rest, site)
        case "cidr", *_:
            return _network(_typed(value, str, "cidr", "text"))
        case "exists", *_:
            return Exists(_typed(value, bool, "exists", "true or false"))
        case "fieldref", *ends:
            return _other_field(_typed(value, str, "fieldref", "text"), ends)
        case kind, *_ if kind in _COMPARISONS:
            return Compared(_COMPARISONS[kind], _number(value, kind))
        case kind, *_ if kind in TIME_PARTS:
            return TimePart(TIME_PARTS[kind], _typed(value, int, kind, "a whole number"))
    text = _typed(value, str, modifiers[0], "text")
    if modifiers == ("expand",) and field is not None and (test := _of_site(text, site)):
        return test
    return _any_of([_pattern(parts, field, cased) for parts, cased in transformed(text, modifiers, site)])


def _typed(value: Any, kind: type, name: str, wanted: str) -> Any:
    if type(value) is not kind:
        raise ValueProblem("modifier-type", f"'{name}' takes {wanted}, not {_shown(value)}")
    return value


def _number(value: Any, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise ValueProblem("modifier-type", f"'{name}' takes a number, not {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    return "null" if value is None else f"'{str(value)[:60]}'"


def _any_of(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else AnyOfTests(tests)


def _plain(value: Any, field: str | None) -> Test:
    """A value without modifiers keeps its type."""
    match value:
        case None if field is None:
            raise ValueProblem("value-type", "a keyword can't be null", "quote it if it is text: 'null'")
        case None:
            return Null()
        case bool():
            return _pattern((str(value).lower(),), field)
        case int() | float() if field is None:
            return _pattern((str(value),), field)
        case int() | float():
            return Number(_number(value, str(field)))
        case str():
            return _pattern(parse(value), field)
    raise ValueProblem("value-type", f"a value can't be a {type(value).__name__}", "write text, a number or null")


def _pattern(parts: tuple[Part, ...], field: str | None, cased: bool = False) -> Test:
    """A text pattern on a field; a keyword may stand anywhere in a text."""
    if field is None:
        parts = joined((Wild.MANY, *parts, Wild.MANY))
    return Text(Pattern(parts, cased)) if parts else Empty()


def _network(text: str) -> Test:
    try:
        if "%" in text:  # ip_network takes a zone, which no network has
            raise ValueError
        return InNetwork(ip_network(text))
    except ValueError:
        hint = "write a network such as 10.0.0.0/8 or fe80::/10"
        raise ValueProblem("invalid-cidr", f"'{text[:60]}' is no network", hint) from None


def _other_field(text: str, ends: Sequence[str]) -> Test:
    parts = parse(text)
    if len(parts) != 1 or not isinstance(parts[0], str):
        raise ValueProblem("fieldref", "a field's name has no wildcards", r"escape a * or ? that is meant: \* or \?")
    anywhere = "contains" in ends
    return OtherField(parts[0], anywhere or "startswith" in ends, anywhere or "endswith" in ends)


def _of_site(text: str, site: Site) -> Test | None:
    """What a placeholder stands for that isn't text: working hours, networks. None for any other value."""
    match joined(list(marked(text))):
        case (Placeholder(name="working_hours"),) if site.get("working_hours") and site.get("time_zone"):
            try:
                zone = ZoneInfo(site["time_zone"][0])
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueProblem("site", f"there is no time zone '{site['time_zone'][0][:60]}'") from None
            spans = tuple(site["working_hours"])
            if wrong := next((span for span in spans if not _SPAN.fullmatch(span)), None):
                raise ValueProblem("site", f"'{wrong[:60]}' is no span of working hours", "write Mon-Fri 07:00-19:00")
            return WithinHours(spans, zone)
        case (Placeholder(name=name),) if name.endswith("_networks") and site.get(name):
            return _any_of([_network(network) for network in site[name]])
    return None


def _regex(text: str, rest: Sequence[str], site: Site) -> Test:
    flags = "".join(sorted({_FLAGS[name] for name in rest if name in _FLAGS}))
    if "expand" not in rest:
        return Regex(_compiled(text, flags))
    expressions = filled(tuple(marked(text)), site, lambda value: (value,))
    return _any_of([Regex(_compiled("".join(map(str, parts)), flags)) for parts in expressions])


@lru_cache(maxsize=4096)
def _compiled(text: str, flags: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(f"(?{flags}){text}" if flags else text, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "RE2's syntax is meant: no lookaround, no backreferences"
        raise ValueProblem("regex", f"the regular expression can't be run: {reason}", hint) from None
    except UnicodeEncodeError:
        raise ValueProblem("regex", "the regular expression holds half a character") from None
