from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.forms.markdown import LIMIT, MARKER, code, fenced, in_html, in_prose, markdown
from sigma_xdr.review.verdict import Remark
from tests.unit.review.forms.made import many, near_miss, review_of
from tests.unit.review.packs import rule

A = "sigma_rules/impact/a.yml"
#: What an author of a rule may try.
HOSTILE = (
    "@someone",
    "fixes #1",
    "GH-12",
    "https://evil.example/x",
    "www.evil.example",
    "![x](https://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "</details></summary><script>alert(1)</script>",
    "<!-- -->",
    "&lt;b&gt; &#60;",
    "| a | b |",
    "`code` ``` ~~~ ````",
    "**bold** _it_ ~~gone~~ $x^2$",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "a\nb\r\nc",
    "::error::x",
    "##[error]x",
    "# heading",
    "\\",
    "@org/team",
    "a@b.example",
)
#: GitHub's own: what it looks for in finished text, outside of code.
_FOUND = re.compile(r"@\w|#\d|\bGH-\d|://|www\.", re.IGNORECASE)


def rendered(text: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_is_text_and_nothing_else(text: str) -> None:
    tokens = rendered(f"- {in_prose(text)}")
    assert {token.type for token in inline(tokens)} <= {"text", "text_special"}
    assert not _FOUND.search("".join(token.content for token in inline(tokens)))


@given(st.text())
def test_any_prose_is_text_and_nothing_else(text: str) -> None:
    tokens = inline(rendered(f"x {in_prose(text)} x"))
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "\n" not in in_prose(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_a_cell(text: str) -> None:
    tokens = rendered(f"| a | b |\n|---|---|\n| {in_prose(text)} | {code(text)} |")
    assert [token.type for token in tokens].count("td_open") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_html_is_text_and_nothing_else(text: str) -> None:
    shown = in_html(text)
    assert not re.search(r"[<>]", shown)
    assert not _FOUND.search(shown)


@given(st.text())
def test_a_code_block_ends_where_it_should(text: str) -> None:
    tokens = rendered(f"{fenced(text)}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(st.text(alphabet="`| a\\", min_size=1))
def test_code_in_a_line_ends_where_it_should(text: str) -> None:
    assert [token.type for token in inline(rendered(f"x {code(text)} y"))].count("code_inline") == 1


def test_what_is_cut_from_a_block_is_counted() -> None:
    lines = fenced("\n".join(map(str, range(500)))).splitlines()
    assert (len(lines), lines[-2]) == (123, "… 380 more lines")
    assert fenced("x" * 600).splitlines()[1] == "x" * 500 + "… 100 more characters"


def test_no_rule_changes(tmp_path: Path) -> None:
    page = markdown(review_of(tmp_path, {A: rule()}, {A: rule()}))
    assert page == f"{MARKER}\n### Detection review: 0 rules changed, none needs your eye\n\n\nmain → change\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_with_hostile_text_has_no_markup_but_its_own(tmp_path: Path, text: str) -> None:
    remark = Remark("x", "red", text)
    problem = Diagnostic("x", text, text, file=text, line=1, column=1, text=text)
    found = review_of(
        tmp_path, {A: rule()}, {A: rule(value=".exe")}, (near_miss(text),), (remark,), (problem,), (text,)
    )
    tokens = rendered(markdown(found))
    html = [token.content for token in (*tokens, *inline(tokens)) if token.type.startswith("html")]
    tags = {tag for each in html for tag in re.findall(r"<!?[/\w-]+", each)}
    assert tags <= {"<details", "<summary", "</summary", "</details", "<b", "</b", "<!--"}
    kinds = {token.type for token in inline(tokens)}
    assert kinds <= {"text", "text_special", "em_open", "em_close", "code_inline", "softbreak"}
    assert sum(each.count("<details") for each in html) == sum(each.count("</details") for each in html) == 4


@pytest.mark.parametrize("text", ["x" * 20_000, "🔴" * 3_000, "`" * 5_000, "a b\n" * 4_000])
def test_a_page_fits_a_comment_and_says_what_is_cut(tmp_path: Path, text: str) -> None:
    problem = Diagnostic("x", text, text, file="f", line=1, column=1, text=text)
    found = review_of(
        tmp_path,
        {A: rule()},
        {A: rule(value=".exe")},
        (near_miss(text),) * 40,
        (Remark("x", "red", text),) * 400,
        (problem,) * 400,
        (text,) * 400,
    )
    page = markdown(found)
    assert len(page.encode()) <= LIMIT
    last = page.splitlines()[-1]
    assert last.startswith("**Cut to fit a comment:** ")
    assert last.endswith(" All of it: `sigma-xdr review --format terminal`")
    assert "390 more notes" in page


def test_many_rules_keep_their_rows_and_lose_their_diffs_first(tmp_path: Path) -> None:
    found = many(tmp_path, 60, "y" * 600)
    page = markdown(found)
    assert len(page.encode()) <= LIMIT
    assert page.count("\n| 🔴 | Rule ") + int(re.search(r"(\d+) rows? of the table|$", page)[1] or 0) == 60
    assert re.search(r"\*\*Cut to fit a comment:\*\* .*all details of \d+ rules?\.", page)
