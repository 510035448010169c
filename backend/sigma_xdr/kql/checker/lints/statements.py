"""The text as a whole: one query, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.kql.checker.outline import Outline
from sigma_xdr.kql.checker.problem import Finding, Span


def control_command(outline: Outline) -> Iterator[Finding]:
    """``.drop table …`` parses, as a command to a cluster."""
    if outline.command:
        yield Finding("control-command", "error", "this is a control command, no query", Span(0, 1))


def no_query(outline: Outline) -> Iterator[Finding]:
    """An empty text, a comment or ``let`` statements alone are no error to the parser."""
    if not outline.queries and not outline.command:
        yield Finding("no-query", "error", "there is no query: nothing here gives rows", Span(0, 0))


def several_queries(outline: Outline) -> Iterator[Finding]:
    """Kusto runs each of several queries; a hunt and a custom detection have one result."""
    for span in outline.queries[1:]:
        hint = "a statement before the query must be a let"
        yield Finding("several-queries", "error", "a second query begins here", span, hint)
