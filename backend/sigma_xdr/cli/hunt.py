"""``sigma-xdr hunt``: rules over event files, or where the data lives."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from sigma_xdr.cli.options import site_option
from sigma_xdr.errors import Diagnostic, RuleError, SigmaXdrError, UsageError, render_all
from sigma_xdr.kql.compiler import CompiledRule, Compiler
from sigma_xdr.kql.correlating import CompiledCorrelation
from sigma_xdr.rules import LoadedRule, RuleCache, RuleSet, load_rules, load_site_of, load_with_pack
from sigma_xdr.scan.crew import Crew, rare_collection
from sigma_xdr.scan.hits import HuntedRule
from sigma_xdr.scan.output import CsvTable, HitWriter, JsonLines
from sigma_xdr.scan.period import hunted_period
from sigma_xdr.scan.planning import plan_of
from sigma_xdr.scan.remote import HuntQuery, RemoteHunt, hunt_cluster, hunt_tenant
from sigma_xdr.scan.report import HuntReport
from sigma_xdr.scan.summary import LEVELS
from sigma_xdr.telemetry.sources import Sources, find_sources

__all__ = ["command"]


@click.command(epilog="Example: sigma-xdr hunt evidence/ --format jsonl > hits.jsonl")
@click.argument("events", nargs=-1)
@click.option(
    "--rules", multiple=True, type=click.Path(path_type=Path), help="Rule file or folder; default sigma_rules."
)
@click.option(
    "--raw", is_flag=True, help="Ask the rules of the records as they are, not of the rows Defender would have."
)
@site_option
@click.option("--filters", type=click.Path(path_type=Path), help="Folder of Sigma filters to apply.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "csv"]),
    default="table",
    help="table sums up, the others list every hit.",
)
@click.option("--no-cache", is_flag=True, help="Find out about the rules anew, and keep nothing of it.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one a core.")
@click.option(
    "--fail-on", type=click.Choice(LEVELS), help="Exit code 1 if a rule of this level, or a graver one, hits."
)
@click.option("--tenant", is_flag=True, help="Ask Defender XDR itself, through Microsoft Graph.")
@click.option("--cluster", metavar="URL", help="Ask a Kusto cluster: Azure Data Explorer, Fabric, Log Analytics.")
@click.option("--database", metavar="NAME", help="The cluster's database.")
@click.option("--since", metavar="TIME", help="Of a tenant or a cluster: 2026-01-31, 12h, 7d; default 30d.")
@click.option("--until", metavar="TIME", help="Of a tenant or a cluster; default now.")
def command(
    events: tuple[str, ...],
    rules: tuple[Path, ...],
    raw: bool,
    site: Path | None,
    filters: Path | None,
    form: str,
    no_cache: bool,
    jobs: int | None,
    fail_on: str | None,
    tenant: bool,
    cluster: str | None,
    database: str | None,
    since: str | None,
    until: str | None,
) -> int:
    """Run rules over EVENTS: files and folders of EVTX, JSON, CSV, Parquet, also compressed; - for standard input.

    Windows' own events are first turned into the rows that Defender XDR would have of them. Hits go to standard output; what was
    read and what wasn't evaluated go to standard error. Exit code 2 if a rule is wrong or a record can't be read.
    """
    start = time.monotonic()
    _check_call(events, raw, tenant, cluster, database, since, until)
    context = click.get_current_context()
    context.with_resource(rare_collection())
    cache = None if no_cache else context.with_resource(RuleCache())
    rule_set = _Rules.load(rules or (Path("sigma_rules"),), site, filters, cache)
    with find_sources(events) as sources:
        hunt: Crew | RemoteHunt
        if events:
            hunt = rule_set.over_files(sources, raw, jobs or os.cpu_count() or 1)
        else:
            hunt = rule_set.over_service(cluster, database, *hunted_period(since, until, datetime.now(UTC)))
        with _progress(hunt, sources):
            with _output():
                writer = _writer(form)
            for hit in hunt.hits():
                if writer:
                    with _output():
                        writer.write(hit)
        with _output():
            if writer is None:
                HuntReport(sys.stdout).hits(hunt.summary, explainable=bool(events))
            sys.stdout.flush()
        HuntReport(sys.stderr).account(hunt.summary, time.monotonic() - start)
        return hunt.summary.exit_code(fail_on)


def _check_call(
    events: tuple[str, ...],
    raw: bool,
    tenant: bool,
    cluster: str | None,
    database: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Raises UsageError for a call that asks of no place, or of two."""
    places = bool(events) + tenant + bool(cluster)
    if places != 1:
        message = (
            "there is nothing to look at" if not places else "files, a tenant and a cluster are asked one at a time"
        )
        raise UsageError(Diagnostic("usage", message, "give event files or folders, or --tenant, or --cluster URL"))
    if bool(cluster) != bool(database):
        raise UsageError(Diagnostic("usage", "--cluster and --database belong together", "give both"))
    if events and (since or until):
        message = "--since and --until are for a tenant or a cluster: files are read as they are"
        raise UsageError(Diagnostic("usage", message))
    if raw and not events:
        raise UsageError(Diagnostic("usage", "--raw is for files: a tenant has no untouched records"))


