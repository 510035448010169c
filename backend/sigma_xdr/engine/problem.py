"""What goes wrong in this room, with its place in the query."""

from __future__ import annotations

from sigma_xdr.errors import Diagnostic, SigmaXdrError

__all__ = ["EngineError", "problem"]


class EngineError(SigmaXdrError):
    """A query that the engine can't run exactly, or rows that don't fit their table."""


def problem(
    kql: str, message: str, hint: str | None = None, *, line: int | None = None, column: int = 0, length: int = 1
) -> Diagnostic:
    """A problem of the query ``kql``, at a line (from 1) and a column (from 0) where they are known."""
    diagnostic = Diagnostic("engine", message, hint)
    if line is None:
        return diagnostic
    lines = kql.split("\n")
    text = lines[line - 1] if line <= len(lines) else ""
    return diagnostic.at(None, line, column + 1, text, length)
