"""A rule's condition over its selections. The grammar is pySigma's; what its words mean is decided here.

``1 of``, ``any of`` and ``all of`` take the selections whose names fit a pattern, or ``them``: all. A name that begins with ``_``
is taken only by a pattern that does too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyparsing import ParseException
from sigma.conditions import ConditionAND, ConditionIdentifier, ConditionNOT, ConditionOR, ConditionSelector
from sigma.conditions import condition as grammar

from sigma_xdr.evaluator.patterns import Pattern, parse
from sigma_xdr.evaluator.problems import Key, refusal
from sigma_xdr.evaluator.tree import AllOf, AnyOf, Node, Not

__all__ = ["condition_node", "names_in"]

#: Longest condition, in characters, and most brackets and words ``not``: the grammar recurses into both.
_MAX_LENGTH, _MAX_NESTED = 10_000, 200


def condition_node(condition: Any, selections: Mapping[str, Node], keys: tuple[Key, ...], origin: Any) -> Node:
    """What a condition asks. Raises EvaluatorError, at ``keys``, for one that can't be read or names no selection."""

    def node(item: _Item) -> Node:
        match item:
            case _Name(name):
                if name not in selections:
                    message = f"there is no selection '{name[:60]}'"
                    raise refusal("unknown-selection", message, "name one that there is", keys, origin)
                return selections[name]
            case _Selector(every, pattern):
                taken = [selections[name] for name in selections if _takes(pattern, name)]
                if not taken:
                    message = f"'{pattern[:60]}' takes in no selection"
                    raise refusal("unknown-selection", message, "correct the pattern", keys, origin)
                return AllOf(taken, item.text) if every else AnyOf(taken, item.text)
            case _Join("not", (only,)):
                return Not(node(only), item.text)
        parts = [node(part) for part in item.parts]
        return AllOf(parts, item.text) if item.operator == "and" else AnyOf(parts, item.text)

    return node(_read(condition, keys, origin))


def names_in(condition: Any, keys: tuple[Key, ...], origin: Any = None) -> list[str]:
    """The names in a condition without patterns, in order, each once. Raises EvaluatorError."""

    def names(item: _Item) -> list[str]:
        match item:
            case _Name(name):
                return [name]
            case _Join(parts=parts):
                return [name for part in parts for name in names(part)]
        raise refusal("condition-syntax", f"'{item.text}' is no name", "write the names out", keys, origin)

    return list(dict.fromkeys(names(_read(condition, keys, origin))))


def _read(condition: Any, keys: tuple[Key, ...], origin: Any) -> _Item:
    """A condition's parts; EvaluatorError for one that can't be read."""
    if not isinstance(condition, str):
        hint = "name selections: selection and not filter"
        raise refusal("condition-syntax", "the condition has to be text", hint, keys, origin)
    if len(condition) > _MAX_LENGTH or len(re.findall(r"\(|\bnot\b", condition)) > _MAX_NESTED:
        message = "the condition is too long or nests too deep"
        raise refusal("condition-syntax", message, "split the rule", keys, origin)
    try:
        return _parsed(condition)
    except (ParseException, RecursionError):
        hint = "selections are joined with and, or, not and brackets: selection and not 1 of filter_*"
        raise refusal("condition-syntax", "the condition can't be read", hint, keys, origin) from None


def _takes(pattern: str, name: str) -> bool:
    if name.startswith("_") and not pattern.startswith("_"):
        return False
    return pattern == "them" or Pattern(parse(pattern), cased=True).matches(name)


# -------------------------------------------------------------------------------------------------------------- grammar


@dataclass(frozen=True)
class _Name:
    name: str

    @property
    def text(self) -> str:
        return self.name


@dataclass(frozen=True)
class _Selector:
    every: bool
    pattern: str

    @property
    def text(self) -> str:
        return f"{'all' if self.every else '1'} of {self.pattern}"


@dataclass(frozen=True)
class _Join:
    operator: str
    parts: tuple[_Item, ...]

    @property
    def text(self) -> str:
        """The words of the condition, brackets where they bind otherwise."""
        inner = [
            f"({part.text})" if isinstance(part, _Join) and part.operator != "not" else part.text for part in self.parts
        ]
        return f"not {inner[0]}" if self.operator == "not" else f" {self.operator} ".join(inner)


_Item = _Name | _Selector | _Join
_OPERATORS = {ConditionAND: "and", ConditionOR: "or", ConditionNOT: "not"}


@lru_cache(maxsize=1024)
def _parsed(condition: str) -> _Item:
    """A condition as pySigma's grammar reads it. Raises ParseException."""
    words = set(re.findall(r"[A-Za-z0-9_*-]+", condition))

    def item(parsed: Any) -> _Item:
        match parsed:
            case ConditionIdentifier(identifier=name) if name in words:
                return _Name(name)
            case ConditionSelector(args=[quantifier, pattern]):
                return _Selector(quantifier == "all", pattern)
            case ConditionAND() | ConditionOR() | ConditionNOT():
                return _Join(_OPERATORS[type(parsed)], tuple(item(part) for part in parsed.args))
        raise ParseException(condition, 0, "not a word of its own")  # 'notepad', which the grammar reads as 'not epad'

    return item(grammar.parse_string(condition, parse_all=True)[0])
