"""The pytest plugin: rule test files are collected like Python's, an item for each case and judge.

``pytest -p sigma_xdr.testing.plugin tests/rules`` (the project's settings name the plugin). The files lie in the folder
that the setting ``sigma_tests`` names (``tests/rules``), their rules in that of ``sigma_rules``, both below pytest's root.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.errors import Diagnostic, SigmaXdrError, render_all
from sigma_xdr.rules import RuleSet, load_rules, load_site_of
from sigma_xdr.testing.case_files import Case, read_case_file
from sigma_xdr.testing.suite import Result, RuleTest, Suite, case_file_of, files_without_rules, from_here

__all__ = ["pytest_addoption", "pytest_collect_file", "pytest_collection_modifyitems", "pytest_terminal_summary"]

_PACK = pytest.StashKey["_Pack"]()


class _Pack:
    """The pack of a run, read once."""

    def __init__(self, config: pytest.Config) -> None:
        self.folder = from_here(config.rootpath / config.getini("sigma_rules"))
        self.tests = from_here(config.rootpath / config.getini("sigma_tests"))
        self.rules: RuleSet = load_rules([self.folder])
        self.suite = Suite(self.rules, self.rules, self.tests, load_site_of([self.folder]))

    @classmethod
    def of(cls, config: pytest.Config) -> _Pack:
        if _PACK not in config.stash:
            config.stash[_PACK] = cls(config)
        return config.stash[_PACK]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two settings of the plugin."""
    parser.addini("sigma_rules", "folder of the rules, below the root", default="sigma_rules")
    parser.addini("sigma_tests", "folder of their test files, below the root", default="tests/rules")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A YAML file under the folder of test files."""
    tests = parent.config.rootpath / parent.config.getini("sigma_tests")
    if file_path.suffix != ".yml" or not file_path.is_relative_to(tests):
        return None
    return RuleFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the whole folder of test files is asked for, a test that every rule has its file comes first."""
    tests = config.rootpath / config.getini("sigma_tests")
    asked = (config.invocation_params.dir / arg for arg in config.args if "::" not in arg)
    if tests.is_dir() and any(tests.is_relative_to(path.resolve()) for path in asked):
        items.insert(0, Pairing.from_parent(session, name="every rule has a test file"))


class Pairing(pytest.Item):
    """Every rule has a test file, and every rule is one."""

    def runtest(self) -> None:
        """Raises SigmaXdrError with all problems of the pack and of the pairing."""
        pack = _Pack.of(self.config)
        unreadable = {problem.file for problem in pack.suite.problems if problem.code == "test-file"}
        problems = [
            problem for problem in pack.suite.problems if problem.file not in unreadable
        ]  # those files' own items tell
        problems += files_without_rules(pack.folder, pack.tests, pack.suite.asked)
        if problems:
            raise SigmaXdrError(*problems)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems without a traceback."""
        return _told(self, excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands."""
        return self.path, None, self.name


class RuleFile(pytest.File):
    """A test file."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each case and judge, and one for the file as a whole."""
        yield Whole.from_parent(self, name="the file")
        file, problems = read_case_file(self.path)
        for case in file.cases if file is not None and not problems else ():
            for judge in case.judges:
                yield Judgement.from_parent(self, name=f"{case.name}[{judge}]", case=case, judge=judge)

    def test(self) -> RuleTest:
        """The rule with this file. Raises SigmaXdrError with what is wrong with the two."""
        pack = _Pack.of(self.config)
        path = from_here(self.path)
        found = next((test for test in pack.suite.tests if test.file.path == path), None)
        if found is not None:
            return found
        _, problems = read_case_file(path)
        if not problems and not any(case_file_of(rule, pack.tests) == path for rule in pack.suite.asked):
            hint = "delete it, or name it as its rule; a rule with errors doesn't count"
            problems = [Diagnostic("no-rule", "the test file has no rule", hint, file=path.as_posix())]
        raise SigmaXdrError(*problems, *_wrong_rule(pack, path))


def _wrong_rule(pack: _Pack, path: Path) -> list[Diagnostic]:
    """The problems of the rule of a test file."""
    rule = pack.folder / path.relative_to(pack.tests)
    return [problem for problem in pack.rules.diagnostics if problem.file == rule.as_posix()]


class Whole(pytest.Item):
    """A test file's form, the rows of its cases, and enough of them on each side."""

    parent: RuleFile

    def runtest(self) -> None:
        """Raises SigmaXdrError with all problems of the file."""
        if problems := self.parent.test().problems:
            raise SigmaXdrError(*problems)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems without a traceback."""
        return _told(self, excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands."""
        return self.path, None, f"{_id(self)}::{self.name}"


class Judgement(pytest.Item):
    """What a judge says of a case."""

    parent: RuleFile

    def __init__(self, *, case: Case, judge: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.judge = judge

    def runtest(self) -> None:
        """Raises ``_Failed`` if the judge says something else than the case expects."""
        result = self.parent.test().result(self.case, self.judge)
        if not result.passed:
            raise _Failed(result)
        if result.losses:
            self.user_properties.append(("losses", ", ".join(result.losses)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure without a traceback."""
        return _told(self, excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands."""
        return self.path, None, f"{_id(self)}::{self.name}"


class _Failed(Exception):
    """A case isn't as expected."""

    def __init__(self, result: Result) -> None:
        assert result.failure is not None
        super().__init__(result.failure.render())


def _id(item: pytest.Item) -> str:
    tests = item.config.rootpath / item.config.getini("sigma_tests")
    return item.path.relative_to(tests).with_suffix("").as_posix()


def _told(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> str | None:
    """What went wrong, for a reader of rules; None for what only a programmer can repair."""
    error = excinfo.value
    if isinstance(error, _Failed):
        return str(error)
    return render_all(error.diagnostics) if isinstance(error, SigmaXdrError) else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many cases say something else of the untouched record, by the loss that explains it."""
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == "losses":
                counts[value] = counts.get(value, 0) + 1
    if counts:
        listed = ", ".join(f"{loss} {count}" for loss, count in sorted(counts.items()))
        terminalreporter.write_line(f"raw records that differ from their rows by a listed loss: {listed}")
