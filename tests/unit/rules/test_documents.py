"""Hostile and wrong YAML: what is read, what is refused and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules.documents import MAX_BYTES, read_documents, source_file


def read(text: str | bytes) -> tuple[list[Any], list[Diagnostic]]:
    data = text.encode() if isinstance(text, str) else text
    documents, problems = read_documents(source_file(Path("rule.yml"), data))
    return [document for _, document in documents], problems


def told(text: str | bytes) -> str:
    documents, problems = read(text)
    assert documents == []
    return "\n".join(problem.render() for problem in problems)


# ------------------------------------------------------------------------------------------------------------ plain data


def test_plain_types() -> None:
    text = """\
text: C:\\Windows\\*
quoted: '5'
number: 5
negative: -5
hex: 0x3e7
float: 10.0
boolean: true
Boolean: False
nothing: null
tilde: ~
empty:
date: 2024-01-31
slash: 2024/01/31
equals: =
list: [a, 1]
tagged: !!str 5
"""
    assert read(text) == (
        [
            {
                "text": "C:\\Windows\\*",
                "quoted": "5",
                "number": 5,
                "negative": -5,
                "hex": 999,
                "float": 10.0,
                "boolean": True,
                "Boolean": False,
                "nothing": None,
                "tilde": None,
                "empty": None,
                "date": "2024-01-31",
                "slash": "2024/01/31",
                "equals": "=",
                "list": ["a", 1],
                "tagged": "5",
            }
        ],
        [],
    )


def test_documents_of_a_file_with_windows_line_ends_and_a_byte_order_mark() -> None:
    assert read("\ufeff---\r\na: 1\r\n---\r\nb: 2\r\n---\r\n") == ([{"a": 1}, {"b": 2}], [])


def test_small_aliases_are_written_out() -> None:
    assert read("a: &names [x, y]\nb: *names\n") == ([{"a": ["x", "y"], "b": ["x", "y"]}], [])


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["C", "Z"])), st.integers(-(2**70), 2**70), st.booleans(), st.none()
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("abc", min_size=1),
        st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("xyz"), inner), max_leaves=8),
        min_size=1,
    )
)
def test_what_pyyaml_writes_is_read_back(document: dict[str, Any]) -> None:
    assert read(yaml.safe_dump(document, allow_unicode=True)) == ([document], [])


# -------------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "rule.yml:3:1: error[duplicate-key]: the key 'a' stands twice, first in line 1\n"
            "   3 | a: 3\n"
            "     | ^\n"
            "      = YAML would drop the first: merge the two",
        ),
        (
            "detection:\n  s:\n    A: 1\n    A: 2\n",
            "rule.yml:4:5: error[duplicate-key]: the key 'A' stands twice, first in line 3\n"
            "   4 |     A: 2\n"
            "     |     ^\n"
            "      = YAML would drop the first: merge the two",
        ),
        (
            'a: !!python/object/apply:os.system ["id"]\n',
            "rule.yml:1:4: error[forbidden-tag]: the tag '!!python/object/apply:os.system' isn't allowed in a rule\n"
            '   1 | a: !!python/object/apply:os.system ["id"]\n'
            "     |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "      = leave the tag out; a value that begins with '!' needs quotes",
        ),
        (
            "a: !!binary aGVsbG8=\n",
            "rule.yml:1:4: error[forbidden-tag]: the tag '!!binary' isn't allowed in a rule\n"
            "   1 | a: !!binary aGVsbG8=\n"
            "     |    ^^^^^^^^^^^^^^^^^\n"
            "      = leave the tag out; a value that begins with '!' needs quotes",
        ),
        (
            "a: &x {k: 1}\nb: {<<: *x}\n",
            "rule.yml:2:5: error[merge-key]: '<<' merges another mapping into this one\n"
            "   2 | b: {<<: *x}\n"
            "     |     ^^\n"
            "      = write the keys out: not every reader of Sigma rules knows merge keys",
        ),
        (
            "? [a]\n: 1\n",
            "rule.yml:1:3: error[complex-key]: a key has to be a single value\n"
            "   1 | ? [a]\n"
            "     |   ^^^\n"
            "      = quote it",
        ),
        (
            "a: yes\n",
            "rule.yml:1:4: error[ambiguous-scalar]: 'yes' is a boolean to some YAML readers and text to others\n"
            "   1 | a: yes\n"
            "     |    ^^^\n"
            "      = quote it if it is text: 'yes'",
        ),
        (
            "a: 12:30\n",
            "rule.yml:1:4: error[ambiguous-scalar]: '12:30' is not the same number to all YAML readers\n"
            "   1 | a: 12:30\n"
            "     |    ^^^^^\n"
            "      = quote it if it is text: '12:30'",
        ),
        (
            "a: 1.10\n",
            "rule.yml:1:4: error[ambiguous-scalar]: '1.10' is a number, which doesn't keep how it is written\n"
            "   1 | a: 1.10\n"
            "     |    ^^^^\n"
            "      = quote it if it is text: '1.10'",
        ),
        (
            "a: x\x00y\n",
            "rule.yml:1:5: error[control-character]: the character U+0000 can't stand in a rule file\n"
            "   1 | a: x\\x00y\n"
            "     |     ^^^^\n"
            '      = write "\\x00" between double quotes if a value needs it',
        ),
        (
            "# a comment\u2028hidden: 1\n",
            "rule.yml:1:12: error[control-character]: the character U+2028 can't stand in a rule file\n"
            "   1 | # a comment\\u2028hidden: 1\n"
            "     |            ^^^^^^\n"
            '      = write "\\u2028" between double quotes if a value needs it',
        ),
        (
            "- a\n",
            "rule.yml:1:1: error[not-a-mapping]: a rule is a mapping of keys to values, this is a list\n"
            "   1 | - a\n"
            "     | ^^^\n"
            "      = begin with 'title: …'",
        ),
        (
            "# nothing\n",
            "rule.yml:1:1: error[empty-file]: the file holds no rule\n"
            "   1 | # nothing\n"
            "     | ^\n"
            "      = fill it or delete it",
        ),
        (
            "a:\n  - *mimikatz*\n",
            "rule.yml:2:14: error[not-yaml]: the file is no YAML: did not find expected alphabetic or numeric character\n"
            "   2 |   - *mimikatz*\n"
            "     |              ^\n"
            "      = quote the value: * and & begin an alias in YAML",
        ),
        (
            "a:\n\tb: 1\n",
            "rule.yml:2:1: error[not-yaml]: the file is no YAML: found character that cannot start any token\n"
            "   2 | \\tb: 1\n"
            "     | ^^\n"
            "      = indent with blanks, not tabs; quote what begins with %, @ or `",
        ),
    ],
)
def test_refused(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text", ["0777", "0b11", "1_000", "1:30:00", "9" * 101, ".inf", ".nan", "1.", ".5", "on", "Off", "NO"]
)
def test_what_yaml_readers_read_differently_is_refused(text: str) -> None:
    _, problems = read(f"a: {text}\n")
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [("ambiguous-scalar", 1, 4)]


def test_all_problems_of_a_file_are_told() -> None:
    _, problems = read("a: yes\nb: no\na: !x y\n")
    assert [(problem.code, problem.line) for problem in problems] == [
        ("ambiguous-scalar", 1),
        ("ambiguous-scalar", 2),
        ("duplicate-key", 3),
        ("forbidden-tag", 3),
    ]


def test_at_most_twenty_problems_are_told() -> None:
    _, problems = read("a: 1\n" * 100)
    assert len(problems) == 20


@pytest.mark.parametrize(("char", "column"), [("\u202e", 5), ("\u200b", 5), ("\u200d", 5)])
def test_an_invisible_character_is_a_warning(char: str, column: int) -> None:
    documents, (problem,) = read(f"a: x{char}y\n")
    assert documents == [{"a": f"x{char}y"}]
    assert (problem.severity, problem.code, problem.line, problem.column) == (
        "warning",
        "invisible-character",
        1,
        column,
    )
    assert problem.hint == f'a reviewer can\'t see it: write "\\u{ord(char):04x}" between double quotes'


def test_a_joiner_between_emoji_is_fine() -> None:
    assert read("a: 👁\u200d🗨\n") == ([{"a": "👁\u200d🗨"}], [])


# ----------------------------------------------------------------------------------------------------------------- bytes


def test_a_file_over_the_limit() -> None:
    with pytest.raises(RuleError) as raised:
        source_file(Path("rule.yml"), b"a: " + b"x" * MAX_BYTES)
    assert str(raised.value) == (
        "rule.yml: error[too-large]: the file is larger than 1,000,000 bytes, the limit for a file of rules\n"
        "  = split it: a file a rule"
    )


def test_a_file_that_is_not_utf8() -> None:
    with pytest.raises(RuleError) as raised:
        source_file(Path("rule.yml"), "title: é\nauthor: jürgen\n".encode().replace("ü".encode(), b"\xfc"))
    assert str(raised.value) == (
        "rule.yml:2:10: error[not-utf8]: the byte 0xfc isn't UTF-8\n"
        "   2 | author: j\ufffdrgen\n"
        "     |          ^\n"
        "      = save the file as UTF-8"
    )


# ---------------------------------------------------------------------------------------------------------------- bounds


def nested_blocks(levels: int) -> str:
    return "".join(" " * level + "a:\n" for level in range(levels))


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100,
        "[" * 900_000,
        "a: " + "{" * 900_000,
        "- " * 450_000 + "a",
        nested_blocks(65),
        "".join("  " * level + "a:\n" + "  " * level + "- \n" for level in range(40)),
    ],
    ids=["flow", "flow of 900 kB", "mappings", "lists", "blocks", "lists under keys"],
)
def test_deep_nesting_is_refused(text: str) -> None:
    _, (problem,) = read(text)
    assert (problem.code, problem.message) == ("nested-too-deep", "the YAML nests deeper than 64 levels")


@pytest.mark.parametrize("text", ["a: " + "[" * 60 + "]" * 60, nested_blocks(60)])
def test_nesting_up_to_the_limit_is_read(text: str) -> None:
    documents, problems = read(text)
    assert (len(documents), problems) == (1, [])


def laughs(level: int) -> str:
    """A list of nine, nine times over, ``level`` times."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, level + 1)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (laughs(9), "with its aliases written out the document has more than 20,000 values"),
        ("a: &a [*a]", "with its aliases written out the YAML nests deeper than 64 levels"),
        ("a: &a {b: *a}", "with its aliases written out the YAML nests deeper than 64 levels"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100)),
            "with its aliases written out the YAML nests deeper than 64 levels",
        ),
    ],
    ids=["billion laughs", "list in itself", "mapping in itself", "chain"],
)
def test_alias_bombs_are_refused(text: str, message: str) -> None:
    _, (problem,) = read(text)
    assert (problem.code, problem.message) == ("alias-bomb", message)


def test_many_documents_are_refused() -> None:
    assert told("---\na: 1\n" * 501) == (
        "rule.yml: error[too-many-documents]: the file holds 501 documents, the limit is 500\n  = split the file"
    )


YAML_PIECES = [
    "a",
    "b",
    ": ",
    ":\n",
    "- ",
    "\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&x ",
    "*x",
    "!!str ",
    "!t ",
    "'",
    '"',
    "|",
    ">",
    "#",
    "? ",
    "---\n",
    "<<",
    "5",
    "yes",
    "~",
    "%",
    "\t",
    "\\x",
    "\u2028",
    "\x00",
    "é",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(YAML_PIECES), max_size=30).map("".join) | st.binary(max_size=40))
def test_whatever_is_read_ends_in_data_or_a_problem(text: str | bytes) -> None:
    try:
        documents, problems = read(text)
    except RuleError as error:
        documents, problems = [], list(error.diagnostics)
    assert documents or problems
    assert all(problem.render() for problem in problems)
