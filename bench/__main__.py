"""``python -m bench CORPUS``: how fast the compiler, the judges and the hunt are.

CORPUS holds recorded events and SigmaHQ's rules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import scanning
from bench.compiling import ROUNDS, compiling
from bench.hunting import hunting
from bench.judges import judges


def main(corpus: Path) -> None:
    """Print all figures."""
    table = Table("what", "ours", "stock", box=None, title=f"median of {ROUNDS} rounds where both sides take turns")
    for row in compiling(corpus / "sigmahq"):
        table.add_row(*row)
    for what, figure in judges(corpus):
        table.add_row(what, figure, "")
    console = Console(width=160)
    console.print(table)
    table = Table("what", "ours", "orjson alone", box=None, title="the hunt, once")
    for row in hunting(corpus):
        table.add_row(*row)
    console.print(table)
    console.print("the scanner beside SQLite, by processor time, the best of some rounds")
    scanning.main(corpus)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "sigmahq").is_dir():
        sys.exit("usage: make bench CORPUS=folder (the folder holds sigmahq/, SigmaHQ's rules, and bench/)")
    main(Path(sys.argv[1]))
