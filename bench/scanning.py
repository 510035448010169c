"""``python -m bench.scanning CORPUS``: how many events a second many rules are asked of, on one core, JSON parsing included.

The contestants read the same lines, each in a process of its own: orjson, which only parses (the ceiling); the scanner; and
pySigma-backend-sqlite, whose queries run in SQLite, in memory: as a hunter would run them, over whole events and for the events
that match ("sqlite"), and at their leanest, over the columns that the rules need and for the number of matches ("lean").

Each counts the matches of every rule; where SQLite's differ from the scanner's, the evaluator says who is right. They take turns,
and of each the best round counts.

Needs orjson and pysigma-backend-sqlite beside the package.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROUNDS = 5
#: Events of the workload: enough that the first ones, on which everything is met for the first time, don't count for much.
EVENTS = {"orjson": 100_000, "scanner": 100_000, "sqlite": 10_000, "lean": 10_000}
#: How many events SQLite takes in before its queries run.
BATCH = 5_000
PROCESS_CREATION = ("process_creation", "windows")
#: Fields that differ in every event that Sysmon writes.
GUIDS = ("ProcessGuid", "ParentProcessGuid", "LogonGuid")
IDS = ("ProcessId", "ParentProcessId", "RecordNumber")
TIMES = {"UtcTime": "%Y-%m-%d %H:%M:%S.000", "EventTime": "%Y-%m-%d %H:%M:%S", "@timestamp": "%Y-%m-%dT%H:%M:%S.000Z"}

Figures = dict[str, Any]


def main(corpus: Path) -> None:
    """Print the figures for the T1047 rules and for all rules of process creation."""
    rules = process_creation_rules(corpus / "sigmahq")
    with tempfile.TemporaryDirectory() as folder:
        workloads = {}
        for name, count in EVENTS.items():
            workloads[name] = Path(folder) / f"{count}.jsonl"
            with workloads[name].open("wb") as file:
                file.writelines(line + b"\n" for line in events(corpus, count))
        for title, chosen in (
            ("attack.t1047", [rule for rule in rules if "attack.t1047" in rule["tags"]]),
            ("all of rules/", [rule for rule in rules if rule["in_rules"]]),
        ):
            documents = Path(folder) / "rules.json"
            documents.write_text(json.dumps(chosen, default=str))
            say(f"{title}: {len(chosen)} rules")
            best = {name: race(name, workloads[name], documents) for name in EVENTS}
            for _ in range(ROUNDS - 1):
                for name in EVENTS:
                    best[name] = max(best[name], race(name, workloads[name], documents), key=rate)
            show(best)
            compare(chosen, workloads["sqlite"], documents, best["sqlite"])


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def show(best: dict[str, Figures]) -> None:
    """Print the contestants' figures side by side."""
    for name, figures in best.items():
        say(
            f"  {name:8} {rate(figures):>9,.0f} events/s  {rate(figures) / rate(best['orjson']):6.3f} x orjson"
            f"  {rate(figures) / rate(best['sqlite']):6.1f} x sqlite  {figures['memory']:>5,.0f} MB"
            f"  ready in {figures['ready']:.2f} s, {sum(figures['counts'].values()):,} matches"
        )


def compare(rules: list[Figures], workload: Path, documents: Path, sqlite: Figures) -> None:
    """Print the rules of which SQLite counts something else than the scanner, and what the evaluator counts."""
    from sigma_xdr.evaluator import Matcher

    ours = race("scanner", workload, documents)["counts"]
    theirs = sqlite["counts"]
    different = [number for number in range(len(rules)) if ours.get(str(number), 0) != theirs.get(str(number), 0)]
    lines = [json.loads(line) for line in workload.read_bytes().splitlines()] if different else []
    for number in different:
        matcher = Matcher(rules[number])
        plainly = sum(matcher.matches(event) for event in lines)
        counts = f"scanner {ours.get(str(number), 0)}, sqlite {theirs.get(str(number), 0)}, evaluator {plainly}"
        say(f"    {rules[number]['title']}: {counts}; {sqlite['refused'].get(str(number), 'it runs')}")
    say(f"  {len(rules) - len(different)} of {len(rules)} rules have the same count")


def rate(figures: Figures) -> float:
    """Events a second."""
    return float(figures["events"] / figures["seconds"])


def race(name: str, workload: Path, documents: Path) -> Figures:
    """A contestant's figures, from a process of its own on one core."""
    command = [sys.executable, "-m", "bench.scanning", "--run", name, str(workload), str(documents)]
    figures: Figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


# ------------------------------------------------------------------------------------------------------------- workload


def events(corpus: Path, count: int) -> Iterator[bytes]:
    """So many process creations as JSON: recorded ones again and again, each with new GUIDs, ids and times, and every other one
    with a command line that no other has.
    """
    import orjson

    chance = random.Random(1047)
    with gzip.open(corpus / "bench" / "process_creation_base.jsonl.gz") as lines:
        base = [orjson.loads(line) for line in lines]
    for number in range(count):
        event = dict(base[number % len(base)])
        for name in GUIDS:
            if name in event:
                event[name] = f"{{{chance.getrandbits(128):032x}}}"
        for name in IDS:
            if name in event:
                event[name] = type(event[name])(chance.randrange(4, 1_000_000))
        when = time.gmtime(1_600_000_000 + number)
        event |= {name: time.strftime(layout, when) for name, layout in TIMES.items() if name in event}
        if number % 2 and isinstance(event.get("CommandLine"), str):
            event["CommandLine"] += f" {chance.getrandbits(64):016x}"
        yield orjson.dumps(event)


