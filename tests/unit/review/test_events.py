from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.review.changes import Change, find_changes
from sigma_xdr.review.events import Effect, Examples, Sided, Telling
from sigma_xdr.review.pack import Pack
from tests.unit.review.packs import CASES, ID, rule, sides
from tests.unit.review.test_pack import CORRELATION

A, TEST = "sigma_rules/impact/a.yml", "tests/rules/impact/a.yml"
IT = {A: rule(), TEST: CASES}
BURST_CASES = """cases:
    - name: two
      expect: match
      events:
      - {FileName: a.exe, Timestamp: '2026-01-05T09:00:00Z'}
      - {FileName: a.exe, Timestamp: '2026-01-05T09:00:10Z'}
    - name: one
      expect: no_match
      events:
      - {FileName: a.exe, Timestamp: '2026-01-05T09:00:00Z'}
"""


def effects(root: Path, before: dict[str, str], after: dict[str, str]) -> dict[str, Effect]:
    """What each change means, by the titles."""
    old, new = sides(root, before, after)
    return dict(_effects(old, new, find_changes(old, new, old.queries, new.queries)))


def _effects(old: Pack, new: Pack, changes: list[Change]) -> list[tuple[str, Effect]]:
    with Examples(old, new) as examples:
        return [(change.title, examples.effect(change)) for change in changes]


def test_a_near_miss_that_matches_now(tmp_path: Path) -> None:
    found = effects(tmp_path, IT, {A: rule(value=".exe"), TEST: CASES})["A"]
    said = Sided(
        gained=True,
        name="case 'another'",
        place="impact/a",
        own=True,
        expect=False,
        event=r"DeviceProcessEvents FileName=b.exe",
        deciding=(
            r"before: ✗ Image endswith '\a.exe'   was 'C:\Windows\System32\b.exe'",
            r"after: ✓ Image endswith '.exe'   was 'C:\Windows\System32\b.exe'",
        ),
    )
    assert found == Effect(compared=2, sided=(said,), failing=("another",))


def test_an_attack_that_is_lost_and_who_still_finds_it(tmp_path: Path) -> None:
    other = {"sigma_rules/impact/b.yml": rule(2, "Everything", value=".exe")}
    [sided] = effects(tmp_path, {**IT, **other}, {A: rule(value=r"\c.exe"), TEST: CASES, **other})["A"].sided
    assert (sided.gained, sided.name, sided.expect, sided.found_by) == (False, "case 'it'", True, ("Everything",))


def test_two_queries_that_select_the_same_rows(tmp_path: Path) -> None:
    other = rule().replace(r"Image|endswith: '\a.exe'", r"Image|re: '^.*\\a\.exe$'")
    assert effects(tmp_path, IT, {A: other, TEST: CASES})["A"] == Effect(
        compared=2, telling=Telling(gained=False, fields={"Image": r"\A.EXE"})
    )
    reordered = rule().replace("Image|endswith: '", "Image|endswith:\n            - '\\a.exe'\n            - '")
    assert effects(tmp_path / "2", IT, {A: reordered, TEST: CASES})["A"] == Effect(compared=2)


def test_an_event_is_made_where_no_case_shows_the_change(tmp_path: Path) -> None:
    wider = rule().replace(r"Image|endswith: '\a.exe'", "Image|endswith: ['\\a.exe', '\\z.exe']")
    found = effects(tmp_path, IT, {A: wider, TEST: CASES})["A"]
    assert found == Effect(compared=2, telling=Telling(gained=True, fields={"Image": r"\z.exe"}))


def test_examples_of_other_rules_are_asked_too(tmp_path: Path) -> None:
    other = {"sigma_rules/impact/b.yml": rule(2, "B", value=r"\b.exe")}
    cases = CASES.replace("b.exe", "q.exe").replace("a.exe", "zb.exe")
    other["tests/rules/impact/b.yml"] = cases.replace("match\n", "no_match\n").replace("no_no_", "no_")
    found = effects(tmp_path, {**IT, **other}, {A: rule(value="b.exe"), TEST: CASES, **other})["A"]
    assert [(each.name, each.place, each.own, each.expect) for each in found.gained(own=False, expect=False)] == [
        ("case 'it'", "impact/b", False, False)
    ]
    assert found.compared == 4


