"""The passes change no row's verdict; by themselves, together, and in KQL's three-valued text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sigma_xdr.kql.passes import PASSES, rewrite
from sigma_xdr.kql.predicate import FALSE, TRUE, And, Not, Op, Or, Predicate, Test
from sigma_xdr.kql.text import where_clauses
from tests.unit.compiling import Rows
from tests.unit.kql.predicates import ROWS, holds, predicates


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows("DeviceProcessEvents", ROWS)


@settings(max_examples=100, deadline=None)
@given(predicates())
def test_the_text_selects_what_the_predicate_means(rows: Rows, predicate: Predicate) -> None:
    expected = {number for number, row in enumerate(ROWS) if holds(predicate, row)}
    clauses = where_clauses(rewrite(predicate))
    assert rows.found("\n".join(("DeviceProcessEvents", *clauses, "| project ReportId"))) == expected, clauses


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.__name__)
@settings(max_examples=200, deadline=None)
@given(predicate=predicates())
def test_each_pass_keeps_the_meaning(step, predicate: Predicate) -> None:  # type: ignore[no-untyped-def]
    changed = step(predicate)
    assert [holds(changed, row) for row in ROWS] == [holds(predicate, row) for row in ROWS], changed


@settings(max_examples=300, deadline=None)
@given(predicates())
def test_rewriting_again_changes_nothing(predicate: Predicate) -> None:
    once = rewrite(predicate)
    assert rewrite(once) == once
    assert where_clauses(rewrite(once)) == where_clauses(once)


# ------------------------------------------------------------------------------------------------------- pass by pass


def text(column: str, op: Op, *values: str) -> Test:
    return Test(column, "string", op, values)


def name(*values: str) -> Test:
    return text("FileName", Op.EQUALS, *values)


def action(*values: str) -> Test:
    return text("ActionType", Op.EQUALS, *values)


def pid(op: Op, *values: int) -> Test:
    return Test("ProcessId", "long", op, values)


A, B, C = name("a"), text("FolderPath", Op.CONTAINS, "b"), text("ProcessCommandLine", Op.CONTAINS, "c")
NO_PID = pid(Op.EMPTY)

SIMPLER = {
    "flat": (And((A, And((B, And((C, A)))))), And((A, B, C))),
    "nothing asked": (And(()), TRUE),
    "no alternative": (Or(()), FALSE),
    "always and": (And((A, TRUE)), A),
    "never and": (And((A, FALSE)), FALSE),
    "always or": (Or((A, TRUE)), TRUE),
    "never or": (Or((A, FALSE)), A),
    "not not": (Not(Not(A)), A),
    "not always": (Not(TRUE), FALSE),
    "not any": (Not(Or((A, B))), And((Not(A), Not(B)))),
    "not all stays": (Not(And((A, B))), Not(And((A, B)))),
    "alternatives become a list": (Or((A, B, name("b"), name("A"))), Or((name("a", "b"), B))),
    "values in another case": (name("a", "A", "b"), name("a", "b")),
    "values that mind case": (text("FileName", Op.EQUALS_CS, "a", "A"), text("FileName", Op.EQUALS_CS, "a", "A")),
    "networks of two kinds stay apart": (
        Or((text("IP", Op.IN_NETWORK, "10.0.0.0/8"), text("IP", Op.IN_NETWORK, "::1/128"))),
        Or((text("IP", Op.IN_NETWORK, "10.0.0.0/8"), text("IP", Op.IN_NETWORK, "::1/128"))),
    ),
    "lists that meet": (And((name("a", "b", "c"), name("C", "B", "x"))), name("b", "c")),
    "lists that don't meet": (And((name("a"), name("b"))), FALSE),
    "letters beyond ASCII may meet": (And((name("É"), name("é"))), And((name("É"), name("é")))),
    "numbers that don't meet": (And((pid(Op.EQUALS, 1), pid(Op.EQUALS, 2))), FALSE),
    "a contradiction": (And((B, Not(B))), FALSE),
    "a tautology": (Or((B, Not(B))), TRUE),
}  # fmt: skip
NARROWER = {
    "the same again": (And((action("x"), Or((And((action("x"), A)), B)))), And((action("x"), Or((A, B))))),
    "what can't be": (And((action("x"), Or((And((action("y"), A)), B)))), And((action("x"), B))),
    "what is left": (And((action("x", "y"), Not(action("Y", "z")))), And((action("x", "y"), Not(action("Y"))))),
    "nothing is left": (And((action("x"), And((action("y"), A)))), FALSE),
    "without a common one": (Or((action("x"), And((action("y"), A)))), Or((action("x"), And((action("y"), A))))),
}
FACTORED = {
    "a common part": (Or((And((A, B)), And((A, C)))), And((A, Or((B, C))))),
    "one holds the other": (Or((And((A, B)), A)), A),
    "nothing common": (Or((And((A, B)), C)), Or((And((A, B)), C))),
}
GUARDED = {
    "not a comparison": (Not(pid(Op.LT, 5)), Or((NO_PID, pid(Op.GTE, 5)))),
    "not, inside not": (Not(And((A, pid(Op.GT, 5)))), Not(And((A, Not(NO_PID), pid(Op.GT, 5))))),
    "guarded already": (Not(And((pid(Op.GT, 5), Not(NO_PID)))), Not(And((pid(Op.GT, 5), Not(NO_PID))))),
    "a comparison": (And((A, pid(Op.LTE, 5))), And((A, pid(Op.LTE, 5)))),
    "not in a network": (
        Not(text("IP", Op.IN_NETWORK, "10.0.0.0/8")),
        Not(text("IP", Op.IN_NETWORK_OR_NOT, "10.0.0.0/8")),
    ),
}
ORDERED = {
    "names before searches": (And((C, Not(A), B, name("x"), action("y"))), And((action("y"), name("x"), C, B, Not(A)))),
    "regexes and computed texts last": (
        And((text("tostring(x)", Op.EQUALS, "y"), text("FolderPath", Op.REGEX, "z"), C)),
        And((C, text("FolderPath", Op.REGEX, "z"), text("tostring(x)", Op.EQUALS, "y"))),
    ),
    "equals stay as they are": (And((C, B)), And((C, B))),
    "alternatives stay as they are": (Or((C, A)), Or((C, A))),
}
STEPS = dict(zip(("simplify", "narrow", "factor", "guard_nulls", "order"), PASSES, strict=True))
WANTED = [
    pytest.param(step, given_one, result, id=f"{step}: {case}")
    for step, cases in zip(STEPS, (SIMPLER, NARROWER, FACTORED, GUARDED, ORDERED), strict=True)
    for case, (given_one, result) in cases.items()
]


@pytest.mark.parametrize(("step", "predicate", "result"), WANTED)
def test_a_pass(step: str, predicate: Predicate, result: Predicate) -> None:
    assert STEPS[step](predicate) == result


def test_the_order_of_the_passes() -> None:
    assert [step.__name__ for step in PASSES] == list(STEPS)


def test_all_passes_together() -> None:
    inbound = And((action("In"), Test("LocalPort", "int", Op.LT, (1024,))))
    outbound = And((action("Out"), Test("RemotePort", "int", Op.LT, (1024,))))
    rule = And((action("Out", "In"), And((C, Not(Or((outbound, inbound))), name("wmic.exe"), name("WMIC.EXE", "x")))))
    assert where_clauses(rewrite(rule)) == [
        '| where ActionType in ("Out", "In")',
        '| where FileName =~ "wmic.exe"',
        '| where ProcessCommandLine contains "c"',
        '| where not(ActionType == "Out" and RemotePort < 1024 and isnotnull(RemotePort))',
        '| where not(ActionType == "In" and LocalPort < 1024 and isnotnull(LocalPort))',
    ]
