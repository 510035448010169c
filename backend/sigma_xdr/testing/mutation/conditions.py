"""Mutants of the condition: a part left out or asked for when it was excluded, one of them for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
)
from sigma.conditions import condition as grammar

from sigma_xdr.rules.conditions import Word, condition_words
from sigma_xdr.testing.mutation.mutant import Document, Mutant, conditions, removed, replaced, section_of, selections

__all__ = ["and_to_or", "drop_operand", "drop_selection", "negate_dropped", "or_to_and"]


def drop_operand(document: Document) -> Iterator[Mutant]:
    """Each part of a conjunction or disjunction left out: ``drop-filter`` where the part excludes something."""
    for keys, condition in conditions(document):
        for dropped, node in _without_one(grammar.parse_string(condition, parse_all=True)[0]):
            operator = "drop-filter" if isinstance(dropped, ConditionNOT) else "drop-selection"
            text = _text(node)
            yield Mutant.of(operator, text, f"without {_text(dropped)}", replaced(document, keys, text), keys)


def negate_dropped(document: Document) -> Iterator[Mutant]:
    """Each ``not`` left out."""
    for keys, condition in conditions(document):
        for word in condition_words(condition):
            if word.role == "syntax" and word.text == "not":
                text = _with_word(condition, word, "").strip()
                yield Mutant.of("drop-negation", text, f"became {text}", replaced(document, keys, text), keys)


def drop_selection(document: Document) -> Iterator[Mutant]:
    """Each selection left out that a pattern of the condition takes in with others."""
    names = selections(document)
    section = str(section_of(document))
    taken = {
        name: None
        for _, condition in conditions(document)
        for word in condition_words(condition)
        if word.role == "pattern" and len(members := _members(word.text, names)) > 1
        for name in members
    }
    for name in taken:
        keys = (section, name)
        yield Mutant.of("drop-selection", name, f"without the selection {name}", removed(document, keys), keys)


def and_to_or(document: Document) -> Iterator[Mutant]:
    """Each ``and`` made ``or``, each ``all of`` made ``1 of``."""
    yield from _other_words(document, "and-to-or", {"and": "or", "all": "1"})


def or_to_and(document: Document) -> Iterator[Mutant]:
    """Each ``or`` made ``and``, each ``1 of`` made ``all of``."""
    yield from _other_words(document, "or-to-and", {"or": "and", "1": "all", "any": "all"})


def _other_words(document: Document, operator: str, others: dict[str, str]) -> Iterator[Mutant]:
    names = selections(document)
    for keys, condition in conditions(document):
        words = condition_words(condition)
        for index, word in enumerate(words):
            if word.role != "syntax" or word.text not in others:
                continue
            counted = word.text not in ("and", "or")
            if counted and len(_members(words[index + 2].text, names)) < 2:
                continue  # one of one is all of them
            text = _with_word(condition, word, others[word.text])
            yield Mutant.of(operator, text, f"became {text}", replaced(document, keys, text), keys)


def _members(pattern: str, names: dict[str, object]) -> list[str]:
    """The selections that a pattern takes in; those that begin with ``_`` only if it does too."""
    glob = "*" if pattern == "them" else pattern
    return [name for name in names if fnmatchcase(name, glob) and (glob[0] == "_" or name[0] != "_")]


def _with_word(condition: str, word: Word, text: str) -> str:
    end = word.start + len(word.text)
    return condition[: word.start] + text + (condition[end:] if text else condition[end:].lstrip())


# ----------------------------------------------------------------------------------------------------------------- tree


def _without_one(node: Any) -> Iterator[tuple[Any, Any]]:
    """Each part of a condition that can be left out, with the condition without it."""
    if not isinstance(node, ConditionAND | ConditionOR | ConditionNOT):
        return
    for index, arg in enumerate(node.args):
        before, after = node.args[:index], node.args[index + 1 :]
        if len(node.args) > 1:
            rest = [*before, *after]
            yield arg, rest[0] if len(rest) == 1 else type(node)(rest)
        for dropped, changed in _without_one(arg):
            yield dropped, type(node)([*before, changed, *after])


def _text(node: Any) -> str:
    """A condition as text, with brackets wherever ``and``, ``or`` and ``not`` meet, but around ``not`` in ``and``."""
    match node:
        case ConditionIdentifier():
            return str(node.identifier)
        case ConditionSelector():
            return f"{node.args[0]} of {node.pattern}"
        case ConditionNOT():
            return f"not {_operand(node.args[0])}"
    return (" and " if isinstance(node, ConditionAND) else " or ").join(map(_operand, node.args))


def _operand(node: Any) -> str:
    return f"({_text(node)})" if isinstance(node, ConditionAND | ConditionOR) else _text(node)
