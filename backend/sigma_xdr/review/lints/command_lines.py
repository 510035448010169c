"""Command lines, which begin in more ways than one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sigma.types import SigmaRegularExpression, SigmaString

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.items import items_of
from sigma_xdr.review.lints.linted import LintedRule

__all__ = ["path_at_front"]

_FIELDS = frozenset(
    ("CommandLine", "ParentCommandLine", "ProcessCommandLine", "InitiatingProcessCommandLine", "SourceCommandLine")
)
#: A drive, a share, a variable, or a bare name of a program that a blank or the end follows.
_PROGRAM = re.compile(r"(?:[A-Za-z]:|\\|%[A-Za-z]|[A-Za-z][\w-]*(?:\.(?:exe|com|bat|cmd))?(?:[ ]|$))")
#: A regex that begins with one: no quote that may be there, no folder that may.
_AT_FRONT = re.compile(r"\^(?:\[[A-Za-z-]{2,6}\]|[A-Za-z])(?:\\?[\w.:-]|\[[A-Za-z]{2}\])")


def path_at_front(linted: LintedRule) -> Iterator[Diagnostic]:
    """A program sought where the command line begins: quotes, another folder or the bare name pass by it.

    Only where the rule asks for it; a filter that is too narrow hides nothing.
    """
    for item in items_of(linted):
        if not item.asked or item.field not in _FIELDS:
            continue
        texts = [_front(value) for value in item.item.value]
        quoted = {text[1:].lower() for text in texts if text and text[0] == '"'}
        for index, (value, text) in enumerate(zip(item.item.value, texts, strict=True)):
            if text and text.lower() not in quoted and _names_program(value, text):
                shown = text if len(text) <= 60 else text[:60] + "…"
                message = f"a command line that runs '{shown}' may begin with a quote, another folder or the bare name"
                hint = "ask for the program by Image, and for its arguments with contains"
                yield linted.finding("path-at-front", message, hint, *item.keys, index)


def _front(value: object) -> str | None:
    """What a value asks the command line to begin with; None where it doesn't say."""
    if isinstance(value, SigmaRegularExpression):
        return str(value.regexp)
    if isinstance(value, SigmaString) and value.s and isinstance(value.s[0], str):
        return value.s[0]
    return None


def _names_program(value: object, text: str) -> bool:
    pattern = _AT_FRONT if isinstance(value, SigmaRegularExpression) else _PROGRAM
    return pattern.match(text) is not None
