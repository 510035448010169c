from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/execution/a.yml"


def test_a_program_sought_at_the_front(tmp_path: Path) -> None:
    detection = "    selection:\n        CommandLine|startswith:\n            - 'cmd /c '\n            - ' /c'"
    assert render(tmp_path, lint(tmp_path, {RULE: rule(detection)}, "path-at-front")) == (
        "sigma_rules/execution/a.yml:9:15: warning[path-at-front]: a command line that runs 'cmd /c ' may begin with a "
        "quote, another folder or the bare name\n"
        "   9 |             - 'cmd /c '\n"
        "     |               ^^^^^^^^^\n"
        "      = ask for the program by Image, and for its arguments with contains"
    )


@pytest.mark.parametrize(
    "item",
    [
        "CommandLine|startswith: 'C:\\Windows\\System32\\cmd.exe'",
        "CommandLine: 'wmic shadowcopy delete'",
        "CommandLine: 'wmic*delete'",
        "ParentCommandLine|startswith: '%ComSpec% /c'",
        "CommandLine|startswith: '\\\\srv\\share\\a.exe'",
        "CommandLine|re|i: '^wmic\\s+os'",
        "CommandLine|re|i: '^[a-z]:\\\\windows'",
    ],
)
def test_beginnings(item: str, tmp_path: Path) -> None:
    assert len(lint(tmp_path, {RULE: rule(f"    selection:\n        {item}")}, "path-at-front")) == 1


@pytest.mark.parametrize(
    "item",
    [
        "CommandLine|contains: 'C:\\Windows\\System32\\cmd.exe'",
        "CommandLine|startswith: ' -enc'",
        "CommandLine|endswith: 'wmic '",
        "CommandLine|re|i: '^\"?(?:[^\"]*\\\\)?wmic'",
        "Image|startswith: 'C:\\Users\\'",
        "CommandLine: '*wmic*'",
        "CommandLine|startswith: ['C:\\Tools\\a.exe', '\"C:\\Tools\\a.exe']",
    ],
)
def test_what_is_none_or_takes_both_ways_in(item: str, tmp_path: Path) -> None:
    assert lint(tmp_path, {RULE: rule(f"    selection:\n        {item}")}, "path-at-front") == []


def test_a_filter_may_be_narrow_unless_it_is_asked_for_as_well(tmp_path: Path) -> None:
    agent = "CommandLine|startswith: 'C:\\agent'"
    detection = f"    selection:\n        Image|endswith: '\\cmd.exe'\n    filter_agent:\n        {agent}"
    for condition, count in (
        ("selection and not filter_agent", 0),
        ("selection and not 1 of filter_*", 0),
        ("selection and not (not filter_agent)", 1),
        ("all of them", 1),
        ("filter_agent or selection and not filter_agent", 1),
    ):
        assert len(lint(tmp_path, {RULE: rule(detection, condition)}, "path-at-front")) == count, condition
