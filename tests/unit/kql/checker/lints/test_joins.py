"""Joins."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


def test_a_join_says_its_kind() -> None:
    assert marked("DeviceEvents | join hint.strategy=broadcast (DeviceInfo) on DeviceId") == [
        (
            "join-kind",
            "warning",
            "join",
            "a join without a kind drops all left rows of a key but one",
            "write kind=inner, or kind=innerunique if it is meant",
        )
    ]


@pytest.mark.parametrize(
    "kind",
    ["inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftanti", "leftsemi", "rightanti", "rightsemi"],
)
def test_each_kind_is_one(kind: str) -> None:
    assert codes(f"DeviceEvents | join kind={kind} (DeviceInfo) on DeviceId") == []
    assert codes("DeviceEvents | lookup (DeviceInfo | project DeviceId, OSPlatform) on DeviceId") == []


def test_a_dynamic_is_no_key() -> None:
    events = "DeviceEvents | extend F = parse_json(AdditionalFields)"
    assert marked(f"{events} | join kind=inner ({events}) on DeviceId, F") == [
        ("dynamic-key", "error", "F", "a dynamic can't be a key of a join", "cast it in an extend before the join")
    ]
    assert codes(f"{events} | join kind=inner ({events}) on $left.F == $right.F") == ["KS241"]


def test_keys_of_different_types_are_microsofts_error() -> None:
    assert codes("DeviceEvents | join kind=inner (DeviceInfo) on $left.ProcessId == $right.DeviceId") == [
        "KS242",
        "type-mismatch",
    ]
