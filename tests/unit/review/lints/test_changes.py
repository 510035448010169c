from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render

RULE = """title: A Rule
id: 11111111-1111-4111-8111-111111111111
date: 2026-01-10
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
    condition: selection
level: medium
"""
PATH = "sigma_rules/impact/a.yml"
WIDER = RULE.replace("\\wmic", "wmic")
CASES = "cases:\n    - {name: a, expect: match, event: {FileName: wmic.exe}}\n"


def found(root: Path, old: str, new: str, code: str, path: str = PATH, **more: str) -> str:
    return render(root, lint(root, {f"base/{PATH}": old, path: new, **more}, code))


def dated(text: str, day: str) -> str:
    return text.replace("logsource", f"modified: {day}\nlogsource", 1)


def test_another_id(tmp_path: Path) -> None:
    other = RULE.replace("id: 1", "id: 2")
    assert found(tmp_path, RULE, other, "id-changed") == (
        "sigma_rules/impact/a.yml:2:5: error[id-changed]: the rule's id was 11111111-1111-4111-8111-111111111111\n"
        "   2 | id: 21111111-1111-4111-8111-111111111111\n"
        "     |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "      = keep it: to who deployed the rule another id is another rule; a new rule gets a file of its own"
    )


def test_no_id_any_more(tmp_path: Path) -> None:
    without = RULE.replace("id: 11111111-1111-4111-8111-111111111111\n", "")
    said = found(tmp_path, RULE, without, "id-changed").splitlines()
    assert said[:2] == [
        "sigma_rules/impact/a.yml:1:1: error[id-changed]: the rule's id was 11111111-1111-4111-8111-111111111111; now it has "
        "none",
        "   1 | title: A Rule",
    ]


def test_a_rule_that_moved_is_known_by_its_id(tmp_path: Path) -> None:
    assert found(tmp_path, RULE, RULE, "id-changed", "sigma_rules/discovery/b.yml") == ""
    assert "modified-not-later" in found(tmp_path, RULE, WIDER, "modified-not-later", "sigma_rules/discovery/b.yml")


def test_a_new_rule_in_the_place_of_one_that_moved_is_new(tmp_path: Path) -> None:
    files = {f"base/{PATH}": RULE, "sigma_rules/impact/moved.yml": RULE, PATH: RULE.replace("id: 1", "id: 2")}
    assert lint(tmp_path, files, "id-changed") == []


def test_another_date(tmp_path: Path) -> None:
    assert found(tmp_path, RULE, RULE.replace("2026-01-10", "2026-01-11"), "date-changed") == (
        "sigma_rules/impact/a.yml:3:7: warning[date-changed]: the rule's date was 2026-01-10\n"
        "   3 | date: 2026-01-11\n"
        "     |       ^^^^^^^^^^\n"
        "      = keep date: 2026-01-10; when it was changed stands under modified"
    )
    assert found(tmp_path, RULE, RULE.replace("2026-01-10", "2026/01/10"), "date-changed") == ""


def test_a_change_without_a_date(tmp_path: Path) -> None:
    assert found(tmp_path, RULE, WIDER, "modified-not-later") == (
        "sigma_rules/impact/a.yml:3:1: warning[modified-not-later]: what the rule finds has changed, and it has no modified "
        "date\n"
        "   3 | date: 2026-01-10\n"
        "     | ^^^^\n"
        "      = add modified: with the day of the change, under date"
    )


def test_a_date_that_is_not_later(tmp_path: Path) -> None:
    assert found(tmp_path, dated(RULE, "2026-02-01"), dated(WIDER, "2026-02-01"), "modified-not-later") == (
        "sigma_rules/impact/a.yml:4:11: warning[modified-not-later]: what the rule finds has changed, and modified is "
        "2026-02-01, not later than 2026-02-01\n"
        "   4 | modified: 2026-02-01\n"
        "     |           ^^^^^^^^^^\n"
        "      = write the day of the change"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RULE, dated(WIDER, "2026-02-01")),
        (RULE, RULE.replace("A Rule", "Another Title")),
        (RULE, f"# a comment\n{RULE.replace('    selection:', '    selection: # why')}"),
        (dated(RULE, "2026-11-23"), dated(WIDER, "2026-11-23")),  # changed twice on the day of the review
        (RULE.replace("2026-01-10", "2026-11-23"), WIDER.replace("2026-01-10", "2026-11-23")),
    ],
)
def test_dates_that_are_right(old: str, new: str, tmp_path: Path) -> None:
    assert found(tmp_path, old, new, "modified-not-later") == ""


def test_a_graver_level_without_a_case_more(tmp_path: Path) -> None:
    high = RULE.replace("medium", "high")
    files = {f"base/{PATH}": RULE, PATH: high, "base/tests/rules/impact/a.yml": CASES}
    renamed = {**files, "tests/rules/impact/a.yml": CASES.replace("name: a", "name: another name")}
    assert render(tmp_path, lint(tmp_path, renamed, "level-without-tests")) == (
        "sigma_rules/impact/a.yml:11:8: warning[level-without-tests]: the level went from medium to high, and no case was "
        "added\n"
        "   11 | level: high\n"
        "      |        ^^^^\n"
        "       = add near misses that a person would be woken for, or keep the level"
    )
    more = f"{CASES}    - {{name: b, expect: no_match, event: {{FileName: other.exe}}}}\n"
    assert lint(tmp_path, {**files, "tests/rules/impact/a.yml": more}, "level-without-tests") == []
    assert lint(tmp_path, {**files, PATH: RULE.replace("medium", "low")}, "level-without-tests") == []
