"""Kusto's escapes in strings, spelt out for an engine that doesn't know them."""

from __future__ import annotations

import pytest

from sigma_xdr.engine import KqlEngine
from sigma_xdr.engine.escapes import literal_problem, literal_value, spell_out


@pytest.mark.parametrize(
    ("kql", "spelt"),
    [
        (r'print "a\u200Bb"', 'print "a\u200bb"'),
        (r"print 'a\u200bb'", "print 'a\u200bb'"),
        (r'print @"a\u200Bb"', r'print @"a\u200Bb"'),
        (r"print @'a\u200Bb'", r"print @'a\u200Bb'"),
        (r'print "\\u200B"', r'print "\\u200B"'),
        (r'print "\"\u0041"', r'print "\"A"'),
        (r'print "\u0022 | \u005c \u000a"', r'print "\" | \\ \n"'),
        ('print "a" // "\\u0041"', 'print "a" // "\\u0041"'),
        ('// it\'s a "comment\nprint "\\u0041"', '// it\'s a "comment\nprint "A"'),
        (r'print @"C:\", "\u0041"', r'print @"C:\", "A"'),
        (r'print "\n\t\u00"', r'print "\n\t\u00"'),
        ("T | where A == 1", "T | where A == 1"),
        (r'print "\ud83d\ude00 \ud83d"', 'print "\U0001f600 \ufffd"'),
        ('print "\ud800" // \udfff', 'print "\ufffd" // \ufffd'),
    ],
)
def test_only_escapes_inside_strings_are_spelt_out(kql: str, spelt: str) -> None:
    assert spell_out(kql) == spelt


def test_the_engine_reads_them_as_kusto_does() -> None:
    [row] = KqlEngine({}).run(r'print a = "x\u200Bz", b = @"x\u200B", c = "\u0022\u005C\u000A\u0000", d = "\\u0041"')
    assert row == {"a": "x\u200bz", "b": r"x\u200B", "c": '"\\\n\x00', "d": r"\u0041"}


@pytest.mark.parametrize(
    ("literal", "value"),
    [(r'"a\"\\\n\u0041"', 'a"\\\nA'), (r"@'C:\x''y'", r"C:\x'y"), ('@"a""b"', 'a"b'), ('""', ""), (r"'\''", "'")],
)
def test_the_text_of_a_literal(literal: str, value: str) -> None:
    assert literal_value(literal) == value
    assert literal_problem(literal) is None
    assert KqlEngine({}).run(f"print a = {literal}") == [{"a": value}]


@pytest.mark.parametrize(
    ("literal", "problem"), [(r'"a\x41"', r"\x"), (r"'\101'", r"\1"), (r'"\u00"', r"\u"), ('h"a"', "h"), ("H'a'", "H")]
)
def test_a_literal_that_is_read_otherwise(literal: str, problem: str) -> None:
    assert literal_problem(literal) == problem
