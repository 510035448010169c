from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sigma_xdr.review.changes import find_changes
from sigma_xdr.review.tests_changed import CaseChanges, Score, compare_tests
from tests.unit.review.packs import CASES, rule, sides

A, TEST = "sigma_rules/impact/a.yml", "tests/rules/impact/a.yml"
FULL = """cases:
    - name: it
      expect: match
      event: {FileName: A.exe, ProcessCommandLine: x}
    - name: others
      expect: no_match
      event: {ProcessCommandLine: x}
      each: {FileName: [ba.exe, a.exe.b]}
"""


def compared(root: Path, before: dict[str, str], after: dict[str, str]) -> CaseChanges:
    old, new = sides(root, before, after)
    [change] = find_changes(old, new, old.queries, new.queries)
    return compare_tests(change)


def unscored(found: CaseChanges) -> CaseChanges:
    return replace(found, score=None)


def test_cases_new_gone_edited_and_renamed(tmp_path: Path) -> None:
    before = CASES + "    - name: third\n      expect: match\n      event: {FileName: A.EXE}\n"
    after = before.replace("name: it", "name: that").replace("{FileName: b.exe}", "{FileName: c.exe}")
    after = after.replace("third", "fourth").replace("A.EXE", "A.eXe")
    found = compared(tmp_path, {A: rule(), TEST: before}, {A: rule(), TEST: after})
    assert unscored(found) == CaseChanges(3, 3, new=("fourth",), gone=("third",), edited=("another",))
    assert found.is_changed


def test_an_expectation_turned_around_also_under_another_name(tmp_path: Path) -> None:
    after = CASES.replace("expect: match", "expect: no_match").replace("name: it", "name: no longer it")
    found = compared(tmp_path, {A: rule(), TEST: CASES}, {A: rule(), TEST: after})
    assert unscored(found) == CaseChanges(2, 2, flipped=("no longer it",))
    assert found.score == Score(problem="the rule itself fails 1 of its 2 cases, first 'no longer it'")


def test_a_mutant_newly_called_equivalent(tmp_path: Path) -> None:
    excuse = "equivalent:\n    strengthen-modifier selection/Image|endswith -> endswith|cased: nobody writes it so\n"
    found = compared(tmp_path, {A: rule(), TEST: CASES}, {A: rule(), TEST: CASES + excuse})
    assert found.excused == (("strengthen-modifier selection/Image|endswith -> endswith|cased", "nobody writes it so"),)


def test_the_score_of_the_rule_as_it_is_now(tmp_path: Path) -> None:
    found = compared(tmp_path, {A: rule(), TEST: CASES}, {A: rule(), TEST: FULL})
    assert found.score is not None
    assert found.score.survivors == ()
    assert found.score.mutants == found.score.noticed > 3
    weak = compared(tmp_path / "2", {A: rule(), TEST: FULL}, {A: rule(), TEST: CASES})
    assert weak.score is not None
    assert len(weak.score.survivors) == weak.score.mutants - weak.score.noticed > 0


def test_a_rule_without_tests(tmp_path: Path) -> None:
    assert compared(tmp_path, {A: rule(), TEST: CASES}, {A: rule(level="low")}) == CaseChanges(
        2, 0, gone=("it", "another")
    )
