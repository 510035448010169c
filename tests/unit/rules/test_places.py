"""The way from keys to lines and columns."""

from __future__ import annotations

import copy

import pytest
from sigma.exceptions import SigmaError

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules import ItemLocation, Key, Place

from .texts import load, only

TEXT = """\
title: Größe über alles 𝒳
logsource: {product: windows, category: process_creation}
detection:
    "sel one":
        - Image|endswith: '\\a.exe'
          CommandLine|contains|all:
              - one
              - 'two words'
              - |
                  three
                  lines
        - Hash: "a\\u0062c"
    keywords: [x, 'y']
    condition: >
        keywords
        or 1 of sel*
        or keywords
level: high
"""

RULE = only(TEXT)


@pytest.mark.parametrize(
    ("keys", "line", "column", "marked"),
    [
        ((), 1, 1, "title"),
        (("title",), 1, 1, "title"),
        (("title", 0), 1, 8, "Größe über alles 𝒳"),
        (("logsource", "category"), 2, 31, "category"),
        (("logsource", "category", 0), 2, 41, "process_creation"),
        (("detection", "sel one"), 4, 5, '"sel one"'),
        (("detection", "sel one", 0), 5, 11, "Image|endswith"),
        (("detection", "sel one", 0, "Image|endswith"), 5, 11, "Image|endswith"),
        (("detection", "sel one", 0, "Image|endswith", 0), 5, 27, "'\\a.exe'"),
        (("detection", "sel one", 0, "CommandLine|contains|all"), 6, 11, "CommandLine|contains|all"),
        (("detection", "sel one", 0, "CommandLine|contains|all", 1), 8, 17, "'two words'"),
        (("detection", "sel one", 0, "CommandLine|contains|all", 2), 9, 17, "|"),
        (("detection", "sel one", 1, "Hash", 0), 12, 17, '"a\\u0062c"'),
        (("detection", "keywords", 1), 13, 19, "'y'"),
        (("detection", "condition"), 14, 5, "condition"),
        (("detection", "condition", 0), 14, 16, ">"),
    ],
)
def test_a_place(keys: tuple[Key, ...], line: int, column: int, marked: str) -> None:
    place = RULE.place(*keys)
    assert (place.line, place.column, place.text[place.column - 1 :][: place.length]) == (line, column, marked)
    assert place.text == TEXT.split("\n")[line - 1]


@pytest.mark.parametrize(
    ("keys", "parent"),
    [
        (("nothing",), ()),
        (("detection", "nothing", "at", "all"), ("detection",)),
        (("detection", "sel one", 7), ("detection", "sel one")),
        (("detection", "sel one", 0, "Image|endswith", 1), ("detection", "sel one", 0, "Image|endswith")),
        (("title", 0, 0, 0), ("title", 0)),
    ],
)
def test_what_does_not_exist_has_its_parents_place(keys: tuple[Key, ...], parent: tuple[Key, ...]) -> None:
    assert RULE.place(*keys) == RULE.place(*parent)


def test_a_word_within() -> None:
    assert RULE.place("detection", "condition", 0, within="sel*") == Place(16, 17, 4, "        or 1 of sel*")
    assert RULE.place("detection", "condition", 0, within="keywords", nth=1) == Place(17, 12, 8, "        or keywords")
    key = ("detection", "sel one", 0, "CommandLine|contains|all")
    assert RULE.place(*key, within="contains") == Place(6, 23, 8, "          CommandLine|contains|all:")
    assert RULE.place(*key, within="contain") == RULE.place(*key)


def test_the_second_document_of_a_file() -> None:
    _, second = load(f"{TEXT}---\n{TEXT}")[0]
    assert second.place("level", 0) == Place(37, 8, 4, "level: high")


def test_a_diagnostic_with_everything_filled() -> None:
    problem = RULE.diagnostic("code", "message", "hint", "detection", "keywords", 0, severity="warning")
    assert problem == Diagnostic("code", "message", "hint", "warning", "rule.yml", 13, 16, "    keywords: [x, 'y']", 1)


def test_locating_a_problem_that_knows_its_keys() -> None:
    problem = Diagnostic("code", "message", keys=("level", 0))
    assert RULE.locate(problem) == Diagnostic("code", "message", None, "error", "rule.yml", 18, 8, "level: high", 4)


def test_the_location_of_an_item() -> None:
    detection = RULE.parse().detection.detections["sel one"]  # type: ignore[union-attr]
    item = detection.detection_items[0].detection_items[1]  # type: ignore[union-attr]
    location = item.source
    assert isinstance(location, ItemLocation)
    assert location.keys == ("detection", "sel one", 0, "CommandLine|contains|all")
    assert location.diagnostic("code", "message", None, 1) == RULE.diagnostic(
        "code", "message", None, *location.keys, 1
    )
    assert str(SigmaError("it fails", source=location)) == "it fails in rule.yml:6:11"
    assert copy.deepcopy(item).source is location
