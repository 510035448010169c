"""What is looked for: few fields first."""

from __future__ import annotations

from sigma_xdr.scan.choosing import choice_of
from sigma_xdr.scan.literals import Clause, Literal


def clause(*literals: tuple[str, str]) -> Clause:
    return Clause(frozenset(Literal(field, value) for field, value in literals))


RARE = clause(("CommandLine", "shadowcopy"))
COMMON = clause(("CommandLine", "e"))
IMAGE = clause(("Image", "\\wmic.exe\0"))
HASH = clause(("Hashes", "imphash=0123456789abcdef"))
EITHER = clause(("Image", "\\vssadmin.exe\0"), ("OriginalFileName", "\0vssadmin.exe\0"))


def test_of_rules_that_need_nothing_nothing_is_chosen() -> None:
    choice = choice_of([[], [RARE]])
    assert choice.clauses == [(), (RARE,)]
    assert choice.first == {"CommandLine"}


def test_the_first_clauses_are_of_few_fields() -> None:
    choice = choice_of([[IMAGE, RARE], [RARE], [HASH, RARE]])
    assert choice.first == {"CommandLine"}
    assert [clauses[0] for clauses in choice.clauses] == [RARE, RARE, RARE]


def test_a_common_text_is_no_reason_to_look_at_a_field_first() -> None:
    assert choice_of([[IMAGE, COMMON]]).clauses == [(IMAGE,)]


def test_a_common_text_is_better_than_none() -> None:
    assert choice_of([[COMMON]]).clauses == [(COMMON,)]


def test_further_clauses_are_of_fields_that_are_looked_at_anyway() -> None:
    choice = choice_of([[RARE, IMAGE, HASH], [RARE], [RARE], [IMAGE]])
    assert choice.clauses == [(IMAGE, RARE), (RARE,), (RARE,), (IMAGE,)]
    assert choice.first == {"CommandLine", "Image"}


def test_at_most_three_clauses_are_chosen() -> None:
    many = [clause(("Image", f"\\{name}.exe\0")) for name in "abcdef"]
    assert [len(clauses) for clauses in choice_of([many]).clauses] == [3]
