"""A rule's condition, checked against its selections: what pySigma would misread or silently drop is a problem here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from pyparsing import ParseException
from sigma.conditions import ConditionIdentifier, ConditionItem, ConditionSelector
from sigma.conditions import condition as grammar

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.places import Key, RuleSource

__all__ = ["Word", "check_condition", "condition_words", "written_out"]

#: Longest condition, in characters, and deepest nesting of brackets and ``not``: pySigma recurses into both.
_MAX_LENGTH = 10_000
_MAX_DEPTH = 50
#: Most patterns, and most stars in one: pySigma makes a regular expression of each and tries it on every name.
_MAX_PATTERNS = 50
_MAX_STARS = 2
#: Unknown selections that are shown.
_MAX_UNKNOWN = 5

_QUANTIFIERS = frozenset(("1", "any", "all"))
_WORD = re.compile(r"[A-Za-z0-9_*-]+|[()]|\S")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a condition: ``role`` is ``name`` (of a selection), ``pattern`` (of names), or ``syntax``."""

    text: str
    start: int
    role: str


@lru_cache(maxsize=256)
def condition_words(condition: str) -> tuple[Word, ...]:
    """The words of a condition in order. What stands between two of them is white space."""
    return tuple(_words(condition))


def _words(condition: str) -> Iterator[Word]:
    found = list(_WORD.finditer(condition))
    texts = [match[0] for match in found]
    for index, match in enumerate(found):
        after, before = texts[index + 1 : index + 2], texts[max(0, index - 2) : index]
        counted = match[0] in _QUANTIFIERS and after == ["of"]
        counting = match[0] == "of" and bool(before) and before[-1] in _QUANTIFIERS
        if before[-1:] == ["of"] and before[0] in _QUANTIFIERS:
            role = "pattern"
        elif counted or counting or match[0] in ("and", "or", "not") or not re.match(r"[\w*-]", match[0]):
            role = "syntax"
        else:
            role = "name"
        yield Word(match[0], match.start(), role)


def written_out(condition: str, sizes: Mapping[str, int]) -> int:
    """How many values pySigma compares for a right condition, over selections of these sizes, each time one is named."""
    return sum(
        sizes[name]
        for word in condition_words(condition)
        if word.role != "syntax"
        for name in ([word.text] if word.role == "name" else _selected(word.text, sizes))
    )


def _selected(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a pattern takes in, as pySigma's ConditionSelector does: ``_x`` only by ``_…``."""
    regex = re.compile(".*" if pattern == "them" else re.escape(pattern).replace(r"\*", ".*"))
    return [name for name in names if regex.fullmatch(name) and (pattern[:1] == "_" or name[:1] != "_")]


def check_condition(
    condition: object, names: Collection[str], source: RuleSource, keys: tuple[Key, ...]
) -> list[Diagnostic]:
    """The problems of a condition that stands at ``keys``, over selections called ``names``."""

    def problem(code: str, message: str, hint: str | None, word: Word | None = None) -> Diagnostic:
        nth = sum(other.text == word.text for other in words[: words.index(word)]) if word else 0
        return source.diagnostic(code, message, hint, *keys, 0, within=word.text if word else None, nth=nth)

    words: tuple[Word, ...] = ()
    if not isinstance(condition, str):
        return [
            problem("condition-syntax", "the condition has to be text", "name selections: selection and not filter")
        ]
    if "|" in condition:
        hint = "write a correlation rule, which counts what a rule finds"
        return [problem("condition-pipe", "'|' and what follows was removed from Sigma's conditions", hint)]
    if len(condition) > _MAX_LENGTH:
        return [
            problem("condition-syntax", f"the condition is longer than {_MAX_LENGTH:,} characters", "split the rule")
        ]
    words = condition_words(condition)
    if _depth(words) > _MAX_DEPTH:
        message = f"the condition nests deeper than {_MAX_DEPTH} levels"
        return [problem("condition-syntax", message, "split the rule")]
    patterns = [word for word in words if word.role == "pattern"]
    if len(patterns) > _MAX_PATTERNS or any(word.text.count("*") > _MAX_STARS for word in patterns):
        message = f"the condition has more than {_MAX_PATTERNS} patterns, or one with more than {_MAX_STARS} stars"
        return [problem("condition-syntax", message, "name the selections so that one pattern takes them in")]
    try:
        references = _references(condition)
    except ParseException as error:
        word = next((word for word in words if word.start >= error.loc), None)
        message = f"the condition can't be read from '{word.text}' on" if word else "the condition ends too early"
        return [problem("condition-syntax", message, _syntax_hint(words, word), word)]
    named = [word for word in words if word.role != "syntax"]
    for word, reference in zip(named, references, strict=False):
        if word.text != reference:  # pySigma's grammar takes 'notepad' for 'not epad', and 'a orb' for 'a or b'
            message = f"pySigma reads '{word.text}' as an operator and '{reference}'"
            return [problem("condition-misread", message, "rename the selection: it begins with not, and or or", word)]
    if len(named) != len(references):
        hint = "selections can't be called and, or, not"
        return [problem("condition-syntax", "an operator stands where a selection has to", hint)]
    unknown = (
        word for word in named if not (word.text in names if word.role == "name" else _selected(word.text, names))
    )
    return [problem("unknown-selection", *_unknown(word, names), word) for word in islice(unknown, _MAX_UNKNOWN)]


@lru_cache(maxsize=256)
def _references(condition: str) -> tuple[str, ...]:
    """The names and patterns of a condition in order, as pySigma's grammar reads it. Raises ParseException."""

    def walk(item: object) -> Iterator[str]:
        match item:
            case ConditionIdentifier():
                yield item.identifier
            case ConditionSelector():
                yield item.pattern
            case ConditionItem():
                for arg in item.args:
                    yield from walk(arg)

    return tuple(walk(grammar.parse_string(condition, parse_all=True)[0]))


def _depth(words: tuple[Word, ...]) -> int:
    depth = deepest = negations = 0
    for word in words:
        depth += (word.text == "(") - (word.text == ")")
        negations = negations + 1 if word.text == "not" else 0 if word.text != "(" else negations
        deepest = max(deepest, depth + negations)
    return deepest


def _syntax_hint(words: tuple[Word, ...], word: Word | None) -> str | None:
    if any(each.text in ("AND", "OR", "NOT") for each in words):
        return "write and, or, not in lower case"
    if word is not None and word.text == "of":
        return "only '1 of', 'any of' and 'all of' can select"
    return "selections are joined with and, or, not and brackets: selection and not 1 of filter_*"


def _unknown(word: Word, names: Collection[str]) -> tuple[str, str | None]:
    shown = word.text[:60]
    message = f"there is no selection '{shown}'" if word.role == "name" else f"'{shown}' takes in no selection"
    nearest = get_close_matches(word.text.strip("*_")[:60], [name[:60] for name in names], 1, 0.5)
    if nearest:
        return message, f"did you mean {nearest[0]}?"
    return message, f"the rule has {', '.join(names)}"[:160] if names else None
