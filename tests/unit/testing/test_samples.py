"""Values that fit and values that only just don't, of every type of value."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from sigma_xdr.evaluator import Matcher
from sigma_xdr.testing.samples import MISSING, OpenText, Sample, fitting, near_misses
from tests.unit.rules.texts import values
from tests.unit.testing.mutation.rules import document


def plain(samples: Iterable[Sample]) -> list[Any]:
    """The value of each sample; text with a star where anything may stand."""
    shown = []
    for sample in samples:
        (value,) = sample.values()
        if isinstance(value, OpenText):
            value = f"{'*' if value.open_at_start else ''}{value.text}{'*' if value.open_at_end else ''}"
        shown.append("missing" if value is MISSING else value)
    return shown


def first(item: str) -> Any:
    return values(item)[0]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("A: 'a*b?'", ["a ba", "aba", "a x ba", "A BA"]),
        (r"A|endswith: '\a.exe'", [r"*\a.exe", r"*C:\Temp\a.exe", r"*\A.EXE"]),
        ("A|contains: '1'", ["*1*", "*x 1.b*"]),
        (r"A: 'a\*'", ["a*", "A*"]),
        ("A|windash: '-f'", ["-f", "-F", "/f", "/F", "–f", "–F", "—f", "—F", "―f", "―F"]),
        (
            "A|base64offset|contains: wmic",
            ["*d21pY*", "*x d21pY.b*", "*dtaW*", "*x dtaW.b*", "*3bWlj*", "*x 3bWlj.b*", "*D21Py*"],
        ),
        ("A|re: '^a[bc]$'", ["ab", "ac", "AB", "AC"]),
        ("A: 5", [5, "5"]),
        ("A: true", [True, "true"]),
        ("A: null", ["missing", None, ""]),
        ("A|exists: true", ["a", ""]),
        ("A|exists: false", ["missing"]),
        ("A|cidr: 10.0.0.0/8", ["10.128.0.0", "10.0.0.0", "10.255.255.255"]),
        ("A|cidr: 'fe80::/10'", ["fea0::", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("A|gte: 5", [5, 6]),
        ("A|lt: 5", [4, 3]),
        ("A|hour: 6", [datetime(2026, 2, 3, 6, 5, tzinfo=UTC)]),
        ("A|week: 53", [datetime(2026, 12, 30, tzinfo=UTC)]),
    ],
)
def test_what_fits(item: str, expected: list[Any]) -> None:
    assert plain(fitting("A", first(item))) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("A: 5", [6, 4, "50", -5]),
        ("A: true", [False, "false"]),
        ("A: null", ["a"]),
        ("A|exists: true", ["missing"]),
        ("A|cidr: 10.0.0.0/8", ["9.255.255.255", "11.0.0.0", "10.0.0.0", "11.255.255.255", "11.0.0.0", "2001:db8::1"]),
        ("A|cidr: '0.0.0.0/0'", ["2001:db8::1"]),
        ("A|lt: 5", [5, 6, 4, 5.5, 4.5]),
        ("A|hour: 23", [datetime(2026, 2, 3, 22, 5, tzinfo=UTC)]),
        (
            "A: 'a?'",
            ["a", "aab", "a", "qa", "a", "aq", "aa", "aa", "aa", "aa", "aa", "AA", "aa aa", "x aa", "aa.b", "x aa.b"],
        ),
        ("A: '-f'", [
            "f", "qf", "-", "-q",
            "-f", "/f", "–f", "—f", "―f", "-f", "/f", "–f", "—f", "―f",
            "-F", "-f -f", "x -f", "-f.b", "x -f.b",
        ]),
    ],
)  # fmt: skip
def test_what_only_just_does_not_fit(item: str, expected: list[Any]) -> None:
    assert plain(near_misses("A", first(item))) == [*expected, "missing", "", None]


def test_pieces_are_left_out_and_change_places() -> None:
    found = plain(islice(near_misses("A", first("A|contains: 'one*two'")), 5))
    assert found == ["*two one*", "*two*", "*two*", "*one*", "*one*"]


def test_a_reference_to_a_field_is_a_sample_of_both() -> None:
    same = OpenText("same")
    assert fitting("A", first("A|fieldref|endswith: B")) == [
        {"A": same, "B": same},
        {"A": OpenText("x same"), "B": same},
    ]
    assert list(islice(near_misses("A", first("A|fieldref: B")), 4)) == [
        {"A": OpenText("other"), "B": same},
        {"A": OpenText("SAME"), "B": same},
        {"A": OpenText("a same b"), "B": same},
        {"A": same, "B": MISSING},
    ]


def test_keywords_stand_in_a_field_of_which_the_rule_knows_nothing() -> None:
    assert fitting(None, first("A: x"))[0] == {"Message": OpenText("x", True, True)}


@pytest.mark.parametrize(
    "item",
    [
        "'a*b?c'", "'*'", "''", "5", "1.5", "true", "null",
        "|contains: 'x*y'", "|startswith: x", "|endswith: ' -y'", "|cased: Ab", "|contains|windash: ' -f /g'",
        "|base64: abc", "|wide|base64offset|contains: xy", "|re: '[a-c]{2,}(?:d|e)'", "|re|i: 'A$'",
        "|cidr: 10.0.0.0/31", "|cidr: '::1/128'", "|gt: 5", "|lte: -5", "|exists: true", "|exists: false", "|fieldref: B",
        "|fieldref|startswith: B", "|hour: 0", "|month: 2", "|neq: x",
    ],
)  # fmt: skip
def test_the_first_that_fits_does_and_some_near_miss_does_not(item: str) -> None:
    item = f"A{item}" if item[0] == "|" else f"A: {item}"
    matcher = Matcher(document(f"s:\n    {item}\ncondition: s\n"))
    negated = "neq" in item

    def matches(sample: Sample) -> bool:
        texts = {name: value.text if isinstance(value, OpenText) else value for name, value in sample.items()}
        return matcher.matches({name: value for name, value in texts.items() if value is not MISSING}) is not negated

    assert matches(fitting("A", first(item))[0])
    assert not all(map(matches, near_misses("A", first(item))))


def test_long_texts_give_few_samples() -> None:
    long = first(f"A: '{'x-y ' * 100_000}'")
    assert len(list(near_misses("A", long))) < 200
    assert len(fitting("A", long)) < 20
