"""Each judgement on a change that is about it; what a whole review says is in tests/review/examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sigma_xdr.review.changes import Change, Difference, find_changes
from sigma_xdr.review.coverage import CoverageChange
from sigma_xdr.review.events import Effect, Sided, Telling
from sigma_xdr.review.recorded import Recorded
from sigma_xdr.review.tests_changed import CaseChanges, Score
from sigma_xdr.review.verdict import JUDGEMENTS, Evidence, judge, judge_coverage
from tests.unit.review.packs import rule, sides
from tests.unit.review.test_queries import FILTER

A = "sigma_rules/impact/a.yml"
TESTED = CaseChanges(3, 3, score=Score(5, 5))
FILTER_FILE = "sigma_rules/filters/f.yml"


def change(root: Path, before: dict[str, str], after: dict[str, str], **facts: Any) -> Change:
    old, new = sides(root, before, after)
    found = find_changes(old, new, old.queries, new.queries)[0]
    return replace(found, **facts)


def edited(root: Path, **facts: Any) -> Change:
    return change(root, {A: rule()}, {A: rule(value=".exe")}, **facts)


def said(
    change: Change, effect: Effect | None = None, tests: CaseChanges = TESTED, **known: Any
) -> list[tuple[str, str]]:
    return [(each.colour, each.text) for each in judge(Evidence(change, effect or Effect(), tests, **known))]


def sided(gained: bool, own: bool, expect: bool | None, *found_by: str, name: str = "case 'x'") -> Sided:
    return Sided(gained, name, "impact/a", own, expect, "an event", (), found_by)


def test_attacks_that_are_lost(tmp_path: Path) -> None:
    found = edited(tmp_path)
    lost = sided(False, True, True)
    assert said(found, Effect(9, (lost,))) == [("red", "1 attack of its tests is no longer found: case 'x'")]
    assert said(found, Effect(9, (lost, lost))) == [("red", "2 attacks of its tests are no longer found")]
    left = sided(False, True, True, "B")
    assert said(found, Effect(9, (left,))) == [
        ("yellow", "1 attack of its tests is found by other rules only: case 'x'")
    ]


def test_near_misses_that_match(tmp_path: Path) -> None:
    found = edited(tmp_path)
    near, attack = sided(True, True, False), sided(True, True, True)
    nothing = "1 near miss of its tests matches that didn't: case 'x'; no true positive is gained"
    assert said(found, Effect(9, (near,))) == [("red", nothing)]
    assert said(found, Effect(9, (near, near, attack))) == [
        ("red", "2 near misses of its tests match that didn't"),
        ("yellow", "1 more attack of its tests found"),
    ]


def test_noise_on_ordinary_work(tmp_path: Path) -> None:
    found, noise = edited(tmp_path), Recorded(1, 42, gained=41)
    text = "41 of 3,998 records of ordinary work match that didn't"
    assert said(found, Effect(9, (), ()), benign=noise, benign_records=3998)[0] == (
        "red",
        f"{text}; no true positive is gained",
    )
    more = Recorded(2, 4, gained=2)
    assert said(found, benign=noise, benign_records=3998, corpus=more)[:2] == [
        ("yellow", text),
        ("yellow", "2 more recorded hits"),
    ]
    assert ("yellow", "3 hits less on ordinary work") in said(found, benign=Recorded(3, 0, lost=3))
    assert said(found, corpus=Recorded(1, 0, lost=1))[0] == ("red", "1 recorded hit is lost")


def test_a_rule_that_is_gone(tmp_path: Path) -> None:
    gone = change(tmp_path, {A: rule(), "sigma_rules/b.yml": rule(2)}, {"sigma_rules/b.yml": rule(2)})
    lost, found = sided(False, True, True), sided(False, True, True, "B", "C")
    assert said(gone) == [("red", "it is gone")]
    assert said(gone, Effect(9, (lost, lost))) == [("red", "it is gone; no other rule finds any of its 2 attacks")]
    assert said(gone, Effect(9, (lost, found))) == [("red", "it is gone; no other rule finds 1 of its 2 attacks")]
    assert said(gone, Effect(9, (found,))) == [
        ("yellow", "it is gone; its one attack is found by 'B' and 'C'"),
    ]


def test_a_rule_that_is_wrong_or_cant_be_compiled(tmp_path: Path) -> None:
    wrong = change(
        tmp_path, {A: rule(), "sigma_rules/b.yml": rule(2)}, {A: rule(field="Image|x"), "sigma_rules/b.yml": rule(2)}
    )
    assert said(wrong) == [("red", "its file has an error now, so that it isn't compiled")]
    refused = change(tmp_path / "2", {A: rule()}, {A: rule(field="Imag")})
    lost = Effect(9, (sided(False, True, True),), failing=("x",))
    assert said(refused, lost)[0] == ("red", "it can't be compiled: 'Imag' is no field of process_creation")


def test_failing_cases(tmp_path: Path) -> None:
    found = edited(tmp_path)
    assert said(found, Effect(9, (), ("a",)))[0] == ("red", "1 case of its tests fails: 'a'")
    assert said(found, Effect(9, (), ("a", "b")))[0] == ("red", "2 cases of its tests fail: 'a' and more")


def test_facts(tmp_path: Path) -> None:
    def of(what: str, before: str, after: str) -> list[tuple[str, str]]:
        return said(edited(tmp_path / what, differences=(Difference(what, before, after),)))

    assert of("id", "a", "b") == [("red", "its id is another one: what is deployed under the old one stays there")]
    assert of("alerts by itself", "yes", "no") == [("red", "it no longer alerts by itself: a correlation names it")]
    assert of("alerts by itself", "no", "yes")[0][0] == "white"
    assert of("tables", "DeviceEvents", "DeviceFileEvents") == [
        ("red", "it reads DeviceFileEvents and no longer DeviceEvents")
    ]
    assert of("threshold", "gte 9", "gte 5") == [("yellow", "threshold gte 9 → gte 5")]
    assert of("level", "low", "high") == [("yellow", "level low → high, with no new case")]
    assert of("level", "high", "low") == [("yellow", "level high → low")]
    assert of("near-real-time", "yes", "no: matches regex") == [
        ("yellow", "it can no longer run near-real-time: matches regex")
    ]
    assert of("near-real-time", "no: matches regex", "yes") == [("white", "it can run near-real-time now")]
    assert of("schedule", "every PT1H, looks back PT4H", "every PT3H, looks back PT12H") == [
        ("yellow", "it runs every PT3H, looks back PT12H; every PT1H, looks back PT4H before")
    ]
    assert of("entities", "host: a; ip: b", "host: a") == [("yellow", "its alerts no longer name ip: b")]
    assert of("playbook", "as before", "other contain") == [("white", "its playbook says other contain")]


def test_tests(tmp_path: Path) -> None:
    def of(tests: CaseChanges) -> list[tuple[str, str]]:
        return said(edited(tmp_path / repr(tests.before)), tests=tests)

    score = Score(5, 5)
    assert of(CaseChanges(1, 1, flipped=("a",), score=score)) == [
        ("red", "1 case of its tests expects the opposite of what was expected: 'a'")
    ]
    assert of(CaseChanges(2, 1, gone=("a",), score=score)) == [("yellow", "1 case of its tests is gone: 'a'")]
    assert of(CaseChanges(3, 3, excused=(("drop x", "no"),), score=score)) == [
        ("yellow", "1 mutant newly called equivalent: drop x")
    ]
    assert of(CaseChanges(4, 4, score=Score(5, 3, 0, ("a", "b")))) == [("yellow", "2 of 5 mutants survive its tests")]
    assert of(CaseChanges(5, 0, gone=("a",))) == [("yellow", "it has no test file that can be read")]
    assert of(CaseChanges(6, 6, score=Score(problem="no"))) == [("yellow", "its tests could not be scored: no")]


def test_the_same(tmp_path: Path) -> None:
    assert said(edited(tmp_path, causes=("a", "b", "c")), Effect(4_212)) == [
        (
            "white",
            "the query is another one through a and b and 1 more; both select the same on all 4,212 rows, and no event was "
            "found that tells them apart",
        )
    ]
    assert said(edited(tmp_path / "1"), Effect(4, telling=Telling(True, {}))) == [
        ("yellow", "no case shows the change: an event was made that matches now and didn't")
    ]
    assert said(change(tmp_path / "2", {A: rule()}, {A: rule(level="high") + "# x\n"})) == [
        ("white", "the query is the same")
    ]
    moved = change(tmp_path / "3", {A: rule()}, {"sigma_rules/x/a.yml": rule()})
    assert said(moved) == [("white", "it is in another file; the query is the same")]
    assert said(edited(tmp_path / "4"), Effect(problem="no")) == [
        ("yellow", "its query could not be run on examples: no")
    ]


def test_new_rules_and_examples_of_others(tmp_path: Path) -> None:
    new = change(tmp_path, {A: rule()}, {A: rule(), "sigma_rules/b.yml": rule(2, "B")})
    effect = Effect(9, (sided(True, True, True), sided(True, False, False), sided(True, False, False)))
    assert said(new, effect) == [
        ("yellow", "it is new; 1 attack of its tests is found; 2 near misses of other rules match")
    ]
    found = edited(tmp_path / "2")
    others = (sided(True, False, False), sided(True, False, True), sided(False, False, True))
    assert said(found, Effect(9, others)) == [
        ("yellow", "2 examples of other rules match that didn't: 1 of them near misses"),
        ("yellow", "1 example of other rules no longer matches: all attacks"),
    ]


def test_filters(tmp_path: Path) -> None:
    new = change(tmp_path, {A: rule()}, {A: rule(), FILTER_FILE: FILTER})
    assert said(new, touched=("A",)) == [("yellow", "the filter is new; it changes 'A'")]
    gone = change(tmp_path / "2", {A: rule(), FILTER_FILE: FILTER}, {A: rule()})
    assert said(gone) == [("yellow", "the filter is gone; it changes no rule's query")]
    other = change(
        tmp_path / "3", {A: rule(), FILTER_FILE: FILTER}, {A: rule(), FILTER_FILE: FILTER.replace(": x", ": y")}
    )
    assert said(other, touched=("A", "B", "C")) == [
        ("yellow", "the filter is another one; it changes 'A' and 'B' and 1 more")
    ]


def test_the_gravest_comes_first_and_something_is_always_said(tmp_path: Path) -> None:
    found = edited(tmp_path, differences=(Difference("level", "low", "high"), Difference("id", "a", "b")))
    assert [colour for colour, _ in said(found)] == ["red", "yellow"]
    assert said(edited(tmp_path / "2")) == [("white", "only what is said about it changes: it finds what it found")]
    assert len(set(JUDGEMENTS)) == len(JUDGEMENTS)


def test_coverage() -> None:
    changes = [
        CoverageChange("ATT&CK", ("T1",), tuple("abcdefg")),
        CoverageChange("places", (), (), ("impact/a",)),
    ]
    assert [(each.colour, each.text) for each in judge_coverage(changes)] == [
        ("red", "ATT&CK: no rule answers a, b, c, d, e and 2 more any more"),
        ("white", "ATT&CK: T1 newly answered"),
        ("yellow", "the coverage file names impact/a, where no rule is"),
    ]


def test_a_query_that_defender_refuses(tmp_path: Path) -> None:
    found = edited(tmp_path)
    refusal = ("red", "Defender won't take its query: unknown column 'X'")
    assert said(found, refused=("unknown column 'X'",)) == [refusal]
    assert said(found, refused=("a", "b", "c")) == [("red", "Defender won't take its query: a and 2 more")]
