"""What is refused and why, against the engines themselves: Rust's regex crate, RE2 and Python's re."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import re2
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaError, SchemaValidator

from sigma_xdr.kql.regex import RegexProblem, check_kusto_regex, escape_regex

CORPUS = Path(os.environ.get("SIGMA_XDR_CORPUS", Path(__file__).parents[4] / "shared" / "corpus")) / "sigmahq"

Search = Callable[[str], bool]

QUIET = re2.Options()
QUIET.log_errors = False


def rust(pattern: str) -> Search | None:
    """Whether Rust's engine finds the pattern in a text; None where it doesn't compile."""
    try:
        return SchemaValidator({"type": "str", "pattern": pattern}).isinstance_python
    except SchemaError:
        return None


def google(pattern: str) -> Search | None:
    """The same for RE2."""
    try:
        compiled = re2.compile(pattern, QUIET)
    except re2.error:
        return None
    return lambda text: compiled.search(text) is not None


def python(pattern: str) -> Search | None:
    """The same for Python's re."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "possible nested set"
        try:
            compiled = re.compile(pattern)
        except re.error:
            return None
    return lambda text: compiled.search(text) is not None


# ------------------------------------------------------------------------------------------------------------- refusals

REFUSED = [
    (
        "(?=a)b",
        0,
        "look-around, '(?=', isn't known to Kusto",
        "say it with a second condition of the rule, such as a filter",
    ),
    (
        "a(?!b)",
        1,
        "look-around, '(?!', isn't known to Kusto",
        "say it with a second condition of the rule, such as a filter",
    ),
    (
        "(?<=a)b",
        0,
        "look-around, '(?<=', isn't known to Kusto",
        "say it with a second condition of the rule, such as a filter",
    ),
    (
        "(?<!a)b",
        0,
        "look-around, '(?<!', isn't known to Kusto",
        "say it with a second condition of the rule, such as a filter",
    ),
    (r"(a)\1", 3, r"'\1' is a back-reference or an octal escape; Kusto knows neither", r"write a character as \xNN"),
    (r"\012", 0, r"'\012' is a back-reference or an octal escape; Kusto knows neither", r"write a character as \xNN"),
    (r"[\012]", 1, r"the octal escape '\012' isn't known to Kusto", r"write \xNN"),
    ("(?P<n>a)(?P=n)", 8, "'(?P=' refers back to a group, which Kusto can't", None),
    (r"(?P<n>a)\k<n>", 8, r"'\k' refers back to a group, which Kusto can't", None),
    ("(?>a)", 0, "an atomic group, '(?>', isn't known to Kusto", "write (?:"),
    ("a++", 1, "possessive repetition, '++', isn't known to RE2", "leave the second + out"),
    ("a?+", 1, "possessive repetition, '?+', isn't known to RE2", "leave the second + out"),
    ("a{1,2}+", 1, "possessive repetition, '{1,2}+', isn't known to RE2", "leave the second + out"),
    ("(?#note)a", 0, "a comment, '(?#', isn't known to Kusto", "leave it out"),
    ("(a)?(?(1)b|c)", 4, "a conditional, '(?(', isn't known to Kusto", None),
    ("(?R)", 0, "recursion, '(?R)', isn't known to Kusto", None),
    ("(?'n'a)", 0, "a group named in quotes isn't known to Kusto", "write (?P<name>…)"),
    ("(?x)a b", 0, "Kusto and RE2 share only the flags i, m and s; this has '(?x)'", "leave the others out"),
    ("(?iu:a)", 0, "Kusto and RE2 share only the flags i, m and s; this has '(?iu:'", "leave the others out"),
    (r"\Qa.b\E", 0, r"quoting with \Q and \E isn't known to Kusto", "put a backslash before each metacharacter"),
    (r"\C", 0, r"'\C', a single byte, isn't known to Kusto", None),
    (r"a\Z", 1, r"'\Z' isn't known to Kusto", "write $"),
    (r"\<script", 0, r"'\<' is the edge of a word in Kusto and a plain character elsewhere", "leave the backslash out"),
    (r"[\>]", 1, r"'\>' is the edge of a word in Kusto and a plain character elsewhere", "leave the backslash out"),
    (r"\b{start}a", 0, r"'\b{' begins a special boundary in Kusto", r"escape the brace: \b\{"),
    (r"\u0041", 0, r"'\u' isn't known to RE2", r"write the character itself, or \xNN up to \xff"),
    (r"\N{DOLLAR SIGN}", 0, r"'\N' isn't known to RE2", r"write the character itself, or \xNN up to \xff"),
    (r"\e", 0, r"the escape '\e' has no meaning", "leave the backslash out"),
    (r"\é", 0, r"'\é' needs no backslash, and Kusto refuses it", "leave the backslash out"),
    (r"\pC", 0, r"'\pC' holds unassigned characters in Kusto, none in RE2", r"name its parts: \p{Cc}, \p{Cf}"),
    ("[a[b]]", 2, "a '[' inside a class begins a nested class in Kusto", r"escape it: \["),
    ("[a-z&&b]", 4, "'&&' inside a class is an operation on sets in Kusto", "escape the second character"),
    ("[+--]", 2, "'--' inside a class is an operation on sets in Kusto", "escape the second character"),
    ("[a~~b]", 2, "'~~' inside a class is an operation on sets in Kusto", "escape the second character"),
    ("[]-a]", 0, "a class that begins with the range '[]-' is read in two ways", r"escape the bracket: \]"),
    (r"[\b]", 1, r"'\b' inside a class isn't known to Kusto", r"write \x08 for a backspace"),
    ("a{,3}", 1, "'{,3}' isn't known to Kusto", "write the least count too: {0,…}"),
    ("a{01}", 1, "this '{' begins no count as Kusto writes it", r"write {n}, {n,} or {n,m}, or escape it: \{"),
    ("a{1, 2}", 1, "this '{' begins no count as Kusto writes it", r"write {n}, {n,} or {n,m}, or escape it: \{"),
    ("{guid}", 0, "this '{' begins no count as Kusto writes it", r"write {n}, {n,} or {n,m}, or escape it: \{"),
    ("a\tb", 1, "the pattern holds an invisible character, U+0009", r"write it as \t"),
    ("a\xa0b", 1, "the pattern holds an invisible character, U+00A0", r"write it as \xa0"),
    ("a\ud800", 1, "the pattern holds half a character (a lone surrogate)", None),
    ("ab(c", 2, "Kusto's regex engine refuses it: unclosed group", None),
    ("[z-a]", 1, "Kusto's regex engine refuses it: invalid character class range, the start must be <= the end", None),
    (
        "a{1001}",
        None,
        "RE2, which runs the query locally, refuses it: invalid repetition size: {1001}",
        "repeat at most 1,000 times, nested repetitions multiplied",
    ),
    (
        "(?:a{100}){11}",
        None,
        "RE2, which runs the query locally, refuses it: invalid repetition size: {11}",
        "repeat at most 1,000 times, nested repetitions multiplied",
    ),
    (
        "(?:[a-z]{1000}x){1000}{1000}",
        None,
        "Kusto's regex engine refuses it: Compiled regex exceeds size limit of 10485760 bytes",
        None,
    ),
    ("a**", None, "RE2, which runs the query locally, refuses it: bad repetition operator: **", None),
    ("(a)" * 17, None, "the pattern has 17 capture groups, Kusto takes 16", "write (?: for groups that only group"),
]


