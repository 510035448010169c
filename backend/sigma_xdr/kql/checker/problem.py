"""What is wrong with a query, and where."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from sigma_xdr.errors import Diagnostic

#: ``error``: the query is wrong or Defender refuses it. The others are advice; the last two only come from Microsoft.
Severity = Literal["error", "warning", "suggestion", "information"]


class Span(NamedTuple):
    """A piece of the text: offset from 0 and length, in Python characters."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a lint or the language service found, before its line is looked up."""

    code: str
    severity: Severity
    message: str
    span: Span
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class KqlProblem:
    """One problem of a query.

    ``code`` is Microsoft's (``KS142``) or a lint's (``type-mismatch``). ``start`` counts from 0 and ``length`` may be 0
    (something is missing here); ``line`` and ``column`` count from 1; all in Python characters. ``text`` is the line.
    """

    code: str
    severity: Severity
    message: str
    start: int
    length: int
    line: int
    column: int
    text: str
    hint: str | None = None

    def diagnostic(self, file: str | None = None) -> Diagnostic:
        """The problem as the commands show it; ``file`` is the name of the file that holds the query."""
        length = max(1, min(self.length, len(self.text) - self.column + 1))
        return Diagnostic(
            self.code, self.message, self.hint, self.severity, file, self.line, self.column, self.text, length
        )


def placed(kql: str, findings: Iterable[Finding]) -> list[KqlProblem]:
    """The findings with their lines, each once, in the order of the text."""
    lines = kql.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    problems = []
    for finding in sorted(set(findings), key=lambda f: (f.span, f.code, f.message)):
        line = min(bisect_right(starts, finding.span.start), len(lines))
        problems.append(
            KqlProblem(
                code=finding.code,
                severity=finding.severity,
                message=finding.message,
                start=finding.span.start,
                length=finding.span.length,
                line=line,
                column=finding.span.start - starts[line - 1] + 1,
                text=lines[line - 1].removesuffix("\r"),
                hint=finding.hint,
            )
        )
    return problems
