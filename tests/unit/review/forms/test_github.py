from __future__ import annotations

import pytest

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.forms.github import github_annotations
from tests.unit.review.forms.test_markdown import HOSTILE

PROBLEM = Diagnostic("scan", "50 % of it", "ask: less", "warning", "sigma_rules/a,b:c.yml", 3, 5, "    x: y", 2)


def test_a_line_for_each_problem() -> None:
    other = Diagnostic("gone", "it is gone", severity="error", file="sigma_rules/b.yml")
    assert github_annotations([PROBLEM, other, Diagnostic("x", "said", severity="note")]) == (
        "::warning file=sigma_rules/a%2Cb%3Ac.yml,title=scan,line=3,col=5,endColumn=7::50 %25 of it (ask: less)\n"
        "::error file=sigma_rules/b.yml,title=gone::it is gone\n"
        "::notice title=x::said\n"
    )


def test_nothing() -> None:
    assert github_annotations([]) == ""


@pytest.mark.parametrize(
    "text", [*HOSTILE, "x\n::error::y", "%0A::error::y", "a::b,c=d", "x\r\n##[error]y", "\x85::x::"]
)
def test_no_text_leaves_its_command(text: str) -> None:
    said = github_annotations([Diagnostic(text, text, text, "error", text, 1, 1, text, 1)])
    assert said.count("\n") == 1
    assert len(said.splitlines()) == 1
    properties, _, message = said.removeprefix("::error ").partition("::")
    assert [part.partition("=")[0] for part in properties.split(",")] == ["file", "title", "line", "col", "endColumn"]
    assert "%0A" not in said
    assert message