@pytest.mark.parametrize(("pattern", "offset", "message", "hint"), REFUSED, ids=[ascii(row[0])[:30] for row in REFUSED])
def test_refused(pattern: str, offset: int | None, message: str, hint: str | None) -> None:
    with pytest.raises(RegexProblem) as raised:
        check_kusto_regex(pattern)
    assert (raised.value.message, raised.value.offset, raised.value.hint) == (message, offset, hint)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\<", "a"),
        (r"\<", "<"),
        (r"\b{start}", "start"),
        ("[a[b]]", "a"),
        ("[a-z&&b]", "a"),
        ("[+--]", "-"),
        ("[a~~b]", "~"),
        ("[]-a]", "^"),
        ("a{01}", "a"),
        ("a{1, 2}", "a"),
        (r"\pC", "\u0378"),
    ],
)
def test_refused_because_the_engines_differ(pattern: str, text: str) -> None:
    kusto, local = rust(pattern), google(pattern)
    assert kusto is not None
    assert local is not None
    assert kusto(text) != local(text)
    with pytest.raises(RegexProblem):
        check_kusto_regex(pattern)


# ------------------------------------------------------------------------------------------------------------ agreement


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a|",
        "()",
        r"^C:\\Windows\\(?:System32|SysWOW64)\\wbem\\wmic\.exe$",
        r"(?i)powershell.{0,40}\s-e(?:nc)?\s+[A-Za-z0-9+/=]{20,}",
        r"(?is)a.b",
        r"x(?i:y)(?-i:z)",
        r"[]a]",
        r"[^]a]",
        r"[a\-\]\[&~-]",
        r"a\{3\}",
        "}]",
        r"\/\"\%\ \_\-\&\~\#\'\@\`\!",
        r"\A\d\D\w\W\s\S\b\B\z",
        r"\a\f\n\r\t\v\x41",
        r"[[:alpha:]][[:^digit:]]",
        r"\p{Greek}\PL[\p{Lu}\x{202e}]",
        r"(?P<drive>[A-Z]):",
        "[-/–][Ee^]{1,2}",
        "\u202e",
        "(a)" * 16,
        "a{1000}",
    ],
)
def test_accepted(pattern: str) -> None:
    check_kusto_regex(pattern)


