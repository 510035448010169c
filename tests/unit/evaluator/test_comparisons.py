"""What a value asks, on raw events and on rows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sigma_xdr.evaluator import Spelling, Whole
from sigma_xdr.evaluator.events import Found
from sigma_xdr.evaluator.modifiers import item_tests
from tests.unit.evaluator.asking import holds, on_row

LONG = "x" * 1_000_000
EMPTY = [None, Whole("(Empty)")]
USERS = [r"HKU\a", Spelling(r"HKEY_USERS\a", re.compile(r"^hkey_users\\"))]


@pytest.mark.parametrize(
    ("asked", "value", "raw", "row"),
    [
        # ---- text
        ({"F": "wmic"}, "WMIC", True, True),
        ({"F": "wmic"}, "wmic ", False, False),
        ({"F": "*"}, "x", True, True),
        ({"F": "*"}, "", True, False),
        ({"F": "*"}, None, False, False),
        ({"F": "?"}, "\n", True, True),
        ({"F": "a*c"}, "A\n\0C", True, True),
        ({"F|contains": ""}, "", True, False),
        ({"F|startswith": "ä"}, "Äx", True, True),
        ({"F|cased": "Wmic"}, "wmic", False, False),
        ({"F|cased|contains": "Wm"}, "xWmic", True, True),
        ({"F": "8*"}, 80, True, True),
        ({"F": "true"}, True, True, True),
        ({"F": "0x50"}, 80, True, True),
        ({"F": " 80 "}, 80, True, True),
        ({"F": "0x50"}, "80", False, False),
        ({"F": "0x50"}, True, False, False),
        ({"F": "b"}, ["a", ["B"]], True, True),
        ({"F": "b"}, {"b": "b"}, False, False),
        ({"F|endswith": "z"}, LONG, False, False),
        # ---- numbers
        ({"F": 80}, 80, True, True),
        ({"F": 80}, 80.0, True, True),
        ({"F": 80}, "80", True, True),
        ({"F": 80}, "0x50", True, False),
        ({"F": 80}, "0X0050", True, False),
        ({"F": 80}, "080", False, False),
        ({"F": 80}, "80.0", False, False),
        ({"F": 1}, True, False, False),
        ({"F": 1.5}, "1.5", True, True),
        ({"F": 2**63}, str(2**63), True, True),
        ({"F": 80}, None, False, False),
        ({"F": 80}, datetime(1980, 1, 1), False, False),
        # ---- booleans
        ({"F": True}, True, True, True),
        ({"F": True}, "TRUE", True, True),
        ({"F": False}, "False", True, True),
        ({"F": True}, 1, False, False),
        # ---- nothing
        ({"F": None}, None, True, True),
        ({"F": None}, "", False, True),
        ({"F": None}, "null", False, False),
        ({"F": None}, 0, False, False),
        ({"F": ""}, "", True, True),
        ({"F": ""}, None, False, True),
        ({"F": ""}, 0, False, False),
        ({"F|cased": ""}, "", True, True),
        ({"F|exists": True}, None, True, False),
        ({"F|exists": True}, "", True, False),
        ({"F|exists": True}, False, True, True),
        ({"F|exists": True}, {}, True, True),
        ({"F|exists": False}, "", False, True),
        # ---- nothing, and what Windows writes for it
        ({"F": None}, EMPTY, True, True),
        ({"F": "(empty)"}, EMPTY, True, True),
        ({"F|contains": "(Empty)"}, EMPTY, True, True),
        ({"F|contains": "Empty"}, EMPTY, False, False),
        ({"F": "*"}, EMPTY, False, False),
        ({"F|re": "Empty"}, EMPTY, False, False),
        ({"F|exists": True}, EMPTY, True, False),
        ({"F": r"HKEY_USERS\a"}, USERS, True, True),
        ({"F": r"*\a"}, USERS, True, True),
        ({"F|contains": "USERS"}, USERS, False, False),
        ({"F|startswith": "hkey_users\\"}, USERS, True, True),
        ({"F|startswith|cased": "hkey_users\\"}, USERS, False, False),
        ({"F|re": "USERS"}, USERS, False, False),
        # ---- limits
        ({"F|gt": 9}, 10, True, True),
        ({"F|gt": 9}, "10", True, True),
        ({"F|gt": 9}, "0x0A", True, False),
        ({"F|gte": 9.5}, "9.5", True, True),
        ({"F|lt": 9}, "ten", False, False),
        ({"F|lt": 9}, "", False, False),
        ({"F|lt": 9}, None, False, False),
        ({"F|lte": 9}, float("nan"), False, False),
        ({"F|lt": 9}, True, False, False),
        ({"F|lt": 9}, [20, 8], True, True),
        # ---- regular expressions
        ({"F|re": "m.c"}, "wmic", True, True),
        ({"F|re": "M.c"}, "wmic", False, False),
        ({"F|re|i": "M.c"}, "wmic", True, True),
        ({"F|re": "^a$"}, "a\n", False, False),
        ({"F|re|m": "^b$"}, "a\nb\nc", True, True),
        ({"F|re": "a.b"}, "a\nb", False, False),
        ({"F|re|s": "a.b"}, "a\nb", True, True),
        ({"F|re": "^$"}, "", True, False),
        ({"F|re": "^$"}, None, False, False),
        ({"F|re": "^8.$"}, 80, True, True),
        ({"F|re": "^a.b.$"}, "a\ud800b\0", True, True),
        ({"F|re": "(a+)+$"}, LONG, False, False),
        # ---- addresses
        ({"F|cidr": "10.0.0.0/8"}, "10.1.2.3", True, True),
        ({"F|cidr": "10.0.0.0/8"}, "11.1.2.3", False, False),
        ({"F|cidr": "10.0.0.0/8"}, "::ffff:10.1.2.3", False, False),
        ({"F|cidr": "::/0"}, "10.1.2.3", False, False),
        ({"F|cidr": "fe80::/10"}, "FE80::1", True, True),
        ({"F|cidr": "10.0.0.0/8"}, "10.1.2.3:80", False, False),
        ({"F|cidr": "0.0.0.0/0"}, 7, False, False),
        # ---- parts of a time
        ({"F|hour": 22}, datetime(2026, 3, 4, 22, 5), True, True),
        ({"F|hour": 20}, datetime(2026, 3, 4, 22, 5, tzinfo=timezone(timedelta(hours=2))), True, True),
        ({"F|minute": 30}, "2020-10-18 12:30:01.123", True, True),
        ({"F|year": 2020}, "2020-10-18T12:30:01.1234567Z", True, True),
        ({"F|month": 10}, "2020-10-18T12:30:01+02:00", True, True),
        ({"F|day": 18}, "2020-10-18T00:00:00Z", True, True),
        ({"F|week": 53}, datetime(2027, 1, 3, tzinfo=UTC), True, True),
        ({"F|week": [1, 2]}, "2027-01-04 00:00:00", True, True),
        ({"F|year": 2020}, "20201018", False, False),
        ({"F|year": 2020}, 20201018, False, False),
        ({"F|year": 1}, "0001-01-01T00:00:00+02:00", False, False),
        ({"F|hour": 0}, "2020-13-01 00:00:00", False, False),
    ],
)
def test_a_value_on_a_raw_event_and_on_a_row(asked: dict[str, Any], value: Any, raw: bool, row: bool) -> None:
    assert holds(asked, {"F": value}) is raw
    assert on_row(asked, {"F": value}) is row


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"F": None}, True),
        ({"F": ""}, False),
        ({"F": "*"}, False),
        ({"F|exists": True}, False),
        ({"F|exists": False}, True),
        ({"F|neq": "x"}, True),
        ({"F|lt": 1}, False),
        ({"F|fieldref": "G"}, False),
    ],
)
def test_a_missing_field(asked: dict[str, Any], expected: bool) -> None:
    assert holds(asked, {}) is expected


@pytest.mark.parametrize(
    ("modifiers", "one", "other", "expected"),
    [
        ("fieldref", "Ab", "aB", True),
        ("fieldref", "ab", "abc", False),
        ("fieldref", 80, "80", True),
        ("fieldref", 80, 80.0, True),
        ("fieldref", 80, "0x50", True),
        ("fieldref", "80", "0x50", False),
        ("fieldref", None, None, False),
        ("fieldref", "", "", True),
        ("fieldref", ["x", "y"], ["z", "Y"], True),
        ("fieldref|startswith", "abc", "AB", True),
        ("fieldref|startswith", "abc", "bc", False),
        ("fieldref|endswith", "abc", "BC", True),
        ("fieldref|contains", "abcd", "BC", True),
        ("fieldref|startswith|endswith", "abcd", "BC", True),
        ("fieldref|contains", "b", "abc", False),
        ("fieldref|neq", "a", "b", True),
    ],
)
def test_one_field_and_another(modifiers: str, one: Any, other: Any, expected: bool) -> None:
    assert holds({f"F|{modifiers}": "G"}, {"F": one, "G": other}) is expected


def test_on_a_row_two_fields_that_hold_nothing_are_not_alike() -> None:
    assert on_row({"F|fieldref": "G"}, {"F": "", "G": ""}) is False


def test_where_a_value_is_found() -> None:
    def place(key: str, value: Any, *held: Any) -> Any:
        return item_tests(key, [value], {}).tests[0].place(Found(held, one_nothing=False))

    assert place("F|contains", "CALL", "create", "process call") == ("process call", 8, 12)
    assert place("F|windash|contains", "-f", "x –f") == ("x –f", 2, 4)
    assert place("F|base64offset|contains", "foobar", "xZm9vYmFyx") == ("xZm9vYmFyx", 1, 9)
    assert place("F|re", "l+", "ä\ud800ll") == ("ä\ud800ll", 2, 4)
    assert place("F|endswith", "call", "process call") is None
    assert place("F|gt", 1, 2) is None
