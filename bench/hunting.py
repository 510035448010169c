"""The hunt's speed, end to end: ``sigma-xdr hunt`` on a file of events, by the clock, from its start to its end.

Each run is a process of its own, on as many cores as it may use; beside it orjson, which only parses the same file. ``memory`` is
that of the largest process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.scanning import events, process_creation_rules

__all__ = ["hunting"]

ROOT = Path(__file__).parent.parent
#: How many events there are, and how many of them a few rules are asked of; enough that the start doesn't count for much.
EVENTS = int(os.environ.get("SIGMA_XDR_BENCH_EVENTS", "300000"))

_PARSE = "import sys, orjson\nwith open(sys.argv[1], 'rb') as lines:\n    for line in lines: orjson.loads(line)"


@dataclass(frozen=True)
class Run:
    """What a process took: seconds by the clock, and memory in MB."""

    seconds: float
    memory: float


def hunting(corpus: Path) -> list[tuple[str, str, str]]:
    """The figures: what, ours, orjson's on one core."""
    with tempfile.TemporaryDirectory() as folder:
        workload = Path(folder) / "events.jsonl"
        with workload.open("wb") as file:
            file.writelines(line + b"\n" for line in events(corpus, EVENTS))
        rules = Path(folder) / "rules"
        copied(corpus / "sigmahq", rules)
        parsing = run(1, "-c", _PARSE, str(workload))
        found = []
        for what, options in (
            ("our pack on the rows of", ("--rules", str(ROOT / "sigma_rules"))),
            ("38 rules of SigmaHQ (T1047) on", ("--rules", str(rules / "t1047"), "--raw")),
            ("all rules of SigmaHQ on", ("--rules", str(rules / "all"), "--raw")),
        ):
            for cores in (1, 2):
                took = run(cores, "-m", "sigma_xdr", "hunt", str(workload), "--jobs", str(cores), *options)
                found.append(
                    (
                        f"{what} {EVENTS:,} process creations, events/s by the clock, cores: {cores}",
                        f"{EVENTS / took.seconds:,.0f} ({parsing.seconds / took.seconds:.2f} x, {took.memory:,.0f} MB)",
                        f"{EVENTS / parsing.seconds:,.0f}",
                    )
                )
    return found


def copied(sigmahq: Path, folder: Path) -> None:
    """SigmaHQ's rules on process creations, a file each, those tagged T1047 also by themselves."""
    import yaml

    for number, rule in enumerate(process_creation_rules(sigmahq)):
        tagged = "attack.t1047" in rule["tags"]
        in_rules = rule.pop("in_rules")
        for name, wanted in (("t1047", tagged), ("all", in_rules)):
            if wanted:
                path = folder / name / f"{number}.yml"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(yaml.safe_dump(rule, allow_unicode=True), encoding="utf-8")


def run(cores: int, *command: str) -> Run:
    """What a Python process takes on so many cores."""
    chosen = sorted(os.sched_getaffinity(0))[-cores:]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, chosen),
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return Run(time.perf_counter() - start, used.ru_maxrss / 1000)
