"""The compiler's speed: loading and converting beside the stock backend, the checker, a cold compile."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sigma.backends.kusto import KustoBackend
from sigma.collection import SigmaCollection
from sigma.pipelines.microsoftxdr import microsoft_xdr_pipeline
from sigma.rule import SigmaRule

from sigma_xdr.errors import RuleError
from sigma_xdr.kql import rule_query
from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.pipeline import xdr_pipeline
from sigma_xdr.rules import load_rules

__all__ = ["ROUNDS", "compiling"]

ROUNDS = 3

T = TypeVar("T")
R = TypeVar("R")
PACK = Path(__file__).parent.parent / "sigma_rules"


def compiling(folder: Path) -> list[tuple[str, str, str]]:
    """The figures: what, ours, the stock backend's. Of each the median of some rounds, in which both sides take turns.

    ``folder`` holds SigmaHQ's rules.
    """
    figures: dict[str, list[float]] = {}
    texts: list[str] = []
    count = len(list(folder.rglob("*.yml")))
    for _ in range(ROUNDS):
        took, stock = timed(stock_load, folder)
        figures.setdefault("load stock", []).append(took)
        took, parsed = timed(load, folder)
        figures.setdefault("load ours", []).append(took)
        figures.setdefault("convert stock", []).append(timed(stock_convert, stock)[0])
        took, texts = timed(convert, parsed)
        figures.setdefault("convert ours", []).append(took)
    started, _ = timed(kql_checker().check, "DeviceInfo")
    sample = texts[:: max(1, len(texts) // 500)]
    checked = [check_time(query) for query in sample]
    cold = [cold_compile() for _ in range(ROUNDS)]
    return rows(count, {name: statistics.median(times) for name, times in figures.items()}, started, checked, cold)


def timed(work: Callable[[T], R], argument: T) -> tuple[float, R]:
    """Seconds of processor time that the work takes, and what it gives."""
    gc.collect()
    start = time.process_time()
    result = work(argument)
    return time.process_time() - start, result


def check_time(query: str) -> float:
    """Seconds of wall clock that the checker takes for a query."""
    start = time.perf_counter()
    kql_checker().check(query)
    return time.perf_counter() - start


def load(folder: Path) -> list[SigmaRule]:
    """Ours: checked, with places, as pySigma objects."""
    return [parsed for rule in load_rules([folder]).rules if isinstance(parsed := rule.parse(), SigmaRule)]


def stock_load(folder: Path) -> list[SigmaCollection]:
    """pySigma's own loading, a collection a file: one bad rule must not end the run."""
    return [SigmaCollection.from_yaml(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.yml"))]


def stock_convert(collections: list[SigmaCollection]) -> int:
    """How many the stock backend converts."""
    backend = KustoBackend(processing_pipeline=microsoft_xdr_pipeline())
    done = 0
    for collection in collections:
        try:
            backend.convert(collection)
            done += 1
        except Exception:  # it refuses with errors of all kinds
            pass
    return done


def convert(rules: list[SigmaRule]) -> list[str]:
    """The queries that ours gives."""
    pipeline = xdr_pipeline()
    texts = []
    for rule in rules:
        with suppress(RuleError):
            texts.append(rule_query(rule, pipeline).text)
    return texts


def cold_compile() -> float:
    """Seconds of wall clock that the whole command takes in a process of its own, with the check."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "sigma_xdr", "compile", str(PACK), "-o", out]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def rows(
    count: int, figures: dict[str, float], started: float, checked: list[float], cold: list[float]
) -> list[tuple[str, str, str]]:
    """The figures as rows of a table."""
    found = []
    for what in ("load", "convert"):
        ours, stock = (count / figures[f"{what} {side}"] for side in ("ours", "stock"))
        found.append((f"{what} {count:,} rules of SigmaHQ, rules/s of processor time", f"{ours:,.0f}", f"{stock:,.0f}"))
    found.append(("checker start, s", f"{started:.2f}", ""))
    found.append(("checker, ms a query (median)", f"{statistics.median(checked) * 1000:.1f}", ""))
    found.append(("checker, ms a query (slowest of 20)", f"{statistics.quantiles(checked, n=20)[-1] * 1000:.1f}", ""))
    found.append(("cold compile of the pack, s by the clock", f"{statistics.median(cold):.2f}", ""))
    return found
