"""SigmaHQ's rules: each can be judged, but for a few of a known kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sigma_xdr.evaluator import EvaluatorError, Matcher
from sigma_xdr.rules import load_rules


def test_every_rule_of_sigmahq_can_be_judged(corpus: Path) -> None:
    refused: Counter[str] = Counter()
    rules = load_rules([corpus / "sigmahq"]).rules
    for rule in rules:
        try:
            matcher = Matcher(rule)
        except EvaluatorError as error:
            refused[error.diagnostics[0].message] += 1
        else:
            assert matcher.explain({}).passed is matcher.matches({})
    assert refused == {"the site file gives no values for %known_cdcs%": 2}
    assert len(rules) > 2_800
