from __future__ import annotations

from pathlib import Path

from sigma_xdr.review.coverage import CoverageChange, compare_coverage
from tests.unit.review.packs import rule, sides

TAGGED = rule() + "tags: [attack.execution, attack.t1047, attack.t1021.003]\n"
COVERAGE = 'ideas:\n    A1: {what: it, rules: [impact/a]}\nseeds:\n    "a line": [impact/a]\n'
A = "sigma_rules/impact/a.yml"


def test_what_is_lost_and_gained(tmp_path: Path) -> None:
    other = rule(2) + "tags: [attack.t1490]\n"
    ideas = COVERAGE.replace("A1: {what: it, rules: [impact/a]}", "B2: {what: more, rules: [impact/b]}")
    old, new = sides(
        tmp_path,
        {A: TAGGED, "docs/coverage.yml": COVERAGE},
        {"sigma_rules/impact/b.yml": other, "docs/coverage.yml": ideas},
    )
    assert compare_coverage(old, new) == (
        CoverageChange("ATT&CK", ("T1490",), ("T1021.003", "T1047")),
        CoverageChange("ideas", ("B2 (more)",), ("A1 (it)",)),
        CoverageChange("lines of the founding documents", (), ("a line",)),
        CoverageChange("places", (), (), ("impact/a",)),
    )


def test_a_rule_that_moved_still_answers_what_it_did(tmp_path: Path) -> None:
    old, new = sides(
        tmp_path,
        {A: TAGGED, "docs/coverage.yml": COVERAGE},
        {"sigma_rules/other/a.yml": TAGGED, "docs/coverage.yml": COVERAGE},
    )
    assert compare_coverage(old, new) == (CoverageChange("places", (), (), ("impact/a",)),)


def test_the_same(tmp_path: Path) -> None:
    files = {A: TAGGED, "docs/coverage.yml": COVERAGE}
    assert compare_coverage(*sides(tmp_path, files, files)) == ()


def test_a_pack_without_a_coverage_file(tmp_path: Path) -> None:
    assert compare_coverage(*sides(tmp_path, {A: rule()}, {A: rule()})) == ()
