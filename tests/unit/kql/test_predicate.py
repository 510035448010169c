"""The predicate's operators: which take lists, which fold case."""

from __future__ import annotations

import dataclasses

import pytest

from sigma_xdr.kql.predicate import FALSE, TRUE, And, Not, Op, Or, Test

TEXT = {Op.EQUALS, Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS}
CASED = {Op.EQUALS_CS, Op.STARTSWITH_CS, Op.ENDSWITH_CS, Op.CONTAINS_CS}


@pytest.mark.parametrize("op", Op)
def test_which_operators_take_lists_and_fold_case(op: Op) -> None:
    assert op.takes_lists == (op in TEXT | CASED | {Op.IN_NETWORK})
    assert op.folds_case == (op in TEXT)


def test_equal_parts_are_one_and_the_same() -> None:
    test = Test("FileName", "string", Op.EQUALS, ("a",))
    assert {And((test, Not(test))), And((Test("FileName", "string", Op.EQUALS, ("a",)), Not(test)))} == {
        And((test, Not(test)))
    }
    assert And((test,)) != Or((test,))
    assert TRUE != FALSE


def test_parts_never_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Test("FileName", "string", Op.EQUALS, ("a",)).op = Op.CONTAINS  # type: ignore[misc]
