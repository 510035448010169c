"""The rules on wmic.exe share its command lines: which of them may fire together, and that none of them leaves one out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_xdr import Matcher

PACK = Path(__file__).parents[2] / "sigma_rules"
TESTS = Path(__file__).parent
LOCAL = "execution/proc_creation_win_wmic_process_call_create"
LOLBIN = "payload_delivery/proc_creation_win_wmic_call_create_lolbin_or_writable_folder"
FETCHED = "payload_delivery/proc_creation_win_wmic_call_create_encoded_or_download"
REMOTE = "remote_execution/proc_creation_win_wmic_remote_call_create"
NODE = "remote_execution/proc_creation_win_wmic_remote_node"
RULES = (LOCAL, LOLBIN, FETCHED, REMOTE, NODE)


def matchers() -> dict[str, Matcher]:
    return {name: Matcher(yaml.safe_load((PACK / f"{name}.yml").read_text())) for name in RULES}


def command_lines() -> list[str]:
    """Every command line of the five rules' own cases."""
    found = {
        line
        for name in RULES
        for case in yaml.safe_load((TESTS / f"{name}.yml").read_text())["cases"]
        for line in texts(case, ("ProcessCommandLine", "CommandLine"))
    }
    return sorted(found)


def texts(node: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from filter(None, [value] if isinstance(value, str) and key in keys else ())
            yield from value if isinstance(value, list) and key in keys else texts(value, keys)


def detection(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PACK / f"{name}.yml").read_text())["detection"]
    return found


def test_a_command_line_belongs_to_one_rule_by_its_payload_and_to_one_by_its_target() -> None:
    rules = matchers()
    lines = command_lines()
    assert len(lines) > 200
    for line in lines:
        event = {"Image": r"C:\Windows\System32\wbem\WMIC.exe", "CommandLine": line}
        fired = {name for name, matcher in rules.items() if matcher.matches(event)}
        assert len(fired & {LOCAL, LOLBIN, FETCHED}) <= 1, line
        assert len(fired & {LOCAL, REMOTE, NODE}) <= 1, line
        if re.search("(?is)process.*call.*create", line):
            assert fired & {LOCAL, LOLBIN, FETCHED, REMOTE}, line


def test_a_payload_is_judged_the_same_wherever_it_runs() -> None:
    rules = matchers()
    for payload in ('"mshta https://files.example/a"', r'"C:\Users\Public\a.exe"', "calc.exe"):
        fired = {
            target: {
                name
                for name, matcher in rules.items()
                if matcher.matches(
                    {"Image": r"C:\wmic.exe", "CommandLine": f"wmic {target}process call create {payload}"}
                )
            }
            for target in ("", "/node:localhost ", "/node:srv01 ")
        }
        assert fired[""] == fired["/node:localhost "]
        assert fired["/node:srv01 "] == (fired[""] - {LOCAL}) | {REMOTE}


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("selection_create", (LOCAL, LOLBIN, FETCHED, REMOTE)),
        ("payload_fetches_or_decodes", (LOCAL, LOLBIN, FETCHED)),
        ("payload_program_or_folder", (LOCAL, LOLBIN)),
        ("node_is_loopback", (LOCAL, REMOTE, NODE)),
        ("node_twice", (LOCAL, REMOTE, NODE)),
    ],
)
def test_what_one_rule_selects_and_another_leaves_out_is_the_same(part: str, names: tuple[str, ...]) -> None:
    first, *others = (detection(name)[part] for name in names)
    assert others == [first] * len(others)