def process_creation_rules(folder: Path) -> list[Figures]:
    """The documents of SigmaHQ's rules on process creations; ``in_rules`` marks those of its main folder."""
    import yaml

    found = []
    for path in sorted(folder.rglob("*.yml")):
        document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        source = document.get("logsource", {})
        if (source.get("category"), source.get("product")) == PROCESS_CREATION:
            in_rules = path.relative_to(folder).parts[0] == "rules"
            found.append({**document, "tags": document.get("tags") or [], "in_rules": in_rules})
    return found


# ---------------------------------------------------------------------------------------------------------- contestants


def run(name: str, workload: Path, documents: Path) -> Figures:
    """Run one contestant here."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    contestants: dict[str, Callable[[list[Any], Path], Figures]] = {
        "orjson": only_parse,
        "scanner": scan,
        "sqlite": ask_sqlite,
        "lean": ask_lean,
    }
    start = time.process_time()
    figures = contestants[name](json.loads(documents.read_bytes()), workload)
    figures["ready"] = figures.pop("started") - start
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    figures["memory"] = int(peak) / 1000
    return figures


def only_parse(rules: list[Any], workload: Path) -> Figures:
    """Parse each line, and nothing else."""
    import orjson

    loads, count = orjson.loads, 0
    start = time.process_time()
    with workload.open("rb") as lines:
        for line in lines:
            loads(line)
            count += 1
    return {"events": count, "started": start, "seconds": time.process_time() - start, "counts": {}}


def scan(rules: list[Any], workload: Path) -> Figures:
    """The scanner on each event."""
    import orjson

    from sigma_xdr.scan import Scanner

    loads, count, counts = orjson.loads, 0, Counter[int]()
    ask = Scanner(rules).scan
    start = time.process_time()
    with workload.open("rb") as lines:
        for line in lines:
            if hits := ask(loads(line)):
                counts.update(hits)
            count += 1
    return {"events": count, "started": start, "seconds": time.process_time() - start, "counts": counts}


def ask_sqlite(rules: list[Any], workload: Path) -> Figures:
    """The backend's queries on a table of whole events."""
    import orjson

    with workload.open("rb") as lines:
        names = {name for _, line in zip(range(BATCH), lines, strict=False) for name in orjson.loads(line)}
    return query_by_query(rules, workload, names, "SELECT *")


def ask_lean(rules: list[Any], workload: Path) -> Figures:
    """Counting queries on a table of the columns that the rules need."""
    return query_by_query(rules, workload, set(), "SELECT COUNT(*)")


def query_by_query(rules: list[Any], workload: Path, names: set[str], select: str) -> Figures:
    """A query a rule on a table that knows no case, as Zircolite makes it."""
    import orjson

    queries, needed, refused = sqlite_queries(rules)
    fields = sorted({name.lower(): name for name in (*names, *needed)}.values())
    database = sqlite3.connect(":memory:")
    database.create_function("regexp", 2, searcher(), deterministic=True)
    declared = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in fields)
    database.execute(f"CREATE TABLE logs ({declared})")
    insert = f"INSERT INTO logs VALUES ({', '.join('?' * len(fields))})"
    loads, count, counts = orjson.loads, 0, Counter[int]()

    def ask(rows: list[list[Any]]) -> None:
        database.executemany(insert, rows)
        for number, query in queries.items():
            try:
                found = database.execute(query.replace("SELECT *", select, 1)).fetchall()
            except sqlite3.Error as error:
                refused[number] = str(error)
            else:
                counts[number] += len(found) if select == "SELECT *" else found[0][0]
        database.execute("DELETE FROM logs")

    start = time.process_time()
    with workload.open("rb") as lines:
        rows: list[list[Any]] = []
        for line in lines:
            get = loads(line).get
            rows.append([get(name) for name in fields])
            count += 1
            if len(rows) == BATCH:
                ask(rows)
                rows = []
        ask(rows)
    seconds = time.process_time() - start
    return {"events": count, "started": start, "seconds": seconds, "counts": +counts, "refused": refused}


def searcher() -> Callable[[str, Any], bool]:
    """What SQLite runs for REGEXP: Python's own engine, each expression compiled once."""

    def search(expression: str, text: Any) -> bool:
        return text is not None and re.search(expression, str(text)) is not None

    return search


def sqlite_queries(rules: list[Any]) -> tuple[dict[int, str], list[str], dict[int, str]]:
    """The rules as counting queries, the columns that they need, and why some can't be asked."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    backend, queries, fields, refused = sqliteBackend(), {}, set(), {}
    for number, document in enumerate(rules):
        try:
            rule = SigmaRule.from_dict(document)
            fields.update(backend.required_fields(rule))
            (query,) = backend.convert(SigmaCollection([rule]))
        except (SigmaError, NotImplementedError) as error:
            refused[number] = str(error)
        else:
            queries[number] = query
    return queries, sorted(fields), refused


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--run", name, workload, documents]:
            say(json.dumps(run(name, Path(workload), Path(documents))))
        case [corpus]:
            main(Path(corpus))
        case _:
            sys.exit("usage: python -m bench.scanning CORPUS")
