"""Values left out, wildcards, numbers, networks."""

from __future__ import annotations

import pytest

from sigma_xdr.testing.mutation import mutants
from sigma_xdr.testing.mutation.values import (
    change_number,
    drop_piece,
    drop_value,
    drop_wildcard,
    flip_boolean,
    widen_network,
    widen_wildcard,
)
from tests.unit.testing.mutation.rules import document


def item(text: str) -> dict[str, object]:
    return document(f"s:\n    {text}\ncondition: s\n")


def test_each_value_of_a_list_is_left_out() -> None:
    rule = document(
        r"""
        s:
            Image|endswith: ['\a.exe', '\b.exe']
            ProcessId: [4, null]
            Company: x
        keywords: [x, y]
        condition: s or keywords
        """
    )
    found = [(mutant.id, mutant.description, mutant.keys, mutant.document["detection"]) for mutant in drop_value(rule)]
    same = {"s": rule["detection"]["s"], "keywords": ["x", "y"], "condition": "s or keywords"}
    images, ids = r"Image|endswith", "ProcessId"
    assert found == [
        (
            r"drop-value s/Image|endswith='\a.exe'",
            r"without '\a.exe'",
            ("detection", "s", images, 0),
            {**same, "s": {images: ["\\b.exe"], ids: [4, None], "Company": "x"}},
        ),
        (
            r"drop-value s/Image|endswith='\b.exe'",
            r"without '\b.exe'",
            ("detection", "s", images, 1),
            {**same, "s": {images: ["\\a.exe"], ids: [4, None], "Company": "x"}},
        ),
        (
            "drop-value s/ProcessId=4",
            "without 4",
            ("detection", "s", ids, 0),
            {**same, "s": {images: ["\\a.exe", "\\b.exe"], ids: [None], "Company": "x"}},
        ),
        (
            "drop-value s/ProcessId=null",
            "without null",
            ("detection", "s", ids, 1),
            {**same, "s": {images: ["\\a.exe", "\\b.exe"], ids: [4], "Company": "x"}},
        ),
        ("drop-value keywords='x'", "without 'x'", ("detection", "keywords", 0), {**same, "keywords": ["y"]}),
        ("drop-value keywords='y'", "without 'y'", ("detection", "keywords", 1), {**same, "keywords": ["x"]}),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: 'a*b'", ["ab"]),
        ("A: '*a*'", ["a*", "*a"]),
        ("A: a?b", ["ab"]),
        (r"A: 'a\*b\\*c\d'", [r"a\*b\\c\d"]),
        ("A|contains: '*a*b*'", ["*ab*"]),
        ("A|endswith: '*a*'", ["*a"]),
        ("A|startswith: '*a*'", ["a*"]),
        ("A: '*'", []),
        ("A: 'a**b'", []),
        ("A|re: 'a*b?'", []),
    ],
)
def test_each_wildcard_that_means_something_is_left_out(text: str, expected: list[str]) -> None:
    ((key, _),) = item(text)["detection"]["s"].items()  # type: ignore[index]
    assert [mutant.document["detection"]["s"][key] for mutant in drop_wildcard(item(text))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A|contains: 'process*call*create'", ["call*create", "process*create", "process*call"]),
        ("A|endswith: 'a*b'", ["b"]),
        ("A|startswith: 'a*b'", ["a"]),
        ("A: 'a*b*c'", ["a*c"]),
        ("A: '*a*b*'", ["*b*", "*a*"]),
        ("A|contains: '*'", []),
        ("A|contains: 'a?b'", []),
        (r"A|contains: 'a\*b'", []),
    ],
)
def test_each_piece_between_stars_is_left_out(text: str, expected: list[str]) -> None:
    ((key, _),) = item(text)["detection"]["s"].items()  # type: ignore[index]
    assert [mutant.document["detection"]["s"][key] for mutant in drop_piece(item(text))] == expected


def test_a_mutant_of_a_wildcard_says_what_became_of_the_value() -> None:
    rule = item("CommandLine|contains: ['x', 'wm?c*call']")
    operators = (drop_piece, drop_wildcard, widen_wildcard)
    assert [(mutant.id, mutant.description, mutant.keys) for operator in operators for mutant in operator(rule)] == [
        (
            "drop-piece s/CommandLine|contains='wm?c*call' -> 'call'",
            "'wm?c*call' became 'call'",
            ("detection", "s", "CommandLine|contains", 1),
        ),
        (
            "drop-piece s/CommandLine|contains='wm?c*call' -> 'wm?c'",
            "'wm?c*call' became 'wm?c'",
            ("detection", "s", "CommandLine|contains", 1),
        ),
        (
            "drop-wildcard s/CommandLine|contains='wm?c*call' -> 'wmc*call'",
            "'wm?c*call' became 'wmc*call'",
            ("detection", "s", "CommandLine|contains", 1),
        ),
        (
            "drop-wildcard s/CommandLine|contains='wm?c*call' -> 'wm?ccall'",
            "'wm?c*call' became 'wm?ccall'",
            ("detection", "s", "CommandLine|contains", 1),
        ),
        (
            "widen-wildcard s/CommandLine|contains='wm?c*call' -> 'wm*c*call'",
            "'wm?c*call' became 'wm*c*call'",
            ("detection", "s", "CommandLine|contains", 1),
        ),
    ]


def test_numbers_are_one_more_and_one_less() -> None:
    rule = document(
        """
        s:
            DestinationPort: [135, '445', 446]
            ProcessId|gte: 4
            Company: '007'
            Product|contains: '10'
            IsAdmin: true
        condition: s
        """
    )
    assert [mutant.id for mutant in change_number(rule)] == [
        "change-number s/DestinationPort=135 -> 136",
        "change-number s/DestinationPort=135 -> 134",
        "change-number s/DestinationPort='445' -> '446'",
        "change-number s/DestinationPort='445' -> '444'",
        "change-number s/DestinationPort=446 -> 447",
        "change-number s/DestinationPort=446 -> 445",
        "change-number s/ProcessId|gte=4 -> 5",
        "change-number s/ProcessId|gte=4 -> 3",
    ]


def test_booleans_are_turned_around() -> None:
    rule = item("{Initiated: 'true', IsAdmin: false, Both: [true, false], Company: x}")
    assert [(mutant.id, mutant.document["detection"]["s"]) for mutant in flip_boolean(rule)] == [
        (
            "flip-boolean s/Initiated='true'",
            {"Initiated": "false", "IsAdmin": False, "Both": [True, False], "Company": "x"},
        ),
        ("flip-boolean s/IsAdmin=false", {"Initiated": "true", "IsAdmin": True, "Both": [True, False], "Company": "x"}),
    ]


def test_networks_are_twice_as_wide() -> None:
    rule = item("DestinationIp|cidr: ['172.16.0.0/12', 'fe80::/10', '0.0.0.0/0', '10.1.2.3']")
    assert [mutant.description for mutant in widen_network(rule)] == [
        "'172.16.0.0/12' became '172.0.0.0/11'",
        "'fe80::/10' became 'fe80::/9'",
        "'10.1.2.3' became '10.1.2.2/31'",
    ]
    assert len([mutant for mutant in mutants(rule) if mutant.operator == "widen-network"]) == 3


def test_a_value_cannot_drive_a_terminal() -> None:
    rule = item(r'Company: ["a\e[2J", "b\u202e"]')
    assert [mutant.id for mutant in drop_value(rule)] == [
        r"drop-value s/Company='a\x1b[2J'",
        r"drop-value s/Company='b\u202e'",
    ]
