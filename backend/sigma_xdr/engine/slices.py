"""A query's time in slices, where a service gives too little at once, and their rows as one answer.

Only where that can't change the answer: a slice of a query that looks at each row alone gives the rows of its time, and a slice of
a correlation those alerts whose window it holds whole. Any other query is asked once, and that it's too much is told.

*A query that looks at each row alone* is one table and ``where``, ``extend`` and ``project``, and its rows say which event they're
of. Slices overlap by a second, so that none of a service's ideas of a border loses an event; a row that several slices give counts
as often as the one that has it most often.

*A correlation* has one alert a group and slot of time, ``bin(Timestamp, window)``, and looks back by a window at most. So it is cut
between slots alone, each slice is asked with the window before it, and alerts of that earlier time are left to the slice that it
belongs to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sigma_xdr.engine.answers import Answer
from sigma_xdr.engine.problem import EngineError
from sigma_xdr.engine.syntax import children, is_name, kind, name_of, parsed

__all__ = ["EachRow", "Slicing", "Span", "Whole", "Windows", "looks_at_each_row"]

#: What a query may do with rows without looking at two of them.
_EACH_ROW = frozenset(
    {"ExtendOperator", "ProjectAwayOperator", "ProjectOperator", "ProjectRenameOperator", "WhereOperator"}
)
#: What says which event a row is of. Microsoft: a ReportId is an event's together with its time and device.
_IDENTITY = frozenset({"Timestamp", "ReportId"})
_OVERLAP = timedelta(seconds=1)
#: Kusto's ``bin`` of a time counts from here.
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Span:
    """A stretch of time, from ``start`` to ``end``, both with their offset from UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """As ISO 8601 and Microsoft Graph write it: ``2026-01-01T00:00:00Z/2026-01-02T00:00:00Z``."""
        return "/".join(f"{time.astimezone(UTC).replace(tzinfo=None).isoformat()}Z" for time in (self.start, self.end))


class Slicing(Protocol):
    """How a query is cut."""

    #: Columns that the answers must have.
    columns: frozenset[str]

    def asked(self, piece: Span, whole: Span) -> Span:
        """The time that a slice is asked with."""

    def cut(self, piece: Span, shortest: timedelta) -> datetime | None:
        """The time between two halves of a slice; None where it can't be cut."""

    def merged(self, answers: Sequence[tuple[Span, Answer]], whole: Span) -> list[dict[str, Any]]:
        """The rows of all slices that were answered, which come in their order of time."""


class Whole:
    """A query that is asked once: its rows can depend on any others."""

    columns: frozenset[str] = frozenset()

    def asked(self, piece: Span, whole: Span) -> Span:
        """The slice itself."""
        return piece

    def cut(self, piece: Span, shortest: timedelta) -> datetime | None:
        """Never."""
        return None

    def merged(self, answers: Sequence[tuple[Span, Answer]], whole: Span) -> list[dict[str, Any]]:
        """The rows as they came."""
        return [row for _, answer in answers for row in answer.rows]


class EachRow(Whole):
    """A query that looks at each row alone."""

    columns = _IDENTITY

    def asked(self, piece: Span, whole: Span) -> Span:
        """The slice, and a second before it."""
        return Span(max(piece.start - _OVERLAP, whole.start), piece.end)

    def cut(self, piece: Span, shortest: timedelta) -> datetime | None:
        """In the middle, on a whole second, unless the slice is short enough."""
        middle = (piece.start + (piece.end - piece.start) / 2).replace(microsecond=0)
        return middle if middle > piece.start and piece.end - piece.start > shortest else None

    def merged(self, answers: Sequence[tuple[Span, Answer]], whole: Span) -> list[dict[str, Any]]:
        """Each row as often as the slice that has it most often gives it."""
        if len(answers) == 1:
            return answers[0][1].rows
        rows: list[dict[str, Any]] = []
        given: Counter[str] = Counter()
        for _, answer in answers:
            own: Counter[str] = Counter()
            for row in answer.rows:
                key = json.dumps(row, default=str)
                own[key] += 1
                if own[key] > given[key]:
                    rows.append(row)
            given |= own
        return rows


class Windows(Whole):
    """A correlation, whose alerts look back by no more than ``window``."""

    columns = frozenset({"Timestamp"})

    def __init__(self, window: timedelta) -> None:
        self._window = window

    def asked(self, piece: Span, whole: Span) -> Span:
        """The slice with the window before it."""
        return Span(max(piece.start - self._window - _OVERLAP, whole.start), piece.end)

    def cut(self, piece: Span, shortest: timedelta) -> datetime | None:
        """Between two slots, as near to the middle as may be, unless the slice is short enough or lies in one slot."""
        middle = piece.start + (piece.end - piece.start) / 2
        border = middle - (middle - _EPOCH) % self._window
        if border <= piece.start:
            border += self._window
        return border if border < piece.end and piece.end - piece.start > shortest else None

    def merged(self, answers: Sequence[tuple[Span, Answer]], whole: Span) -> list[dict[str, Any]]:
        """Of each slice the alerts of its own time."""
        return [row for piece, answer in answers for row in answer.rows if _is_own(row["Timestamp"], piece, whole)]


def _is_own(time: Any, piece: Span, whole: Span) -> bool:
    """Whether an alert's time belongs to a slice; the first and the last one have no border there."""
    if not isinstance(time, datetime):
        return True
    after = piece.start == whole.start or time >= _naive(piece.start)
    return after and (piece.end == whole.end or time < _naive(piece.end))


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)


def looks_at_each_row(kql: str) -> bool:
    """Whether a query is one table and clauses that look at each of its rows alone. False also for what doesn't parse."""
    try:
        tree = parsed(kql).tree
    except EngineError:
        return False
    nodes = list(_nodes(tree))
    statements = [node for node in nodes if kind(node) == "Statement"]
    pipes = [node for node in nodes if kind(node) == "PipeExpression"]
    if len(statements) != 1 or not pipes:
        return False
    table, *clauses = children(pipes[0])
    return (
        is_name(table)
        and "(" not in name_of(table)
        and all(kind(children(clause.children[-1])[0]) in _EACH_ROW for clause in clauses)
        and not any(is_name(pipe) or len(children(pipe)) > 1 for pipe in pipes[1:])
        and not any(kind(node) == "ToScalarExpression" for node in nodes)
    )


def _nodes(tree: Any) -> Iterator[Any]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(children(node))
