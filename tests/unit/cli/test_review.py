from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigma_xdr.cli import main
from tests.review.examples.histories import commit, git
from tests.unit.review.packs import rule, write
from tests.unit.review.test_reviewing import FULL, IT, TEST, A


@pytest.fixture(autouse=True)
def _in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, IT))
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "first")
    write(tmp_path, {A: rule(value=".exe"), TEST: FULL})


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["review", *args])
    return ended.value.code, *capsys.readouterr()


def test_the_work_tree_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, "--base", "main")
    assert (code, error) == (1, "")
    assert out.startswith("Detection review: 1 rule changed, 1 needs your eye\nred  A  ")


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("markdown", "<!-- sigma-xdr review -->\n### Detection review: 1 rule changed, 1 needs your eye\n"),
        ("json", '{\n  "base": "main ('),
        ("sarif", '{\n  "$schema": '),
        ("github", f"::error file={A},title=review-near-misses-gained,line=6,col=1,endColumn=10::A: "),
    ],
)
def test_every_form(capsys: pytest.CaptureFixture[str], form: str, start: str) -> None:
    code, out, error = run(capsys, "--base", "main", "--format", form)
    assert (code, error) == (1, "")
    assert out.startswith(start)
    if form in ("json", "sarif"):
        json.loads(out)


def test_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--base", "main", "--fail-on", "never", "--format", "json")[0] == 0
    assert run(capsys, "--base", "main", "--head", "main")[0] == 0
    write(Path(), {A: rule(level="low")})
    assert run(capsys, "--base", "main", "--format", "json")[0] == 0
    assert run(capsys, "--base", "main", "--fail-on", "yellow", "--format", "json")[0] == 1
    write(Path(), {A: rule(field="Image|x")})
    assert run(capsys, "--base", "main", "--format", "json")[0] == 2


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--base", "nowhere") == (
        3,
        "",
        "error[no-revision]: 'nowhere' is no revision that git knows, and no folder\n  = fetch it first: git fetch origin\n",
    )
    assert run(capsys, "--base", "main", "--rules", "../x") == (
        3,
        "",
        "error[usage]: '../x' is no folder below the repository's root\n  = name it from the root on: sigma_rules\n",
    )
    assert run(capsys, "--base", "main", "--rules", "detections") == (
        3,
        "",
        "error[no-pack]: 'main' has no rules in detections\n  = say where they are: --rules DIR\n",
    )
    code, out, error = run(capsys)
    assert (code, out) == (3, "")
    assert "Missing option '--base'" in error
    code, _, error = run(capsys, "--base", "main", "--corpus", "none")
    assert (code, "does not exist" in error) == (3, True)


def test_a_folder_as_the_base(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path / "old", IT)
    code, out, _ = run(capsys, "--base", "old")
    assert (code, "old → work tree" in out) == (1, True)
