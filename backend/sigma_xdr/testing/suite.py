"""A pack's rules and their test files, paired by place, and what the judges say of each case.

The file of ``sigma_rules/<family>/<rule>.yml`` is ``tests/rules/<family>/<rule>.yml``; nothing is registered anywhere. A
rule without a file, and a file without a rule, is a problem.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sigma_xdr.errors import Diagnostic, SigmaXdrError, UsageError
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import LoadedRule, RuleSet, load_site_of, load_with_pack
from sigma_xdr.rules.todos import todos
from sigma_xdr.testing.case_files import Case, CaseFile, read_case_file
from sigma_xdr.testing.failure import Failure, failure
from sigma_xdr.testing.subject import Subject
from sigma_xdr.testing.trials import CaseError, Trial, trials_of

__all__ = [
    "FINDINGS",
    "LEAST_CASES",
    "Result",
    "RuleTest",
    "Suite",
    "case_file_of",
    "files_without_rules",
    "folder_of_cases",
    "from_here",
    "load_suite",
]

Site = Mapping[str, tuple[str, ...]]

#: Fewest true positives, and fewest near misses, that a rule is tested with.
LEAST_CASES = 3
#: Problems that are findings about the tests, not mistakes in a file.
FINDINGS = ("no-test-file", "no-rule", "too-few-cases", "failing-case", "todo")


@dataclass(frozen=True)
class Result:
    """What a judge says of a case. ``losses`` are those that explain why it says something else than expected of the
    untouched record; ``failure`` is None for a case that is as it should be.
    """

    test: str
    case: Case
    judge: str
    failure: Failure | None = None
    losses: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the judge says what the case expects, or a listed loss explains the difference."""
        return self.failure is None

    @property
    def id(self) -> str:
        """``<family>/<rule>::<case>[<judge>]``."""
        return f"{self.test}::{self.case.name}[{self.judge}]"


