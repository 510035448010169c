from __future__ import annotations

import io
from pathlib import Path

import pytest

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.forms.terminal import show
from sigma_xdr.review.reviewing import Review
from sigma_xdr.review.verdict import Remark
from tests.unit.review.forms.made import near_miss, review_of
from tests.unit.review.forms.test_markdown import HOSTILE
from tests.unit.review.packs import rule

A = "sigma_rules/impact/a.yml"


def shown(review: Review, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    show(review, stream)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_a_review(tmp_path: Path) -> None:
    found = review_of(
        tmp_path,
        {A: rule()},
        {A: rule(value=".exe")},
        (near_miss(),),
        (Remark("x", "yellow", "said"),),
        notes=("a note",),
    )
    lines = [line.rstrip() for line in shown(found).splitlines()]
    assert lines[:20] == [
        "Detection review: 1 rule changed, 1 needs your eye",
        "yellow  the pack  said",
        "red     A         1 near miss of its tests matches that didn't: case 'x'; no true positive is gained",
        "main → change; tried on up to 1 row of the tests of both sides",
        "a note",
        "",
        f"A  {A}",
        "  red: 1 near miss of its tests matches that didn't: case 'x'; no true positive is gained",
        "  matches now and didn't:",
        "    case 'x' of impact/x (a near miss)",
        "      an event x",
        "      after: ✓ x",
        "  tests:",
        "    3 cases before, 3 now",
        "    mutation: 5 of 5 mutants noticed",
        "    --- Sigma before",
        "    +++ Sigma after",
        "    @@ -5,6 +5,6 @@",
        "         product: windows",
        "     detection:",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_drives_the_terminal(tmp_path: Path, text: str) -> None:
    problem = Diagnostic("x", text, text, file=text, line=1, column=1, text=text)
    remark = Remark("x", "red", text)
    found = review_of(
        tmp_path, {A: rule()}, {A: rule(value=".exe")}, (near_miss(text),), (remark,), (problem,), (text,)
    )
    said = shown(found)
    assert not {"\x1b", "\u202e", "\r"} & set(said)
    assert not any(line.strip().startswith("::") or "##[" in line for line in said.splitlines())


def test_a_stream_that_has_few_characters(tmp_path: Path) -> None:
    found = review_of(tmp_path, {A: rule()}, {A: rule(value=".exe")}, (near_miss("é"),))
    assert "case '\\xe9' of impact/\\xe9" in shown(found, "ascii")
