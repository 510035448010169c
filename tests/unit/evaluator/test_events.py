"""What an event holds under a name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.evaluator import Event, Spelling, Whole
from sigma_xdr.evaluator.events import event_of, fold, number_of, text_of, utc

FIELDS = {
    "a": "x",
    "a.b": "exact",
    "nested": {"b": {"c": 1}, "list": [{"d": "one"}, {"d": ["two", ["three"]]}, {"e": 0}, 7]},
    "null": None,
    "empty": "",
    "list": ["p", None, ["q", ""]],
    "none": [],
    "mapping": {},
}


@pytest.mark.parametrize(
    ("name", "values", "nothing", "exists", "empty"),
    [
        ("a", ["x"], False, True, False),
        ("a.b", ["exact"], False, True, False),
        ("nested.b.c", [1], False, True, False),
        ("nested.list.d", ["one", "two", "three"], False, True, False),
        ("nested.list.x", [], True, False, False),
        ("null", [], True, True, False),
        ("empty", [""], False, True, True),
        ("list", ["p", "q", ""], True, True, True),
        ("none", [], True, True, False),
        ("mapping", [], False, True, False),
        ("missing", [], True, False, False),
        ("a.b.c", [], True, False, False),
        (".", [], True, False, False),
    ],
)
def test_a_raw_event_keeps_the_kinds_of_nothing_apart(
    name: str, values: list[Any], nothing: bool, exists: bool, empty: bool
) -> None:
    found = Event(FIELDS).look(name)
    assert (found.values, found.nothing, found.exists, found.empty) == (values, nothing, exists, empty)


@pytest.mark.parametrize(
    ("name", "values", "nothing", "exists"),
    [
        ("a", ["x"], False, True),
        ("null", [], True, False),
        ("empty", [], True, False),
        ("missing", [], True, False),
        ("none", [], True, False),
        ("list", ["p", "q"], True, True),
        ("mapping", [], False, True),
    ],
)
def test_on_a_row_nothing_is_nothing(name: str, values: list[Any], nothing: bool, exists: bool) -> None:
    found = Event(FIELDS, one_nothing=True).look(name)
    assert (found.values, found.nothing, found.exists, found.empty) == (values, nothing, exists, nothing)


def test_a_spelling_is_none_of_the_values() -> None:
    dash, users = Whole("-"), Spelling(r"HKEY_USERS\a", re.compile(r"^hkey_users\\"))
    found = Event({"F": [None, dash]}, one_nothing=True).look("F")
    assert (found.values, found.nothing, found.exists, found.spellings) == ([], True, False, (dash,))
    found = Event({"F": [r"HKU\a", users]}, one_nothing=True).look("F")
    assert (found.values, found.nothing, found.exists, found.spellings) == ([r"HKU\a"], False, True, (users,))


def test_what_names_a_spelling() -> None:
    assert Whole("(Empty)").is_named(["x", "(empty)"])
    assert not Whole("(Empty)").is_named(["empty"])
    both = Spelling("x", re.compile("^hkcu"), re.compile("currentcontrolset"))
    assert both.is_named([r"hkcu\system\currentcontrolset"])
    assert both.is_named(["hkcu", "currentcontrolset"])
    assert not both.is_named(["hkcu"])


def test_keywords_search_every_scalar_or_the_texts_that_are_given() -> None:
    assert Event({"a": "x", "b": {"c": [1, {"d": True}], "e": None}}).everywhere.texts == ["x", "1", "true"]
    assert Event({"a": "x"}, texts=("y", "z")).everywhere.texts == ["y", "z"]


def test_a_mapping_is_a_raw_event() -> None:
    event = Event({"a": 1}, one_nothing=True)
    assert event_of(event) is event
    assert event_of({"a": 1}) == Event({"a": 1})


def test_depth_is_no_matter() -> None:
    deep: Any = "bottom"
    path = []
    for _ in range(5_000):
        deep = {"a": [[deep]]}
        path.append("a")
    event = Event(deep)
    assert event.look(".".join(path)).values == ["bottom"]
    assert event.everywhere.texts == ["bottom"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A", "A"),
        (True, "true"),
        (False, "false"),
        (80, "80"),
        (8.5, "8.5"),
        (datetime(2026, 3, 4, 5, 6, 7), "2026-03-04T05:06:07Z"),
        (datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC), "2026-03-04T05:06:07.000008Z"),
        (datetime(2026, 3, 4, 1, tzinfo=timezone(timedelta(hours=2))), "2026-03-03T23:00:00Z"),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (80, 80),
        (-1.5, -1.5),
        ("80", 80),
        ("-80", -80),
        ("80.25", 80.25),
        ("0x50", 80),
        ("0X50", 80),
        ("0", 0),
        (True, None),
        (float("nan"), None),
        ("080", None),
        ("+80", None),
        (" 80", None),
        ("80 ", None),
        ("1e3", None),
        ("٨٠", None),
        ("", None),
        ("0x", None),
        ("9" * 1_000_000, None),
        (None, None),
        (datetime(2026, 1, 1), None),
    ],
)
def test_values_as_numbers(value: Any, number: float | None) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(("text", "folded"), [("WMIC", "wmic"), ("ÄΣΣ", "äσσ"), ("İI", "ii"), ("ẞ\ud800", "ß\ud800")])
def test_folding_a_text(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters()))
def test_folding_is_done_character_by_character(text: str) -> None:
    assert fold(text) == "".join(char.lower()[0] for char in text)


def test_times_at_the_edge_of_the_calendar() -> None:
    assert utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))) == datetime.min
    assert utc(datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))) == datetime.max
    assert utc(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == datetime(2026, 1, 1)
