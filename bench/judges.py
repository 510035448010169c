"""The judges' speed: events a second of the evaluator, a case's cost in the engine, and the tests of the pack."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.rules import load_rules, load_site_of
from sigma_xdr.telemetry import record_event, record_of
from sigma_xdr.testing.suite import load_suite

__all__ = ["judges"]

ROOT = Path(__file__).parent.parent
PACK, TESTS = ROOT / "sigma_rules", ROOT / "tests" / "rules"
PROCESS_CREATION = {"category": "process_creation", "product": "windows"}
#: Cores that those tests run on.
CORES = 2


def judges(corpus: Path) -> list[tuple[str, str]]:
    """The figures, each with what it is. ``corpus`` is the folder of recorded events."""
    events = process_creations(corpus)
    rules = [rule for rule in load_rules([PACK]).rules if rule.document["logsource"] == PROCESS_CREATION]
    site = load_site_of([PACK])
    matchers = [Matcher(rule.document, site=site) for rule in rules]
    one = rate(matchers[:1], events)
    pack = rate(matchers, events)
    cases, seconds = engine_cases()
    files, seconds_of_tests = len(list(TESTS.rglob("*.yml"))), tests_of_the_pack()
    return [
        ("evaluator, one rule, events/s on a core", f"{one:,.0f}"),
        (f"evaluator, {len(rules)} process rules of the pack, events/s on a core", f"{pack:,.0f}"),
        (f"engine, ms a case ({cases} cases of the pack, compiled before)", f"{1000 * seconds / cases:.2f}"),
        (
            f"tests of the pack's {files} rules on {CORES} cores, cold, s a hundred rules",
            f"{100 * seconds_of_tests / files:.1f}",
        ),
    ]


def process_creations(corpus: Path) -> list[Event]:
    """Recorded process creations, read and named as Sigma names them."""
    with gzip.open(corpus / "bench" / "process_creation_base.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [record_of(json.loads(line)) for line in lines]
    return [event for record in records if (event := record_event(record, PROCESS_CREATION)) is not None]


def rate(matchers: list[Matcher], events: list[Event]) -> float:
    """Events a second that all matchers judge, each event anew."""
    start = time.process_time()
    rounds = 0
    while time.process_time() - start < 2:
        for event in events:
            fresh = Event(event.fields)
            for matcher in matchers:
                matcher.matches(fresh)
        rounds += 1
    return rounds * len(events) / (time.process_time() - start)


def engine_cases() -> tuple[int, float]:
    """How many cases the pack has, and the seconds that the engine takes for all, a query a rule."""
    suite = load_suite([PACK], TESTS)
    work = [(test, case) for test in suite.tests for case in test.file.cases]
    for test, case in work:
        test.subject(case).compiled, test.trials(case)
    start = time.perf_counter()
    for test, case in work:
        test.result(case, "kql")
    return len(work), time.perf_counter() - start


def tests_of_the_pack() -> float:
    """Seconds by the clock that pytest takes for all cases of the pack, by both judges."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(CORES), "--dist", "loadfile"]
    start = time.perf_counter()
    subprocess.run(
        [*command, str(TESTS), f"--ignore={TESTS / 'test_pack.py'}"], cwd=ROOT, check=True, capture_output=True
    )
    return time.perf_counter() - start
