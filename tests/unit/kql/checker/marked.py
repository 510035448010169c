"""What the tests of the checker share: problems as short tuples."""

from __future__ import annotations

from sigma_xdr.kql.checker import kql_checker


def marked(kql: str) -> list[tuple[str, str, str, str, str | None]]:
    """The problems of a query: code, severity, the text that is marked, message, hint."""
    return [
        (
            problem.code,
            problem.severity,
            kql[problem.start : problem.start + problem.length],
            problem.message,
            problem.hint,
        )
        for problem in kql_checker().check(kql)
    ]


def codes(kql: str) -> list[str]:
    """The codes of a query's problems, in the order of the text."""
    return [problem.code for problem in kql_checker().check(kql)]
