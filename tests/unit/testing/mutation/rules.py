"""Rules as plain documents, and their mutants as plain data."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from sigma_xdr.testing.mutation import Mutant
from tests.unit.rules.texts import only

HEAD = "title: Test\nlogsource: {{category: {category}, product: windows}}\ndetection:\n"


def document(detection: str, category: str = "process_creation") -> dict[str, Any]:
    """A rule with this detection section."""
    return only(HEAD.format(category=category) + textwrap.indent(textwrap.dedent(detection), "    ")).document


def correlation(section: str) -> dict[str, Any]:
    """A correlation with this section."""
    return only("title: Test\ncorrelation:\n" + textwrap.indent(textwrap.dedent(section), "    ")).document


def changes(operator: Callable[[Any], Iterator[Mutant]], rule: dict[str, Any]) -> list[tuple[str, Any]]:
    """The id of each mutant of an operator, and what stands in the place that its keys lead to afterwards."""
    return [(mutant.id, _at(mutant)) for mutant in operator(rule)]


def _at(mutant: Mutant) -> Any:
    """What stands where the mutant was changed; the list or mapping around it, if nothing is left there."""
    part: Any = mutant.document
    for key in mutant.keys[:-1]:
        part = part[key]
    before = part
    try:
        return before[mutant.keys[-1]]
    except (KeyError, IndexError):
        return before
