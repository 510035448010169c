"""Correlation sections, and what is wrong with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sigma_xdr.evaluator import EvaluatorError, Event
from sigma_xdr.evaluator.correlations.definition import Correlation, read_correlation
from tests.unit.evaluator.asking import told

SECTION = {"type": "event_count", "rules": ["a", "b"], "timespan": "15m", "condition": {"gte": 3}}
MISSING = object()


def read(**section: Any) -> Correlation:
    whole = {**SECTION, **{key.replace("_", "-"): value for key, value in section.items()}}
    return read_correlation({"correlation": {key: value for key, value in whole.items() if value is not MISSING}})


def test_a_whole_section() -> None:
    correlation = read(
        type="Value_Percentile",
        group_by="User",
        aliases={"who": {"a": "User", "b": "Account"}},
        condition={"gt": 3, "lte": 9, "field": "Size", "percentile": 95},
    )
    assert correlation == Correlation(
        kind="value_percentile",
        tags=("a", "b"),
        group_by=("User",),
        span=timedelta(minutes=15),
        fields=("Size",),
        limits=(("gt", 3), ("lte", 9)),
        percentile=95,
        aliases={"who": {"a": "User", "b": "Account"}},
    )
    assert [number for number in range(12) if correlation.allows(number)] == [4, 5, 6, 7, 8, 9]
    assert (correlation.field("who", "b"), correlation.field("Image", "b")) == ("Account", "Image")
    assert correlation.unit == "percentile (gt 3 and lte 9)"


@pytest.mark.parametrize(
    ("timespan", "seconds"),
    [("1s", 1), ("015m", 900), ("2h", 7_200), ("1d", 86_400), ("1w", 604_800), ("1M", 2_629_746), ("1y", 31_556_952)],
)
def test_a_timespan(timespan: str, seconds: int) -> None:
    assert read(timespan=timespan).span == timedelta(seconds=seconds)


def test_a_temporal_correlation_wants_all_its_rules() -> None:
    assert read(type="temporal", condition=MISSING).limits == (("gte", 2),)
    assert read(type="temporal", rules="a", condition=MISSING).tags == ("a",)
    assert read(type="temporal_ordered", condition={"eq": 2}).limits == (("eq", 2),)


def test_a_boolean_condition_over_rules() -> None:
    correlation = read(type="temporal", rules=MISSING, condition="b and not a-1")
    assert correlation.tags == ("b", "a-1")
    assert correlation.unit == "rules"
    assert correlation.expression is not None
    assert [correlation.expression.holds(Event(dict.fromkeys(seen))) for seen in (["b"], ["b", "a-1"])] == [True, False]
    assert correlation.expression.explain(Event({"b": 1})).render() == "✓ b and not a-1\n  ✓ b\n  ✓ not a-1"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"type": "sum"}, "correlation-type: there is no type 'sum' = {types} @ correlation type"),
        ({"rules": MISSING}, "correlation-rules: the correlation names no rule = {list} @ correlation rules"),
        ({"rules": []}, "correlation-rules: the correlation names no rule = {list} @ correlation rules"),
        ({"rules": [1]}, "correlation-rules: the correlation names no rule = {list} @ correlation rules"),
        (
            {"type": "temporal", "rules": ["a", "a"]},
            "correlation-rules: the correlation names a rule twice = leave one out @ correlation rules",
        ),
        ({"timespan": "0m"}, "correlation-timespan: '0m' is no timespan = {timespan} @ correlation timespan"),
        ({"timespan": 15}, "correlation-timespan: '15' is no timespan = {timespan} @ correlation timespan"),
        (
            {"group_by": [1]},
            "invalid-correlation: 'group-by' is a field or a list of fields = None @ correlation group-by",
        ),
        (
            {"aliases": {"x": "y"}},
            "correlation-alias: an alias maps each rule to one of its fields = None @ correlation aliases",
        ),
        (
            {"condition": MISSING},
            "{condition}: the condition compares a number = write gte: 10 @ correlation condition",
        ),
        (
            {"condition": "a and b"},
            "{condition}: the condition compares a number = write gte: 10 @ correlation condition",
        ),
        ({"condition": {}}, "{condition}: the condition has no operator = write gte: 10 @ correlation condition"),
        ({"condition": {"gte": 1.5}}, "{condition}: '1.5' is no whole number = None @ correlation condition"),
        (
            {"type": "value_count"},
            "{condition}: 'value_count' needs a field to look at = add 'field' @ correlation condition",
        ),
        (
            {"type": "value_sum", "condition": {"gte": 1, "field": ["x", "y"]}},
            "{condition}: 'value_sum' looks at one field = None @ correlation condition",
        ),
        (
            {"type": "value_percentile", "condition": {"gte": 1, "field": "x"}},
            "{condition}: 'value_percentile' needs a percentile from 1 to 100 = add 'percentile: 95' @ correlation condition",
        ),
        ({"type": "temporal_ordered", "condition": {"gte": 1}}, "{condition}: {ordered} @ correlation condition"),
        ({"type": "temporal_ordered", "condition": "a or b"}, "{condition}: {ordered} @ correlation condition"),
        ({"type": "temporal", "condition": "a"}, "{condition}: {names} = None @ correlation condition"),
        ({"type": "temporal", "condition": "a and c"}, "{condition}: {names} = None @ correlation condition"),
        (
            {"type": "temporal", "condition": "1 of them"},
            "condition-syntax: '1 of them' is no name = write the names out @ correlation condition",
        ),
    ],
)
def test_what_is_refused(section: dict[str, Any], said: str) -> None:
    kinds = "event_count, value_count, value_sum, value_avg, value_percentile, value_median, temporal, temporal_ordered"
    ordered = "an ordered correlation needs all of its rules: which of them come in order isn't said otherwise"
    with pytest.raises(EvaluatorError) as caught:
        read(**section)
    assert told(caught.value) == said.format(
        types=f"it is one of {kinds}",
        list="list their ids or names",
        timespan="write a number and one of s, m, h, d, w, M, y: 15m",
        condition="correlation-condition",
        ordered=f"{ordered} = leave the condition out, or use type temporal",
        names="the condition has to name each of the correlation's rules, and no other",
    )


def test_what_is_no_correlation() -> None:
    with pytest.raises(EvaluatorError) as caught:
        read_correlation({"detection": {}})
    assert (
        told(caught.value)
        == "no-correlation: the rule has no correlation section = a detection is for Matcher @ correlation"
    )


def test_an_alias_says_its_field_for_each_rule() -> None:
    with pytest.raises(EvaluatorError) as caught:
        read(aliases={"who": {"a": "User"}}).field("who", "b")
    assert told(caught.value) == (
        "correlation-alias: the alias 'who' doesn't say which field it is in 'b' = add b: FIELD @ correlation aliases"
    )
