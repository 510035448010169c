"""``sigma-xdr compile``: rules to KQL."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import click

from sigma_xdr.cli.options import site_option
from sigma_xdr.errors import Diagnostic, RuleError, UsageError, render_all
from sigma_xdr.export import OutputFolder
from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.kql.compiler import CompiledRule, Compiler
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site_of, load_with_pack
from sigma_xdr.rules.site import site_beside

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr compile sigma_rules -o build/kql")
@click.argument("rules", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, help="Folder to write to, mirroring the rules'; - for one rule to stdout."
)
@site_option
@click.option("--filters", type=click.Path(path_type=Path), help="Folder of Sigma filters to apply.")
@click.option(
    "--format", "form", type=click.Choice(["kql", "json"]), default="kql", help="json adds what deployment needs."
)
@click.option("--header/--no-header", default=True, help="A comment with title, level and id on top (kql).")
@click.option("--check/--no-check", default=True, help="Have Microsoft's language service check every query.")
def command(
    rules: tuple[Path, ...], output: str, site: Path | None, filters: Path | None, form: str, header: bool, check: bool
) -> int:
    """Compile RULES (files and folders; default sigma_rules) to KQL that Defender XDR runs.

    All problems of all files are shown; the good rules are written all the same. Exit code 2 if a rule is wrong.
    """
    if check:
        kql_checker()  # it starts while the rules are read
    given = rules or (Path("sigma_rules"),)
    rule_set, references = load_with_pack(given)
    values = load_site_of(given, site)
    filter_set = load_rules([filters]) if filters else None
    problems = [*rule_set.diagnostics, *(filter_set.diagnostics if filter_set else ())]
    compiler = Compiler(references, values, filter_set.filters if filter_set else (), check)
    compiled: list[CompiledRule] = []
    for loaded in (*rule_set.rules, *rule_set.correlations):
        try:
            compiled.append(compiler.compile(loaded))
        except RuleError as error:
            problems += error.diagnostics
    problems += [warning for each in compiled for warning in each.warnings]
    deployed = [each for each in compiled if rule_set.generates(each.rule)]

    texts = {each: _text(each, form, header) for each in deployed}
    if output == "-":
        _print_one(texts, rule_set)
    else:
        _write(texts, rule_set, Path(output), form)
    if problems:
        click.echo(render_all(problems) + "\n", err=True)
    target = "stdout" if output == "-" else output
    click.echo(_summary(rule_set, len(deployed), problems, target, filter_set, check), err=True)
    if silent := len(compiled) - len(deployed):
        click.echo(f"{_count(silent, 'rule')} only for correlations not written (generate: true would)", err=True)
    if site is None and (beside := site_beside(given)):
        click.echo(f"with the example values of {beside}: give your site's with --site", err=True)
    return 2 if any(problem.severity == "error" for problem in problems) else 0


def _text(compiled: CompiledRule, form: str, header: bool) -> str:
    if form == "json":
        return json.dumps(compiled.as_data(), indent=2, ensure_ascii=False) + "\n"
    return (compiled.kql if header else compiled.bare_kql) + "\n"


def _print_one(texts: dict[CompiledRule, str], rule_set: RuleSet) -> None:
    if len(rule_set.rules) + len(rule_set.correlations) > 1:
        message = f"-o - prints one rule; {len(rule_set.rules) + len(rule_set.correlations)} were given"
        raise UsageError(Diagnostic("output", message, "give one file, or a folder to write to: -o build/kql"))
    for text in texts.values():
        click.echo(text, nl=False)


def _write(texts: dict[CompiledRule, str], rule_set: RuleSet, output: Path, form: str) -> None:
    files: dict[PurePosixPath, tuple[Path, str]] = {}
    for compiled, text in texts.items():
        name = _output_name(compiled.rule, form)
        if name in files:
            message = f"{files[name][0]} and {compiled.rule.path} would both be written to {name}"
            raise UsageError(Diagnostic("output", message, "compile the two folders into folders of their own"))
        files[name] = (compiled.rule.path, text)
    OutputFolder(output).write(files, rule_set.paths)


def _output_name(rule: LoadedRule, form: str) -> PurePosixPath:
    """The rule's own path below the folder given; further documents of a file have their number."""
    number = f".{rule.source.index + 1}" if rule.source.index else ""
    return PurePosixPath(rule.relative.parent.as_posix()) / f"{rule.relative.stem}{number}.{form}"


def _summary(
    rule_set: RuleSet, done: int, problems: Iterable[Diagnostic], target: str, filters: RuleSet | None, check: bool
) -> str:
    files = {problem.file for problem in problems if problem.severity == "error"}
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    parts = [f"{_count(done, 'rule')} compiled to {target}"]
    if errors:
        parts = [
            f"{_count(errors, 'error')} in {len(files)} of {_count(len(rule_set.paths), 'file')}; {done} compiled to {target}"
        ]
    if warnings:
        parts.append(f", {_count(warnings, 'warning')}")
    if not check:
        parts.append(" (not checked: --no-check)")
    if rule_set.filters and filters is None:
        parts.append(f"; {_count(len(rule_set.filters), 'filter')} not applied (--filters)")
    return "".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
