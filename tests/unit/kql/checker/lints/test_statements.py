"""The text as a whole."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


@pytest.mark.parametrize(
    "kql", [".drop table DeviceEvents", "  .show tables | count", ".set-or-append X <| DeviceEvents"]
)
def test_a_control_command_is_no_query(kql: str) -> None:
    assert marked(kql) == [("control-command", "error", kql[:1], "this is a control command, no query", None)]


@pytest.mark.parametrize("kql", ["", " \n", "// DeviceEvents", "let A = DeviceEvents;"])
def test_a_text_that_gives_no_rows_is_no_query(kql: str) -> None:
    assert marked(kql) == [("no-query", "error", "", "there is no query: nothing here gives rows", None)]


def test_a_second_query_is_one_too_many() -> None:
    assert marked("DeviceEvents; DeviceInfo") == [
        (
            "several-queries",
            "error",
            "DeviceInfo",
            "a second query begins here",
            "a statement before the query must be a let",
        )
    ]


@pytest.mark.parametrize(
    "kql",
    ["DeviceEvents;", "let F = () { let A = 1; DeviceEvents | where ProcessId == A }; F()", "DeviceEvents\n\n| count"],
)
def test_lets_and_a_query_are_one_query(kql: str) -> None:
    assert codes(kql) == []
