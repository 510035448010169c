"""Reasons in bounded room, the same in whatever order and by however many they are counted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.scan import reasons
from sigma_xdr.scan.reasons import OTHER, Reasons


def test_a_few_are_told_apart() -> None:
    counted = Reasons()
    for reason in ("b", "a", "b"):
        counted.add(reason)
    counted.take(Reasons({"a": 2}))
    assert counted == {"a": 3, "b": 2}


def test_however_many_there_are_the_room_is_bounded_and_nothing_is_lost() -> None:
    counted = Reasons()
    for number in range(10_000):
        counted.add(f"{number:05}")
        assert len(counted) <= 2 * reasons.MOST + 1
    counted.settle()
    assert (len(counted), counted["00999"], counted["01000"], counted[OTHER]) == (reasons.MOST + 1, 1, 0, 9_000)


@given(st.lists(st.integers(0, 40).map(str)), st.data())
def test_who_counts_them_in_which_order_makes_no_difference(found: Sequence[str], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reasons, "MOST", 5)
        alone, several = Reasons(), [Reasons() for _ in range(3)]
        for reason in found:
            alone.add(reason)
        for reason in data.draw(st.permutations(found)):
            several[data.draw(st.integers(0, 2))].add(reason)
        together = Reasons()
        for each in several:
            together.take(each)
        alone.settle()
        assert together == alone
        assert together.total() == len(found)
