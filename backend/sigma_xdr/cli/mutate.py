"""``sigma-xdr mutate``: which small changes of a rule do its tests not notice?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from sigma_xdr.cli.options import site_option, tests_option
from sigma_xdr.errors import Diagnostic, SigmaXdrError, UsageError, render_all, visible
from sigma_xdr.rules import load_site
from sigma_xdr.testing.mutation import MutationScore, Survivor
from sigma_xdr.testing.mutation.of_tests import mutation_score
from sigma_xdr.testing.suite import FINDINGS, RuleTest, folder_of_cases, load_suite

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr mutate sigma_rules/impact/proc_creation_win_wmic_shadowcopy_delete.yml")
@click.argument("rules", nargs=-1, type=click.Path(path_type=Path))
@tests_option
@site_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json for machines.")
def command(rules: tuple[Path, ...], tests: Path | None, site: Path | None, form: str) -> int:
    """Change RULES (files and folders; default sigma_rules) in small ways that would be bugs, and show the changes that no
    case notices, each with an event that would.

    A change that no event shows is listed under equivalent in the test file, with the reason. Exit code 1 if a change
    survives or a rule has no tests that it passes, 2 if a rule or a test file is wrong.
    """
    given = rules or (Path("sigma_rules"),)
    suite = load_suite(given, tests or folder_of_cases(given), load_site(site) if site else None)
    problems = list(suite.problems)
    scores: dict[str, tuple[RuleTest, MutationScore]] = {}
    for test in suite.tests:
        try:
            scores[test.name] = (test, mutation_score(test))
        except SigmaXdrError as error:
            problems += test.rule.with_places(error).diagnostics
    if not suite.asked and not problems:
        raise UsageError(Diagnostic("no-tests", "there is no rule to mutate", "give rule files, or a folder of them"))
    if form == "json":
        click.echo(json.dumps(_as_data(scores, problems), indent=2, default=str))
    else:
        for name, (test, score) in scores.items():
            _show(name, test, score)
        if problems:
            click.echo(render_all(problems) + "\n")
    click.echo(_summary([score for _, score in scores.values()], problems), err=True)
    if any(problem.code not in FINDINGS for problem in problems):
        return 2
    return 1 if problems or not all(score.ok for _, score in scores.values()) else 0


def _as_data(scores: dict[str, tuple[RuleTest, MutationScore]], problems: list[Diagnostic]) -> dict[str, Any]:
    rules = {name: score.as_data() for name, (_, score) in scores.items()}
    return {"rules": rules, "problems": [problem.render() for problem in problems]}


def _show(name: str, test: RuleTest, score: MutationScore) -> None:
    for survivor in score.survivors:
        click.echo(f"SURVIVED {name}: {survivor.mutant.id}\n{_described(test, survivor)}\n")
    if score.problems:
        click.echo(render_all(score.problems) + "\n")
    click.echo(f"{name}: {_counts(score)}")


def _described(test: RuleTest, survivor: Survivor) -> str:
    place = test.rule.place(*survivor.mutant.keys)
    lines = [f"  {test.rule.path.as_posix()}:{place.line}:{place.column}: {survivor.mutant.description}"]
    if survivor.event is None:
        lines.append(
            "  no event was looked for: mend the ones above first"
            if not survivor.searched
            else "  no event was found that shows it: list it under equivalent with the reason, or drop that part of the rule"
        )
    else:
        fields = json.dumps(survivor.event, ensure_ascii=False, default=str)
        lines.append(f"  a case with this event would notice: {visible(fields)}")
    return "\n".join(lines)


def _counts(score: MutationScore) -> str:
    parts = [f"{len(score.killed):,} of {len(score.mutants):,} mutants noticed"]
    if score.equivalent:
        parts.append(f"{len(score.equivalent):,} equivalent")
    if score.survivors:
        parts.append(f"{len(score.survivors):,} survived")
    return ", ".join(parts)


def _summary(scores: list[MutationScore], problems: list[Diagnostic]) -> str:
    mutants, killed = sum(len(score.mutants) for score in scores), sum(len(score.killed) for score in scores)
    equivalent = sum(len(score.equivalent) for score in scores)
    survived = sum(len(score.survivors) for score in scores)
    share = math.floor(1000 * killed / (mutants - equivalent)) / 10 if mutants > equivalent else 100.0
    rules = f"{len(scores):,} {'rule' if len(scores) == 1 else 'rules'}"
    said = f"{mutants:,} mutants of {rules}: {killed:,} noticed, {equivalent:,} equivalent, {survived:,} survived"
    wrong = len(problems) + sum(len(score.problems) for score in scores)
    return f"{said}; score {share:.1f} %" + (f"; {wrong:,} {'problem' if wrong == 1 else 'problems'}" if wrong else "")
