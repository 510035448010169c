"""Modifiers against the truth: what base64 finds, what a dash stands for, and what has no meaning."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaDetectionItem
from sigma.types import SigmaCasedString, SigmaExpansion, SigmaFieldReference, SigmaRegularExpressionFlag, SigmaString

from .texts import RULE, load, told_of_item, values


def item(key: str, value: object) -> str:
    """An item as a line of YAML."""
    return yaml.safe_dump({key: value}, default_flow_style=True, allow_unicode=True, width=1_000_000).strip()[1:-1]


def escaped(text: str) -> str:
    """Text as a Sigma value that means it literally."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def plain(value: Any) -> str:
    """A value's text, wildcards and escapes left out."""
    return "".join(part for part in value.s if isinstance(part, str))


# ------------------------------------------------------------------------------------------------------------- encodings

VISIBLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=2, max_size=12)


@settings(deadline=None)
@given(VISIBLE)
def test_base64_encodes_the_text_itself(text: str) -> None:
    (value,) = values(item("A|base64", escaped(text)))
    assert value.s == [b64encode(text.encode()).decode()]


@settings(deadline=None)
@given(VISIBLE, st.binary(max_size=5), st.binary(max_size=5))
def test_base64offset_finds_the_text_wherever_it_stands(text: str, before: bytes, after: bytes) -> None:
    (expansion,) = values(item("A|base64offset|contains", escaped(text)))
    forms = [plain(form) for form in expansion.values]
    encoded = b64encode(before + text.encode() + after).decode()
    assert forms[len(before) % 3] in encoded
    assert all(forms)


@pytest.mark.parametrize(
    ("modifiers", "text", "data"),
    [
        ("base64", "a*b?", b"a*b?"),
        ("base64", "ü", "ü".encode()),
        ("wide|base64", "a*", b"a\0*\0"),
        ("utf16be|base64", "ab", b"\0a\0b"),
        ("utf16|base64", "ab", b"\xff\xfea\0b\0"),
    ],
)
def test_what_is_encoded(modifiers: str, text: str, data: bytes) -> None:
    (value,) = values(item(f"A|{modifiers}", escaped(text)))
    assert value.s == [b64encode(data).decode()]


def test_the_offsets_of_a_wide_text_with_a_byte_order_mark() -> None:
    (expansion,) = values("A|utf16|base64offset: ab")
    data = b"\xff\xfea\0b\0"
    encoded = [b64encode(b" " * offset + data).decode() for offset in range(3)]
    assert [plain(form) for form in expansion.values] == [encoded[0], encoded[1][2:-3], encoded[2][3:-2]]


# --------------------------------------------------------------------------------------------------------------- windash


@settings(deadline=None)
@given(st.lists(st.sampled_from([" -a", " /b", "c-d", "*", "?", "x"]), min_size=1, max_size=4).map("".join))
def test_windash_is_pysigmas_up_to_four_dashes(text: str) -> None:
    (ours,) = values(item("A|windash", text))
    (theirs,) = SigmaDetectionItem.from_mapping("A|windash", text).value
    assert [form.s for form in ours.values] == [form.s for form in theirs.values]  # type: ignore[attr-defined]


def test_windash_keeps_cased() -> None:
    (expansion,) = values("A|cased|windash|contains: ' -Enc'")
    assert [type(form) for form in expansion.values] == [SigmaCasedString] * 5
    assert [plain(form) for form in expansion.values] == [" -Enc", " /Enc", " –Enc", " —Enc", " ―Enc"]


def test_wide_and_base64_keep_cased() -> None:
    (value,) = values("A|cased|wide|base64: Ab")
    assert type(value) is SigmaCasedString


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "A|windash: ' -a -b -c -d -e'",
            "windash-expansion: 'windash' on 5 dashes stands for 5^5 values; the limit is 4 dashes"
            " | ' -a -b -c -d -e' | split the value into several, with 'all' if each has to be there",
        ),
        (
            f"A|windash: '{' -a' * 100_000}'",
            "windash-expansion: 'windash' on 100000 dashes stands for 5^100000 values; the limit is 4 dashes"
            f" | '{' -a' * 100_000}' | split the value into several, with 'all' if each has to be there",
        ),
        (
            f"A|expand|windash: '{'%_windash%' * 50}'",
            "windash-expansion: 'windash' on 50 dashes stands for 5^50 values; the limit is 4 dashes"
            f" | '{'%_windash%' * 50}' | split the value into several, with 'all' if each has to be there",
        ),
        (
            f"A|windash: ' -a -b -c -d {'x' * 10_000}'",
            "too-many-values: 'windash' expands the values to more than 50,000, or to too much text"
            f" | ' -a -b -c -d {'x' * 10_000}' | split the rule",
        ),
    ],
    ids=["five", "many", "placeholders", "long"],
)
def test_explosions_are_refused_before_they_happen(line: str, expected: str) -> None:
    assert told_of_item(line) == expected


def test_a_list_may_expand_to_50_000_values() -> None:
    few = "A|windash:\n" + "".join(f"          - ' -v{number}'\n" for number in range(10_000))
    assert sum(len(expansion.values) for expansion in values(few)) == 50_000
    _, (problem,) = load(RULE.format(item=few + "          - ' -one more'\n"))
    assert problem.message == "'windash' expands the values to more than 50,000, or to too much text"


# ---------------------------------------------------------------------------------------------------- regexes and the rest


