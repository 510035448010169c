"""What a rule needs, clause by clause."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.scan.literals import clauses_of, searched

from .trees_of import tree


def clauses(selection: Any, condition: str = "selection", **others: Any) -> list[set[tuple[str | None, Any]]]:
    return [set(map(tuple, clause.literals)) for clause in clauses_of(tree(selection, condition, **others))]


@pytest.mark.parametrize(
    ("item", "values", "literals"),
    [
        ("F", "A.exe", {"\0a.exe\0"}),
        ("F|startswith", "C:\\", {"\0c:\\"}),
        ("F|endswith", "\\A.exe", {"\\a.exe\0"}),
        ("F|contains", "Call", {"call"}),
        ("F|cased", "A.exe", {"\0a.exe\0"}),
        ("F", "ab*longer*c", {"longer"}),
        ("F", "a?bcd", {"bcd\0"}),
        ("F|endswith", ["\\a.exe", "\\b.exe"], {"\\a.exe\0", "\\b.exe\0"}),
        ("F|contains|windash", "-enc", {f"{dash}enc" for dash in "-/–—―"}),
        ("F|base64offset|contains", "cmd", {"y21k", "ntz", "jbw"}),
        ("F|re", "(foo|barr)x", {"foo", "barr"}),
        ("F", 42, {42, "\0" + "42\0"}),
        ("F", "0x2a", {42, "\0" + "0x2a\0"}),
        ("F", "42", {42, "\0" + "42\0"}),
        ("F|contains", "😀", {"😀"}),
        ("F|contains", "Straſſe", {"strasse"}),
        ("F|contains", "x" * 100, {"x" * 48}),
        ("F|endswith", "y" + "x" * 100, {"x" * 47 + "\0"}),
    ],
)
def test_of_one_item(item: str, values: Any, literals: set[Any]) -> None:
    assert clauses({item: values}) == [{("F", literal) for literal in literals}]


@pytest.mark.parametrize(
    ("item", "values"),
    [
        ("F", None),
        ("F", ""),
        ("F", "*"),
        ("F", "??"),
        ("F|contains", "a"),
        ("F|contains", ["long enough", "a"]),
        ("F|exists", True),
        ("F|gt", 5),
        ("F|cidr", "10.0.0.0/8"),
        ("F|fieldref", "G"),
        ("F|re", "[a-z]+"),
        ("F|neq", "something"),
    ],
)
def test_some_items_need_nothing(item: str, values: Any) -> None:
    assert clauses({item: values}) == []


def test_keywords_are_looked_for_everywhere() -> None:
    assert clauses(["mimikatz", "sekurlsa"]) == [{(None, "mimikatz"), (None, "sekurlsa")}]


def test_all_parts_need_each_of_theirs() -> None:
    assert clauses({"Image": "a.exe", "CommandLine|contains": "word"}) == [
        {("Image", "\0a.exe\0")},
        {("CommandLine", "word")},
    ]


def test_alternatives_need_one_of_all_of_theirs() -> None:
    selection = [{"Image": "a.exe", "Other": "bb"}, {"Other": "cc"}]
    assert clauses(selection) == [{("Image", "\0a.exe\0"), ("Other", "\0cc\0")}]


def test_alternatives_have_a_clause_of_remembered_fields_too() -> None:
    selection = [{"Image": "a.exe", "CommandLine|contains": "very long words"}, {"Image": "b.exe"}]
    assert clauses(selection) == [
        {("Image", "\0b.exe\0"), ("CommandLine", "very long words")},
        {("Image", "\0a.exe\0"), ("Image", "\0b.exe\0")},
    ]


def test_an_alternative_that_needs_nothing_leaves_nothing() -> None:
    assert clauses([{"Image": "a.exe"}, {"Other": None}]) == []


def test_what_stands_under_not_needs_nothing() -> None:
    other = {"Other": "bb"}
    assert clauses({"Image": "a.exe"}, "selection and not other", other=other) == [{("Image", "\0a.exe\0")}]
    assert clauses({"Image": "a.exe"}, "selection or not other", other=other) == []


@pytest.mark.parametrize(("text", "found"), [("ABC", "abc"), ("ſ\u212aΣİ", "skσi")])
def test_texts_are_searched_without_case(text: str, found: str) -> None:
    assert searched(text) == found