#: Pieces that are likely to mean something together. No ``\v``: it is a blank to Kusto's ``\s`` alone.
PIECES = [
    *r"aAbBkK1_ -[]^\(){}|*+?.$,:<>&~=!\"'/#%@;",
    *("(?:", "(?i)", "(?s)", "(?m)", "(?i:", "(?P<n>", "(?", "[^", "[]", "[^]", "[-", "-]", "a-c", "&&", "--", "~~"),
    *("[:alpha:]", "[[:^digit:]]", "{2}", "{1,}", "{0,2}", "{,2}", "{ 1}", "{01}", r"\{", r"\}", r"\[", r"\]", r"\-"),
    *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", r"\A", r"\z", r"\n", r"\t", r"\x41", r"\\", r"\.", r"\^"),
    *(r"\_", r"\'", r"\&", r"\<", r"\é", r"\p{L}", "é", "ſ", "\u2028"),
]
TEXTS = st.text(st.sampled_from([*"abcABkK1_-[]^\\(){}|*+?.$,:<>&~=!\"'/#%@; \t\n"]), max_size=8)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join), st.lists(TEXTS, min_size=1, max_size=20)
)
def test_what_is_accepted_reads_alike(pattern: str, texts: list[str]) -> None:
    try:
        check_kusto_regex(pattern)
    except RegexProblem:
        return
    kusto, local, sigma = rust(pattern), google(pattern), python(pattern)
    assert kusto is not None
    assert local is not None
    for text in texts:
        assert kusto(text) == local(text)
        # Python reads a POSIX class as a set of its letters, ends before a last newline, and knows no \B in an empty text.
        alike = (
            "[:" not in pattern and not ("$" in pattern and text.endswith("\n")) and not (r"\B" in pattern and not text)
        )
        if sigma is not None and alike:
            assert sigma(text) == kusto(text)


VISIBLE_OR_NOT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None)
@given(VISIBLE_OR_NOT, VISIBLE_OR_NOT)
def test_an_escaped_text_finds_itself_alone(text: str, other: str) -> None:
    pattern = f"^(?:{escape_regex(text)})$"
    check_kusto_regex(pattern)
    for engine in (rust(pattern), google(pattern)):
        assert engine is not None
        assert engine(text)
        assert engine(other) == (other == text)
    assert re.fullmatch(escape_regex(text), text)


def test_escaped_text() -> None:
    assert escape_regex("C:\\a.b (x)\t{1}\n\x00\x7f\xa0é\u202e-&#~ ") == (
        r"C:\\a\.b \(x\)\t\{1\}\n\x00\x7f\xa0é" + "\u202e-&#~ "
    )


# --------------------------------------------------------------------------------------------------------------- corpus


def corpus_patterns() -> list[str]:
    """Every value under a ``|re`` key of SigmaHQ's Windows rules."""
    patterns: list[str] = []

    def collect(node: object) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if "re" in str(key).split("|")[1:]:
                    patterns.extend(value if isinstance(value, list) else [value])
                collect(value)
        elif isinstance(node, list):
            for item in node:
                collect(item)

    for file in sorted(CORPUS.rglob("*.yml")):
        collect(yaml.load(file.read_bytes(), yaml.CSafeLoader)["detection"])
    return patterns


@pytest.mark.skipif(not CORPUS.is_dir(), reason="SigmaHQ's rules aren't here; SIGMA_XDR_CORPUS names their folder")
def test_every_pattern_of_sigmahq_is_accepted() -> None:
    patterns = corpus_patterns()
    assert len(patterns) > 100
    for pattern in patterns:
        check_kusto_regex(pattern)
