"""Modifiers that ask for less or for more, and fields taken for each other."""

from __future__ import annotations

import pytest

from sigma_xdr.testing.mutation import mutants
from sigma_xdr.testing.mutation.modifiers import strengthen_modifier, swap_field, weaken_modifier
from tests.unit.testing.mutation.rules import document


def item(text: str, category: str = "process_creation") -> dict[str, object]:
    return document(f"s:\n    {text}\ncondition: s\n", category)


@pytest.mark.parametrize(
    ("text", "weaker", "stronger"),
    [
        ("A: x", ["A|contains", "A|startswith", "A|endswith"], ["A|cased"]),
        ("A: '*x'", ["A|contains", "A|startswith"], ["A|cased"]),
        ("A: '*x*'", [], ["A|cased"]),
        (r"A: 'x\*'", ["A|contains", "A|startswith", "A|endswith"], ["A|cased"]),
        ("A|startswith: x", ["A|contains"], ["A", "A|startswith|cased"]),
        ("A|endswith: 'x*'", [], ["A", "A|endswith|cased"]),
        ("A|contains: '1'", [], ["A|startswith", "A|endswith", "A"]),
        ("A|contains: '*x'", [], ["A|endswith", "A", "A|contains|cased"]),
        ("A|cased: x", ["A|contains|cased", "A|startswith|cased", "A|endswith|cased", "A"], []),
        ("A|contains|all: [x, y]", ["A|contains"], ["A|startswith|all", "A|endswith|all", "A|all", "A|contains|all|cased"]),
        ("A|contains: [x, y]", [], ["A|startswith", "A|endswith", "A", "A|contains|all", "A|contains|cased"]),
        (
            "A|contains|windash: ' -x'",
            [],
            ["A|startswith|windash", "A|endswith|windash", "A|windash", "A|contains|windash|cased", "A|contains"],
        ),
        ("A|re|i|m: x", [], ["A|re|m", "A|re|i"]),
        ("A|re: x", [], []),
        ("A|lt: 5", ["A|lte"], []),
        ("A|gte: 5", [], ["A|gt"]),
        ("A|cidr: 10.0.0.0/8", [], []),
        ("A|exists: true", [], []),
        ("A|base64offset|contains: xyz", [], ["A|base64offset|startswith", "A|base64offset|endswith", "A|base64offset"]),
        ("A|fieldref: B", ["A|fieldref|contains", "A|fieldref|startswith", "A|fieldref|endswith"], []),
        ("A: 'true'", [], []),
        ("A: 5", [], []),
        ("A: null", [], []),
        ("A: [x, null]", [], ["A|all", "A|cased"]),
    ],
)  # fmt: skip
def test_an_item_asks_for_less_and_for_more(text: str, weaker: list[str], stronger: list[str]) -> None:
    rule = item(text)
    for operator, expected in ((weaken_modifier, weaker), (strengthen_modifier, stronger)):
        assert [list(mutant.document["detection"]["s"]) for mutant in operator(rule)] == [[key] for key in expected]


def test_what_is_no_sigma_is_no_mutant() -> None:
    rule = item("A|fieldref: B")
    assert [mutant.id for mutant in mutants(rule)] == [
        "weaken-modifier s/A|fieldref -> fieldref|contains",
        "weaken-modifier s/A|fieldref -> fieldref|startswith",
        "weaken-modifier s/A|fieldref -> fieldref|endswith",
    ]


def test_a_mutant_of_a_modifier_says_what_became_of_it() -> None:
    rule = item(r"{Company: x, Image|endswith: ['\wmic.exe'], Product: y}")
    first = next(mutant for mutant in weaken_modifier(rule) if "Image" in mutant.id)
    assert (first.id, first.description, first.keys) == (
        "weaken-modifier s/Image|endswith -> contains",
        "endswith became contains",
        ("detection", "s", "Image|endswith"),
    )
    assert list(first.document["detection"]["s"].items()) == [
        ("Company", "x"),
        ("Image|contains", ["\\wmic.exe"]),
        ("Product", "y"),
    ]
    assert [mutant.id for mutant in strengthen_modifier(rule) if "Image" in mutant.id] == [
        "strengthen-modifier s/Image|endswith -> no modifier",
        "strengthen-modifier s/Image|endswith -> endswith|cased",
    ]


def test_an_item_that_is_there_already_is_no_mutant() -> None:
    rule = item("{A|endswith: x, A|contains: y}")
    assert [list(mutant.document["detection"]["s"]) for mutant in weaken_modifier(rule)] == []


def test_keywords_all_have_to_be_there_or_in_their_case() -> None:
    rule = document("k: [x, y]\ncondition: k\n")
    assert [(mutant.id, mutant.document["detection"]["k"]) for mutant in strengthen_modifier(rule)] == [
        ("strengthen-modifier k -> all", {"|all": ["x", "y"]}),
        ("strengthen-modifier k -> cased", {"|cased": ["x", "y"]}),
    ]


@pytest.mark.parametrize(
    ("category", "field", "other"),
    [
        ("process_creation", "Image", "ParentImage"),
        ("image_load", "Image", "ImageLoaded"),
        ("file_event", "TargetFilename", "Image"),
        ("registry_set", "TargetObject", "Details"),
        ("network_connection", "DestinationPort", "SourcePort"),
    ],
)
def test_a_field_is_taken_for_its_sibling(category: str, field: str, other: str) -> None:
    ((mutant),) = swap_field(item(f"{{{field}|contains: '1', IntegrityLevel: x}}", category))
    assert (mutant.id, mutant.description) == (f"swap-field s/{field}|contains -> {other}", f"{field} became {other}")
    assert list(mutant.document["detection"]["s"]) == [f"{other}|contains", "IntegrityLevel"]


def test_two_siblings_of_a_mapping_change_places() -> None:
    rule = item("{Image|endswith: a, Company: x, ParentImage|endswith: b}")
    swapped = [mutant.document["detection"]["s"] for mutant in swap_field(rule) if "Image" in mutant.id]
    assert [list(each.items()) for each in swapped] == 2 * [
        [("ParentImage|endswith", "a"), ("Company", "x"), ("Image|endswith", "b")]
    ]
    assert [mutant.id for mutant in mutants(rule) if mutant.operator == "swap-field"] == [
        "swap-field s/Image|endswith -> ParentImage",
        "swap-field s/Company -> Product",
    ]
