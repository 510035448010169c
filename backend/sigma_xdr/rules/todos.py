"""What a draft leaves to its author: texts that say TODO, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.places import Key, RuleSource

__all__ = ["TODO", "todos"]

#: The mark, in capitals and a word of its own, in whatever text it stands.
TODO = "TODO"
_MARK = re.compile(rf"(?<![^\W_]){TODO}(?![^\W_])")


def todos(document: Any, source: RuleSource, *keys: Key) -> Iterator[Diagnostic]:
    """A problem for each text of a document, or of the part that ``keys`` lead to, that still says TODO.

    Keys of mappings count as well, comments don't.
    """
    if isinstance(document, dict):
        for key, value in document.items():
            if isinstance(key, str) and _MARK.search(key):
                yield _problem(key, source, *keys, key)
            yield from todos(value, source, *keys, key)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from todos(value, source, *keys, index)
    elif isinstance(document, str) and _MARK.search(document):
        yield _problem(document, source, *keys)


def _problem(text: str, source: RuleSource, *keys: Key) -> Diagnostic:
    line = next(line for line in text.splitlines() if _MARK.search(line)).strip()
    shown = line if len(line) <= 100 else f"{line[:100]} …"
    return source.diagnostic("todo", f"something is left to do here: {shown}", "only a person knows it", *keys)
