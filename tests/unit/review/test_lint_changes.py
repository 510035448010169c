from __future__ import annotations

from datetime import date
from pathlib import Path

from sigma_xdr.review.changes import find_changes
from sigma_xdr.review.lint_changes import compare_lints
from tests.unit.review.packs import ID, rule, sides

A = "sigma_rules/impact/a.yml"
TODAY = date(2026, 1, 5)
SCAN = rule(field="CommandLine|contains", value="wmic")


def test_what_was_found_before_isnt_new(tmp_path: Path) -> None:
    packs = sides(tmp_path, {A: SCAN}, {A: f"# a comment\n{SCAN}"})
    assert compare_lints(*packs, TODAY, sigmahq=False).found == ()


def test_what_is_newly_found_is_told_of_the_changed_rule(tmp_path: Path) -> None:
    packs = sides(
        tmp_path, {A: rule(), "sigma_rules/b.yml": rule(2, "B")}, {A: SCAN, "sigma_rules/b.yml": rule(2, "B")}
    )
    found = compare_lints(*packs, TODAY, sigmahq=False)
    [change] = find_changes(*packs, packs[0].queries, packs[1].queries)
    assert "scan" in [finding.code for finding in found.of(change)]
    assert {finding.diagnostic.file for finding in found.found} == {A}


def test_what_is_newly_silenced_has_its_reason(tmp_path: Path) -> None:
    silences = f"silenced:\n    - rule: {ID.format(1)}\n      code: scan\n      reason: It has to be like that.\n"
    packs = sides(tmp_path, {A: rule()}, {A: SCAN, "sigma_rules/lint.yml": silences})
    found = compare_lints(*packs, TODAY, sigmahq=False)
    assert [(each.code, each.silenced) for each in found.silenced] == [("scan", "It has to be like that.")]
    assert "scan" not in [finding.code for finding in found.found]


def test_a_file_of_silences_that_is_wrong_silences_nothing(tmp_path: Path) -> None:
    packs = sides(tmp_path, {A: rule()}, {A: SCAN, "sigma_rules/lint.yml": "silenced: 1"})
    assert "scan" in [finding.code for finding in compare_lints(*packs, TODAY, sigmahq=False).found]
