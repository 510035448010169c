"""A draft is whole: it compiles, its files are read, and what is left to do is what says TODO."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sigma_xdr.drafting import DraftRequest, draft_rule, read_fixture, write_all
from sigma_xdr.errors import UsageError, render_all
from sigma_xdr.pipeline import log_sources
from sigma_xdr.review.lints import lint_paths
from sigma_xdr.rules.playbook import load_playbook
from sigma_xdr.testing.suite import load_suite
from tests.unit.drafting.test_fixtures import HIT, RECORD, written

ROOT = Path(__file__).parents[3]
LIKE_IT = "did you mean process_creation?"
GOLDENS = Path(__file__).with_name("goldens")


@pytest.fixture
def request_in(tmp_path: Path) -> Callable[..., DraftRequest]:
    """A pack with the playbooks and ideas of the real one, and what a person asks of it."""
    pack = tmp_path / "sigma_rules"
    shutil.copytree(ROOT / "sigma_rules" / "playbook", pack / "playbook")
    shutil.copy(ROOT / "sigma_rules" / "site.default.yml", pack)
    (pack / "execution").mkdir()
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "coverage.yml", tmp_path / "docs")

    def make(**given: Any) -> DraftRequest:
        plain = DraftRequest(
            family="execution",
            category="process_creation",
            title="WMIC Starts a Script Host",
            author="the author",
            level="high",
            technique="T1047",
            pack=pack,
            tests=tmp_path / "tests" / "rules",
            day=date(2026, 11, 23),
            id=UUID("d2b0c1a4-3f64-4c0e-9b5a-0f6a8f1f2e3d"),
        )
        return replace(plain, **given)

    return make


@pytest.mark.parametrize("name", ["plain", "row", "record"])
def test_the_files_of_a_draft(name: str, request_in: Callable[..., DraftRequest], tmp_path: Path) -> None:
    event = {"row": HIT, "record": RECORD}.get(name)
    fixture = read_fixture(written(tmp_path, event)) if event else None
    draft = draft_rule(request_in(fixture=fixture))
    texts = [f"# {path.relative_to(tmp_path).as_posix()}\n{text}" for path, text in draft.new.items()]
    assert "\n".join(texts) == (GOLDENS / f"{name}.yml").read_text("utf-8")


def test_the_playbook_and_the_ideas_have_an_entry_more(request_in: Callable[..., DraftRequest], tmp_path: Path) -> None:
    request = request_in(idea="C05")
    draft = draft_rule(request)
    name = "proc_creation_win_wmic_starts_a_script_host"
    playbook, coverage = request.pack / "playbook" / "execution.yml", tmp_path / "docs" / "coverage.yml"
    entry = f"    {name}:\n        questions:\n            - 'TODO: what does an analyst ask first about this alert?'\n"
    before = playbook.read_text("utf-8")
    assert draft.changed[playbook] == (before.encode(), before + entry)
    was = "[remote_execution/proc_creation_win_wmiprvse_discovery]"
    text = coverage.read_text("utf-8").replace(was, f"{was[:-1]}, execution/{name}]")
    assert draft.changed[coverage][1] == text
    write_all(draft.new, draft.changed)
    assert load_playbook(request.pack / "playbook")[1] == []


def test_a_new_idea(request_in: Callable[..., DraftRequest], tmp_path: Path) -> None:
    draft = draft_rule(request_in(idea="Z31: WMI writes a task", name="writes_a_task"))
    entry = "    Z31:\n        what: WMI writes a task\n        rules:\n            - execution/proc_creation_win_writes_a_task\n"
    before = (tmp_path / "docs" / "coverage.yml").read_text("utf-8")
    assert (
        draft.changed[tmp_path / "docs" / "coverage.yml"][1] == before.replace("\nseeds:", f"\n{entry}seeds:")
        or entry in (draft.changed[tmp_path / "docs" / "coverage.yml"][1])
    )


@pytest.mark.parametrize("category", sorted(log_sources()))
def test_all_that_a_draft_lacks_says_todo(category: str, request_in: Callable[..., DraftRequest]) -> None:
    request = request_in(category=category, title=f"Odd Work of {category.replace('_', ' ').title()}")
    draft = draft_rule(request)
    write_all(draft.new, draft.changed)
    linted = lint_paths([request.pack], None, request.tests, None, True)
    codes = {finding.code for finding in linted.findings}
    assert codes <= {"todo"}, render_all([finding.diagnostic for finding in linted.findings])
    lines = draft.new[draft.rule].count("TODO")
    assert lines >= 3
    suite = load_suite([draft.rule], request.tests)
    [test] = suite.tests
    # An ActionType that nobody has said can't be compiled, and the message names the TODO.
    assert {problem.code for problem in test.problems} <= {"todo", "too-few-cases", "unknown-action-type"}
    assert sum(problem.code == "todo" for problem in test.problems) >= lines
    assert all("TODO" in problem.message for problem in test.problems if problem.code == "unknown-action-type")


def test_the_lint_names_what_the_playbook_leaves_to_do(request_in: Callable[..., DraftRequest]) -> None:
    request = request_in()
    draft = draft_rule(request)
    write_all(draft.new, draft.changed)
    for path in draft.new:
        path.write_text(path.read_text("utf-8").replace("TODO", "done"), encoding="utf-8")
    found = [
        finding.diagnostic.render() for finding in lint_paths([request.pack], None, request.tests, None, False).findings
    ]
    assert [text.splitlines()[0].partition("error")[2] for text in found if "[todo]" in text] == [
        f"[todo]: what {request.pack.as_posix()}/playbook/execution.yml says of the rule still says TODO"
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"family": "executoin"}, "the pack has no family 'executoin'\n  = did you mean execution?"),
        ({"family": "../x"}, "the pack has no family '../x'\n  = they are execution"),
        ({"category": "proces_creation"}, f"'proces_creation' is no log source that Defender's tables answer\n  = {LIKE_IT}"),
        ({"title": "Detects WMIC"}, "a title doesn't begin with 'Detects'\n  = write: WMIC"),
        ({"title": "WMIC Runs."}, "a title has no full stop\n  = write: WMIC Runs"),
        ({"title": "WMIC starts a host of x.exe"}, "a title is in Title Case\n  = write: WMIC Starts a Host of x.exe"),
        ({"title": "a\nb"}, "a title is one line of up to 110 characters\n  = say in a few words what happens"),
        ({"level": "hihg"}, "there is no level 'hihg'\n  = it is one of informational, low, medium, high, critical"),
        ({"technique": "T9999"}, "ATT&CK has no technique 'T9999'\n  = write it like T1047 or T1059.001"),
        ({"author": " "}, "the author is one line of text\n  = say who wrote it: --author"),
        ({"name": "../x"}, "'../x' is no name of a rule's file\n  = up to 60 small letters, digits and _"),
        ({"idea": "c5"}, "'c5' is no idea\n  = give its id, C05, or a new one with what it is: 'C31: WMI does this'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request(
    given: dict[str, str], message: str, request_in: Callable[..., DraftRequest]
) -> None:
    with pytest.raises(UsageError) as error:
        draft_rule(request_in(**given))
    assert str(error.value) == f"error[draft]: {message}"


def test_an_event_of_another_table(request_in: Callable[..., DraftRequest], tmp_path: Path) -> None:
    fixture = read_fixture(written(tmp_path, HIT))
    with pytest.raises(UsageError) as error:
        draft_rule(request_in(fixture=fixture, category="registry_set"))
    assert str(error.value) == (
        f"error[draft]: the event is of DeviceProcessEvents, registry_set is DeviceRegistryEvents\n  = {LIKE_IT}"
    )


def test_a_record_for_a_rule_on_rows(request_in: Callable[..., DraftRequest], tmp_path: Path) -> None:
    fixture = read_fixture(written(tmp_path, RECORD))
    with pytest.raises(UsageError) as error:
        draft_rule(request_in(fixture=fixture, category="device_process_events"))
    assert str(error.value) == (
        "error[draft]: rules on device_process_events read rows, the event is a record of Windows\n"
        "  = give a row, or a hit of a hunt"
    )


def test_nothing_is_drafted_over_what_is_there(request_in: Callable[..., DraftRequest]) -> None:
    request = request_in()
    draft = draft_rule(request)
    write_all(draft.new, {})
    with pytest.raises(UsageError) as error:
        draft_rule(request)
    assert (
        str(error.value) == f"error[draft]: {draft.rule.as_posix()} is there already\n  = choose another name: --name"
    )
    for path in draft.new:
        path.unlink()
    write_all({}, draft.changed)
    with pytest.raises(UsageError, match="'proc_creation_win_wmic_starts_a_script_host' has an entry already"):
        draft_rule(request)


def test_a_long_title_is_cut_at_a_word(request_in: Callable[..., DraftRequest]) -> None:
    draft = draft_rule(request_in(title="A " + " ".join(["Quite"] * 15) + " Lengthy Title"))
    assert (
        draft.rule.name == "proc_creation_win_a_quite_quite_quite_quite_quite_quite_quite_quite_quite_quite_quite.yml"
    )
    assert len(draft.rule.stem) <= 86


def test_a_value_of_a_hostile_event_is_no_yaml_and_no_wildcard(
    request_in: Callable[..., DraftRequest], tmp_path: Path
) -> None:
    row = {**HIT["row"], "FileName": "x'*?: #\n.exe", "ProcessCommandLine": "'\"\n- a: [&x *x !!y]\u2028\u202e\x00"}
    fixture = read_fixture(written(tmp_path, {**HIT, "row": row}))
    request = request_in(fixture=fixture)
    draft = draft_rule(request)
    write_all(draft.new, draft.changed)
    [test] = load_suite([draft.rule], request.tests).tests
    assert test.file.cases[0].data["ProcessCommandLine"] == row["ProcessCommandLine"]
    assert test.rule.document["detection"]["selection_img"] == {"Image|endswith": "\\x'\\*\\?: #\n.exe"}
