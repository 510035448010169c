"""The results of rule tests as a JUnit XML report, which build servers show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.testing.suite import Result

__all__ = ["write_junit"]

#: What XML 1.0 can't hold, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Sequence[Result], problems: Sequence[Diagnostic]) -> None:
    """Write a report: a suite a rule, a test a case and judge; problems of files as errors in a suite of their own.

    It is written whole or not at all. Raises UsageError if it can't be.
    """
    report = JUnitXml("sigma-xdr")
    suites: dict[str, TestSuite] = {}
    for result in results:
        suite = suites.setdefault(result.test, TestSuite(_xml(result.test)))
        case = TestCase(_xml(f"{result.case.name}[{result.judge}]"), _xml(result.test))
        if result.failure is not None:
            failure = Failure(_xml(result.failure.summary))
            failure.text = _xml(result.failure.render())
            case.result = [failure]
        suite.add_testcase(case)
    if problems:
        suite = suites.setdefault("files", TestSuite("files"))
        for problem in problems:
            case = TestCase(_xml(f"{problem.file or ''}:{problem.line or ''}"), "files")
            error = Error(_xml(problem.message), problem.code)
            error.text = _xml(problem.render())
            case.result = [error]
            suite.add_testcase(case)
    for suite in suites.values():
        report.add_testsuite(suite)
    _write(report, path)


def _write(report: JUnitXml, path: Path) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        report.write(str(partial), pretty=True)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(Diagnostic("junit", f"can't write {path}: {error.strerror}")) from None


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