class RuleTest:
    """One rule with its test file."""

    def __init__(self, name: str, rule: LoadedRule, file: CaseFile, suite: Suite) -> None:
        self.name = name
        self.rule = rule
        self.file = file
        self._suite = suite

    @cached_property
    def problems(self) -> tuple[Diagnostic, ...]:
        """What keeps the cases from being run, too few cases on a side, and what the draft of the rule left to do."""
        problems: list[Diagnostic] = []
        for case in self.file.cases:
            try:
                self.trials(case)
            except SigmaXdrError as error:
                problems += error.diagnostics
        left = (*todos(self.rule.document, self.rule.source), *self.file.todos)
        return tuple(dict.fromkeys((*problems, *self._too_few(), *left)))

    def _too_few(self) -> Iterator[Diagnostic]:
        if self.rule.kind == "filter":
            return
        for expect, what in ((True, "true positives"), (False, "near misses")):
            count = sum(case.expect is expect for case in self.file.cases)
            if count < LEAST_CASES:
                message = f"the rule has {count} {what}, {LEAST_CASES} are the least"
                hint = "add cases with expect: match" if expect else "add cases with expect: no_match"
                yield self.file.diagnostic(message, hint, "cases", code="too-few-cases")

    def subject(self, case: Case) -> Subject:
        """The rule that a case is about: a filter's case names one. Raises SigmaXdrError if it isn't there."""
        if self.rule.kind != "filter":
            return self._suite.subject(self.rule, self._suite.filters)
        if case.rule is None:
            message = "a filter's case says which rule it is about"
            raise SigmaXdrError(self.file.diagnostic(message, "add rule: with the rule's id or name", *case.keys))
        found = self._suite.rules.resolve(case.rule)
        if found is None:
            message = f"there is no rule '{case.rule[:60]}'"
            raise SigmaXdrError(self.file.diagnostic(message, "write the rule's id or name", *case.keys, "rule"))
        return self._suite.subject(found, (self.rule,))

    def trials(self, case: Case) -> tuple[Trial, ...]:
        """The trials of a case. Raises SigmaXdrError: the case is wrong, or the rule can't be compiled."""
        if case.name not in self._trials:
            subject = self.subject(case)
            if case.kind == "raw" and not subject.reads_records:
                message = (
                    "the rule reads rows, not Windows' records: it is a correlation, or on Defender's own log source"
                )
                raise CaseError(
                    self.file.diagnostic(message, "write the rows under event or events", *case.keys, "raw")
                )
            self._trials[case.name] = trials_of(case, self.file, subject.tables, self._first_number[case.name])
        return self._trials[case.name]

    @cached_property
    def _trials(self) -> dict[str, tuple[Trial, ...]]:
        return {}

    @cached_property
    def _first_number(self) -> dict[str, int]:
        """The number of each case's first row: no two rows of a file have the same."""
        numbers, next_number = {}, 0
        for case in self.file.cases:
            numbers[case.name] = next_number
            next_number += max(_rows(case), 1)
        return numbers

    # ---------------------------------------------------------------------------------------------------------- verdicts

    def result(self, case: Case, judge: str) -> Result:
        """What a judge says of a case."""
        try:
            trials = self.trials(case)
            subject = self.subject(case)
            verdicts = self._verdicts(subject, judge)[case.name]
            return self._result(case, judge, subject, trials, verdicts)
        except SigmaXdrError as error:
            return Result(self.name, case, judge, Failure.of_error(self.rule.with_places(error)))

    def _result(
        self, case: Case, judge: str, subject: Subject, trials: Sequence[Trial], verdicts: Sequence[bool]
    ) -> Result:
        wrong = [trial for trial, verdict in zip(trials, verdicts, strict=True) if verdict is not case.expect]
        if judge == "raw":
            explained = [subject.losses(trial, case.expect) for trial in wrong]
            losses = tuple(dict.fromkeys(loss for found in explained for loss in found or ()))
            wrong = [trial for trial, found in zip(wrong, explained, strict=True) if found is None]
            if not wrong:
                return Result(self.name, case, judge, losses=losses)
        if not wrong:
            return Result(self.name, case, judge)
        others = {other: self._says(subject, other, case, trials, wrong[0]) for other in case.judges}
        return Result(self.name, case, judge, failure(subject, case, judge, wrong, len(trials), others))

    def results(self) -> Iterator[Result]:
        """Every judge's word on every case."""
        for case in self.file.cases:
            for judge in case.judges:
                yield self.result(case, judge)

    def _says(
        self, subject: Subject, judge: str, case: Case, trials: Sequence[Trial], trial: Trial
    ) -> bool | SigmaXdrError:
        try:
            return self._verdicts(subject, judge)[case.name][trials.index(trial)]
        except SigmaXdrError as error:
            return error

    def _verdicts(self, subject: Subject, judge: str) -> dict[str, list[bool]]:
        """A judge's verdicts on the trials of all cases that are about a subject: asked once, at one go."""
        key = (id(subject), judge)
        if key not in self._judged:
            cases = [case for case in self.file.cases if judge in case.judges and self._is_about(case, subject)]
            trials = [self._trials[case.name] for case in cases]
            judges = {"kql": subject.kql, "evaluator": subject.evaluate, "raw": subject.on_records}
            verdicts = iter(judges[judge]([trial for each in trials for trial in each]))
            self._judged[key] = {
                case.name: [next(verdicts) for _ in each] for case, each in zip(cases, trials, strict=True)
            }
        return self._judged[key]

    @cached_property
    def _judged(self) -> dict[tuple[int, str], dict[str, list[bool]]]:
        return {}

    def _is_about(self, case: Case, subject: Subject) -> bool:
        try:
            self.trials(case)
            return self.subject(case) is subject
        except SigmaXdrError:
            return False


def _rows(case: Case) -> int:
    """How many rows a case may have."""
    if case.each:
        return len(next(iter(case.each.values())))
    count = len(case.data) if isinstance(case.data, list) else 1
    return 2 * count if case.kind == "raw" else count


