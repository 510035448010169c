"""Regular expressions that say no more than a plain operator does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from re import _parser  # type: ignore[attr-defined]  # the tree that re itself compiles; there is no public way to it
from typing import Any

from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.items import items_of
from sigma_xdr.review.lints.linted import LintedRule

__all__ = ["plain_regex"]

#: Longest expression that is looked at, in characters, and most values that a list in its place would have.
_LONGEST, _MOST = 2_000, 12
#: A text that a regex finds, and whether its letters stand in both of their cases, in one, or some of them so.
_Text = tuple[str, frozenset[bool]]
_START, _END = ("AT_BEGINNING", "AT_BEGINNING_STRING"), ("AT_END", "AT_END_STRING")


def plain_regex(linted: LintedRule) -> Iterator[Diagnostic]:
    """A regex of literals, anchors and alternatives: an operator without a regex finds the same, and faster."""
    for item in items_of(linted):
        for index, value in enumerate(item.item.value):
            if isinstance(value, SigmaRegularExpression) and (plain := _plain(value)):
                key = f"{item.field or ''}{''.join(f'|{each}' for each in plain.operators)}"
                message = f"the regex says no more than {key}: {', '.join(map(_quoted, plain.texts))}"
                hint = "write that: Defender searches plain text without a regex engine"
                yield linted.finding("plain-regex", message, hint, *item.keys, index)


@dataclass(frozen=True)
class _Plain:
    """What finds the same as a regex: the names of modifiers, and values of which any may fit."""

    operators: tuple[str, ...]
    texts: tuple[str, ...]


def _quoted(text: str) -> str:
    """A value as it stands in a rule: Sigma's wildcards and the backslashes before them are escaped, quotes are YAML's."""
    escaped = re.sub(r"(\\*)([*?])", lambda found: found[1] * 2 + "\\" + found[2], text)
    return "'" + escaped.replace("'", "''") + "'"


def _plain(regex: SigmaRegularExpression) -> _Plain | None:
    """The plain form of a regex; None where it has none, or one that isn't exactly the same."""
    text = str(regex.regexp)
    if len(text) > _LONGEST or SigmaRegularExpressionFlag.MULTILINE in regex.flags:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = list(_parser.parse(text))
    except (re.error, OverflowError, RecursionError, Warning):
        return None
    while tree and _is_anything(tree[0]):
        tree = tree[1:]
    while tree and _is_anything(tree[-1]):
        tree = tree[:-1]
    starts = bool(tree) and _is_at(tree[0], _START)
    ends = bool(tree) and _is_at(tree[-1], _END)
    found = _texts(tree[starts : len(tree) - ends])
    if not found or not all(text for text, _ in found):
        return None
    case = _case(found, SigmaRegularExpressionFlag.IGNORECASE in regex.flags)
    if case is None:
        return None
    operator = {(True, True): (), (True, False): ("startswith",), (False, True): ("endswith",)}.get(
        (starts, ends), ("contains",)
    )
    return _Plain((*operator, *case), tuple(dict.fromkeys(text for text, _ in found)))


def _case(found: list[_Text], ignored: bool) -> tuple[str, ...] | None:
    """The modifier for case; None where some letters have one and others don't, or engines fold them differently."""
    if not all(text.isascii() for text, _ in found):
        return None
    known: set[bool] = set().union(*(pairs for _, pairs in found))
    if ignored or known == {True} or not known:
        return ()
    return ("cased",) if known == {False} else None


def _is_at(part: Any, names: tuple[str, ...]) -> bool:
    return str(part[0]) == "AT" and str(part[1]) in names


def _is_anything(part: Any) -> bool:
    """``.*``: at an end of a regex that may be found anywhere it asks for nothing."""
    if str(part[0]) not in ("MAX_REPEAT", "MIN_REPEAT"):
        return False
    least, _, repeated = part[1]
    return least == 0 and len(repeated) == 1 and str(repeated[0][0]) == "ANY"


def _texts(tree: list[Any]) -> list[_Text] | None:
    """The texts that a plain sequence finds, each of its alternatives written out; None for what isn't plain, or too many."""
    texts: list[_Text] = [("", frozenset())]
    for part in tree:
        choices = _choices(str(part[0]), part[1])
        if not choices or len(texts) * len(choices) > _MOST:
            return None
        texts = [(text + more, pairs | others) for text, pairs in texts for more, others in choices]
    return texts


def _choices(kind: str, value: Any) -> list[_Text] | None:
    """The texts that one part of a sequence finds."""
    match kind:
        case "LITERAL":
            return [(chr(value), frozenset({False} if chr(value).isalpha() else ()))]
        case "SUBPATTERN" if not (value[1] or value[2]):
            return _texts(list(value[-1]))
        case "BRANCH":
            found = [_texts(list(each)) for each in value[1]]
            return [text for each in found if each for text in each] if all(found) else None
        case "IN" if all(str(each[0]) == "LITERAL" for each in value):
            chars = [chr(each[1]) for each in value]
            if len(chars) == 2 and chars[0] != chars[1] and chars[0].lower() == chars[1].lower():
                return [(chars[0].lower(), frozenset({True}))]
            return [text for char in chars for text in _choices("LITERAL", ord(char)) or ()]
    return None
