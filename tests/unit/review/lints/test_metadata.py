from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/impact/a.yml"
SELECTION = "    selection:\n        Image|endswith: '\\wmic.exe'"
PLAYBOOK = """title: A
questions: [A]
check_first: [{step: A}]
actions: [A]
escalate: [A]
contain: [A]
"""


def test_what_is_missing_is_told_at_the_title(tmp_path: Path) -> None:
    codes = ("missing-references", "missing-tags", "missing-falsepositives", "missing-playbook")
    files = {RULE: rule(SELECTION), "sigma_rules/playbook/execution.yml": PLAYBOOK}
    found = [finding for code in codes for finding in lint(tmp_path, files, code)]
    place = "   1 | title: A Rule\n     | ^^^^^\n      = "
    assert render(tmp_path, found) == (
        "sigma_rules/impact/a.yml:1:1: warning[missing-references]: the rule has no references\n"
        f"{place}name the report, tool or documentation that it was written from, not ATT&CK's own page\n"
        "sigma_rules/impact/a.yml:1:1: warning[missing-tags]: the rule has no tags\n"
        f"{place}add the tactic and the technique: attack.execution, attack.t1047\n"
        "sigma_rules/impact/a.yml:1:1: warning[missing-falsepositives]: the rule names no false positives\n"
        f"{place}name software or work that does the same, or write: Unlikely\n"
        "sigma_rules/impact/a.yml:1:1: warning[missing-playbook]: no playbook says what to do with the rule's alerts: there "
        f"is none for 'impact'\n{place}write playbook/impact.yml"
    )


@pytest.mark.parametrize(("key", "empty"), [("references", "[]"), ("tags", "[]"), ("falsepositives", "[]")])
def test_an_empty_list_is_as_good_as_none(key: str, empty: str, tmp_path: Path) -> None:
    assert len(lint(tmp_path, {RULE: rule(SELECTION, more=f"{key}: {empty}\n")}, f"missing-{key}")) == 1


def test_a_filter_needs_references_and_neither_tags_nor_a_playbook(tmp_path: Path) -> None:
    text = (
        "title: A Filter\nlogsource:\n    category: process_creation\n    product: windows\nfilter:\n    rules: any\n"
        "    selection:\n        User: 'x'\n    condition: not selection\n"
    )
    files = {"sigma_rules/filters/a.yml": text, "sigma_rules/playbook/impact.yml": PLAYBOOK}
    assert [finding.code for finding in lint(tmp_path, files)] == ["missing-references"]


def test_a_rule_that_only_a_correlation_reads_needs_no_playbook(tmp_path: Path) -> None:
    correlation = (
        "title: Many\ncorrelation:\n    type: event_count\n    rules: [11111111-1111-4111-8111-111111111111]\n"
        "    group-by: [Computer]\n    timespan: 5m\n    condition: {gte: 3}\n"
    )
    files = {
        RULE: rule(SELECTION),
        "sigma_rules/correlations/many.yml": correlation,
        "sigma_rules/playbook/correlations.yml": PLAYBOOK,
    }
    assert lint(tmp_path, files, "missing-playbook") == []
    generating = {**files, "sigma_rules/correlations/many.yml": f"{correlation}    generate: true\n"}
    assert len(lint(tmp_path, generating, "missing-playbook")) == 1


def test_a_pack_without_a_playbook_is_not_asked_for_one(tmp_path: Path) -> None:
    assert lint(tmp_path, {RULE: rule(SELECTION)}, "missing-playbook") == []


def test_a_filter_on_a_log_source_that_no_rule_has(tmp_path: Path) -> None:
    text = (
        "title: A Filter\nlogsource:\n    category: {}\n    product: windows\nfilter:\n    rules: any\n"
        "    selection:\n        User: 'x'\n    condition: not selection\n"
    )
    path = "sigma_rules/filters/a.yml"
    assert render(tmp_path, lint(tmp_path, {path: text.format("process_creations")}, "unknown-category")) == (
        "sigma_rules/filters/a.yml:3:15: warning[unknown-category]: the filter fits no rule: 'process_creations' is no log "
        "source of Defender's tables\n"
        "   3 |     category: process_creations\n"
        "     |               ^^^^^^^^^^^^^^^^^\n"
        "      = did you mean process_creation?"
    )
    for right in ("process_creation", "device_events"):
        assert lint(tmp_path, {path: text.format(right)}, "unknown-category") == []


UNPROVED = "is 'test', and no case that it has to match was recorded anywhere"
CASES = "cases:\n    - {{name: a, expect: {}, source: '{}', event: {{FileName: wmic.exe}}}}\n"


@pytest.mark.parametrize(
    ("status", "date", "expect", "source", "message"),
    [
        ("test", "2026-10-01", "match", "Atomic Red Team", "is 'test' 53 days after its date; up to 60 days it is experimental"),
        ("stable", "2026-09-24", "match", "x", "is 'stable' 60 days after its date; up to 60 days it is experimental"),
        ("stable", "2026-09-23", "match", "Security-Datasets (a, record 1)", None),
        ("stable", "2020/01/02", "match", "Security-Datasets (a, record 1)", None),
        ("test", "2020-01-01", "match", "written for this test", UNPROVED),
        ("test", "2020-01-01", "no_match", "Security-Datasets", UNPROVED),
        ("experimental", "2026-11-22", "match", "written for this test", None),
    ],
)  # fmt: skip
def test_status_by_age_and_by_recorded_cases(
    status: str, date: str, expect: str, source: str, message: str | None, tmp_path: Path
) -> None:
    files = {
        RULE: rule(SELECTION, more=f"status: {status}\ndate: {date}\n"),
        "tests/rules/impact/a.yml": CASES.format(expect, source),
    }
    found = [finding.diagnostic.message for finding in lint(tmp_path, files, "early-status")]
    assert found == ([f"the rule {message}"] if message else [])
