from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/execution/a.yml"


def test_a_value_beside_a_wider_one(tmp_path: Path) -> None:
    detection = "    selection:\n        CommandLine|contains:\n            - 'wmic'\n            - 'WMIC.exe'"
    assert render(tmp_path, lint(tmp_path, {RULE: rule(detection)}, "value-without-effect")) == (
        "sigma_rules/execution/a.yml:10:15: warning[value-without-effect]: 'WMIC.exe' changes nothing beside 'wmic'\n"
        "   10 |             - 'WMIC.exe'\n"
        "      |               ^^^^^^^^^^\n"
        "       = delete it: 'wmic' finds all that it finds"
    )


def test_with_all_the_wider_one_is_idle(tmp_path: Path) -> None:
    detection = "    selection:\n        CommandLine|contains|all:\n            - 'wmic'\n            - 'wmic.exe'"
    [finding] = lint(tmp_path, {RULE: rule(detection)}, "value-without-effect")
    assert (finding.diagnostic.message, finding.diagnostic.hint, finding.diagnostic.line) == (
        "'wmic' changes nothing beside 'wmic.exe'",
        "delete it: whatever holds 'wmic.exe' holds it",
        9,
    )


@pytest.mark.parametrize(
    ("key", "values", "idle"),
    [
        ("Image|endswith", ["\\wmic.exe", "wmic.exe"], ["\\wmic.exe"]),
        ("Image|startswith", ["C:\\", "C:\\Users\\"], ["C:\\Users\\"]),
        ("CommandLine|contains", ["a*c", "abbc"], ["abbc"]),
        ("CommandLine|contains", ["a?c", "abc"], ["abc"]),
        ("CommandLine|contains", ["a*d", "a?c?d", "x*d"], ["a?c?d"]),
        ("CommandLine|contains|windash", ["/node", "-node:"], ["-node:"]),
        ("CommandLine|contains|cased", ["AB", "ABC"], ["ABC"]),
        ("CommandLine", ["wmic*", "wmic os"], ["wmic os"]),
        ("DestinationIp|cidr", ["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16"], ["10.1.0.0/16"]),
    ],
)
def test_values_that_change_nothing(key: str, values: list[str], idle: list[str], tmp_path: Path) -> None:
    listed = "".join(f"\n            - '{value}'" for value in values)
    category = "network_connection" if "cidr" in key else "process_creation"
    findings = lint(
        tmp_path, {RULE: rule(f"    selection:\n        {key}:{listed}", category=category)}, "value-without-effect"
    )
    assert [finding.diagnostic.message.partition("' ")[0] for finding in findings] == [f"'{value}" for value in idle]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("Image|endswith", ["\\wmic.exe", "\\wmi.exe"]),
        ("CommandLine|contains|cased", ["ab", "ABC"]),
        ("CommandLine", ["wmic", "wmic.exe"]),
        ("CommandLine|contains", ["abc", "c*a"]),
        ("CommandLine|contains", ["a?c", "a*c*d"]),
        ("CommandLine|contains", ["wmic", "WMIC"]),
        ("CommandLine|re", ["wmic", "wmic.exe"]),
        ("CommandLine|contains", ["straße", "STRASSE.exe"]),
    ],
)
def test_values_that_each_change_something(key: str, values: list[str], tmp_path: Path) -> None:
    listed = "".join(f"\n            - '{value}'" for value in values)
    assert lint(tmp_path, {RULE: rule(f"    selection:\n        {key}:{listed}")}, "value-without-effect") == []


def test_a_list_too_long_to_compare_is_left_alone(tmp_path: Path) -> None:
    listed = "".join(f"\n            - 'abc{'x' * number}'" for number in range(600))
    files = {RULE: rule(f"    selection:\n        OriginalFileName|contains:{listed}")}
    assert lint(tmp_path, files, "value-without-effect") == []
