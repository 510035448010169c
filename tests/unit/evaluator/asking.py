"""A selection asked of an event, and what is said of a wrong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sigma_xdr.evaluator import EvaluatorError, Event, Matcher


def rule(selection: Any, condition: Any = "selection", **others: Any) -> dict[str, Any]:
    """A rule with this selection, and others by name."""
    return {"title": "Test", "detection": {"selection": selection, **others, "condition": condition}}


def holds(selection: Any, fields: Mapping[str, Any], site: Mapping[str, Sequence[str]] | None = None) -> bool:
    """Whether the selection holds of a raw event."""
    return Matcher(rule(selection), site=site).matches(fields)


def on_row(selection: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the selection holds of a row, where null, empty and missing are one."""
    return Matcher(rule(selection)).matches(Event(fields, one_nothing=True))


def refused(document: Any, **more: Any) -> str:
    """What is said of a rule that can't be judged, with the way to the place."""
    with pytest.raises(EvaluatorError) as caught:
        Matcher(document, **more)
    return told(caught.value)


def told(error: EvaluatorError) -> str:
    """An error's one problem: code, message, hint, the way to the place."""
    (problem,) = error.diagnostics
    return f"{problem.code}: {problem.message} = {problem.hint} @ {' '.join(map(str, problem.keys))}"
