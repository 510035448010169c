"""What GitHub reads of the repository has GitHub's form, by the schemas that check-jsonschema brings along."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sigma_xdr.rules import load_rules
from sigma_xdr.rules.todos import todos

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def check(schema: str, *files: Path) -> str:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", sorted((GITHUB / "workflows").glob("*.yml"))),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
        ("dependabot", [GITHUB / "dependabot.yml"]),
    ],
    ids=["workflows", "forms", "chooser", "dependabot"],
)
def test_a_file_has_the_form_that_github_asks_for(schema: str, files: list[Path]) -> None:
    assert files
    assert check(schema, *files) == ""


def test_a_wrong_form_would_be_found(tmp_path: Path) -> None:
    text = FORMS[0].read_text("utf-8").replace("type: dropdown", "type: drop-down")
    (tmp_path / "form.yml").write_text(text, encoding="utf-8")
    assert "drop-down" in check("github-issue-forms", tmp_path / "form.yml")


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_the_event_and_that_nobody_can_be_told_from_it(form: Path) -> None:
    fields = {field.get("id"): field for field in yaml.safe_load(form.read_text("utf-8"))["body"]}
    assert fields["event"]["attributes"]["render"] == "json"
    assert [option["required"] for option in fields["redacted"]["attributes"]["options"]] == [True]


def test_every_path_of_the_owners_is_there() -> None:
    lines = [line.split() for line in (GITHUB / "CODEOWNERS").read_text("utf-8").splitlines()]
    owned = [line for line in lines if line and line[0] != "#"]
    assert owned[0][0] == "*"
    for pattern, *owners in owned:
        assert owners
        assert all(re.fullmatch(r"@[\w-]+/[\w-]+", owner) for owner in owners)
        assert pattern == "*" or list(ROOT.glob(pattern.strip("/"))), pattern


def test_nothing_in_the_pack_is_left_to_do() -> None:
    pack = load_rules([ROOT / "sigma_rules"])
    loaded = (*pack.rules, *pack.correlations, *pack.filters)
    assert [problem.render() for rule in loaded for problem in todos(rule.document, rule.source)] == []
    for path in (*(ROOT / "sigma_rules" / "playbook").glob("*.yml"), *(ROOT / "tests" / "rules").rglob("*.yml")):
        assert re.search(r"\bTODO\b", path.read_text("utf-8")) is None, path