def test_cases_of_both_sides_are_asked(tmp_path: Path) -> None:
    dropped = CASES.partition("    - name: another")[0]
    found = effects(tmp_path, IT, {A: rule(value=".exe"), TEST: dropped})["A"]
    assert [each.name for each in found.gained(own=True, expect=False)] == ["case 'another'"]
    assert found.failing == ()


def test_new_and_gone(tmp_path: Path) -> None:
    found = effects(tmp_path, IT, {"sigma_rules/impact/b.yml": rule(2, "B"), "tests/rules/impact/b.yml": CASES})
    assert [(each.name, each.own, each.found_by) for each in found["A"].sided] == [
        ("case 'it'", True, ("B",)),
        ("case 'it'", False, ("B",)),
    ]
    assert [(each.gained, each.name, each.own, each.deciding) for each in found["B"].sided] == [
        (True, "case 'it'", True, ()),
        (True, "case 'it'", False, ()),
    ]


def test_a_correlation_is_asked_of_its_own_cases(tmp_path: Path) -> None:
    path = "sigma_rules/correlations/burst.yml"
    burst = {**IT, path: CORRELATION, "tests/rules/correlations/burst.yml": BURST_CASES}
    found = effects(tmp_path, burst, {**burst, path: CORRELATION.replace("gte: 2", "gte: 3")})["Burst"]
    said = Sided(
        gained=False,
        name="case 'two'",
        place="correlations/burst",
        own=True,
        expect=True,
        event="DeviceProcessEvents FileName=a.exe; DeviceProcessEvents FileName=a.exe",
        deciding=(
            "before: ✓ Computer = 'device-1'   2 events (gte 2) from 2026-01-05 09:00:00 to 2026-01-05 09:00:10",
            "after: ✗ Computer = 'device-1'   2 events (gte 3) from 2026-01-05 09:00:00 to 2026-01-05 09:00:10",
        ),
    )
    assert found == Effect(compared=3, sided=(said,), failing=("two",))


def test_a_rule_on_another_table_loses_its_events(tmp_path: Path) -> None:
    moved = rule(field="ImageLoaded|endswith").replace("process_creation", "image_load")
    found = effects(tmp_path, IT, {A: moved, TEST: CASES})["A"]
    assert [(each.gained, each.name) for each in found.sided] == [(True, "case 'it'"), (False, "case 'it'")]
    assert found.compared == 4


@pytest.mark.parametrize("cases", ["cases: []", "cases:\n    - {name: a, expect: match, event: {Nothing: x}}\n"])
def test_cases_that_cant_be_run_are_left_out(tmp_path: Path, cases: str) -> None:
    found = effects(tmp_path, {A: rule(), TEST: cases}, {A: rule(value=".exe"), TEST: cases})["A"]
    assert (found.compared, found.sided) == (0, ())


def test_a_rule_that_cant_be_compiled(tmp_path: Path) -> None:
    found = effects(tmp_path, IT, {A: rule(field="Imag"), TEST: CASES})["A"]
    assert [each.name for each in found.lost(own=True, expect=True)] == ["case 'it'"]
    assert found.telling is None


def test_many_events_are_told_of_and_the_first_are_explained(tmp_path: Path) -> None:
    more = "".join(
        f"    - {{name: c{number}, expect: no_match, event: {{FileName: c{number}.exe}}}}\n" for number in range(30)
    )
    cases = CASES + more
    found = effects(tmp_path, {A: rule(), TEST: cases}, {A: rule(value=".exe"), TEST: cases})["A"]
    assert len(found.sided) == 31
    assert [bool(each.deciding) for each in found.sided] == [True] * 20 + [False] * 11


def test_what_an_event_holds_cant_drive_a_terminal(tmp_path: Path) -> None:
    cases = CASES.replace("{FileName: b.exe}", '{FileName: "b\\e[31m\\nb.exe", ProcessCommandLine: q}')
    [sided] = effects(tmp_path, {A: rule(), TEST: cases}, {A: rule(value=".exe"), TEST: cases})["A"].sided
    assert sided.event == "DeviceProcessEvents FileName=b\\x1b[31m\\nb.exe"
    assert ID.format(1) not in sided.event
