"""The parts of a document, and what changing one leaves alone."""

from __future__ import annotations

from sigma_xdr.testing.mutation import Mutant
from sigma_xdr.testing.mutation.mutant import (
    conditions,
    edited,
    items,
    parts,
    removed,
    renamed,
    replaced,
    selections,
    shown,
)
from tests.unit.testing.mutation.rules import correlation, document

RULE = document(
    """
    s:
        - A|contains|all: [y, x]
          B: null
        - - C: 2
    keywords: [x, y]
    word: x
    condition: s or keywords or word
    """
)


def test_every_field_and_every_list_of_keywords_is_an_item() -> None:
    found = [(item.keys, item.where, item.field, item.modifiers, item.values, item.single) for item in items(RULE)]
    assert found == [
        (("detection", "s", 0, "A|contains|all"), "s/A|contains|all", "A", ("contains", "all"), ["y", "x"], False),
        (("detection", "s", 0, "B"), "s/B", "B", (), [None], True),
        (("detection", "s", 1, 0, "C"), "s/C", "C", (), [2], True),
        (("detection", "keywords"), "keywords", "", (), ["x", "y"], False),
        (("detection", "word"), "word", "", (), ["x"], True),
    ]


def test_mappings_and_lists_are_parts_the_outer_ones_first() -> None:
    assert [(keys, selection) for keys, selection, _ in parts(RULE)] == [
        (("detection", "s"), "s"),
        (("detection", "s", 0), "s"),
        (("detection", "s", 1), "s"),
        (("detection", "s", 1, 0), "s"),
        (("detection", "keywords"), "keywords"),
        (("detection", "word"), "word"),
    ]


def test_a_correlation_has_no_selections_and_no_conditions_on_them() -> None:
    rule = correlation("type: event_count\nrules: one\ntimespan: 1m\ncondition: {gte: 2}\n")
    assert (selections(rule), list(conditions(rule)), list(parts(rule)), list(items(rule))) == ({}, [], [], [])


def test_an_edit_changes_one_place_of_a_copy() -> None:
    first = RULE["detection"]["s"][0]
    keys = ("detection", "s", 0, "B")
    assert replaced(RULE, keys, "z")["detection"]["s"][0] == {"A|contains|all": ["y", "x"], "B": "z"}
    assert removed(RULE, keys)["detection"]["s"][0] == {"A|contains|all": ["y", "x"]}
    assert list(renamed(RULE, keys, "D")["detection"]["s"][0].items()) == [("A|contains|all", ["y", "x"]), ("D", None)]
    assert list(renamed(RULE, keys, "A|contains|all")["detection"]["s"][0].items()) == [
        ("B", ["y", "x"]),
        ("A|contains|all", None),
    ]
    changed = edited(RULE, keys, lambda holder, key: holder.update({key: [1]}))
    assert changed["detection"]["s"][0]["A|contains|all"] is not first["A|contains|all"]
    assert first == {"A|contains|all": ["y", "x"], "B": None}


def test_values_are_shown_as_yaml_writes_them() -> None:
    assert [shown(value) for value in ("x", 5, 1.5, True, None)] == ["'x'", "5", "1.5", "true", "null"]


def test_an_id_is_the_operator_and_the_place() -> None:
    mutant = Mutant.of("drop-value", "s/A='\x1b[2J'", "without '\x1b[2J'", {}, ())
    assert (mutant.id, mutant.description) == ("drop-value s/A='\\x1b[2J'", "without '\\x1b[2J'")


def test_only_a_filter_has_rules_beside_its_selections() -> None:
    assert list(selections(document("rules: {A: x}\ncondition: rules\n"))) == ["rules"]
    assert list(selections({"filter": {"rules": ["r"], "s": {"A": "x"}, "condition": "not s"}})) == ["s"]
