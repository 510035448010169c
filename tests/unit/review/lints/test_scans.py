from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/execution/a.yml"


def found(
    root: Path, detection: str, code: str, condition: str = "selection", category: str = "process_creation"
) -> str:
    return render(root, lint(root, {RULE: rule(detection, condition, category)}, code))


def test_a_query_of_substrings_alone(tmp_path: Path) -> None:
    assert found(tmp_path, "    selection:\n        CommandLine|contains: 'shadowcopy'", "scan") == (
        "sigma_rules/execution/a.yml:9:5: warning[scan]: the query searches the text of every row of ProcessCreated in "
        "DeviceProcessEvents: it asks for substrings alone\n"
        "   9 |     condition: selection\n"
        "     |     ^^^^^^^^^\n"
        "      = ask for the program too (Image|endswith, OriginalFileName), or for values with a blank, dash or slash at "
        "both ends: those are looked up"
    )


def test_one_alternative_that_has_to_be_searched_for_is_enough(tmp_path: Path) -> None:
    detection = "    selection:\n        - Image|endswith: '\\wmic.exe'\n        - CommandLine|contains: 'shadowcopy'"
    assert "of ProcessCreated in DeviceProcessEvents: one of its alternatives asks for substrings alone" in found(
        tmp_path, detection, "scan"
    )


@pytest.mark.parametrize(
    "selection",
    [
        "Image|endswith: '\\wmic.exe'",
        "OriginalFileName: 'wmic.exe'",
        "ProcessId: 4711",
        "CommandLine|contains: ' -encodedcommand '",
        "CommandLine|startswith: 'wmic '",
    ],
)
def test_what_is_looked_up(selection: str, tmp_path: Path) -> None:
    detection = f"    selection:\n        Description|contains: 'shadowcopy'\n        {selection}"
    assert found(tmp_path, detection, "scan") == ""


@pytest.mark.parametrize(
    "selection",
    [
        "CommandLine|contains: 'encodedcommand'",
        "CommandLine|re: 'wmic.*x'",
        "Image|contains: 'wmic'",
        "ProcessId|gt: 3",
    ],
)
def test_what_is_searched_for(selection: str, tmp_path: Path) -> None:
    detection = f"    selection:\n        Description|contains: 'shadowcopy'\n        {selection}"
    assert "it asks for substrings alone" in found(tmp_path, detection, "scan")


def test_what_is_excluded_is_not_what_is_asked_for(tmp_path: Path) -> None:
    detection = (
        "    selection:\n        CommandLine|contains: 'shadowcopy'\n    filter:\n        Image|endswith: '\\wmic.exe'"
    )
    assert "it asks for substrings alone" in found(tmp_path, detection, "scan", "selection and not filter")


def test_a_rare_kind_of_event_selects_by_itself(tmp_path: Path) -> None:
    bindings = "    selection:\n        Destination|contains: 'powershell'"
    assert found(tmp_path, bindings, "scan", category="wmi_event") == ""
    assert found(tmp_path, bindings, "no-selective-condition", category="wmi_event") == ""
    pipes = "    selection:\n        PipeName|contains: 'msse'"
    assert "of NamedPipeEvent in DeviceEvents" in found(tmp_path, pipes, "scan", category="pipe_created")


def test_a_rule_that_nearly_every_row_passes(tmp_path: Path) -> None:
    detection = (
        "    selection:\n        Image|endswith: '.exe'\n    filter:\n        Image|contains: ':\\Windows\\System32\\'"
    )
    files = {RULE: rule(detection, "selection and not filter")}
    assert render(tmp_path, lint(tmp_path, files, "no-selective-condition")) == (
        "sigma_rules/execution/a.yml:11:5: error[no-selective-condition]: nearly every row of DeviceProcessEvents passes: "
        "the rule only excludes, or asks for what is everywhere\n"
        "   11 |     condition: selection and not filter\n"
        "      |     ^^^^^^^^^\n"
        "       = ask for something that few events have"
    )
    assert lint(tmp_path, files, "scan") == []  # told once


@pytest.mark.parametrize(
    ("selection", "is_told"),
    [
        ("Image|contains: 'C:\\Windows\\'", True),
        ("Image|contains: 'C:\\Windows\\Temp\\'", False),
        ("CommandLine: ''", True),
        ("CommandLine: null", True),
        ("ProcessId|gt: 4", True),
        ("ProcessId: 4", False),
        ("User|contains: ['x', 'admin']", True),
        ("User|contains: ['adm', 'admin']", False),
    ],
)
def test_what_few_rows_have(selection: str, is_told: bool, tmp_path: Path) -> None:
    findings = lint(tmp_path, {RULE: rule(f"    selection:\n        {selection}")}, "no-selective-condition")
    assert bool(findings) is is_told


def test_every_alternative_has_to_select(tmp_path: Path) -> None:
    either = "    selection:\n        - Image|endswith: '\\wmic.exe'\n        - Image|endswith: '.exe'"
    assert found(tmp_path, either, "no-selective-condition").startswith(
        "sigma_rules/execution/a.yml:10:5: error[no-selective-condition]"
    )
