"""What windows hold, while events come in and go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from sigma_xdr.evaluator.correlations.definition import Correlation
from sigma_xdr.evaluator.correlations.measures import GroupEvent, measure_of

START = datetime(2026, 3, 4)


def event(second: int, tags: str = "a", *values: Any) -> GroupEvent:
    return GroupEvent(START + timedelta(seconds=second), "D", second, frozenset(tags), frozenset(values))


def asking(kind: str, tags: str = "ab", *limits: tuple[str, int], percentile: int = 0) -> Correlation:
    return Correlation(kind, tuple(tags), (), timedelta(seconds=10), limits=limits, percentile=percentile)


@pytest.mark.parametrize(
    ("correlation", "events", "numbers"),
    [
        (asking("event_count"), [event(0), event(1), event(2)], [1, 2, 3, 2, 1]),
        (asking("value_count"), [event(0, "a", ("x",)), event(1, "a", ("y",), ("x",)), event(2)], [1, 2, 2, 2, 0]),
        (asking("temporal"), [event(0, "a"), event(1, "ab"), event(2, "b")], [1, 2, 2, 2, 1]),
        (asking("value_sum"), [event(0, "a", 0.1), event(1, "a", 2, 3), event(2, "a", -1)], [0.1, 5.1, 4.1, 4, -1]),
        (asking("value_avg"), [event(0, "a", 1), event(1, "a", 2), event(2, "a", 6)], [1, 1.5, 3, 4, 6]),
        (asking("value_median"), [event(0, "a", 1), event(1, "a", 9), event(2, "a", 2)], [1, 5, 2, 5.5, 2]),
        (
            asking("value_percentile", percentile=50),
            [event(0, "a", 4), event(1, "a", 1), event(2, "a", 9)],
            [4, 1, 4, 1, 9],
        ),
        (
            asking("value_percentile", percentile=100),
            [event(0, "a", 4), event(1, "a", 1), event(2, "a", 9)],
            [4, 4, 9, 9, 9],
        ),
        (
            asking("value_percentile", percentile=1),
            [event(0, "a", 4), event(1, "a", 1), event(2, "a", 9)],
            [4, 1, 1, 1, 9],
        ),
    ],
)
def test_the_number_of_a_window(correlation: Correlation, events: Sequence[GroupEvent], numbers: list[Any]) -> None:
    measure = measure_of(correlation)
    said = []
    for each in events:
        measure.add([each])
        said.append(measure.number())
    for each in events[:2]:
        measure.remove(each)
        said.append(measure.number())
    assert said == pytest.approx([Fraction(number) for number in numbers])


def test_sums_are_exact_whatever_has_been_in_the_window() -> None:
    measure = measure_of(asking("value_sum"))
    events = [event(0, "a", 10**30), event(1, "a", 1e-30), event(2, "a", 1)]
    for each in events:
        measure.add([each])
    for each in events[:2]:
        measure.remove(each)
    assert measure.number() == 1


def test_a_chain_is_in_order_within_the_timespan() -> None:
    def completed(*batches: Sequence[GroupEvent]) -> list[bool]:
        measure = measure_of(asking("temporal_ordered", "abc"))
        said = []
        for batch in batches:
            measure.add(batch)
            said += [measure.completes(each) for each in batch]
        return said

    assert completed([event(0, "a")], [event(5, "b")], [event(10, "c")]) == [False, False, True]
    assert completed([event(0, "a")], [event(5, "b")], [event(11, "c")]) == [False, False, False]
    assert completed([event(0, "b")], [event(5, "a")], [event(10, "c")]) == [False, False, False]
    assert completed([event(0, "c"), event(0, "b"), event(0, "a")]) == [True, False, False]
    assert completed([event(0, "abc")]) == [True]
    assert (
        completed([event(0, "a")], [event(1, "b")], [event(2, "a")], [event(11, "c")], [event(12, "b")]) == [False] * 5
    )
