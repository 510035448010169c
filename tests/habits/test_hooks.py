"""The hooks of pre-commit, run by pre-commit in a repository of their own, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
RULE = "impact/proc_creation_win_wmic_shadowcopy_delete.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with the hooks, the site file, and one rule with its cases and its playbook."""
    folder = tmp_path / "repository"
    for name in (
        ".gitignore",
        ".pre-commit-config.yaml",
        ".pre-commit-hooks.yaml",
        ".ryl.toml",
        "sigma_rules/site.default.yml",
        "sigma_rules/playbook/impact.yml",
        f"sigma_rules/{RULE}",
        f"tests/rules/{RULE}",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    return folder


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True)


def hooks(folder: Path) -> dict[str, str]:
    """What each hook says of all files: Passed, Failed or Skipped."""
    git(folder, "add", "--all")
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": f"{folder}/../home",
    }
    for each in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        environment.pop(each, None)
    command = [str(BIN / "pre-commit"), "run", "--all-files", "--color=never", "--verbose"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    names = {hook["name"]: hook["id"] for hook in config()["repos"][0]["hooks"]}
    found = {}
    for line in done.stdout.splitlines():
        for name, hook in names.items():
            if line.startswith(f"{name}..."):
                found[hook] = line.rpartition(".")[2].removeprefix("(no files to check)")
    assert found.keys() == set(names.values()), done.stdout + done.stderr
    return found


def config() -> dict[str, list[dict[str, list[dict[str, str]]]]]:
    document: dict[str, list[dict[str, list[dict[str, str]]]]] = yaml.safe_load(
        (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    )
    return document


def test_the_hooks_pass_what_is_right_and_name_what_is_not(repository: Path) -> None:
    assert hooks(repository) == {
        "sigma-xdr-compile": "Passed",
        "sigma-xdr-lint": "Passed",
        "yaml-layout": "Passed",
        "yaml-form": "Passed",
        "ruff": "Skipped",
        "ruff-format": "Skipped",
    }
    rule, cases = repository / "sigma_rules" / RULE, repository / "tests" / "rules" / RULE
    rule.write_text(rule.read_text("utf-8").replace("        CommandLine|", "      ComandLine|"), encoding="utf-8")
    cases.write_text(cases.read_text("utf-8").rstrip("\n"), encoding="utf-8")
    found = hooks(repository)
    assert {hook for hook, said in found.items() if said == "Failed"} == {
        "sigma-xdr-compile",
        "sigma-xdr-lint",
        "yaml-layout",
        "yaml-form",
    }


@pytest.mark.parametrize(
    "command", [["validate-config", ".pre-commit-config.yaml"], ["validate-manifest", ".pre-commit-hooks.yaml"]]
)
def test_pre_commit_takes_the_files(command: list[str]) -> None:
    done = subprocess.run([str(BIN / "pre-commit"), *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_hooks_for_others_call_commands_that_there_are() -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")):
        program, command = hook["entry"].split()
        done = subprocess.run([str(BIN / program), command, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert program == "sigma-xdr"


def test_the_packs_yaml_has_its_layout() -> None:
    checked = [str(BIN / "ryl"), "check", "--no-cache", "--config-file", str(ROOT / ".ryl.toml")]
    for more in (["sigma_rules", "docs"], ["--disable", "indentation", "tests/rules"]):
        done = subprocess.run([*checked, *more], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
