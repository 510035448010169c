"""Each example change has the report that is kept of it, byte for byte; ``python -m tests.review.examples`` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.review.examples.histories import CHANGES, REPORTS, report, report_file, reviewed

#: What a change deserves: 0 nothing, 1 an eye, 2 its rules are wrong.
CODES = {
    "a_widened_wildcard": 1,
    "a_dropped_filter": 1,
    "a_renamed_field": 1,
    "a_rule_moved": 0,
    "a_threshold_lowered": 1,
    "two_rules_merged": 1,
    "a_level_raised": 0,
    "a_rule_reformatted": 0,
    "a_value_that_no_case_shows": 0,
    "a_weakened_test": 1,
    "a_filter_of_the_site": 1,
    "a_rule_that_is_wrong": 2,
    "a_pipeline_field_remapped": 0,
    "a_hostile_title": 1,
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_has_its_report(change: Callable[[Path], None], tmp_path: Path) -> None:
    found = reviewed(change, tmp_path / "repository")
    assert report(found) == report_file(change).read_text("utf-8")
    assert found.exit_code() == CODES[change.__name__]


def test_every_report_is_of_a_change() -> None:
    assert sorted(REPORTS.iterdir()) == sorted(map(report_file, CHANGES))
