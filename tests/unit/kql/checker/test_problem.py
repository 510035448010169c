"""Where a finding stands, and how it is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.errors import Diagnostic
from sigma_xdr.kql.checker.problem import Finding, KqlProblem, Span, placed

TEXT = "first\nsecond line\n\nlast"


def found(start: int, length: int) -> Finding:
    return Finding("a-code", "error", "a message", Span(start, length))


def test_each_finding_is_given_once_in_the_order_of_the_text() -> None:
    problems = placed(TEXT, [found(13, 4), found(0, 5), found(13, 4)])
    assert problems == [
        KqlProblem("a-code", "error", "a message", 0, 5, 1, 1, "first"),
        KqlProblem("a-code", "error", "a message", 13, 4, 2, 8, "second line"),
    ]


def test_findings_at_one_place_come_by_code_and_message() -> None:
    findings = [Finding(code, "error", message, Span(0, 1)) for code in "ba" for message in "dc"]
    assert [(problem.code, problem.message) for problem in placed("x", findings)] == [
        ("a", "c"),
        ("a", "d"),
        ("b", "c"),
        ("b", "d"),
    ]


@given(st.text(alphabet="ab\n\r", max_size=20), st.data())
def test_line_and_column_lead_back_to_the_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    [problem] = placed(text, [found(start, 0)])
    assert text[:start].count("\n") + 1 == problem.line
    assert start - (text[:start].rfind("\n") + 1) == problem.column - 1
    assert problem.text == text.split("\n")[problem.line - 1].removesuffix("\r")


def test_a_problem_is_drawn_like_any_other() -> None:
    [problem] = placed(TEXT, [Finding("a-code", "warning", "a message", Span(13, 4), "a hint")])
    assert problem.diagnostic("q.kql").render() == (
        "q.kql:2:8: warning[a-code]: a message\n   2 | second line\n     |        ^^^^\n      = a hint"
    )


def test_the_mark_ends_with_the_line_and_is_never_empty() -> None:
    long, nothing = placed(TEXT, [found(13, 9), found(21, 0)])
    assert long.diagnostic() == Diagnostic("a-code", "a message", None, "error", None, 2, 8, "second line", 4)
    assert nothing.diagnostic() == Diagnostic("a-code", "a message", None, "error", None, 4, 3, "last", 1)
