"""Problems with places as annotations: the commands that GitHub's runner reads from a step's output.

Whatever is in a rule's text stays in its command: a line break would begin another one.
"""

from __future__ import annotations

from collections.abc import Iterable

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.forms.harmless import harmless

__all__ = ["github_annotations"]

_COMMANDS = {"error": "error", "warning": "warning"}


def github_annotations(problems: Iterable[Diagnostic]) -> str:
    """A line for each problem. GitHub shows the first ten of a kind in a step."""
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def _annotation(problem: Diagnostic) -> str:
    properties = {"title": problem.code}
    if problem.file is not None:
        properties = {"file": problem.file, **properties}
    if problem.line is not None:
        properties["line"] = str(problem.line)
    if problem.column is not None:
        properties["col"] = str(problem.column)
        properties["endColumn"] = str(problem.column + max(problem.length, 1))
    message = problem.message + (f" ({problem.hint})" if problem.hint else "")
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS.get(problem.severity, 'notice')} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return harmless(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
