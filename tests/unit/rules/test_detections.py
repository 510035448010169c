"""Selections: the same objects as pySigma's, and what pySigma would misunderstand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaCIDRExpression, SigmaCompareExpression, SigmaNull

from sigma_xdr.rules import ItemLocation, load_rules

from .texts import RULE, load, only, told, told_of_item, values

CORPUS = Path(os.environ.get("SIGMA_XDR_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")) / "sigmahq"

HEAD = "title: Test\nlogsource: {product: windows}\ndetection:\n"


# ------------------------------------------------------------------------------------------------------- against pySigma


def shape(part: SigmaDetection | SigmaDetectionItem) -> Any:
    """A part of a detection as plain data, without its places."""
    if isinstance(part, SigmaDetection):
        return part.item_linking, [shape(inner) for inner in part.detection_items]
    return (
        part.field,
        part.modifiers,
        part.value_linking,
        part.negated,
        part.auto_modifiers,
        list(map(_value, part.value)),
    )


def _value(value: Any) -> Any:
    if isinstance(value, SigmaNull):
        return None
    return value.cidr if isinstance(value, SigmaCIDRExpression) else repr(value)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="SigmaHQ's rules aren't here; SIGMA_XDR_CORPUS names their folder")
def test_sigmahqs_rules_are_what_pysigma_makes_of_them() -> None:
    rules = load_rules([CORPUS])
    assert len(rules.rules) == len(rules.paths) > 1000
    assert {problem.code for problem in rules.diagnostics} <= {"invisible-character"}
    for loaded in rules.rules:
        ours = loaded.parse()
        theirs = SigmaRule.from_dict(yaml.load(loaded.source.file.text, yaml.CSafeLoader))
        assert isinstance(ours, SigmaRule)
        assert {name: shape(each) for name, each in ours.detection.detections.items()} == {
            name: shape(each) for name, each in theirs.detection.detections.items()
        }
        assert ours.detection.condition == theirs.detection.condition
        ours.detection = theirs.detection
        assert ours == theirs


# ---------------------------------------------------------------------------------------------------------------- places


def parts(detection: SigmaDetection) -> Iterator[SigmaDetection | SigmaDetectionItem]:
    yield detection
    for inner in detection.detection_items:
        if isinstance(inner, SigmaDetection):
            yield from parts(inner)
        else:
            yield inner


def test_each_part_knows_its_keys() -> None:
    rule = only(
        f"{HEAD}  s:\n  - A: 1\n    B: [x, y]\n  - - C: 1\n  keywords: [x, y]\n  condition: s and keywords\n"
    ).parse()
    assert isinstance(rule, SigmaRule)
    locations = [part.source for each in rule.detection.detections.values() for part in parts(each)]
    assert [location.keys if isinstance(location, ItemLocation) else None for location in locations] == [
        ("detection", "s"),
        ("detection", "s", 0),
        ("detection", "s", 0, "A"),
        ("detection", "s", 0, "B"),
        ("detection", "s", 1),
        ("detection", "s", 1, 0),
        ("detection", "s", 1, 0, "C"),
        ("detection", "keywords"),
        ("detection", "keywords"),
    ]
    assert str(rule.detection.source) == "rule.yml:9:3"
    assert str(rule.source) == "rule.yml:1:1"


# --------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63), 2**64 + 1, 10**22 + 1])
def test_large_integers_keep_every_digit(number: int) -> None:
    (value,) = values(f"A: {number}")
    assert value.number == number
    (compared,) = values(f"A|gt: {number}")
    assert isinstance(compared, SigmaCompareExpression)
    assert compared.number.number == number


def test_a_float_stays_a_float() -> None:
    (value,) = values("A: 10.0")
    assert (str(value), value.number) == ("10.0", 10.0)


# -------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A: []", "empty-values: the list of values is empty | A | for an empty field write null"),
        (
            "A: {B: c}",
            "value-type: a value can't be a mapping | A | a list of mappings stands under the selection, not under a field",
        ),
        (
            "A: [x, [y]]",
            "value-type: a value can't be a list | [y] | a list of mappings stands under the selection, not under a field",
        ),
        ("null: x", "field-name: the field name null is no text | selection | name a field; keywords stand in a list"),
        ("5: x", "field-name: the field name 5 is no text | 5 | quote it: '5'"),
    ],
)
def test_wrong_items(line: str, expected: str) -> None:
    assert told_of_item(line) == expected


def test_every_wrong_item_is_told() -> None:
    assert told_of_item("A|gt: '5'\n        B|endswih: x\n        C: []").split("\n") == [
        "modifier-type: 'gt' takes a number, not the text '5' | '5' | leave the quotes out: 5",
        "unknown-modifier: there is no modifier 'endswih' | endswih | did you mean endswith?",
        "empty-values: the list of values is empty | C | for an empty field write null",
    ]


def test_wrong_selections() -> None:
    text = (
        f"{HEAD}    empty:\n    mapping: {{}}\n    list: []\n    inner: [A: 1, {{}}]\n    nothing: [null]\n"
        "    timeframe: 5m\n    5: {A: 1}\n    condition: empty\n"
    )
    assert told(text) == (
        "rule.yml:4:5: error[empty-selection]: 'empty' is empty\n"
        "   4 |     empty:\n"
        "     |     ^^^^^\n"
        "      = fill it or delete it\n"
        "rule.yml:5:5: error[empty-selection]: 'mapping' is empty\n"
        "   5 |     mapping: {}\n"
        "     |     ^^^^^^^\n"
        "      = fill it or delete it\n"
        "rule.yml:6:5: error[empty-selection]: 'list' is empty\n"
        "   6 |     list: []\n"
        "     |     ^^^^\n"
        "      = fill it or delete it\n"
        "rule.yml:7:19: error[empty-selection]: a part of 'inner' is empty\n"
        "   7 |     inner: [A: 1, {}]\n"
        "     |                   ^^\n"
        "      = fill it or delete it\n"
        "rule.yml:8:15: error[value-type]: a keyword can't be null\n"
        "   8 |     nothing: [null]\n"
        "     |               ^^^^\n"
        "      = quote it if it is text: 'null'\n"
        "rule.yml:9:5: error[timeframe]: 'timeframe' was removed from Sigma's detections\n"
        "   9 |     timeframe: 5m\n"
        "     |     ^^^^^^^^^\n"
        "      = write a correlation rule with a timespan\n"
        "rule.yml:10:5: error[selection-name]: a selection's name is text of up to 100 characters\n"
        "   10 |     5: {A: 1}\n"
        "      |     ^\n"
        "       = quote it, or make it shorter"
    )


def test_no_selection_at_all() -> None:
    _, (problem, _) = load(f"{HEAD}    condition: selection\n")
    assert (problem.code, problem.message, problem.line) == ("empty-detection", "'detection' holds no selection", 3)


# ---------------------------------------------------------------------------------------------------------------- bounds


def test_ten_thousand_values_load() -> None:
    assert len(values("A|contains:\n" + "".join(f"          - value {n}\n" for n in range(10_000)))) == 10_000


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (
            RULE.format(item="A:\n" + "          - x\n" * 50_001),
            "too-many-values",
            "up to here the rule has more than 50,000 values",
        ),
        (
            RULE.format(item="\n        ".join(f"A{n}|windash: ' -a -b -c -d'" for n in range(100))),
            "too-many-values",
            "up to here the rule has more than 50,000 values",
        ),
        (
            f"{HEAD}    s: {'[' * 12}x{']' * 12}\n    condition: s\n",
            "nested-too-deep",
            "the selection nests deeper than 10 levels",
        ),
        (
            HEAD + "".join(f"    s{n}: {{A: 1}}\n" for n in range(201)) + "    condition: s1\n",
            "too-many-selections",
            "there are more than 200 selections",
        ),
    ],
    ids=["values", "expanded values", "depth", "selections"],
)
def test_bounds(text: str, code: str, message: str) -> None:
    _, (problem,) = load(text)
    assert (problem.code, problem.message) == (code, message)


def test_a_rule_is_not_read_past_fifty_problems() -> None:
    _, problems = load(RULE.format(item="\n        ".join(f"A{n}|x: 1" for n in range(1000))))
    assert len(problems) == 50
