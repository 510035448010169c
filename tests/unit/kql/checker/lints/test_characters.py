"""Characters that a reader doesn't see, or takes for others."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


@pytest.mark.parametrize(
    ("char", "name", "escape"),
    [
        ("\u200b", "U+200B ZERO WIDTH SPACE", r"\u200b"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE", r"\u202e"),
        ("\u00a0", "U+00A0 NO-BREAK SPACE", r"\u00a0"),
        ("\u00ad", "U+00AD SOFT HYPHEN", r"\u00ad"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE", r"\ufeff"),
        ("\ufe0f", "U+FE0F VARIATION SELECTOR-16", r"\ufe0f"),
        ("\u3164", "U+3164 HANGUL FILLER", r"\u3164"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A", r"\udb40\udc41"),
        ("\x1b", "U+001B", r"\u001b"),
        ("\x00", "U+0000", r"\u0000"),
        ("\ud83d", "U+D83D", r"\ud83d"),
    ],
)
def test_what_cannot_be_seen_is_refused_in_strings_and_comments_too(char: str, name: str, escape: str) -> None:
    problem = (
        "invisible-character",
        "error",
        char,
        f"{name} can't be seen",
        f"delete it; in a string literal, write {escape}",
    )
    assert marked(f'DeviceEvents | where FileName == "a{char}b" // c{char}d') == [problem, problem]
    assert codes(f'DeviceEvents | where FileName == "a{escape}b"') == []


def test_a_run_of_one_character_is_one_problem() -> None:
    assert [problem[:4] for problem in marked("DeviceEvents // \u200b\u200b\u200b \u200b\u200d")] == [
        ("invisible-character", "error", "\u200b\u200b\u200b", "U+200B ZERO WIDTH SPACE can't be seen (3 times)"),
        ("invisible-character", "error", "\u200b", "U+200B ZERO WIDTH SPACE can't be seen"),
        ("invisible-character", "error", "\u200d", "U+200D ZERO WIDTH JOINER can't be seen"),
    ]


def test_a_million_of_them_are_enough_after_a_thousand() -> None:
    assert len(codes("DeviceEvents // " + "\u200b " * 100_000)) == 1_000


def test_typographic_quotes_are_no_quotes() -> None:
    found = [problem for problem in marked("DeviceEvents | where FileName == “a”") if not problem[0].startswith("KS")]
    assert found == [
        (
            "non-ascii-character",
            "error",
            "“",
            "U+201C LEFT DOUBLE QUOTATION MARK outside a string literal or comment",
            'write "',
        ),
        (
            "non-ascii-character",
            "error",
            "”",
            "U+201D RIGHT DOUBLE QUOTATION MARK outside a string literal or comment",
            'write "',
        ),
    ]


def test_a_letter_that_looks_like_another_is_refused_outside_strings() -> None:
    cyrillic = "DeviceEvents | where File\u041dame == 1"
    assert (
        "non-ascii-character",
        "error",
        "\u041d",
        "U+041D CYRILLIC CAPITAL LETTER EN outside a string literal or comment",
        None,
    ) in marked(cyrillic)


@pytest.mark.parametrize(
    "kql",
    [
        'DeviceEvents | where FileName == "é🎉" // Größe · “so”\n| count',
        "DeviceEvents // é",
        "DeviceEvents\n\t| where FileName == @'é' // x\n| where FolderPath == 'ﬁ' // é",
        "DeviceEvents | where FileName == ```é```",
    ],
)
def test_strings_and_comments_are_written_in_any_language(kql: str) -> None:
    assert codes(kql) == []


def test_carriage_returns_are_said_once() -> None:
    assert marked("DeviceEvents\r\n| count\r\n") == [
        (
            "carriage-return",
            "warning",
            "\r",
            "the lines end in a carriage return; Defender's API takes line feeds alone",
            None,
        )
    ]
