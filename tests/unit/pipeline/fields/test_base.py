"""What all field mappings share."""

from __future__ import annotations

import pytest
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    TimestampPart,
)

from sigma_xdr.pipeline.fields.base import type_name
from tests.unit.compiling import refused


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (SigmaString("x"), "text"),
        (SigmaNumber(1), "a number"),
        (SigmaTimestampPart(TimestampPart.HOUR, 1), "a part of a time"),
        (SigmaBool(True), "a boolean"),
        (SigmaRegularExpression("x"), "a regular expression"),
        (SigmaCompareExpression(SigmaNumber(1), SigmaCompareExpression.CompareOperators.LT), "a numeric comparison"),
        (SigmaCIDRExpression("10.0.0.0/8"), "a network"),
        (SigmaNull(), "SigmaNull"),
    ],
)
def test_what_values_are_called(value: SigmaType, name: str) -> None:
    assert type_name(value) == name


@pytest.mark.parametrize("value", ["x", None, 1, "*"])
def test_a_lost_field_is_refused_whatever_is_asked(value: object) -> None:
    message = "Defender's DeviceProcessEvents has no 'CurrentDirectory': working directories are not recorded"
    assert refused({"CurrentDirectory": value}) == [("lost-field", message, None)]


def test_all_problems_of_a_rule_are_found_together() -> None:
    detection = {"ParentComandLine": "x", "ProcessId": "y", "LogonGuid": None, "Image|endswith": r"\cmd.exe"}
    assert refused(detection) == [
        (
            "unknown-field",
            "'ParentComandLine' is no field of process_creation",
            "did you mean ParentCommandLine (column InitiatingProcessCommandLine of DeviceProcessEvents)?",
        ),
        ("type-mismatch", "'ProcessId' is a number in Defender (ProcessId: long); 'y' isn't one", None),
        (
            "lost-field",
            "Defender's DeviceProcessEvents has no 'LogonGuid': process and logon GUIDs are Sysmon's own",
            None,
        ),
    ]
