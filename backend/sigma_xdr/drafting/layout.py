"""YAML in the layout of the pack: four blanks a level, entries of a list below their key, one line a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

__all__ = ["block", "scalar"]


def block(value: Any, depth: int) -> Iterator[str]:
    """The lines of a mapping or list, ``depth`` blanks from the left."""
    margin = " " * depth
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(each, (Mapping, list)) and each:
                yield f"{margin}{scalar(key)}:"
                yield from block(each, depth + 4)
            else:
                yield f"{margin}{scalar(key)}: {scalar(each)}"
    else:
        for each in value:
            if isinstance(each, (Mapping, list)) and each:
                first, *rest = block(each, depth + 2)
                yield f"{margin}- {first[depth + 2 :]}"
                yield from rest
            else:
                yield f"{margin}- {scalar(each)}"


def scalar(value: Any) -> str:
    """A single value on one line, in quotes where it needs them."""
    if isinstance(value, (Mapping, list)):
        return "{}" if isinstance(value, Mapping) else "[]"
    one_line = not isinstance(value, str) or (value.isprintable() and value.isascii())
    style = None if one_line else '"'
    text = yaml.safe_dump(value, default_style=style, width=float("inf"), allow_unicode=True, explicit_end=False)
    return text.removesuffix("...\n").rstrip("\n")
