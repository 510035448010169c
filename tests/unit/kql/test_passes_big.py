"""The passes change no row's verdict; by themselves, together, and in KQL's three-valued text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sigma_xdr.kql.passes import PASSES, rewrite
from sigma_xdr.kql.predicate import FALSE, TRUE, And, Constant, Not, Op, Or, Predicate, Test
from sigma_xdr.kql.text import where_clauses
from tests.unit.compiling import Rows
from tests.unit.kql.predicates import ROWS, holds, predicates


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows("DeviceProcessEvents", ROWS)


@settings(max_examples=5000, deadline=None)
@given(predicates())
def test_the_text_selects_what_the_predicate_means(rows: Rows, predicate: Predicate) -> None:
    expected = {number for number, row in enumerate(ROWS) if holds(predicate, row)}
    clauses = where_clauses(rewrite(predicate))
    assert rows.found("\n".join(("DeviceProcessEvents", *clauses, "| project ReportId"))) == expected, clauses


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.__name__)
@settings(max_examples=10, deadline=None)
@given(predicate=predicates())
def test_each_pass_keeps_the_meaning(step, predicate: Predicate) -> None:  # type: ignore[no-untyped-def]
    changed = step(predicate)
    assert [holds(changed, row) for row in ROWS] == [holds(predicate, row) for row in ROWS], changed


@settings(max_examples=5000, deadline=None)
@given(predicates())
def test_rewriting_again_changes_nothing(predicate: Predicate) -> None:
    once = rewrite(predicate)
    assert rewrite(once) == once
    assert where_clauses(rewrite(once)) == where_clauses(once)
