"""What goes wrong with a service that runs queries, and how its own words are repeated."""

from __future__ import annotations

from sigma_xdr.engine.answers import Answer
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.errors import Diagnostic

__all__ = ["ServiceError", "TooMuch", "one_line"]

#: Longest piece of a service's own words that a message repeats, in characters.
_SHOWN = 500


class ServiceError(EngineError):
    """The service can't be reached, or lets nobody in: no other query would fare better.

    ``query`` is the name of the query at which that turned out, where several were asked by their names.
    """

    exit_code = 3
    query: str | None = None


class TooMuch(EngineError):
    """A query asked for more than the service gives at once. ``answer`` is what it gave all the same, if anything."""

    def __init__(self, message: str, hint: str | None = None, answer: Answer | None = None) -> None:
        super().__init__(Diagnostic("engine", message, hint))
        self.answer = answer


def one_line(text: object) -> str:
    """A service's own words, in one line and not too long."""
    line = " ".join(str(text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
