"""Keys with modifiers, and what may stand together."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.evaluator.modifiers import item_tests
from tests.unit.evaluator.asking import holds, refused, rule


def test_an_item_says_its_field_and_how_its_values_are_joined() -> None:
    item = item_tests("Image|all|endswith|neq", ["a", "b"], {})
    assert (item.field, item.words, len(item.tests), item.every, item.negated) == (
        "Image",
        ("endswith",),
        2,
        True,
        True,
    )
    assert item_tests("|all", ["a"], {}).field is None
    assert item_tests(None, ["a"], {}).field is None


@pytest.mark.parametrize(
    ("selection", "fields", "expected"),
    [
        ({"F|contains": ["a", "b"]}, {"F": "xb"}, True),
        ({"F|contains|all": ["a", "b"]}, {"F": "xb"}, False),
        ({"F|contains|all": ["a", "b"]}, {"F": ["a", "b"]}, True),
        ({"F|all|contains": ["a", "b"]}, {"F": "ba"}, True),
        ({"F|neq": ["a", "b"]}, {"F": "b"}, False),
        ({"F|neq": ["a", "b"]}, {"F": "c"}, True),
        ({"F|contains|all|neq": ["a", "b"]}, {"F": "a"}, True),
        ({"F": ["a", 7, None, True]}, {"F": "7"}, True),
        ({"F": ["a", 7, None, True]}, {}, True),
        ({"F": ["a", 7, None, True]}, {"F": "b"}, False),
        ({"F|windash|contains|all": [" -f", " /g"]}, {"F": "x /f —g".replace(" —", " \u2014")}, True),
        ({"F|re|expand": "^%hosts%$"}, {"F": "srv12"}, True),
        ({"F|re|expand": "^%hosts%$"}, {"F": "srv"}, False),
        ({"F|expand": "%hosts%"}, {"F": r"srv\d+"}, True),
        (["w?ic"], {"a": {"b": ["run WMIC now"]}}, True),
        (["a*b"], {"x": "a", "y": "b"}, False),
        ([4624], {"EventID": 4624}, True),
        ([462], {"EventID": "x4624"}, True),
        ([True], {"F": True}, True),
        ({"|all": ["a", "b"]}, {"x": "a", "y": "b"}, True),
        ({"|all": ["a", "c"]}, {"x": "a", "y": "b"}, False),
        ({"|re": "^a.c$"}, {"x": "zabcz", "y": "abc"}, True),
        ({"|cased": "A"}, {"x": "a"}, False),
        ({"|startswith": "b"}, {"x": "abc"}, True),
        ({"|neq": "b"}, {"x": "abc"}, False),
        (["*"], {"x": ""}, True),
        (["*"], {"x": None}, False),
    ],
)
def test_how_values_and_keywords_are_joined(selection: Any, fields: dict[str, Any], expected: bool) -> None:
    assert holds(selection, fields, {"hosts": [r"srv\d+"]}) is expected


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (
            {"F|like": "a"},
            "unknown-modifier: there is no modifier 'like' = the Sigma specification lists the modifiers @ {}",
        ),
        ({"F|contains|contains": "a"}, "modifier-order: 'contains' stands twice = leave one out @ {}"),
        ({"F|contains|re": "a"}, "modifier-order: 're' has no meaning in 'contains|re' = {together} @ {}"),
        ({"F|re|contains": "a"}, "modifier-order: 'contains' has no meaning in 're|contains' = {together} @ {}"),
        ({"F|i": "a"}, "modifier-order: 'i' has no meaning in 'i' = {together} @ {}"),
        ({"F|gt|hour": 1}, "modifier-order: 'hour' has no meaning in 'gt|hour' = {together} @ {}"),
        ({"F|fieldref|cased": "a"}, "modifier-order: 'cased' has no meaning in 'fieldref|cased' = {together} @ {}"),
        ({"|exists": True}, "modifier-type: a keyword can't be asked for 'exists' = name a field @ {}"),
        ([None], "value-type: a keyword can't be null = quote it if it is text: 'null' @ detection selection 0"),
        ({"F|contains": 7}, "modifier-type: 'contains' takes text, not '7' = None @ {} 0"),
        ({"F|contains": ["a", None]}, "modifier-type: 'contains' takes text, not null = None @ {} 1"),
        ({"F|re": 7}, "modifier-type: 're' takes text, not '7' = None @ {} 0"),
        ({"F|exists": "true"}, "modifier-type: 'exists' takes true or false, not 'true' = None @ {} 0"),
        ({"F|gt": "7"}, "modifier-type: 'gt' takes a number, not '7' = None @ {} 0"),
        ({"F|gt": True}, "modifier-type: 'gt' takes a number, not 'True' = None @ {} 0"),
        ({"F|hour": 7.5}, "modifier-type: 'hour' takes a whole number, not '7.5' = None @ {} 0"),
        ({"F|cidr": "10.0.0.1/8"}, "invalid-cidr: '10.0.0.1/8' is no network = {network} @ {} 0"),
        ({"F|cidr": "fe80::%1/10"}, "invalid-cidr: 'fe80::%1/10' is no network = {network} @ {} 0"),
        ({"F|fieldref": "a*"}, "fieldref: a field's name has no wildcards = {escape} @ {} 0"),
        ({"F": float("inf")}, "modifier-type: 'F' takes a number, not 'inf' = None @ {} 0"),
        ({"F": [{"a": 1}]}, "value-type: a value can't be a dict = write text, a number or null @ {} 0"),
        ({"F|re": "(?=a)"}, "regex: the regular expression can't be run: invalid perl operator: (?= = {re2} @ {} 0"),
        ({"F|re": "\ud800"}, "regex: the regular expression holds half a character = None @ {} 0"),
        ({"F|re|expand": "%a%"}, "missing-placeholder: the site file gives no values for %a% = {site} @ {} 0"),
    ],
)
def test_what_is_refused(selection: Any, said: str) -> None:
    key = f"detection selection {next(iter(selection))}" if isinstance(selection, dict) else ""
    hints = {
        "together": "the Sigma specification says what modifiers go together",
        "network": "write a network such as 10.0.0.0/8 or fe80::/10",
        "escape": r"escape a * or ? that is meant: \* or \?",
        "re2": "RE2's syntax is meant: no lookaround, no backreferences",
        "site": "add a list under 'a' to the site file",
    }
    assert refused(rule(selection)) == said.format(key, **hints)


def test_a_number_beyond_any_float() -> None:
    assert holds({"F": 10**400}, {"F": 10**400})
    assert holds({"F|gt": 10**400}, {"F": 10**400 + 1})
    assert not holds({"F|gt": 10**400}, {"F": 1.5})
