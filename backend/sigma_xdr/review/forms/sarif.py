"""Problems with places as SARIF 2.1.0, for GitHub's code scanning and its like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from sigma_xdr.errors import Diagnostic, visible
from sigma_xdr.review.forms.json import ascii_json

__all__ = ["sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning"}


def sarif(
    problems: Sequence[Diagnostic],
    silenced: Iterable[tuple[Diagnostic, str]] = (),
    explain: Callable[[str], str | None] = lambda code: None,
) -> str:
    """The problems as a SARIF file. Files are named as the problems do; ``silenced`` are those that the pack lives with, each with
    its reason; ``explain`` gives the page on a code, in Markdown.
    """
    known = [*((problem, None) for problem in problems), *silenced]
    codes = sorted({problem.code for problem, _ in known})
    run = {
        "tool": {
            "driver": {
                "name": "sigma-xdr",
                "version": version("sigma-xdr"),
                "rules": [_rule(code, explain(code)) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code), reason) for problem, reason in known],
    }
    return ascii_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, page: str | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": code.replace("-", " ")}}
    if page:
        rule["help"] = {"text": page, "markdown": page}
    return rule


def _result(problem: Diagnostic, rule: int, reason: str | None) -> dict[str, Any]:
    message = visible(problem.message) + (f" ({visible(problem.hint)})" if problem.hint else "")
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": _LEVELS.get(problem.severity, "note"),
        "message": {"text": message.replace("[", r"\[").replace("]", r"\]")},  # brackets make links in a message
    }
    if problem.file is not None:
        location: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
        if problem.line is not None:
            location["region"] = _region(problem)
        result["locations"] = [{"physicalLocation": location}]
    if reason is not None:
        result["suppressions"] = [{"kind": "external", "justification": visible(reason)}]
    return result


def _region(problem: Diagnostic) -> dict[str, int]:
    region = {"startLine": problem.line or 1}
    if problem.column is not None:
        region |= {"startColumn": problem.column, "endColumn": problem.column + max(problem.length, 1)}
    return region


def _uri(file: str) -> str:
    """A path as a reference that says the same everywhere."""
    return quote(file.encode("utf-8", "surrogateescape"), safe="/")
