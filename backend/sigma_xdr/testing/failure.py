"""What a failing case says: what was expected, what each judge says, why, and the query's line that decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError, visible
from sigma_xdr.testing.case_files import Case
from sigma_xdr.testing.subject import Subject
from sigma_xdr.testing.trials import TableRow, Trial

__all__ = ["Failure", "failure"]

#: Trials and events that a failure shows.
_SHOWN = 3
#: Longest value that is shown, in characters.
_LONGEST = 300
#: Columns that every row has by default, and that say little.
_DEFAULTS = ("Timestamp", "DeviceId", "ReportId")


@dataclass(frozen=True)
class Failure:
    """Why a case fails. ``verdict`` is what the judge says, None where it can't say; ``query_line`` the number and text of
    the query's line that decided; ``explanation`` the evaluator's, a line a condition.
    """

    summary: str
    verdicts: Mapping[str, str]
    meaning: str | None = None
    events: tuple[str, ...] = ()
    query_line: tuple[int, str] | None = None
    explanation: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @classmethod
    def of_error(cls, error: SigmaXdrError) -> Failure:
        """The failure of a case that can't be judged."""
        return cls("the case can't be judged", {}, diagnostics=error.diagnostics)

    def render(self) -> str:
        """The failure as a person reads it."""
        lines = [self.summary]
        if self.verdicts:
            said = "   ".join(f"{judge}: {verdict}" for judge, verdict in self.verdicts.items())
            lines.append(f"{said}{f'   → {self.meaning}' if self.meaning else ''}")
        if self.query_line:
            lines.append(f"query line {self.query_line[0]}: {self.query_line[1]}")
        lines += [f"event: {event}" for event in self.events]
        lines += self.explanation
        lines += [diagnostic.render() for diagnostic in self.diagnostics]
        return "\n".join(lines)

    def as_data(self) -> dict[str, Any]:
        """The failure as plain data."""
        return {
            "summary": self.summary,
            "verdicts": dict(self.verdicts),
            "meaning": self.meaning,
            "events": list(self.events),
            "query_line": None if self.query_line is None else {"line": self.query_line[0], "text": self.query_line[1]},
            "explanation": list(self.explanation),
            "diagnostics": [diagnostic.render() for diagnostic in self.diagnostics],
        }


def failure(
    subject: Subject,
    case: Case,
    judge: str,
    wrong: Sequence[Trial],
    trials: int,
    others: Mapping[str, bool | SigmaXdrError],
) -> Failure:
    """The failure of a case in which a judge says something else than expected.

    ``wrong`` are the trials, of ``trials`` in all, on which it does, and ``others`` what every judge says of the first of them.
    """
    expected = "match" if case.expect else "no match"
    few = f" for {len(wrong)} of {trials} rows" if trials > 1 else ""
    verdicts = {name: _word(said) for name, said in others.items()}
    broken = [error for error in others.values() if isinstance(error, SigmaXdrError)]
    line = None
    if judge == "kql" and case.expect and subject.rule.kind != "correlation":
        line = subject.deciding_line(wrong[0])
    explanations = subject.explain(wrong[0], raw=judge == "raw")
    lines = tuple(line for each in explanations[:_SHOWN] for line in each.render().splitlines())
    return Failure(
        f"expected {expected}, {_SAYS[judge, case.expect]}{few}",
        verdicts,
        _meaning(judge, case, others),
        tuple(_event(trial) for trial in wrong[:_SHOWN]),
        line,
        lines or ("the event is none of the rule's log source",),
        tuple(problem for error in broken for problem in error.diagnostics),
    )


_SAYS = {
    ("kql", True): "the compiled query selected nothing",
    ("kql", False): "the compiled query selected it",
    ("evaluator", True): "the rule doesn't match the row",
    ("evaluator", False): "the rule matches the row",
    ("raw", True): "the rule doesn't match the untouched record",
    ("raw", False): "the rule matches the untouched record",
}


def _word(said: bool | SigmaXdrError) -> str:
    if isinstance(said, SigmaXdrError):
        return "can't say"
    return "match" if said else "no match"


def _meaning(judge: str, case: Case, others: Mapping[str, bool | SigmaXdrError]) -> str | None:
    """What it means that the judges agree or don't."""
    kql, evaluator = others.get("kql"), others.get("evaluator")
    if isinstance(kql, bool) and isinstance(evaluator, bool) and kql is not evaluator:
        return "the compiler and Sigma disagree: this is a bug in backend/"
    if judge == "raw" and kql is case.expect:
        return "no listed loss explains why the record and its row differ: this is a bug in backend/"
    return "they agree: it is the rule, or the case's expectation"


def _event(trial: Trial) -> str:
    shown = "; ".join(_columns(row) for row in trial.rows[:_SHOWN])
    more = len(trial.rows) - _SHOWN
    return (
        f"{f'[{visible(trial.label)}] ' if trial.label else ''}{shown}{f'; and {more} more rows' if more > 0 else ''}"
    )


def _columns(row: TableRow) -> str:
    parts = (f"{name}={_cut(value)}" for name, value in row.columns.items() if name not in _DEFAULTS)
    return f"{row.table} {', '.join(parts)}"


def _cut(value: object) -> str:
    text = visible(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
