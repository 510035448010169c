"""Many random rules through both judges, a batch at a time, with a count of what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .correlation_judges import CorrelationJudge
from .correlations import RandomCorrelation, correlations, timed_rows
from .judges import Disagreement, Refused, RuleJudge
from .rows import rows_for
from .rules import SITE, RandomRule, rules

__all__ = ["Tally", "correlation_batch", "rule_batch"]

Example = TypeVar("Example")


@dataclass
class Tally:
    """What became of some rules: ``pairs`` of a rule and a row were judged by both, ``matches`` of them fit; of correlations the
    rows are counted, and the alerts.
    """

    rules: int = 0
    compared: int = 0
    pairs: int = 0
    matches: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally's in."""
        self.rules += other.rules
        self.compared += other.compared
        self.pairs += other.pairs
        self.matches += other.matches
        self.refused += other.refused
        self.disagreements += other.disagreements


def rule_batch(count: int, rows: int, start: int | None, check: bool = False, shrink: bool = True) -> Tally:
    """``count`` random rules on ``rows`` rows each. ``start`` seeds them; None: always the same ones.

    ``check`` has Microsoft's checker look at every query. With ``shrink`` it ends at the first disagreement, made small.
    """

    def judged(rule: RandomRule, random: Random) -> tuple[int, int]:
        judge = RuleJudge.of(rule.text, SITE, check)
        return rows, sum(judge.matches(rows_for((rule.document, *rule.filters), rule.source, rows, random, SITE)))

    return _batch(rules(), judged, count, start, shrink)


def correlation_batch(count: int, rows: int, start: int | None, check: bool = False, shrink: bool = True) -> Tally:
    """``count`` random correlations on ``rows`` timed rows each; see :func:`rule_batch`."""

    def judged(correlation: RandomCorrelation, random: Random) -> tuple[int, int]:
        judge = CorrelationJudge.of(correlation.text, SITE, check)
        given_rows = random.choice((4, 8, 16, rows))
        return given_rows, judge.alerts(timed_rows(correlation, given_rows, random))

    return _batch(correlations(), judged, count, start, shrink)


def _batch(
    strategy: st.SearchStrategy[Example],
    judged: Callable[[Example, Random], tuple[int, int]],
    count: int,
    start: int | None,
    shrink: bool,
) -> Tally:
    tally = Tally()

    def one(example: Example, number: int) -> None:
        refused = None
        pairs = matches = 0
        try:
            pairs, matches = judged(example, Random(number))
        except Refused as refusal:
            refused = str(refusal)
        except Disagreement as disagreement:
            if shrink:
                tally.disagreements[:] = [str(disagreement)]  # the last one that hypothesis shows is the smallest
                raise
            tally.disagreements.append(str(disagreement))
        if not shrink or not tally.disagreements:
            tally.rules += 1
            tally.pairs += pairs
            tally.matches += matches
            tally.compared += refused is None
            tally.refused.update([refused] if refused else [])

    test = settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=start is None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )(given(strategy, st.integers(0, 2**16))(one))
    with suppress(Disagreement):
        (test if start is None else seed(start)(test))()
    return tally
