from __future__ import annotations

from datetime import date
from pathlib import Path

from sigma_xdr.review.reviewing import Review, review
from tests.unit.review.packs import CASES, ID, rule, write
from tests.unit.review.test_compiling import OLD_COLUMN, side
from tests.unit.review.test_recorded import recording

A, TEST = "sigma_rules/impact/a.yml", "tests/rules/impact/a.yml"
FULL = CASES.replace("{FileName: a.exe}", "{FileName: A.exe}").replace("b.exe", "ba.exe") + (
    "    - name: longer\n      expect: no_match\n      event: {FileName: a.exe.b}\n"
)
IT = {A: rule(), TEST: FULL}


def reviewed(root: Path, before: dict[str, str], after: dict[str, str], **asked: Path) -> Review:
    write(root / "old", before)
    write(root / "new", after)
    return review("old", "new", here=root, today=date(2026, 1, 6), sigmahq=False, **asked)


def said(found: Review) -> list[tuple[str, str, str]]:
    of_rules = [(rule.colour, rule.change.title, remark.code) for rule in found.rules for remark in rule.remarks]
    return [*((remark.colour, "", remark.code) for remark in found.remarks), *of_rules]


def test_nothing_changed(tmp_path: Path) -> None:
    found = reviewed(tmp_path, IT, IT)
    assert (found.rules, found.remarks, found.problems, found.notes) == ((), (), (), ())
    assert (found.exit_code(), found.exit_code("yellow")) == (0, 0)


def test_the_gravest_rule_comes_first(tmp_path: Path) -> None:
    low = {
        "sigma_rules/impact/0.yml": rule(2, "Low", value=r"\low.exe"),
        "tests/rules/impact/0.yml": FULL.replace("A.exe", "LOW.exe"),
    }
    lower = {**low, "sigma_rules/impact/0.yml": low["sigma_rules/impact/0.yml"].replace("level: high", "level: low")}
    found = reviewed(tmp_path, {**IT, **low}, {A: rule(value=".exe"), TEST: FULL, **lower})
    assert [(rule.colour, rule.change.title) for rule in found.rules] == [("red", "A"), ("yellow", "Low")]


def test_exit_codes(tmp_path: Path) -> None:
    yellow = reviewed(tmp_path / "1", IT, {A: rule(level="low"), TEST: FULL})
    assert [yellow.exit_code(colour) for colour in ("red", "yellow", "never")] == [0, 1, 0]
    red = reviewed(tmp_path / "2", IT, {A: rule(value=".exe"), TEST: FULL})
    assert [red.exit_code(colour) for colour in ("red", "yellow", "never")] == [1, 1, 0]
    wrong = reviewed(tmp_path / "3", IT, {A: rule(field="Imag"), TEST: FULL})
    assert [wrong.exit_code(colour) for colour in ("red", "yellow", "never")] == [2, 2, 2]


def test_rules_of_the_head_that_are_wrong_are_told_and_the_rest_is_reviewed(tmp_path: Path) -> None:
    other = {"sigma_rules/impact/b.yml": rule(2, "B", field="Imag"), "sigma_rules/impact/c.yml": "title: ["}
    found = reviewed(tmp_path, IT, {A: rule(level="low"), TEST: "cases: 1", **other})
    assert [(problem.file, problem.message.partition("\n")[0]) for problem in found.problems] == [
        ("sigma_rules/impact/b.yml", "'Imag' is no field of process_creation"),
        ("sigma_rules/impact/c.yml", found.problems[1].message),
        (TEST, "the file has no cases"),
    ]
    assert ("red", "B", "not-compiled") in said(found)
    assert ("yellow", "A", "level") in said(found)
    assert not any(str(tmp_path) in problem.render() for problem in found.problems)


def test_a_base_that_is_wrong_is_noted(tmp_path: Path) -> None:
    found = reviewed(tmp_path, {**IT, "sigma_rules/b.yml": "title: B\n"}, IT)
    assert found.notes == (f"old itself has {_errors(found)}",)
    assert (found.problems, found.rules) == ((), ())


def _errors(found: Review) -> str:
    [note] = found.notes
    assert note.startswith("old itself has ")
    return note.removeprefix("old itself has ")


def test_the_compiler_is_another_one(tmp_path: Path) -> None:
    side(tmp_path / "old", OLD_COLUMN)
    side(tmp_path / "new")
    found = review("old", "new", here=tmp_path, today=date(2026, 1, 6), sigmahq=False)
    assert [remark.text for remark in found.remarks] == ["the compiler is another one; it changes one query"]
    assert [rule.change.causes for rule in found.rules] == [("the compiler",)]
    unseen = review("new", "old", here=tmp_path, today=date(2026, 1, 6), sigmahq=False)
    assert (unseen.rules, unseen.exit_code()) == ((), 1)
    assert [remark.text for remark in unseen.remarks] == [
        "the compiler is another one, and this review didn't run it: what it would make of the rules isn't seen here"
    ]
    assert unseen.notes == ("the head's compiler may be run where nothing secret is: --trust both",)


def test_the_sites_default_values_change(tmp_path: Path) -> None:
    site = "sigma_rules/site.default.yml"
    found = reviewed(tmp_path, {**IT, site: "a: [x]\nb: [x]\n"}, {**IT, site: "a: [x]\nb: [y]\nc: [z]\n"})
    assert said(found) == [("yellow", "", "site")]
    assert found.remarks[0].text == "the site's default values change: b, c"


def test_what_is_newly_silenced_is_told_once(tmp_path: Path) -> None:
    silences = (
        f"silenced:\n    - rule: {ID.format(1)}\n      code: missing-references\n      reason: It is the first.\n"
    )
    found = reviewed(tmp_path, IT, {**IT, "sigma_rules/lint.yml": silences})
    assert [remark.text for remark in found.remarks] == ["newly silenced, missing-references of 'A': It is the first."]


def test_recorded_events_and_ordinary_work(tmp_path: Path) -> None:
    corpus = recording(tmp_path / "corpus", "a.exe", "b.exe")
    benign = recording(tmp_path / "benign", "c.exe", "d.exe")
    found = reviewed(tmp_path, IT, {A: rule(value=".exe"), TEST: FULL}, corpus=corpus, benign=benign)
    texts = [remark.text for remark in found.rules[0].remarks]
    assert "2 of 2 records of ordinary work match that didn't" in texts
    assert "1 more recorded hit" in texts


def test_what_is_left_out_is_noted(tmp_path: Path) -> None:
    write(tmp_path / "old", IT)
    write(tmp_path / "new", IT)
    (tmp_path / "new/sigma_rules/link.yml").symlink_to("/etc/passwd")
    found = review("old", "new", here=tmp_path, sigmahq=False)
    assert found.notes == ("sigma_rules/link.yml (new): it is left out of the review: a symbolic link",)


def test_findings_have_their_places(tmp_path: Path) -> None:
    gone = {"sigma_rules/impact/b.yml": rule(2, "B")}
    found = reviewed(tmp_path, {**IT, **gone}, {A: rule(level="low"), TEST: FULL})
    assert [(each.code, each.severity, each.file, each.line, each.message) for each in found.findings()] == [
        ("review-gone", "error", "sigma_rules/impact/b.yml", None, "B: it is gone"),
        ("review-level", "warning", A, 10, "A: level high → low"),
    ]
    assert ID.format(1) not in "".join(each.message for each in found.findings())
