"""What is asked of one field alone."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.scan.alone import asked_alone
from sigma_xdr.scan.functions import View, function_of

from .trees_of import tree

RULE: dict[str, Any] = {
    "selection": {"Image|endswith": "\\cmd.exe", "CommandLine|contains": "x", "User": ["a", None]},
    "filters": [{"Image|startswith": "C:\\Windows"}, {"Image|contains": "temp", "Other": "b"}],
    "condition": "selection and not filters",
}


def asked(selection: Any, condition: str = "selection", **others: Any) -> dict[str, int]:
    return {name: len(parts) for name, parts in asked_alone(tree(selection, condition, **others)).items()}


def test_each_condition_that_has_to_hold_is_found_also_under_not() -> None:
    found = asked_alone(tree(RULE["selection"], RULE["condition"], filters=RULE["filters"]))
    assert {name: len(parts) for name, parts in found.items()} == {"Image": 2, "User": 1}
    ends, not_there = map(function_of, found["Image"])
    views = [View({"Image": path}) for path in ("C:\\Windows\\cmd.exe", "D:\\a.exe")]
    verdicts = [(ends(view), not_there(view)) for view in views]
    assert verdicts == [(True, False), (False, True)]


@pytest.mark.parametrize(
    "selection",
    [
        {"CommandLine": "a"},  # not remembered
        {"A.B": "a"},  # may stand inside another field
        {"Image|fieldref": "Other"},
        {"EventID": 4688},  # '0x1250' is that number on a raw event, not on a row
        ["keyword"],
        [{"Image": "a"}, {"Other": "b"}],
    ],
)
def test_what_is_not_about_one_field_alone(selection: Any) -> None:
    assert asked(selection) == {}
