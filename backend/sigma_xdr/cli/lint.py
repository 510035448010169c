"""``sigma-xdr lint``: the pack's own checks, and SigmaHQ's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sigma_xdr.cli.options import site_option, tests_option
from sigma_xdr.errors import Diagnostic, UsageError, render_all, visible
from sigma_xdr.review.forms import github_annotations, sarif
from sigma_xdr.review.lints import Finding, LintedPaths, explain, lint_paths

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr lint sigma_rules --base origin/main")
@click.argument("rules", nargs=-1, type=click.Path(path_type=Path))
@click.option("--base", help="Git revision, or a folder, with the pack as it was: what became of it is checked too.")
@tests_option
@site_option
@click.option("--filters", type=click.Path(path_type=Path), help="Folder of further Sigma filters to check.")
@click.option("--sigmahq/--no-sigmahq", default=True, help="Run SigmaHQ's validators as well.")
@click.option("--explain", "code", metavar="CODE", help="Show the page on a lint; all lists them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="sarif and github are findings at their lines, for code scanning and a workflow's log.",
)
def command(
    rules: tuple[Path, ...],
    base: str | None,
    tests: Path | None,
    site: Path | None,
    filters: Path | None,
    sigmahq: bool,
    code: str | None,
    form: str,
) -> int:
    """Check RULES (files and folders; default sigma_rules) for what compiles and deserves a change or a reason.

    They are compared with the rest of their pack. What the pack lives with stands in its lint.yml, with a reason. Exit code 1 if
    there is a finding without one, 2 if a rule is wrong.
    """
    if code is not None:
        click.echo(explain(code), nl=False)
        return 0
    given = (*(rules or (Path("sigma_rules"),)), *((filters,) if filters else ()))
    linted = lint_paths(given, base, tests, site, sigmahq)
    found = [finding for finding in linted.findings if finding.silenced is None]
    silenced = [finding for finding in linted.findings if finding.silenced is not None]
    if form == "json":
        click.echo(json.dumps(_as_data(linted), indent=2))
    elif form == "sarif":
        click.echo(
            sarif(_problems(linted, found), [(each.diagnostic, each.silenced or "") for each in silenced], _page),
            nl=False,
        )
    elif form == "github":
        click.echo(github_annotations(_problems(linted, found)), nl=False)
    else:
        _show(linted, found, silenced)
    click.echo(_summary(linted, found, silenced), err=True)
    if any(problem.severity == "error" for problem in linted.problems):
        return 2
    return 1 if found else 0


def _problems(linted: LintedPaths, found: list[Finding]) -> list[Diagnostic]:
    return [*linted.problems, *(finding.diagnostic for finding in found)]


def _page(code: str) -> str | None:
    """The page on a code; None for a problem of a rule, which has none."""
    try:
        return explain(code)
    except UsageError:
        return None


def _show(linted: LintedPaths, found: list[Finding], silenced: list[Finding]) -> None:
    problems = _problems(linted, found)
    if problems:
        click.echo(render_all(problems) + "\n")
    for finding in silenced:
        place = f"{finding.diagnostic.file}:{finding.diagnostic.line}"
        click.echo(visible(f"{place}: {finding.code} silenced: {finding.silenced}"))


def _as_data(linted: LintedPaths) -> dict[str, Any]:
    return {
        "findings": [finding.as_data() for finding in linted.findings],
        "problems": [problem.render() for problem in linted.problems],
    }


def _summary(linted: LintedPaths, found: list[Finding], silenced: list[Finding]) -> str:
    files = {finding.diagnostic.file for finding in found}
    said = f"{_count(len(found), 'finding')} in {_count(len(files), 'file')}" if found else "no findings"
    said = f"{_count(linted.rules, 'rule')} linted: {said}"
    if silenced:
        said += f", {len(silenced):,} silenced"
    if linted.problems:
        said += f"; {_count(len(linted.problems), 'problem')}"
    return said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