class Suite:
    """The rules of some files and folders with their test files under ``tests``.

    ``asked`` are the rules to test, ``rules`` the whole pack, in which references are looked up. ``site`` holds the values of
    placeholders, ``filters`` are put on the rules that they name. With ``check`` Microsoft's language service looks at every
    query. ``problems`` are those of the rules, of the files, and of their pairing.
    """

    def __init__(
        self,
        asked: RuleSet,
        rules: RuleSet,
        tests: Path,
        site: Site | None = None,
        filters: Sequence[LoadedRule] = (),
        check: bool = True,
    ) -> None:
        self.rules = rules
        self.filters = tuple(filters)
        self.asked = (*asked.rules, *asked.correlations, *asked.filters)
        self._site = site
        self._check = check
        self._subjects: dict[tuple[str, ...], Subject] = {}
        self._compilers: dict[tuple[str, ...], Compiler] = {}
        problems = [problem for problem in asked.diagnostics if problem.severity == "error"]
        self.tests: list[RuleTest] = []
        owners: dict[Path, LoadedRule] = {}
        for rule in self.asked:
            path = case_file_of(rule, tests)
            if path is None:
                problems.append(_no_file(rule, tests, "the rule has no test file"))
                continue
            owner = owners.setdefault(path, rule)
            if owner is not rule:
                message = f"the rule's test file {path.as_posix()} is that of {owner.path.as_posix()} already"
                problems.append(_no_file(rule, tests, message))
                continue
            file, wrong = read_case_file(path)
            problems += wrong
            if file is not None:
                name = path.relative_to(tests).with_suffix("").as_posix()
                self.tests.append(RuleTest(name, rule, file, self))
        self.problems: tuple[Diagnostic, ...] = tuple(problems)

    def subject(self, rule: LoadedRule, filters: Sequence[LoadedRule]) -> Subject:
        """A rule with filters put on it; the same object for the same rule."""
        applied = tuple(map(_identity, filters))
        key = (_identity(rule), *applied)
        if key not in self._subjects:
            if applied not in self._compilers:
                self._compilers[applied] = Compiler(self.rules, self._site, filters, self._check)
            self._subjects[key] = Subject(rule, self.rules, self._compilers[applied], filters, self._site)
        return self._subjects[key]


def _identity(rule: LoadedRule) -> str:
    return f"{rule.path}:{rule.source.index}"


def _no_file(rule: LoadedRule, tests: Path, message: str) -> Diagnostic:
    expected = tests / rule.path.parent.name / _file_name(rule)
    hint = f"write {expected.as_posix()}, with at least {LEAST_CASES} cases that match and {LEAST_CASES} that don't"
    return rule.diagnostic("no-test-file", message, hint, "title")


def _file_name(rule: LoadedRule) -> str:
    """The name of a rule's test file: that of its own, with a number for the second and later rules in it."""
    return f"{rule.path.stem}{f'.{rule.source.index + 1}' if rule.source.index else ''}.yml"


def case_file_of(rule: LoadedRule, tests: Path) -> Path | None:
    """The test file of a rule: under ``tests``, the longest tail of the rule's path that exists there."""
    path = rule.path.with_name(_file_name(rule))
    return next((found for found in _tails(path, tests) if found.is_file()), None)


def _tails(path: Path, folder: Path) -> Iterator[Path]:
    """The tails of a path from the root on, put under a folder, the longest first. None leaves the folder by ``..``."""
    parts = Path(os.path.abspath(path)).parts
    return (folder.joinpath(*parts[start:]) for start in range(1, len(parts)))


def files_without_rules(folder: Path, tests: Path, rules: Sequence[LoadedRule]) -> list[Diagnostic]:
    """A problem for each test file that would be of a rule of ``folder``, a pack or a family, and is none's.

    ``rules`` are those of the folder, also those with wrong tests.
    """
    family = next((path for path in _tails(folder, tests) if path.is_dir()), None)
    if family is None and any(tests.joinpath(rule.relative).is_file() for rule in rules):
        family = tests  # the pack as a whole
    known = {case_file_of(rule, tests) for rule in rules}
    hint = "delete it, or name it as its rule, with .yml; a rule with errors doesn't count"
    return [
        Diagnostic("no-rule", "the test file has no rule", hint, file=path.as_posix())
        for path in sorted(family.rglob("*.y*ml") if family else ())
        if path.suffix in (".yml", ".yaml") and path not in known
    ]


def folder_of_cases(rules: Sequence[Path]) -> Path:
    """The folder ``tests/rules`` that belongs to some rules: the one in the nearest folder above them that has one.

    Raises UsageError if there is none.
    """
    for given in rules:
        for folder in (given.absolute(), *given.absolute().parents):
            if (found := folder / "tests" / "rules").is_dir():
                return from_here(found)
    message = "there is no folder tests/rules beside the rules, or above them"
    raise UsageError(Diagnostic("no-tests", message, "name the folder of test files: --tests DIR"))


def from_here(path: Path) -> Path:
    """An absolute path from the working folder on, if it lies there: what messages show."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def load_suite(
    rules: Sequence[Path], tests: Path, site: Site | None = None, filters: Sequence[LoadedRule] = ()
) -> Suite:
    """The suite of some rules, files or folders; a correlation or a filter given by itself finds its rules in the folder above
    its own, the pack. Without a ``site`` it is the pack's ``site.default.yml``.

    Raises UsageError for a path that isn't there.
    """
    asked, pack = load_with_pack(rules)
    return Suite(asked, pack, tests, load_site_of(rules) if site is None else site, filters)
