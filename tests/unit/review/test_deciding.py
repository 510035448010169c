from __future__ import annotations

from typing import Any

from sigma_xdr.evaluator import Matcher
from sigma_xdr.review.deciding import deciding_conditions

EVENT = {"Image": r"C:\a.exe", "CommandLine": "a -x", "User": "ann"}
SOURCE = {"category": "process_creation", "product": "windows"}


def decided(before: dict[str, Any], after: dict[str, Any], filters: tuple[dict[str, Any], ...] = ()) -> tuple[str, ...]:
    old, new = (
        {"title": "R", "id": "0d9f2f4a-6a8e-4b0e-9a51-5f1d6a0c1e01", "logsource": SOURCE, "detection": detection}
        for detection in (before, after)
    )
    return deciding_conditions(Matcher(old).explain(EVENT), Matcher(new, filters).explain(EVENT))


def test_a_condition_that_differs() -> None:
    before = {"s": {"Image|endswith": r"\b.exe", "User": "ann"}, "condition": "s"}
    after = {"s": {"Image|endswith": ".exe", "User": "ann"}, "condition": "s"}
    assert decided(before, after) == (
        r"before: ✗ Image endswith '\b.exe'   was 'C:\a.exe'",
        r"after: ✓ Image endswith '.exe'   was 'C:\a.exe'",
    )


def test_what_plays_no_part_is_left_out() -> None:
    before = {"s": {"Image|endswith": [r"\b.exe", r"\a.exe"]}, "t": {"User": "ann"}, "condition": "s and t"}
    after = {"s": {"Image|endswith": [r"\c.exe", r"\a.exe"]}, "t": {"User": "bob"}, "condition": "s and t"}
    assert decided(before, after) == ("before: ✓ User = 'ann'   was 'ann'", "after: ✗ User = 'bob'   was 'ann'")


def test_a_filter_in_the_rule_that_is_gone() -> None:
    before = {
        "s": {"User": "ann"},
        "filter_main_x": {"CommandLine|contains": "-x"},
        "condition": "s and not filter_main_x",
    }
    after = {"s": {"User": "ann"}, "condition": "s"}
    assert decided(before, after) == ("before: ✓ CommandLine contains '-x'   at 2: 'a »-x«'",)


def test_a_filter_of_the_site_that_is_new() -> None:
    rule = {"s": {"User": "ann"}, "condition": "s"}
    put_on = {
        "title": "F",
        "logsource": SOURCE,
        "filter": {
            "rules": ["0d9f2f4a-6a8e-4b0e-9a51-5f1d6a0c1e01"],
            "x": {"CommandLine|contains": ["-y", "-x"]},
            "condition": "not x",
        },
    }
    assert decided(rule, rule, (put_on,)) == ("after: ✓ CommandLine contains '-x'   at 2: 'a »-x«'",)


def test_another_condition_of_the_same_parts() -> None:
    parts = {"s": {"User": "ann"}, "t": {"User": "bob"}}
    before, after = {**parts, "condition": "s and t"}, {**parts, "condition": "s or t"}
    assert decided(before, after) == ("before: ✗ User = 'bob'   was 'ann'",)


def test_many_conditions_are_counted() -> None:
    before = {"s": {f"F{number}": "x" for number in range(9)}, "condition": "s"}
    after = {"s": {"User": "ann"}, "condition": "s"}
    said = decided(before, after)
    assert said[3:] == (
        "before: ✗ F3 = 'x'   was missing",
        "before: … and 5 more conditions",
        "after: ✓ User = 'ann'   was 'ann'",
    )
