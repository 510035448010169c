"""Rules as text, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules import LoadedRule, load_bytes

#: A rule with room for an item.
RULE = """\
title: Test
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        {item}
    condition: selection
"""


def load(text: str, name: str = "rule.yml") -> tuple[list[LoadedRule], list[Diagnostic]]:
    """The rules of a file with this text, and its problems."""
    return load_bytes(Path(name), Path(name), text.encode())


def only(text: str) -> LoadedRule:
    """The one rule of a text without problems."""
    (rule,), problems = load(text)
    assert problems == []
    return rule


def told(text: str) -> str:
    """Everything that is said of a text, as a person reads it."""
    _, problems = load(text)
    return "\n".join(problem.render() for problem in sorted(problems, key=Diagnostic.sort_key))


def told_of_item(item: str) -> str:
    """What is said of a rule with this item in its selection, without the excerpt: place, message, hint."""
    _, problems = load(RULE.format(item=item))
    lines = []
    for problem in sorted(problems, key=Diagnostic.sort_key):
        marked = (problem.text or "")[(problem.column or 1) - 1 :][: problem.length]
        lines.append(f"{problem.code}: {problem.message} | {marked} | {problem.hint}")
    return "\n".join(lines)


def values(item: str) -> list[Any]:
    """The values of the item in a rule's selection, as pySigma's objects."""
    rule = only(RULE.format(item=item)).parse()
    return list(rule.detection.detections["selection"].detection_items[0].value)  # type: ignore[union-attr]
