"""``sigma-xdr test``: rule unit tests without pytest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from sigma_xdr.cli.options import site_option, tests_option
from sigma_xdr.errors import Diagnostic, UsageError, render_all
from sigma_xdr.rules import load_rules, load_site
from sigma_xdr.testing.junit import write_junit
from sigma_xdr.testing.suite import FINDINGS, Result, Suite, files_without_rules, folder_of_cases, load_suite

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr test sigma_rules/remote_execution")
@click.argument("rules", nargs=-1, type=click.Path(path_type=Path))
@tests_option
@site_option
@click.option("--filters", type=click.Path(path_type=Path), help="Folder of Sigma filters: do they blind a rule?")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit XML report to this file.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json for machines.")
def command(
    rules: tuple[Path, ...],
    tests: Path | None,
    site: Path | None,
    filters: Path | None,
    junit: Path | None,
    form: str,
) -> int:
    """Run the unit tests of RULES (files and folders; default sigma_rules): every case by every judge.

    The evaluator judges the untouched rule, the engine runs the compiled query. Exit code 1 if a case fails or a rule has no
    tests, 2 if a rule or a test file is wrong.
    """
    given = rules or (Path("sigma_rules"),)
    folder = tests or folder_of_cases(given)
    put_on = load_rules([filters]) if filters else None
    suite = load_suite(given, folder, load_site(site) if site else None, put_on.filters if put_on else ())
    problems = [*suite.problems, *(put_on.diagnostics if put_on else ())]
    for path in given:
        problems += files_without_rules(path, folder, suite.asked) if path.is_dir() else ()
    results: list[Result] = []
    for test in suite.tests:
        results += test.results()
        problems += test.problems
    told = set(problems)
    broken = (result.failure.diagnostics for result in results if result.failure)
    problems += dict.fromkeys(problem for found in broken for problem in found if problem not in told)
    if not results and not problems:
        raise UsageError(Diagnostic("no-tests", "there is no rule to test", "give rule files, or a folder of them"))
    if junit:
        write_junit(junit, results, problems)
    if form == "json":
        click.echo(json.dumps(_as_data(results, problems), indent=2))
    else:
        _show(results, problems)
    click.echo(_summary(suite, results, problems), err=True)
    return _exit_code(results, problems)


def _show(results: list[Result], problems: list[Diagnostic]) -> None:
    for (test, case), failed in _by_case(results).items():
        last = failed[-1].failure  # the query's, if it fails: it also has the line that decided
        text = "\n  ".join(last.render().splitlines()) if last else ""
        click.echo(f"FAILED {test}::{case}[{', '.join(result.judge for result in failed)}]\n  {text}\n")
    if problems:
        click.echo(render_all(problems) + "\n")


def _by_case(results: list[Result]) -> dict[tuple[str, str], list[Result]]:
    """The failures, those of one case together. What a wrong file keeps from being judged stands among the problems."""
    cases: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.failure and result.failure.verdicts:
            cases.setdefault((result.test, result.case.name), []).append(result)
    return cases


def _as_data(results: list[Result], problems: list[Diagnostic]) -> dict[str, Any]:
    return {
        "results": [
            {
                "rule": result.test,
                "case": result.case.name,
                "judge": result.judge,
                "expect": "match" if result.case.expect else "no_match",
                "passed": result.passed,
                "losses": list(result.losses),
                "failure": result.failure.as_data() if result.failure else None,
            }
            for result in results
        ],
        "problems": [problem.render() for problem in problems],
    }


def _summary(suite: Suite, results: list[Result], problems: list[Diagnostic]) -> str:
    cases = len({(result.test, result.case.name) for result in results})
    failed = sum(not result.passed for result in results)
    rules = len(suite.tests)
    parts = [f"{cases:,} cases of {rules:,} {'rule' if rules == 1 else 'rules'}, {len(results):,} verdicts"]
    parts.append(f"{failed:,} failed" if failed else "all as expected")
    if problems:
        parts.append(f"{len(problems):,} {'problem' if len(problems) == 1 else 'problems'}")
    losses = Counter(loss for result in results for loss in result.losses)
    if losses:
        listed = ", ".join(f"{loss} {count}" for loss, count in sorted(losses.items()))
        parts.append(f"raw records that differ from their rows by a listed loss: {listed}")
    return "; ".join(parts)


def _exit_code(results: list[Result], problems: list[Diagnostic]) -> int:
    if any(problem.code not in FINDINGS for problem in problems):
        return 2
    return 1 if problems or not all(result.passed for result in results) else 0
