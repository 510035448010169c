"""The catalogue page, and the coverage that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import RuleError
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


def test_a_comma_ends_no_idea_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "coverage.yml"
    path.write_text("ideas:\n    A01: {what: a call, or two, rules: [x]}\nseeds: {}\n")
    with pytest.raises(RuleError) as error:
        load_coverage(path)
    assert str(error.value) == (
        f"{path.as_posix()}: error[coverage]: A01: an idea says what and rules, and nothing else\n"
        "  = put a text with a comma into quotes"
    )
