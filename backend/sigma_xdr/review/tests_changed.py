"""What became of a rule's tests: cases that are new, gone or expect something else, and what they don't notice."""

from __future__ import annotations

from dataclasses import dataclass

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.review.changes import Change
from sigma_xdr.testing.case_files import Case
from sigma_xdr.testing.mutation.of_tests import mutation_score
from sigma_xdr.testing.suite import RuleTest

__all__ = ["CaseChanges", "Score", "compare_tests"]


@dataclass(frozen=True)
class Score:
    """How many mutants of a rule its cases notice, and which they don't. ``problem`` says why that isn't known."""

    mutants: int = 0
    noticed: int = 0
    equivalent: int = 0
    survivors: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class CaseChanges:
    """The tests of a rule, before and after; cases by their names.

    ``flipped`` expect the opposite of what they did, ``edited`` have other events; one that only has another name is no change.
    ``excused`` are mutants that the file newly calls equivalent, with the reasons. ``score`` is of the rule as it is now, None if
    it is gone or has no tests.
    """

    before: int = 0
    after: int = 0
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    flipped: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    excused: tuple[tuple[str, str], ...] = ()
    score: Score | None = None

    @property
    def is_changed(self) -> bool:
        """Whether a case isn't what it was."""
        return bool(self.new or self.gone or self.flipped or self.edited or self.excused)


def compare_tests(change: Change) -> CaseChanges:
    """The tests of a changed rule, and what mutation says of them."""
    old, new = (state.test if state else None for state in (change.base, change.head))
    before, after = _cases(old), _cases(new)
    homeless = {_events(case): name for name, case in before.items() if name not in after}
    names = {name: name if name in before else homeless.get(_events(case)) for name, case in after.items()}
    pairs = {name: (before[known], after[name]) for name, known in names.items() if known is not None}
    flipped = tuple(name for name, (was, now) in pairs.items() if was.expect is not now.expect)
    known = old.file.equivalent if old else {}
    return CaseChanges(
        before=len(before),
        after=len(after),
        new=tuple(name for name in after if name not in pairs),
        gone=tuple(name for name in before if name not in names.values()),
        flipped=flipped,
        edited=tuple(n for n, (was, now) in pairs.items() if n not in flipped and _events(was) != _events(now)),
        excused=tuple((each, why) for each, why in new.file.equivalent.items() if each not in known) if new else (),
        score=_score(new) if new else None,
    )


def _cases(test: RuleTest | None) -> dict[str, Case]:
    return {case.name: case for case in test.file.cases} if test else {}


def _events(case: Case) -> str:
    """What a case asks about, whatever it is called and expects."""
    return repr((case.kind, case.data, dict(case.each), case.rule))


def _score(test: RuleTest) -> Score:
    try:
        found = mutation_score(test)
    except SigmaXdrError as error:
        return Score(problem=error.diagnostics[0].message)
    survivors = tuple(f"{each.mutant.id}: {each.mutant.description}" for each in found.survivors)
    wrong = "; ".join(problem.message for problem in found.problems) or None
    return Score(len(found.mutants), len(found.killed), len(found.equivalent), survivors, wrong)
