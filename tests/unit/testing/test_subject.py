"""Trials that are run at one go, and each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.testing.suite import load_suite

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["correlation_wmic_recon_burst", "correlation_network_logon_wmi_process"])
def test_a_correlations_trials_say_the_same_together_as_each_alone(name: str) -> None:
    suite = load_suite([ROOT / "sigma_rules"], ROOT / "tests" / "rules")
    test = next(test for test in suite.tests if test.name == f"correlations/{name}")
    subject = test.subject(test.file.cases[0])
    trials = [trial for case in test.file.cases for trial in test.trials(case)]
    alone = [subject.kql([trial])[0] for trial in trials]
    assert subject.kql(trials) == alone
    assert {True, False} == set(alone)
