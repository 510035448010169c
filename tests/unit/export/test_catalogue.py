"""The catalogue page, and the coverage that it shows."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.export.catalogue import catalogue_page, load_coverage
from sigma_xdr.rules import load_rules

ROOT = Path(__file__).parents[3]
COVERAGE = load_coverage(ROOT / "docs" / "coverage.yml")


def test_the_page_is_up_to_date() -> None:
    page = catalogue_page(ROOT / "sigma_rules", ROOT / "tests" / "rules", COVERAGE)
    assert page == (ROOT / "docs" / "catalogue.md").read_text("utf-8")


def test_every_rule_that_alerts_answers_an_idea_and_all_that_are_named_exist() -> None:
    pack = load_rules([ROOT / "sigma_rules"])
    rules = {rule.relative.with_suffix("").as_posix(): rule for rule in (*pack.rules, *pack.correlations)}
    named = {rule for _, answered in COVERAGE.ideas.values() for rule in answered}
    assert named <= rules.keys()
    assert {rule for answered in COVERAGE.seeds.values() for rule in answered} <= rules.keys()
    assert [name for name, rule in rules.items() if pack.generates(rule) and name not in named] == []
    assert all(answered for _, answered in COVERAGE.ideas.values())
    assert len(COVERAGE.ideas) >= 60
