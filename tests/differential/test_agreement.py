"""The compiler and the evaluator agree: on random rules and rows, and on SigmaHQ's rules and rows made of their own values.

At a size for every day; ``make fuzz N=20000`` does the same at any size, each time elsewhere. Recorded events have a test of
their own in ``tests/corpus``.
"""

from __future__ import annotations

from pathlib import Path

from .runs import Tally, correlation_batch, rule_batch
from .sigmahq import judge_file, rule_files

ROWS = 30


def test_random_rules_on_random_rows() -> None:
    tally = rule_batch(400, ROWS, None)
    assert tally.disagreements == []
    assert tally.compared > 150
    assert tally.matches > tally.pairs / 5


def test_random_correlations_on_random_timed_rows() -> None:
    tally = correlation_batch(80, ROWS, None)
    assert tally.disagreements == []
    assert tally.compared > 20
    assert tally.matches > 10


def test_sigmahqs_rules_on_rows_made_of_their_values(corpus: Path) -> None:
    tally = Tally()
    for path in rule_files(corpus / "sigmahq", one_in=24):
        tally.add(judge_file(path, ROWS))
    assert tally.disagreements == []
    assert tally.compared > 60
    assert tally.matches > tally.pairs / 20
