"""``sigma-xdr tune``: which rules hit ordinary work, and what would silence them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigma_xdr.cli.options import site_option
from sigma_xdr.errors import Diagnostic, UsageError, render_all, visible
from sigma_xdr.rules import RuleCache, load_rules, load_site_of, load_with_pack
from sigma_xdr.scan.crew import rare_collection
from sigma_xdr.scan.report import HuntReport
from sigma_xdr.telemetry.sources import find_sources
from sigma_xdr.testing.files_hunt import files_hunt
from sigma_xdr.testing.suite import Suite
from sigma_xdr.testing.tuning import NoisyRule, Quiet, Tuner

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr tune ordinary-week/ --output proposed-filters")
@click.argument("benign", nargs=-1, required=True)
@click.option(
    "--rules", multiple=True, type=click.Path(path_type=Path), help="Rule file or folder; default sigma_rules."
)
@click.option(
    "--true-positives",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the rules' test files; default tests/rules.",
)
@site_option
@click.option("--filters", type=click.Path(path_type=Path), help="Folder of Sigma filters that are on already.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, file_okay=False), help="Write the filters to this folder."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="json for machines.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one a core.")
def command(
    benign: tuple[str, ...],
    rules: tuple[Path, ...],
    true_positives: Path | None,
    site: Path | None,
    filters: Path | None,
    output: Path | None,
    form: str,
    jobs: int | None,
) -> int:
    """Hunt through BENIGN, events of ordinary work, and show for each rule that hits which values would make a filter.

    How many hits would each silence, and which of the rule's own true positives would it lose?

    A filter is proposed of values that lose none. Exit code 2 if a rule is wrong or a record can't be read.
    """
    given = rules or (Path("sigma_rules"),)
    context = click.get_current_context()
    context.with_resource(rare_collection())
    cache = context.with_resource(RuleCache())
    asked, references = load_with_pack(given, cache)
    put_on = load_rules([filters]) if filters else None
    found = (*asked.diagnostics, *(put_on.diagnostics if put_on else ()))
    wrong = [each for each in found if each.severity == "error"]
    if wrong:
        click.echo(render_all(wrong) + "\n", err=True)
    if not (asked.rules or asked.correlations):
        message = "no rule can be evaluated" if wrong else "there is no rule"
        raise UsageError(Diagnostic("no-rule", message, "give rule files or folders: --rules DIR"))
    values = load_site_of(given, site)
    ours = put_on.filters if put_on else ()
    folder = true_positives or (default if (default := Path("tests/rules")).is_dir() else None)
    suite = Suite(asked, references, folder, values, ours, check=False) if folder else None
    tuner = Tuner(asked, values, ours, suite)
    with find_sources(benign) as sources:
        hunt, problems = files_hunt(sources, asked, references, values, ours, jobs, cache)
        hunt.summary.account.refused += [*wrong, *problems]
        hunt.summary.account.not_read.update(sources.not_read.values())
        for hit in hunt.hits():
            tuner.add(hit)
    noisy = tuner.noisy()
    if output:
        _write(output, noisy)
    if form == "json":
        click.echo(json.dumps([each.as_data() for each in noisy], indent=2))
    else:
        _show(noisy)
    HuntReport(sys.stderr).account(hunt.summary)
    return hunt.summary.exit_code()


def _show(noisy: list[NoisyRule]) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 10_000
    for each in noisy:
        asked = f"{each.cases:,} true positives asked" if each.cases else "no true positives to ask"
        on = f" on {each.devices:,} {'device' if each.devices == 1 else 'devices'}" if each.devices else ""
        hits = f"{each.hits:,} {'hit' if each.hits == 1 else 'hits'}{on}"
        console.print(Text(visible(f"{each.rule.relative.as_posix()}: {hits}; {asked}")), soft_wrap=True)
        if each.values:
            console.print(_table(each))
        if each.best:
            share = f"{each.best.hits:,} of {each.hits:,}"
            console.print(
                Text(f"  a filter of {len(each.best.values)} silences {share} and loses no true positive:"),
                soft_wrap=True,
            )
            for line in each.best.yaml.splitlines():
                console.print(Text(visible(f"    {line}".rstrip())), soft_wrap=True)
        else:
            console.print(Text(f"  no filter: {each.why_not}"), soft_wrap=True)
        console.print()


def _table(noisy: NoisyRule) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("  column")
    table.add_column("value", overflow="fold")
    table.add_column("hits", justify="right")
    table.add_column("true positives lost", overflow="fold")
    for quiet in noisy.values:
        [value] = quiet.values
        text = visible(value.text) + ("" if value.whole else " …")
        table.add_row("  " + value.column, Text(text), f"{quiet.hits:,}", Text(", ".join(_lost(quiet))))
    return table


def _lost(quiet: Quiet) -> Iterator[str]:
    if quiet.lost is None:
        yield "unknown"
    elif not quiet.lost:
        yield "none"
    else:
        yield f"{len(quiet.lost):,}: {visible(quiet.lost[0])}" + (" …" if len(quiet.lost) > 1 else "")


def _write(folder: Path, noisy: list[NoisyRule]) -> None:
    """Each filter to a file named after its rule, with the number of the rule in its file. Raises UsageError."""
    try:
        for each in noisy:
            if each.best:
                number = each.rule.source.index
                name = each.rule.relative.with_suffix(f".{number + 1}.yml" if number else ".yml")
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(each.best.yaml, encoding="utf-8")
    except OSError as error:
        message = f"the filters can't be written to {folder.as_posix()}: {error.strerror}"
        raise UsageError(Diagnostic("output", message, "name another folder: --output DIR")) from None
