from __future__ import annotations

import itertools

import pytest

from sigma_xdr.kql.predicate import FALSE, TRUE, And, Not, Op, Or, Predicate, Test
from sigma_xdr.review.lints.implication import implies


def name(op: Op, *values: str) -> Test:
    return Test("FileName", "string", op, values)


def line(*values: str) -> Test:
    return Test("ProcessCommandLine", "string", Op.CONTAINS, values)


def holds(predicate: Predicate, file: str, command: str) -> bool:
    """What a predicate says of a row, as plainly as can be."""
    match predicate:
        case And(args):
            return all(holds(arg, file, command) for arg in args)
        case Or(args):
            return any(holds(arg, file, command) for arg in args)
        case Not(arg):
            return not holds(arg, file, command)
        case Test(expression, _, op, values):
            text = file if expression == "FileName" else command
            if op is Op.EMPTY:
                return not text
            cased = op.value.endswith("_cs")
            found = text if cased else text.lower()
            asked = [str(value) if cased else str(value).lower() for value in values]
            tests = {
                "equals": lambda value: found == value,
                "startswith": found.startswith,
                "endswith": found.endswith,
                "contains": lambda value: value in found,
            }
            return any(map(tests[op.value.removesuffix("_cs")], asked))
    return predicate == TRUE


TESTS = [
    name(op, *values)
    for op in (Op.EQUALS, Op.STARTSWITH, Op.ENDSWITH, Op.CONTAINS, Op.EQUALS_CS, Op.CONTAINS_CS)
    for values in (("a",), ("ab",), ("B", "a"), ("aB", "b"))
]
PARTS: list[Predicate] = [
    *TESTS[::2],
    name(Op.EMPTY),
    line("b"),
    Not(name(Op.EMPTY)),
    Not(name(Op.CONTAINS, "a")),
    And((name(Op.CONTAINS, "a"), line("b"))),
    Or((name(Op.EQUALS, "ab"), line("b"))),
    Not(And((name(Op.CONTAINS, "a"), line("b")))),
    TRUE,
    FALSE,
]


def test_what_is_implied_holds_of_every_row_of_which_the_first_does() -> None:
    """Against brute force, over all short file names and a few command lines."""
    names = ["".join(chars) for length in range(4) for chars in itertools.product("abAB", repeat=length)]
    rows = [(file, command) for file in names for command in ("", "a", "xBx")]
    implied = 0
    for some, other in itertools.product(PARTS, repeat=2):
        if implies(some, other):
            implied += 1
            assert all(holds(other, *row) for row in rows if holds(some, *row)), (some, other)
    assert implied > len(PARTS) * 2  # it sees more than that each implies itself and TRUE


@pytest.mark.parametrize(
    ("some", "other"),
    [
        (name(Op.EQUALS, "wmic.exe", "cmd.exe"), name(Op.ENDSWITH, ".exe")),
        (And((line("delete"), name(Op.EQUALS, "wmic.exe"))), name(Op.STARTSWITH, "WMIC")),
        (Or((name(Op.EQUALS, "a.exe"), name(Op.EQUALS, "b.exe"))), name(Op.ENDSWITH, ".exe", ".dll")),
        (name(Op.EQUALS_CS, "Wmic.exe"), name(Op.CONTAINS, "wmic")),
        (name(Op.EQUALS, "wmic.exe"), Not(name(Op.EMPTY))),
        (Not(name(Op.CONTAINS, "w")), Not(name(Op.EQUALS, "wmic"))),
        (Test("RemotePort", "int", Op.EQUALS, (135,)), Test("RemotePort", "int", Op.EQUALS, (135, 445))),
    ],
)
def test_what_is_plain_to_see(some: Predicate, other: Predicate) -> None:
    assert implies(some, other)
    assert not implies(other, some)


def test_another_column_and_another_type_say_nothing() -> None:
    assert not implies(name(Op.EQUALS, "a"), line("a"))
    assert not implies(Test("X", "int", Op.EQUALS, (1,)), Test("X", "string", Op.EQUALS, ("1",)))
