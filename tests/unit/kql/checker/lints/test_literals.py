"""Literals that the parser reads as zero."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


@pytest.mark.parametrize(
    ("literal", "type_"),
    [
        ("99999999999999999999", "long"),
        ("9223372036854775808", "long"),
        ("0x8000000000000000", "long"),
        ("long(abc)", "long"),
        ("int(2147483648)", "int"),
        ("datetime(foo)", "datetime"),
        ("datetime(2024-13-45)", "datetime"),
        ("timespan(foo)", "timespan"),
        ("bool(x)", "bool"),
        ("real(abc)", "real"),
        ("decimal(x)", "decimal"),
        ("guid(xyz)", "guid"),
    ],
)
def test_a_literal_that_the_parser_makes_a_zero_of_is_refused(literal: str, type_: str) -> None:
    assert marked(f"print {literal}") == [
        ("bad-literal", "error", literal, f"{literal} is no {type_} that Kusto can read", None)
    ]


@pytest.mark.parametrize(
    "literal",
    [
        "9223372036854775807",
        "-9223372036854775807",
        "0x3e7",
        "0",
        "long(-5)",
        "long(null)",
        "int(2147483647)",
        "datetime(2024-01-02T03:04:05.1234567Z)",
        "datetime(2024-01-02 03:04)",
        "datetime(0001-01-01)",
        "datetime(null)",
        "1d",
        "0s",
        "1.5h",
        "time(1.02:03:04)",
        "timespan(2 seconds)",
        "true",
        "bool(1)",
        "0.0",
        "1.5e10",
        "real(nan)",
        "real(-inf)",
        "decimal(0.0)",
        "guid(00000000-0000-0000-0000-000000000000)",
        "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
        "dynamic([1, 0])",
    ],
)
def test_a_literal_that_kusto_reads_is_let_pass(literal: str) -> None:
    assert codes(f"print {literal}") == []
