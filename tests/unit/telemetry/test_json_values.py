"""Two parsers, one result."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.telemetry.json_values import DECODER, NotJson, json_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # 1 and 1.0 are not the same


@given(VALUES, st.booleans())
def test_both_parsers_agree(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    try:
        fast = orjson.loads(text)
    except orjson.JSONDecodeError:
        assert "\\ud" in text or abs(float("inf")) in map(abs, numbers(DECODER.decode(text)))
    else:
        assert same(fast, DECODER.decode(text))


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return numbers(list(value.values()))
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    return [value] if isinstance(value, (int, float)) else []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775808", -(2**63)),
        (b"-9223372036854775809", -(2.0**63)),
        (b"1" * 400, math.inf),
        (b"1e999", math.inf),
        (b"NaN", math.nan),
        (b'"\\ud800"', "\ud800"),
        (b'"a\xffb"', "a\ufffdb"),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"\0\0[1]\0", [1]),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_what_one_parser_refuses_the_other_reads(text: bytes, value: Any) -> None:
    assert same(json_of(text), value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{broken", "the record is no JSON: Expecting property name enclosed in double quotes"),
        (b"", "the record is no JSON: Expecting value"),
        (b"1 2", "the record is no JSON: Extra data"),
        (b'"a\nb"', "the record is no JSON: Invalid control character at"),
        (b'{"a":' * 100_000, "the JSON nests too deep"),
    ],
)
def test_what_is_no_json(text: bytes, why: str) -> None:
    with pytest.raises(NotJson) as refusal:
        json_of(text)
    assert str(refusal.value) == why