@dataclass
class _Rules:
    """The rules of a call. ``wrong`` are the problems of their files."""

    asked: RuleSet
    references: RuleSet
    filters: tuple[LoadedRule, ...]
    site: dict[str, tuple[str, ...]]
    wrong: list[Diagnostic]
    cache: RuleCache | None

    @classmethod
    def load(cls, paths: tuple[Path, ...], site: Path | None, filters: Path | None, cache: RuleCache | None) -> _Rules:
        asked, references = load_with_pack(paths, cache)
        put_on = load_rules([filters]) if filters else None
        found = (*asked.diagnostics, *(put_on.diagnostics if put_on else ()))
        wrong = [each for each in found if each.severity == "error"]
        if wrong:
            click.echo(render_all(wrong) + "\n", err=True)
        values = load_site_of(paths, site)
        return cls(asked, references, put_on.filters if put_on else (), values, wrong, cache)

    def compiler(self) -> Compiler:
        return Compiler(self.references, self.site, self.filters, check=False)

    def over_files(self, sources: Sources, raw: bool, jobs: int) -> Crew:
        """A hunt over files. What Defender couldn't be asked isn't asked of its rows here."""
        compiler = self.compiler()

        def check(rule: LoadedRule) -> object:
            return None if raw else compiler.compile(rule)

        plan, problems = plan_of(self.asked, self.references, check, self.filters, self.site, raw, self.cache)
        self._check_any(len(plan.rules) + len(plan.correlations), problems)
        crew = Crew(plan, sources, jobs)
        crew.summary.account.refused += [*self.wrong, *problems]
        crew.summary.account.not_read = Counter(sources.not_read.values())
        return crew

    def over_service(self, cluster: str | None, database: str | None, since: datetime, until: datetime) -> RemoteHunt:
        """A hunt where the data lives."""
        compiler = self.compiler()
        queries: dict[HuntedRule, HuntQuery] = {}
        problems: list[Diagnostic] = []
        for rule in filter(self.asked.generates, (*self.asked.rules, *self.asked.correlations)):
            try:
                compiled = compiler.compile(rule)
            except RuleError as error:
                problems += error.diagnostics
            else:
                hunted = HuntedRule(rule.id, rule.title, rule.level, rule.relative.as_posix())
                queries[hunted] = HuntQuery(compiled.bare_kql, compiled.tables, self._window(compiled))
        self._check_any(len(queries), problems)
        if cluster and database:
            hunt = hunt_cluster(cluster, database, queries, since, until)
        else:
            hunt = hunt_tenant(queries, since, until)
        hunt.summary.account.refused += [*self.wrong, *problems]
        return hunt

    def _window(self, compiled: CompiledRule) -> timedelta | None:
        """How far a correlation of rules looks back; None for a rule, and for a correlation of correlations."""
        if not isinstance(compiled.query, CompiledCorrelation):
            return None
        named = [self.references.resolve(reference) for reference in compiled.rule.references]
        of_rules = all(rule is not None and rule.kind == "rule" for rule in named)
        return timedelta(seconds=compiled.query.window) if of_rules else None

    def _check_any(self, number: int, problems: list[Diagnostic]) -> None:
        if not number:
            message = "no rule can be evaluated" if problems or self.wrong else "there is no rule"
            hint = "give rule files or folders: --rules DIR"
            raise UsageError(Diagnostic("no-rule", message, hint), *problems)


def _writer(form: str) -> HitWriter | None:
    stream = sys.stdout.buffer
    if form == "jsonl":
        return JsonLines(stream)
    return CsvTable(stream) if form == "csv" else None


@contextmanager
def _output() -> Iterator[None]:
    """Raises SigmaXdrError where standard output can't be written; that nobody reads on is no matter of a message."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # what is left to write would fail at the end again
        message = f"the hits can't be written: {error.strerror or error}"
        raise SigmaXdrError(Diagnostic("output", message, "make room where they go, or write them elsewhere")) from None


@contextmanager
def _progress(hunt: Crew | RemoteHunt, sources: Sources) -> Iterator[None]:
    """A bar on the terminal, with the rate and the time left; nothing elsewhere, and nothing for a service."""
    console = Console(stderr=True)
    if not isinstance(hunt, Crew) or not console.is_terminal:
        yield
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=sum(source.size for source in sources))

        def show(read: int) -> None:
            bar.update(task, completed=read)

        hunt.progress = show
        yield
