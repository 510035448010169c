"""The rules against other ways to write the same command."""

from __future__ import annotations

from functools import cache

from .survival import PAGE, Attempt, attempts, pack, page

#: What no rule can undo by a text search: words that the shell puts together only when it runs them, blanks that aren't
#: spaces, and copies of programs whose version resource tells nothing.
MAY_SLIP = {"tabs", "carets", "backticks", "renamed"}


@cache
def tried() -> list[Attempt]:
    return attempts(pack())


def test_the_page_is_up_to_date() -> None:
    assert page(tried()) == PAGE.read_text("utf-8")


def test_the_plain_ways_slip_past_no_rule() -> None:
    slipped = [each for each in tried() if not each.found and not each.others]
    assert [
        (each.rule, each.technique.name, each.line) for each in slipped if each.technique.name not in MAY_SLIP
    ] == []
    assert len(slipped) < len(tried()) / 50
