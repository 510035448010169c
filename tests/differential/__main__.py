"""``python -m tests.differential --rules N``: random rules and correlations through both judges, in several processes.

Also SigmaHQ's rules, from the folder that ``--sigmahq`` names. Exit code 1 if the judges disagree about anything; each disagreement
is printed with its rule, made small, its row, and the query.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .runs import Tally, correlation_batch, rule_batch
from .sigmahq import judge_file, rule_files

#: Examples, or files, that a process judges at one go.
_BATCH = 100
_KINDS = ("rules", "correlations", "SigmaHQ")


@click.command()
@click.option("--rules", default=2_000, show_default=True, help="How many random rules.")
@click.option("--correlations", default=None, type=int, help="How many random correlations; else a tenth of the rules.")
@click.option(
    "--sigmahq", default=None, type=click.Path(exists=True, path_type=Path), help="A folder of SigmaHQ's rules."
)
@click.option("--rows", default=50, show_default=True, help="Rows for each rule.")
@click.option("--seed", default=None, type=int, help="Where to start; another place each time by default.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--check/--no-check", default=False, help="Have Microsoft's checker look at every query.")
@click.option(
    "--shrink/--no-shrink", default=True, help="End a batch at a disagreement and make that small; or show all."
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
    """The compiler against the evaluator: random rules on random rows, and SigmaHQ's rules on their own values."""
    start = int.from_bytes(os.urandom(4), "big") if seed is None else seed
    batches = [
        *(("rules", rule_batch, size) for size in _sizes(rules)),
        *(
            ("correlations", correlation_batch, size)
            for size in _sizes(rules // 10 if correlations is None else correlations)
        ),
    ]
    tasks: list[tuple[str, int, Callable[[], Tally]]] = [
        (kind, size, partial(batch, size, rows, start + number, check, shrink))
        for number, (kind, batch, size) in enumerate(batches)
    ]
    files = rule_files(sigmahq) if sigmahq else []
    chunks = (files[first : first + _BATCH] for first in range(0, len(files), _BATCH))
    tasks += [("SigmaHQ", len(chunk), partial(_judge_files, chunk, rows, check)) for chunk in chunks]
    console = Console(stderr=True)
    tallies = _run(tasks, jobs, console)
    console.print(f"seed {start}", highlight=False)
    console.print(_summary(tallies))
    sys.exit(any(tally.disagreements for tally in tallies.values()))


def _sizes(count: int) -> Iterator[int]:
    """A number cut into batches."""
    for done in range(0, count, _BATCH):
        yield min(_BATCH, count - done)


def _judge_files(files: Sequence[Path], rows: int, check: bool) -> Tally:
    tally = Tally()
    for path in files:
        tally.add(judge_file(path, rows, check))
    return tally


def _run(tasks: Sequence[tuple[str, int, Callable[[], Tally]]], jobs: int, console: Console) -> dict[str, Tally]:
    """What became of all tasks, by kind. Disagreements are printed as they come."""
    tallies = {kind: Tally() for kind in _KINDS}
    with ProcessPoolExecutor(jobs) as pool, Progress(console=console) as progress:
        bar = progress.add_task("judged", total=sum(size for _, size, _ in tasks))
        running = {pool.submit(task): (kind, size) for kind, size, task in tasks}
        for done in as_completed(running):
            kind, size = running[done]
            tally = done.result()
            tallies[kind].add(tally)
            progress.advance(bar, size)
            for text in tally.disagreements:
                shown = f"--- disagreement ({kind})\n{text}\n"
                progress.console.print(shown, markup=False, highlight=False, soft_wrap=True)
    return tallies


def _summary(tallies: dict[str, Tally]) -> Table:
    table = Table("", *tallies)
    counts: tuple[tuple[str, Callable[[Tally], int]], ...] = (
        ("made", lambda tally: tally.rules),
        ("judged by both", lambda tally: tally.compared),
        ("rows, for all of them", lambda tally: tally.pairs),
        ("matches, alerts", lambda tally: tally.matches),
        ("disagreements", lambda tally: len(tally.disagreements)),
    )
    for label, count in counts:
        table.add_row(label, *(f"{count(tally):,}" for tally in tallies.values()))
    table.add_section()
    refused = sum((tally.refused for tally in tallies.values()), start=Tally().refused)
    for code, _ in refused.most_common():
        table.add_row(f"refused: {code}", *(f"{tally.refused[code]:,}" for tally in tallies.values()))
    return table


if __name__ == "__main__":
    main()
