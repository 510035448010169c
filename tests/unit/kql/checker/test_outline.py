"""What is read from the bound tree."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.kql.checker.outline import (
    Call,
    Comparison,
    Join,
    Operand,
    Outline,
    ScalarLiteral,
    _span_reader,
    read_outline,
)
from sigma_xdr.kql.checker.problem import Span
from sigma_xdr.kql.checker.service import LanguageService
from sigma_xdr.schema import xdr_schema


@pytest.fixture(scope="module")
def service() -> Iterator[LanguageService]:
    service = LanguageService(xdr_schema())
    yield service
    service.close()


@given(st.text(alphabet="aé🎉\n😀"), st.data())
def test_a_span_in_utf16_units_becomes_the_same_piece_of_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    def units(place: int) -> int:
        return len(text[:place].encode("utf-16-le")) // 2

    assert _span_reader(text)(units(start), units(end) - units(start)) == Span(start, end - start)


def test_a_place_within_a_character_is_the_characters() -> None:
    assert _span_reader("🎉🎉")(1, 2) == Span(0, 1)


def test_comparisons_know_their_types_constants_and_columns(service: LanguageService) -> None:
    kql = """let Names = dynamic(["a"]);
DeviceEvents
| where FileName in (Names) and ProcessId between (1 .. 2)
| extend Late = Timestamp > ago(1d)"""
    comparisons = read_outline(kql, service.outline(kql)).comparisons
    assert sorted(comparisons, key=lambda comparison: comparison.span) == [
        Comparison(
            "in",
            Span(58, 2),
            "where",
            (Operand("string", None, (), Span(49, 8)), Operand("dynamic", '["a"]', (), Span(62, 5))),
        ),
        Comparison(
            "between",
            Span(83, 7),
            "where",
            (
                Operand("long", None, (), Span(73, 9)),
                Operand("long", None, (), Span(92, 1)),
                Operand("long", None, (), Span(97, 1)),
            ),
        ),
        Comparison(
            ">",
            Span(126, 1),
            "",
            (Operand("datetime", None, ("Timestamp",), Span(116, 9)), Operand("datetime", None, (), Span(128, 7))),
        ),
    ]


def test_calls_joins_and_literals(service: LanguageService) -> None:
    kql = 'DeviceEvents | join kind=inner (DeviceInfo) on DeviceId | where extract("a" "b", 1, FileName) == "😀" // 🎉'
    outline = read_outline(kql, service.outline(kql))
    assert outline == Outline(
        text=kql,
        command=False,
        queries=(Span(0, 100),),
        comparisons=(
            Comparison(
                "==",
                Span(94, 2),
                "where",
                (Operand("string", None, (), Span(64, 29)), Operand("string", "😀", (), Span(97, 3))),
            ),
            Comparison("on", Span(47, 8), "join", (Operand("string", None, (), Span(47, 8)),)),
        ),
        calls=(
            Call(
                "extract",
                Span(64, 7),
                (
                    Operand("string", "ab", (), Span(72, 7)),
                    Operand("long", None, (), Span(81, 1)),
                    Operand("string", None, (), Span(84, 8)),
                ),
            ),
        ),
        joins=(Join("inner", Span(15, 4)),),
        literals=(ScalarLiteral("long", "1", "1", Span(81, 1)),),
        compound_strings=(Span(72, 7),),
        regex_parsers=(),
        prose=(Span(72, 3), Span(76, 3), Span(97, 3), Span(101, 4)),
        findings=(),
        columns=outline.columns,
    )


def test_of_a_control_command_nothing_else_is_known(service: LanguageService) -> None:
    nothing = json.loads(service.outline(".drop table DeviceEvents"))
    assert nothing.pop("command") is True
    assert not any(nothing.values())
