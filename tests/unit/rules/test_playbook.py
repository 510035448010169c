"""Playbook files: what is read of them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.errors import render_all
from sigma_xdr.rules.playbook import Check, Guidance, load_playbook

WHOLE = """\
title: Remote execution
questions: [Is it announced?]
check_first:
    - step: Who logged on?
      query: |
          DeviceLogonEvents
          | where DeviceId == device and Timestamp < alert_time
    - step: Ask the administrator.
actions: [Read the history.]
escalate: [Nobody knows of it.]
contain: [Isolate the host.]
rules:
    proc_creation_win_x:
        questions: [Is a test announced?]
"""


def written(folder: Path, text: str, name: str = "remote_execution.yml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def problems(folder: Path, text: str) -> str:
    playbooks, found = load_playbook(written(folder, text))
    assert not playbooks
    return render_all(found).replace(folder.as_posix(), "DIR")


def test_what_is_said_of_a_rule_comes_before_what_is_said_of_its_family(tmp_path: Path) -> None:
    playbooks, found = load_playbook(written(tmp_path, WHOLE))
    assert not found
    playbook = playbooks["remote_execution"]
    logons = "DeviceLogonEvents\n| where DeviceId == device and Timestamp < alert_time"
    family = Guidance(
        ("Is it announced?",),
        (Check("Who logged on?", logons), Check("Ask the administrator.")),
        ("Read the history.",),
        ("Nobody knows of it.",),
        ("Isolate the host.",),
    )
    assert (playbook.title, playbook.family, playbook.guidance("proc_creation_win_other")) == (
        "Remote execution",
        family,
        family,
    )
    assert playbook.guidance("proc_creation_win_x").questions == ("Is a test announced?", "Is it announced?")


def test_a_query_begins_with_what_is_to_be_filled_in() -> None:
    assert Check("x", "DeviceEvents | where DeviceId == device and AccountName =~ account").kql == (
        'let device = "DEVICE-ID";\nlet account = "ACCOUNT";\n'
        "DeviceEvents | where DeviceId == device and AccountName =~ account"
    )
    assert Check("x", "DeviceEvents | where devices == 1").kql == "DeviceEvents | where devices == 1"
    assert Check("x").kql is None


def test_each_part_of_a_family_is_needed(tmp_path: Path) -> None:
    assert problems(tmp_path, WHOLE.replace("escalate: [Nobody knows of it.]\n", "")) == (
        "DIR/remote_execution.yml:1:1: error[playbook]: 'escalate' is missing or empty\n"
        "   1 | title: Remote execution\n"
        "     | ^^^^^\n"
        "      = say it for the family: when to escalate"
    )


def test_wrong_keys_and_values_are_all_told(tmp_path: Path) -> None:
    text = WHOLE.replace("- step: Ask the administrator.", "- stop: Ask.").replace("[Read the history.]", "Read it.")
    assert problems(tmp_path, text.replace("questions: [Is a test", "question: [Is a test")) == (
        "DIR/remote_execution.yml:8:7: error[playbook]: 'step' is no text\n"
        "   8 |     - stop: Ask.\n"
        "     |       ^^^^\n"
        "\n"
        "DIR/remote_execution.yml:8:7: error[playbook]: 'stop' is no key of a playbook\n"
        "   8 |     - stop: Ask.\n"
        "     |       ^^^^\n"
        "      = they are step, query\n"
        "\n"
        "DIR/remote_execution.yml:9:1: error[playbook]: 'actions' is no list\n"
        "   9 | actions: Read it.\n"
        "     | ^^^^^^^\n"
        "      = begin each entry with a dash\n"
        "\n"
        "DIR/remote_execution.yml:14:9: error[playbook]: 'question' is no key of a playbook\n"
        "   14 |         question: [Is a test announced?]\n"
        "      |         ^^^^^^^^\n"
        "       = they are questions, check_first, actions, escalate, contain"
    )


def test_a_file_that_is_no_playbook(tmp_path: Path) -> None:
    assert problems(tmp_path, "- a\n").startswith("DIR/remote_execution.yml:1:1: error[not-a-mapping]")
    assert problems(tmp_path, "title: [\n").startswith("DIR/remote_execution.yml:2:1: error[not-yaml]")
    assert problems(tmp_path, f"{WHOLE}---\n{WHOLE}") == (
        "DIR/remote_execution.yml: error[playbook]: the file holds 2 documents; a playbook is one\n  = a file a family"
    )
    assert problems(tmp_path, WHOLE.replace("title: Remote execution", f"title: {'x' * 601}")).splitlines()[0] == (
        "DIR/remote_execution.yml:1:1: error[playbook]: the text is longer than 600 characters, or than a line"
    )
