"""The names most like a wrong one."""

from __future__ import annotations

from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.schema import nearest, xdr_schema

PROCESS_COLUMNS = tuple(xdr_schema().table("DeviceProcessEvents").columns)
NAMES = st.text(st.sampled_from("abcXYZ_0 ß\N{KELVIN SIGN}\x00\u202e"), max_size=12) | st.sampled_from(PROCESS_COLUMNS)


@pytest.mark.parametrize(
    ("wrong", "suggested"),
    [
        ("initiatingprocessFILENAME", "InitiatingProcessFileName"),
        ("InitatingProcesFileName", "InitiatingProcessFileName"),
        ("CommandLine", "ProcessCommandLine"),
        ("ProccessCommandLne", "ProcessCommandLine"),
        ("LogonID", "LogonId"),
        ("sha-256", "SHA256"),
        ("InitiatingProcessPath", "InitiatingProcessFolderPath"),
    ],
)
def test_the_meant_column_comes_first(wrong: str, suggested: str) -> None:
    assert nearest(wrong, PROCESS_COLUMNS)[0] == suggested


def test_the_same_name_in_another_case_comes_before_one_that_shares_more_letters_case_for_case() -> None:
    assert nearest("FILENAME", ["FILENAMES", "fileName"]) == ["fileName", "FILENAMES"]


def test_equally_like_names_come_in_alphabetical_order() -> None:
    assert nearest("abcX", ["abcB", "abcA", "abcC", "ABCA"]) == ["ABCA", "abcA", "abcB"]


def test_nothing_is_suggested_for_a_name_like_none() -> None:
    assert nearest("xyzzy", PROCESS_COLUMNS) == []
    assert nearest("", PROCESS_COLUMNS) == []
    assert nearest("FileName", []) == []


@pytest.mark.parametrize(("limit", "found"), [(1, ["SHA1"]), (3, ["SHA1", "SHA256"]), (0, []), (-1, [])])
def test_at_most_limit_names(limit: int, found: list[str]) -> None:
    assert nearest("SHA12", ["SHA256", "SHA1", "MD5"], limit) == found


def test_names_are_compared_by_their_first_hundred_characters() -> None:
    long = "a" * 100
    assert nearest(long + "b" * 10_000_000, [long + "c" * 10_000_000]) == [long + "c" * 10_000_000]
    assert nearest("FileName" + "\x00" * 10_000_000, PROCESS_COLUMNS) == []


@given(st.lists(NAMES, max_size=8), NAMES, st.integers(0, 4), st.randoms())
def test_the_order_and_the_number_of_the_candidates_decide_nothing(candidates, name, limit, random) -> None:  # type: ignore[no-untyped-def]
    found = nearest(name, candidates, limit)
    shuffled = [*candidates, *candidates]
    random.shuffle(shuffled)
    assert nearest(name, shuffled, limit) == found
    assert set(found) <= set(candidates)
    assert len(found) == len(set(found)) <= limit


@given(NAMES, st.lists(NAMES, max_size=8, unique_by=str.lower))
def test_the_same_names_as_the_standard_library_finds_in_lower_case(name: str, candidates: list[str]) -> None:
    expected = get_close_matches(name.lower(), [candidate.lower() for candidate in candidates], 8, 0.6)
    assert sorted(candidate.lower() for candidate in nearest(name, candidates, 8)) == sorted(expected)
