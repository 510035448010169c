"""The mutation score of a rule's own test file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sigma_xdr.evaluator import Event
from sigma_xdr.testing.as_rows import views_with
from sigma_xdr.testing.case_files import Case
from sigma_xdr.testing.mutation.mutant import Document
from sigma_xdr.testing.mutation.mutants import MutationError
from sigma_xdr.testing.mutation.scoring import MutationScore, score
from sigma_xdr.testing.mutation.telling import EventSearch
from sigma_xdr.testing.subject import Subject
from sigma_xdr.testing.suite import RuleTest

__all__ = ["mutation_score"]


def mutation_score(test: RuleTest) -> MutationScore:
    """Which of a rule's mutants its cases notice, as the evaluator judges them: the judges agree on all cases anyway.

    The score's problems have their places in the test file. Raises SigmaXdrError if a case can't be judged, or if the rule
    itself fails one.
    """
    cases = test.file.cases
    searches = _searches(test)
    try:
        found = score(
            test.rule.document,
            cases,
            [case.expect for case in cases],
            partial(_as_expected, test),
            test.file.equivalent,
            lambda mutant: next(filter(None, (search.event_for(mutant.document) for search in searches)), None),
            lambda case: case.name,
        )
    except MutationError as error:
        where = (test.file.source if problem.keys else test.rule for problem in error.diagnostics)
        raise MutationError(*(each.locate(it) for each, it in zip(where, error.diagnostics, strict=True))) from None
    return replace(found, problems=tuple(test.file.source.locate(problem) for problem in found.problems))


def _as_expected(test: RuleTest, document: Document, cases: Sequence[Case]) -> list[bool]:
    """Of each case what it expects where all of its trials are so, else the opposite.

    A document is read once for all cases that put it on the same rule: that takes most of the time.
    """
    asked: dict[Subject, list[tuple[int, Case]]] = {}
    for index, case in enumerate(cases):
        asked.setdefault(test.subject(case), []).append((index, case))
    said = [False] * len(cases)
    for subject, its_cases in asked.items():
        trials = [(index, case, trial) for index, case in its_cases for trial in test.trials(case)]
        verdicts = subject.evaluate([trial for _, _, trial in trials], document)
        wrong = {
            index for (index, case, _), verdict in zip(trials, verdicts, strict=True) if verdict is not case.expect
        }
        for index, case in its_cases:
            said[index] = case.expect is not (index in wrong)
    return said


def _searches(test: RuleTest) -> list[EventSearch]:
    """The searches for an event that tells mutants apart: on rows with whole paths of initiating processes and on rows with
    their directories alone, for a filter under each rule that it is tested on. None for a correlation.
    """
    subjects = dict.fromkeys(test.subject(case) for case in test.file.cases)
    return [
        EventSearch(
            test.rule.document,
            [view.fields for view in _events(test, subject.rule.document["logsource"])],
            view=partial(_as_a_row, log_source=subject.rule.document["logsource"], whole_paths=whole_paths),
            matcher=subject.matcher,
        )
        for subject in subjects
        if subject.rule.kind != "correlation"
        for whole_paths in (True, False)
    ]


def _as_a_row(fields: Mapping[str, Any], log_source: Mapping[str, Any], whole_paths: bool) -> Event | None:
    """Fields as a row of Defender shows them: what no row can say tells nothing apart in production."""
    return next(views_with(fields, log_source, whole_paths), None)


def _events(test: RuleTest, log_source: Mapping[str, Any]) -> Iterator[Event]:
    """The events of the rule's cases."""
    for case in test.file.cases:
        for trial in test.trials(case):
            yield from test.subject(case).views(trial, log_source)
