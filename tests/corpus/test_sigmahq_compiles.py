"""SigmaHQ's Windows rules: each compiles to a query that the checker passes, or is refused for a known reason.

Here every fourth; ``make corpus-compile`` takes all.
"""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.refusals import REFUSALS
from tests.corpus_compile import compile_corpus


def test_every_rule_compiles_or_is_refused_for_a_known_reason(corpus: Path) -> None:
    outcome = compile_corpus(corpus / "sigmahq", every=4)
    assert outcome.wrong == []
    assert outcome.refused.keys() <= REFUSALS.keys()
    assert outcome.compiled + sum(outcome.refused.values()) == outcome.rules > 600
    assert outcome.compiled > outcome.rules / 2
