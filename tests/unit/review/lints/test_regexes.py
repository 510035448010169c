from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/execution/a.yml"


def detection(modifiers: str, regex: str) -> str:
    quoted = regex.replace("'", "''")
    return f"    selection:\n        Image|endswith: '\\wmic.exe'\n        CommandLine|{modifiers}: '{quoted}'"


def test_a_regex_of_plain_text(tmp_path: Path) -> None:
    assert render(
        tmp_path, lint(tmp_path, {RULE: rule(detection("re|i", "shadow(?:copy|storage)"))}, "plain-regex")
    ) == (
        "sigma_rules/execution/a.yml:9:27: warning[plain-regex]: the regex says no more than CommandLine|contains: "
        "'shadowcopy', 'shadowstorage'\n"
        "   9 |         CommandLine|re|i: 'shadow(?:copy|storage)'\n"
        "     |                           ^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "      = write that: Defender searches plain text without a regex engine"
    )


@pytest.mark.parametrize(
    ("modifiers", "regex", "plain"),
    [
        ("re|i", "shadowcopy", "CommandLine|contains: 'shadowcopy'"),
        ("re", "shadowcopy", "CommandLine|contains|cased: 'shadowcopy'"),
        ("re", "127", "CommandLine|contains: '127'"),
        ("re", "[Dd][Ee][Ll]", "CommandLine|contains: 'del'"),
        ("re|i", "^wmic ", "CommandLine|startswith: 'wmic '"),
        ("re|i", r"\.xsl$", "CommandLine|endswith: '.xsl'"),
        ("re|i", "^wmic$", "CommandLine: 'wmic'"),
        ("re|i", ".*shadowcopy.*", "CommandLine|contains: 'shadowcopy'"),
        ("re|i", "(?:shadow|delete)", "CommandLine|contains: 'shadow', 'delete'"),
        ("re|i", "[ab]cd", "CommandLine|contains: 'acd', 'bcd'"),
        ("re|i", r"a\*b\?c\\", r"CommandLine|contains: 'a\*b\?c\'"),
        ("re|i", "it's", "CommandLine|contains: 'it''s'"),
    ],
)
def test_what_says_the_same(modifiers: str, regex: str, plain: str, tmp_path: Path) -> None:
    [finding] = lint(tmp_path, {RULE: rule(detection(modifiers, regex))}, "plain-regex")
    assert finding.diagnostic.message == f"the regex says no more than {plain}"


@pytest.mark.parametrize(
    ("modifiers", "regex"),
    [
        ("re|i", "a.*b"),
        ("re|i", r"shadowcopy\s+delete"),
        ("re|i", "shadow(?:copy)?"),
        ("re", "[Ww]mic"),
        ("re|i", "straße"),
        ("re|i|m", "^wmic"),
        ("re|i", "a|^b"),
        ("re|i", "[a-d]cd"),
        ("re|i", "(?:a|b|c|d)(?:e|f|g|h)"),
        ("re|i", r"\bwmic\b"),
    ],
)
def test_what_no_plain_operator_says(modifiers: str, regex: str, tmp_path: Path) -> None:
    assert lint(tmp_path, {RULE: rule(detection(modifiers, regex))}, "plain-regex") == []
