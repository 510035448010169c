"""Literals: any text survives the way through a KQL query, and none can leave its quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.engine import KqlEngine
from sigma_xdr.kql.characters import is_invisible
from sigma_xdr.kql.literals import comment, literal, string_literal

TEXTS = [
    ("wmic", '"wmic"'),
    ("", '""'),
    ("it's", '"it\'s"'),
    ('say "x"', r'"say \"x\""'),
    (r"C:\Windows", r'@"C:\Windows"'),
    ("C:\\", '@"C:\\"'),
    (r'"C:\x y"', r"""@'"C:\x y"'"""),
    (r""""C:\it's" """, r'''"\"C:\\it's\" "'''),
    ("a\nb\r\tc", r'"a\nb\r\tc"'),
    ("a\\\nb", r'"a\\\nb"'),
    ("\x00\x1f\x7f", r'"\u0000\u001F\u007F"'),
    ("in\u200bvisible", r'"in\u200Bvisible"'),
    ("\ufeff\u202e\u00a0\u00ad", r'"\uFEFF\u202E\u00A0\u00AD"'),
    ("–enc café 日本 😀", '"–enc café 日本 😀"'),
    ('" | union DeviceEvents //', r'"\" | union DeviceEvents //"'),
    ('\\" | union DeviceEvents //', r"""@'\" | union DeviceEvents //'"""),
    ("""\\' or 1==1 or '""", r'''@"\' or 1==1 or '"'''),
    (r"\u0041\n", r'@"\u0041\n"'),
    ("// no comment; let x = 1", '"// no comment; let x = 1"'),
]


@pytest.mark.parametrize(("text", "kql"), TEXTS)
def test_texts(text: str, kql: str) -> None:
    assert string_literal(text) == kql
    assert literal(text) == kql


@pytest.fixture(scope="module")
def engine() -> KqlEngine:
    return KqlEngine({})


def test_the_texts_come_back(engine: KqlEngine) -> None:
    columns = ", ".join(f"c{number} = {string_literal(text)}" for number, (text, _) in enumerate(TEXTS))
    [row] = engine.run(f"print {columns}")
    assert list(row.values()) == [text for text, _ in TEXTS]


WRITABLE = st.characters(exclude_categories=["Cs"]).filter(lambda char: not is_invisible(char) or ord(char) <= 0xFFFF)
HOSTILE = st.sampled_from(['"', "'", "\\", "\n", "|", "@", ";", "//", "\u200b", "\\u0041", '\\"', "h", "`", "\u2028"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(HOSTILE | WRITABLE, max_size=12).map("".join), min_size=1, max_size=8))
def test_any_text_comes_back(engine: KqlEngine, texts: list[str]) -> None:
    columns = ", ".join(f"c{number} = {string_literal(text)}" for number, text in enumerate(texts))
    [row] = engine.run(f"print {columns}")
    assert list(row.values()) == texts


@given(st.lists(HOSTILE | WRITABLE, max_size=12).map("".join))
def test_a_literal_is_one_visible_line(text: str) -> None:
    assert not any(map(is_invisible, string_literal(text)))


@given(st.lists(HOSTILE | WRITABLE, max_size=12).map("".join))
def test_a_literal_ends_where_its_quotes_do(text: str) -> None:
    """Read as Kusto's grammar reads strings: verbatim ends at the next quote, the other kind at one without a backslash."""
    strings = r'''@"[^"\n]*"|@'[^'\n]*'|"(?:[^"\\\n]|\\.)*"'''
    assert re.fullmatch(strings, string_literal(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\U000e0067", "U+E0067 can't be written in a KQL string"),
        ("\ud83d", "U+D83D can't be written in a KQL string"),
    ],
)
def test_what_has_no_escape_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        string_literal(text)


@pytest.mark.parametrize(
    ("value", "kql"),
    [(True, "true"), (False, "false"), (0, "0"), (-5, "-5"), (2**62, str(2**62)), (0.5, "0.5"), (1e-7, "1e-07")],
)
def test_other_values(value: bool | float, kql: str) -> None:
    assert literal(value) == kql


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("WMIC | high", "// WMIC | high"),
        ("a\nDeviceEvents", r"// a\nDeviceEvents"),
        ("é\u200b\u2028", r"// \xe9\u200b\u2028"),
        ("a\rb\\", "// a\\rb\\"),
        ("", "//"),
    ],
)
def test_a_comment_is_one_line_of_visible_ascii(text: str, line: str) -> None:
    assert comment(text) == line
