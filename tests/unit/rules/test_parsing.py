"""Documents to rules, correlations and filters; and no document that brings the reader down."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from .texts import RULE, load, only, told

FILTER = """\
title: Admins
logsource: {product: windows}
filter:
    rules: [one, 929a690e-bef0-4204-a928-ef5e620d6fcc]
    selection: {User|startswith: adm_}
    condition: not selection
"""


def test_a_rule_is_fresh_each_time() -> None:
    loaded = only(RULE.format(item="A: 1"))
    first, second = loaded.parse(), loaded.parse()
    assert isinstance(first, SigmaRule)
    assert first == second
    assert first.detection is not second.detection
    first.detection.detections.clear()
    assert loaded.parse() == second


def test_a_filter() -> None:
    loaded = only(FILTER)
    assert (loaded.kind, loaded.references) == ("filter", ("one", "929a690e-bef0-4204-a928-ef5e620d6fcc"))
    assert loaded.parse() == SigmaFilter.from_dict(yaml.safe_load(FILTER))
    everywhere = only(FILTER.replace("[one, 929a690e-bef0-4204-a928-ef5e620d6fcc]", "Any"))
    assert everywhere.references == ()
    assert everywhere.parse().filter.rules == "any"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "code", "message", "hint"),
    [
        (
            "rules: [one, 929a690e-bef0-4204-a928-ef5e620d6fcc]",
            "rules: []",
            "filter-rules",
            "'rules' names the rules that are filtered",
            "write their ids or names as a list, or: any",
        ),
        (
            "rules: [one, 929a690e-bef0-4204-a928-ef5e620d6fcc]",
            "rules: [5]",
            "filter-rules",
            "'rules' names the rules that are filtered",
            "write their ids or names as a list, or: any",
        ),
        ("not selection", "[not selection]", "condition-syntax", "a filter has one condition", None),
        (
            "not selection",
            "not selecton",
            "unknown-selection",
            "there is no selection 'selecton'",
            "did you mean selection?",
        ),
        ("logsource:", "logsorce:", "missing-logsource", "there is no 'logsource'", "is 'logsorce' meant to be it?"),
    ],
)
def test_wrong_filters(old: str, new: str, code: str, message: str, hint: str | None) -> None:
    _, (problem,) = load(FILTER.replace(old, new))
    assert (problem.code, problem.message, problem.hint) == (code, message, hint)


def test_several_conditions() -> None:
    rule = only(
        RULE.format(item="A: 1").replace("condition: selection", "condition: [selection, not selection]")
    ).parse()
    assert isinstance(rule, SigmaRule)
    assert rule.detection.condition == ["selection", "not selection"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "action: global\ntitle: Test\n",
            "rule.yml:1:1: error[removed-action]: 'action' was removed from Sigma\n"
            "   1 | action: global\n"
            "     | ^^^^^^\n"
            "      = write each rule out, in a document or a file of its own",
        ),
        (
            "title: Test\ndetection: {}\nfilter: {}\n",
            "rule.yml:3:1: error[two-kinds]: a document can't have both 'detection' and 'filter'\n"
            "   3 | filter: {}\n"
            "     | ^^^^^^\n"
            "      = split it in two, with --- between",
        ),
        (
            "title: Test\nlogsource: {product: windows}\ndetection: x\n",
            "rule.yml:3:1: error[invalid-detection]: 'detection' has to be a mapping\n"
            "   3 | detection: x\n"
            "     | ^^^^^^^^^\n"
            "      = name selections under it, and a condition",
        ),
        (
            "title: Test\nlogsource: {product: windows}\ndetection:\n    selection: {A: 1}\n    conditon: selection\n",
            "rule.yml:5:5: error[missing-condition]: there is no 'condition'\n"
            "   5 |     conditon: selection\n"
            "     |     ^^^^^^^^\n"
            "      = is 'conditon' meant to be it?",
        ),
    ],
)
def test_wrong_documents(text: str, expected: str) -> None:
    assert told(text) == expected


# ----------------------------------------------------------------------------------------------------- hostile documents

VALID: list[dict[str, Any]] = [
    yaml.safe_load(text)
    for text in (
        FILTER,
        """\
title: t
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: n
related: [{id: 929a690e-bef0-4204-a928-ef5e620d6fcc, type: similar}]
status: test
level: high
tags: [attack.t1047]
references: [x]
author: a
logsource: {category: process_creation, product: windows}
detection:
    selection: {A|endswith: [x, 'y*'], B|contains|all: [-a, -b], C|re|i: a.*b, D|gt: 5, E: null, F|exists: true}
    encoded: {A|wide|base64offset|contains: abc, B|cased|windash: ' -a', C|cidr: 10.0.0.0/8, D|expand: '%x%'}
    filter_a: [{A: 1}, {B: [x, 2]}]
    keywords: [a, b]
    condition: selection and encoded and not 1 of filter_* or keywords
""",
        """\
title: t
name: c
correlation:
    {type: event_count, rules: [n], group-by: [a], timespan: 5m, condition: {gte: 5}, aliases: {x: {n: f}}}
""",
    )
]
JUNK = st.sampled_from(
    [
        None,
        [],
        {},
        "",
        5,
        -1,
        1.5,
        True,
        "x",
        "*",
        "%x%",
        "-a -b -c -d -e",
        [None],
        [[]],
        [{}],
        {"a": "b"},
        {"": ""},
        {5: 6},
    ]
    + [
        {f"a|{modifiers}": value}
        for modifiers in ("re", "x", "cidr|contains", "base64offset", "hour", "")
        for value in ("(", 5)
    ]
    + ["1 of x*", "a|b", "not not", "(((", ["selection", 5], 10**60, {"timeframe": "5m"}, "\u202e", [[[[[[1]]]]]]]
)
KEYS = st.sampled_from(
    ["detecton", "titel", "condition", "filter", "correlation", "action", "a|contains", "not", 5, None, ""]
)


def ways(node: Any) -> list[tuple[Any, ...]]:
    """Every way into a document."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way for key, value in pairs for way in ((key,), *((key, *rest) for rest in ways(value)))]


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document with one to three of its parts replaced, removed or renamed."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 3))):
        if not (paths := ways(document)):
            break
        *way, last = draw(st.sampled_from(paths))
        parent: Any = document
        for key in way:
            parent = parent[key]
        what = draw(st.sampled_from(["replace", "remove", "rename"]))
        if what == "replace":
            parent[last] = copy.deepcopy(draw(JUNK))
        else:
            value = parent.pop(last)
            if what == "rename" and isinstance(parent, dict):
                parent[draw(KEYS)] = value
    return document


@settings(deadline=None, max_examples=300)
@given(damaged())
def test_any_document_ends_in_a_rule_or_in_problems_with_a_place(document: dict[str, Any]) -> None:
    rules, problems = load(yaml.safe_dump(document, allow_unicode=True))
    errors = [problem for problem in problems if problem.severity == "error"]
    assert len(rules) == (not errors)
    assert all(problem.line and problem.column and problem.render() for problem in problems)
    for loaded in rules:
        parsed = loaded.parse()
        if isinstance(parsed, SigmaRule):
            assert all(condition.parsed is not None for condition in parsed.detection.parsed_condition)
