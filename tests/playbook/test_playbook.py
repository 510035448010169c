"""The pack's playbook: whole, and its queries find in an incident what they ask for.

``incident.yml`` holds the rows of an intrusion on the device, the account and around the time that stand in the queries
until an analyst fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import render_all
from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.rules.playbook import Check, Guidance, Playbook, load_playbook

PACK = Path(__file__).parents[2] / "sigma_rules"
INCIDENT = Path(__file__).with_name("incident.yml")
#: Folders of the pack that hold no rules.
_OTHERS = ("filters", "playbook", "sites")
FAMILIES = sorted(path.name for path in PACK.iterdir() if path.is_dir() and path.name not in _OTHERS)


@cache
def playbooks() -> dict[str, Playbook]:
    found, problems = load_playbook(PACK / "playbook")
    assert render_all(problems) == ""
    return found


def _checks() -> Iterator[Any]:
    for family, playbook in sorted(load_playbook(PACK / "playbook")[0].items()):
        said: dict[str, Guidance] = {"": playbook.family, **playbook.rules}
        for rule, guidance in said.items():
            for number, check in enumerate(guidance.check_first, 1):
                yield pytest.param(check, id="/".join(filter(None, (family, rule, str(number)))))


@pytest.fixture(scope="module")
def incident() -> Iterator[KqlEngine]:
    with KqlEngine(yaml.safe_load(INCIDENT.read_text("utf-8"))) as engine:
        yield engine


def test_every_family_has_a_playbook_and_every_playbook_a_family() -> None:
    assert sorted(playbooks()) == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_said_of_rules_is_said_of_rules_of_the_family(family: str) -> None:
    assert set(playbooks()[family].rules) - {path.stem for path in (PACK / family).glob("*.yml")} == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_has_questions_of_its_own(family: str) -> None:
    said = playbooks()[family].rules
    assert [path.stem for path in sorted((PACK / family).glob("*.yml")) if path.stem not in said] == []
    assert [rule for rule, guidance in said.items() if not guidance.questions] == []


@pytest.mark.parametrize("check", list(_checks()))
def test_a_query_is_one_that_defender_takes_and_finds_what_it_asks_for(check: Check, incident: KqlEngine) -> None:
    assert check.query, "a step of level 1 comes with its query"
    assert check.kql
    # A hunt says itself which time it looks at; only a custom detection must not.
    problems = [problem for problem in kql_checker().check(check.kql) if problem.code != "timestamp-filter"]
    assert problems == []
    assert re.search(r"\b(ago|now)\(", check.query) is None, "the alert may be days old: count from its time"
    # Each part of a query says from when to when it looks, or the portal's own choice of time would hide the past.
    assert len(
        re.findall(r"^\s*(?:\| join.*\(|let \w+ = )?(?:Device|Alert|Identity)\w+$", check.query, re.MULTILINE)
    ) <= (check.query.count("Timestamp between ((alert_time") + check.query.count("Timestamp between (alert_time .."))
    if "30 days" in check.step:
        assert "Timestamp between ((alert_time - 30d)" in check.query
    assert incident.run(check.kql), "it finds nothing in the incident"


@pytest.mark.parametrize(
    ("family", "rule", "column", "answer"),
    [
        ("remote_execution", None, "RemoteIP", "10.0.0.2"),
        ("remote_execution", "proc_creation_win_impacket_wmiexec", "Typed", "whoami"),
        ("remote_execution", "proc_creation_win_wmiprvse_encoded_powershell", "Decoded", "whoami /all"),
        ("remote_execution", "proc_creation_win_wmiprvse_unknown_vendor_in_windows_folder", "SHA1", "sha1-implant"),
        ("remote_execution", "proc_creation_win_wmic_remote_call_create", "Target", "srv01"),
        ("payload_delivery", "proc_creation_win_wmic_call_create_encoded_or_download", "Decoded", "whoami /all"),
        ("persistence", None, "Consumer", 'CommandLineEventConsumer="Updater"'),
        ("correlations", "correlation_network_logon_wmi_process", "RemoteIP", "10.0.0.2"),
        ("correlations", "correlation_program_over_smb_wmi_process", "RequestSourceIP", "10.0.0.2"),
        ("correlations", "correlation_rpc_or_winrm_fan_out", "RemoteIP", "10.0.0.3"),
    ],
)  # fmt: skip
def test_the_first_step_answers_its_question(
    family: str, rule: str | None, column: str, answer: object, incident: KqlEngine
) -> None:
    playbook = playbooks()[family]
    kql = (playbook.rules[rule] if rule else playbook.family).check_first[0].kql
    assert kql
    assert answer in [row[column] for row in incident.run(kql)]