def test_a_regex_with_flags() -> None:
    (value,) = values(r"A|re|i|s: '^a\.b[[a]$'")
    assert str(value.regexp) == r"^a\.b[[a]$"
    assert value.flags == {SigmaRegularExpressionFlag.IGNORECASE, SigmaRegularExpressionFlag.DOTALL}


def test_values_that_pysigma_modifies_right() -> None:
    assert values("A|contains|all: [a, 'b*']") == [SigmaString("*a*"), SigmaString("*b*")]
    assert values("A|fieldref|startswith: B") == [SigmaFieldReference("B", starts_with=True)]
    (expansion,) = values("A|windash|base64offset|contains: ' -ab'")
    assert all(isinstance(form, SigmaExpansion) for form in expansion.values)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Image|endswth: x", "unknown-modifier: there is no modifier 'endswth' | endswth | did you mean endswith?"),
        ("Image|Contains: x", "unknown-modifier: there is no modifier 'Contains' | Contains | did you mean contains?"),
        (
            "A|qqq: x",
            "unknown-modifier: there is no modifier 'qqq' | qqq | the Sigma specification lists the modifiers",
        ),
        ("A|gt: '5'", "modifier-type: 'gt' takes a number, not the text '5' | '5' | leave the quotes out: 5"),
        ("A|lte: abc", "modifier-type: 'lte' takes a number, not the text 'abc' | abc | None"),
        (
            "A|contains: [a, 5, null, true]",
            "modifier-type: 'contains' takes text, not the number 5 | 5 | quote it: '5'\n"
            "modifier-type: 'contains' takes text, not null | null | without a modifier, null stands for an empty field\n"
            "modifier-type: 'contains' takes text, not a boolean | true | quote it: 'true'",
        ),
        ("A|exists: 'yes'", "modifier-type: 'exists' takes true or false, not the text 'yes' | 'yes' | None"),
        ("A|hour: 1.5", "modifier-type: 'hour' takes a whole number, not 1.5 | 1.5 | None"),
        ("A|i: x", "modifier-type: 'i' is a flag of 're' and takes no plain value | x | write re|i"),
        (
            "A|cidr|contains: 10.0.0.0/8",
            "modifier-type: 'contains' takes text, not what the modifiers before it make | 10.0.0.0/8 | None",
        ),
        (
            "A|re: '(a'",
            "invalid-regex: the regular expression can't be read:"
            " missing ), unterminated subpattern at position 0 | '(a' | None",
        ),
        (
            "A|re: 'a{99999999999}'",
            "invalid-regex: the regular expression can't be read: the repetition number is too large"
            " | 'a{99999999999}' | None",
        ),
        (
            f"A|re: '{'(' * 5000}'",
            f"invalid-regex: the regular expression can't be read: it nests too deep | '{'(' * 5000}' | None",
        ),
        (
            f"A|re: '{'a|' * 10_000}'",
            f"invalid-regex: the regular expression is longer than 10,000 characters | '{'a|' * 10_000}' | split it",
        ),
        ("A|re: 5", "modifier-type: 're' takes text, not 5 | 5 | quote it: '5'"),
        ("A|re: [a, null]", "modifier-type: 're' takes text, not null | null | None"),
        (
            "A|cidr: 192.168.1.1/24",
            "invalid-cidr: '192.168.1.1/24' is no network | 192.168.1.1/24"
            " | did you mean 192.168.1.0/24? The bits after the prefix have to be 0",
        ),
        (
            "A|cidr: [10.0.0.0/8, ten]",
            "invalid-cidr: 'ten' is no network | ten | write a network such as 10.0.0.0/8 or fe80::/10",
        ),
        (
            "A|cidr: 'fe80::%\"|x/64'",
            "invalid-cidr: 'fe80::%\"|x/64' is no network | 'fe80::%\"|x/64'"
            " | did you mean fe80::/128? The bits after the prefix have to be 0",
        ),
        (
            "A|re|contains: a",
            "modifier-order: 'contains' has no meaning after 're' | contains"
            " | a regular expression is searched anywhere; anchor it with ^ and $",
        ),
        (
            "A|contains|re: a",
            "modifier-order: 're' has to be the first modifier | re | write it before 'contains', or leave that out",
        ),
        ("A|wide|wide: a", "modifier-order: 'wide' stands twice | wide | leave one out"),
        (
            "A|expand|base64: '%x%'",
            "modifier-order: 'base64' would encode the placeholder that 'expand' fills in later | base64 | None",
        ),
        (
            r"A|expand: '\%x%'",
            r"no-placeholder: 'expand' finds no placeholder in '%x%' | '\%x%'"
            r" | write %name%; a backslash before it, doubled or not, makes the % a plain one",
        ),
        ("A|cased|fieldref: B", "modifier-order: 'cased' is lost before 'fieldref' | fieldref | None"),
        (
            "A|base64: 'a*'",
            r"not-encodable: 'base64' can't encode wildcards | 'a*' | escape a * or ? that is meant: \* or \?",
        ),
        (
            "A|base64offset: a",
            "not-encodable: 'base64offset' of less than two bytes is in nearly every text | a"
            " | give it at least two characters",
        ),
        ("A|wide: ab é", "not-encodable: 'wide' takes ASCII alone, not 'ab é' | ab é | None"),
        (
            "A|fieldref: 'B*'",
            "modifier: 'fieldref' doesn't fit here: Field references must not contain wildcards | 'B*' | None",
        ),
    ],
)
def test_refused(line: str, expected: str) -> None:
    assert told_of_item(line) == expected
