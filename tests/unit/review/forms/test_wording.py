from __future__ import annotations

from pathlib import Path

from sigma_xdr.review.forms.wording import case_lines, count, heading, recorded_line, verdict_line
from sigma_xdr.review.recorded import Recorded
from sigma_xdr.review.tests_changed import CaseChanges, Score
from sigma_xdr.review.verdict import Remark
from tests.unit.review.forms.made import near_miss, review_of
from tests.unit.review.packs import rule

A, B = "sigma_rules/a.yml", "sigma_rules/b.yml"


def test_the_heading_counts_what_needs_an_eye(tmp_path: Path) -> None:
    before, after = {A: rule(), B: rule(2, "B")}, {A: rule(value=".exe"), B: rule(2, "B", value=".exe")}
    red = Remark("x", "red", "y")
    none = review_of(tmp_path / "1", before, after)
    assert heading(none) == "Detection review: 2 rules changed, none needs your eye"
    both = review_of(tmp_path / "2", before, after, (near_miss(),), (red,))
    assert heading(both) == "Detection review: 2 rules changed, 2 need your eye, and so does the pack"
    pack = review_of(tmp_path / "3", before, before, (), (red,))
    assert heading(pack) == "Detection review: 0 rules changed, none needs your eye, but the pack does"


def test_white_remarks_are_said_where_there_is_nothing_else(tmp_path: Path) -> None:
    found = review_of(tmp_path, {A: rule()}, {A: rule(level="low")})
    assert [verdict_line(each) for each in found.rules] == ["level high → low"]
    found = review_of(tmp_path / "2", {A: rule()}, {"sigma_rules/x/a.yml": rule()})
    assert [verdict_line(each) for each in found.rules] == ["it is in another file; the query is the same"]


def test_recorded_hits() -> None:
    assert recorded_line(Recorded(), "ordinary work") == "ordinary work: no hit, neither before nor now"
    assert recorded_line(Recorded(1, 1), "x") == "x: 1 hit before, 1 now (the same ones)"
    assert recorded_line(Recorded(2, 1_000, 999, 1), "x") == "x: 2 hits before, 1,000 now (999 new, 1 lost)"


def test_tests() -> None:
    tests = CaseChanges(
        1,
        13,
        new=tuple(map(str, range(12))),
        gone=("a",),
        excused=(("m", "why"),),
        score=Score(9, 6, 1, ("s", "t"), "p"),
    )
    assert case_lines(tests) == [
        "1 case before, 13 now",
        *(f"new: {number}" for number in range(10)),
        "new: 2 more",
        "gone: a",
        "newly called equivalent: m (why)",
        "mutation: 6 of 8 mutants noticed, 1 equivalent",
        "survives: s",
        "survives: t",
        "mutation: p",
    ]


def test_counting() -> None:
    assert [count(1, "row"), count(2_000, "row"), count(2, "near miss", "near misses")] == [
        "1 row",
        "2,000 rows",
        "2 near misses",
    ]
