"""``python -m tests.differential --rules N``: random rules and correlations through both judges, in several processes.

With ``--sigmahq`` all of SigmaHQ's rules as well, on rows made of their own values. Exit code 1 if the judges disagree about
anything; every disagreement is printed with its rule.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .runs import Tally, correlation_batch, rule_batch
from .sigmahq import judge_file, rule_files

_BATCH, _FILES = 100, 20


@click.command()
@click.option("--rules", default=2_000, show_default=True, help="How many random rules.")
@click.option(
    "--correlations", default=None, type=int, help="How many random correlations; a tenth of the rules by default."
)
@click.option(
    "--sigmahq", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder of SigmaHQ's rules."
)
@click.option("--rows", default=50, show_default=True, help="Rows for each rule.")
@click.option("--seed", default=None, type=int, help="Where to start; another place each time by default.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--check/--no-check", default=False, help="Have Microsoft's checker look at every query.")
@click.option(
    "--shrink/--no-shrink", default=True, help="End a batch at its first disagreement and make that small; or show all."
)
def main(
    rules: int,
    correlations: int | None,
    sigmahq: Path | None,
    rows: int,
    seed: int | None,
    jobs: int,
    check: bool,
    shrink: bool,
) -> None:
    """The compiler against the evaluator on random rules and rows."""
    start = int.from_bytes(os.urandom(4)) if seed is None else seed
    sizes = {"rules": _sizes(rules, _BATCH), "correlations": _sizes(correlations or rules // 10, _BATCH)}
    batches = {"rules": rule_batch, "correlations": correlation_batch}
    tasks: list[tuple[str, int, Callable[[], Tally]]] = [
        (kind, size, partial(batches[kind], size, rows, start + number, check, shrink))
        for number, (kind, size) in enumerate((kind, size) for kind in batches for size in sizes[kind])
    ]
    files = rule_files(sigmahq) if sigmahq else []
    for first in range(0, len(files), _FILES):
        some = files[first : first + _FILES]
        tasks.append(("SigmaHQ's", len(some), partial(_judged_files, some, rows, check)))
    tallies = {kind: Tally() for kind, *_ in tasks}
    console = Console(stderr=True)
    with _pool(jobs) as pool, Progress(console=console) as progress:
        bar = progress.add_task("rules judged", total=sum(size for _, size, _ in tasks))
        running = {pool.submit(task): (kind, size) for kind, size, task in tasks}
        for done in as_completed(running):
            kind, size = running[done]
            tally = done.result()
            tallies[kind].add(tally)
            progress.advance(bar, size)
            for text in tally.disagreements:
                progress.console.print(
                    f"--- disagreement ({kind})\n{text}\n", markup=False, highlight=False, soft_wrap=True
                )
    console.print(f"seed {start}", highlight=False)
    console.print(_summary(tallies))
    sys.exit(any(tally.disagreements for tally in tallies.values()))


def _sizes(count: int, batch: int) -> Iterator[int]:
    """A number cut into batches."""
    for done in range(0, count, batch):
        yield min(batch, count - done)


def _judged_files(files: list[Path], rows: int, check: bool) -> Tally:
    tally = Tally()
    for path in files:
        tally.add(judge_file(path, rows, check))
    return tally


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that are new every now and then: hypothesis keeps a lot of what it has made."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=10)


def _summary(tallies: dict[str, Tally]) -> Table:
    table = Table("", *tallies)
    for label, count in (
        ("made", lambda tally: tally.rules),
        ("judged by both", lambda tally: tally.compared),
        ("pairs with a row", lambda tally: tally.pairs),
        ("matches, alerts", lambda tally: tally.matches),
        ("disagreements", lambda tally: len(tally.disagreements)),
    ):
        table.add_row(label, *(f"{count(tally):,}" for tally in tallies.values()))
    table.add_section()
    codes = sum((tally.refused for tally in tallies.values()), start=Tally().refused)
    for code, _ in codes.most_common():
        table.add_row(f"refused: {code}", *(f"{tally.refused[code]:,}" for tally in tallies.values()))
    return table


if __name__ == "__main__":
    main()
