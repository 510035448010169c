"""Kusto's escapes in strings, spelt out for an engine that doesn't know them."""

from __future__ import annotations

import pytest

from sigma_xdr.engine import KqlEngine
from sigma_xdr.engine.escapes import spell_out


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
    ],
)
def test_only_escapes_inside_strings_are_spelt_out(kql: str, spelt: str) -> None:
    assert spell_out(kql) == spelt


def test_the_engine_reads_them_as_kusto_does() -> None:
    [row] = KqlEngine({}).run(r'print a = "x\u200Bz", b = @"x\u200B", c = "\u0022\u005C\u000A\u0000", d = "\\u0041"')
    assert row == {"a": "x\u200bz", "b": r"x\u200B", "c": '"\\\n\x00', "d": r"\u0041"}
