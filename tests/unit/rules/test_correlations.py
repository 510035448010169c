"""Correlation sections: what pySigma would crash on or drop."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.correlations import SigmaCorrelationRule

from .texts import load, only, told

RULE = """\
title: Many
correlation:
    type: event_count
    rules: [one]
    group-by: [Computer]
    timespan: 5m
    condition:
        gte: 10
"""


@pytest.mark.parametrize(
    "text",
    [
        RULE,
        RULE.replace("[one]", "one").replace("[Computer]", "Computer"),
        RULE.replace("event_count", "value_count").replace("gte: 10", "gte: 10\n        field: User"),
        RULE.replace("event_count", "value_percentile").replace(
            "gte: 10", "gte: 10\n        field: A\n        percentile: 95"
        ),
        RULE + "    aliases:\n        ip: {one: SourceIp}\n    generate: true\n",
        "title: T\ncorrelation: {type: temporal_ordered, rules: [a, b], timespan: 1h}\n",
        "title: T\ncorrelation: {type: temporal, timespan: 1h, condition: a and (b or not c)}\n",
    ],
)
def test_right(text: str) -> None:
    loaded = only(text)
    assert loaded.kind == "correlation"
    assert loaded.parse() == SigmaCorrelationRule.from_dict(yaml.safe_load(text))


def test_references() -> None:
    assert only(RULE).references == ("one",)
    temporal = "title: T\ncorrelation: {type: temporal, timespan: 1h, condition: b and (a or not c) and b}\n"
    assert only(temporal).references == ("b", "a", "c")


@pytest.mark.parametrize(
    ("old", "new", "message", "marked", "hint"),
    [
        ("event_count", "event_cuont", "there is no type 'event_cuont'", "event_cuont", "did you mean event_count?"),
        (
            "rules: [one]",
            "rules: []",
            "'rules' names the rules that it is about",
            "rules",
            "write their ids or names as a list",
        ),
        (
            "rules: [one]",
            "rules: [5]",
            "'rules' names the rules that it is about",
            "rules",
            "write their ids or names as a list",
        ),
        ("group-by:", "groupby:", "a correlation has no 'groupby'", "groupby", "did you mean group-by?"),
        ("[Computer]", "{a: b}", "'group-by' is a field or a list of fields", "group-by", None),
        (
            "5m",
            "5 minutes",
            "'5 minutes' is no timespan",
            "5 minutes",
            "write a number and one of s, m, h, d, w, M, y: 15m",
        ),
        ("5m", "0m", "'0m' is no timespan", "0m", "write a number and one of s, m, h, d, w, M, y: 15m"),
        ("gte: 10", "gte: '10'", "'gte' takes a whole number", "'10'", None),
        ("gte: 10", "gte: 10.5", "'gte' takes a whole number", "10.5", None),
        (
            "gte: 10",
            "{gte: 10, lt: 20}",
            "the condition has to have one operator",
            "condition",
            "it is one of lt, lte, gt, gte, eq, neq",
        ),
        ("gte: 10", "{gte: 10, feild: A}", "a condition has no 'feild'", "feild", "did you mean field?"),
        ("gte: 10", "{gte: 10, field: 5}", "'field' is a field or a list of fields", "5", None),
        (
            "event_count",
            "value_count",
            "'value_count' needs a field to look at",
            "condition",
            "add 'field' to the condition",
        ),
        (
            "    condition:\n        gte: 10\n",
            "",
            "the condition compares a count",
            "correlation",
            "write an operator and a number: gte: 10",
        ),
        (
            "[Computer]",
            "[Computer]\n    aliases: {ip: SourceIp}",
            "an alias maps each rule to one of its fields",
            "ip",
            None,
        ),
        ("[Computer]", "[Computer]\n    generate: 'yes'", "'generate' is true or false", "'yes'", None),
    ],
)
def test_wrong(old: str, new: str, message: str, marked: str, hint: str | None) -> None:
    assert old in RULE
    _, (problem,) = load(RULE.replace(old, new))
    assert problem.text is not None
    assert problem.column is not None
    assert (problem.code, problem.message, problem.hint) == ("invalid-correlation", message, hint)
    assert problem.text[problem.column - 1 :][: problem.length] == marked


def test_pysigmas_own_problems_are_told_too() -> None:
    assert told("title: T\ncorrelation: {type: temporal, rules: [a, b], timespan: 1h, condition: a and c}\n") == (
        "rule.yml:2:1: error[invalid-correlation]: Rules defined but not referenced in extended condition: b\n"
        "   2 | correlation: {type: temporal, rules: [a, b], timespan: 1h, condition: a and c}\n"
        "     | ^^^^^^^^^^^"
    )


def test_metadata_and_correlation_are_told_together() -> None:
    _, problems = load(RULE.replace("5m", "x") + "level: hihg\n")
    assert [(problem.code, problem.line) for problem in problems] == [("unknown-level", 9), ("invalid-correlation", 6)]


@pytest.mark.parametrize("section", ["null", "5", "[]", "{}"])
def test_no_section(section: str) -> None:
    rules, problems = load(f"title: T\ncorrelation: {section}\n")
    assert rules == []
    assert {problem.code for problem in problems} == {"invalid-correlation"}


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["temporal", "event_count", "5m", "a", "a and b", "gte"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "gte", "lt", "field"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate", "x"), ANYTHING
        ),
    )
)
def test_any_section_ends_in_a_rule_or_a_problem(section: dict[str, object]) -> None:
    rules, problems = load(yaml.safe_dump({"title": "T", "correlation": section}))
    assert len(rules) == (not problems)
