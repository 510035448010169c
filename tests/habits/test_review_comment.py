"""What is posted, and what isn't: the very text of the workflow's step, with a GitHub that answers from a table."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "review-comment.yml"
SHA = "1" * 40
MARKER = "<!-- sigma-xdr review -->"
TOP = f"{MARKER}\n<sub>Of {SHA}, written by [this run](https://github.com/o/r/actions/runs/7).</sub>\n\n"
WARNING = " ⚠️ The pull request changes code or workflows as well: it may have written this itself."
#: A `gh` that answers what the table says and writes down what it was asked.
GH = """\
#!{python}
import json, pathlib, sys
table = pathlib.Path({table!r})
path, more = sys.argv[2], sys.argv[3:]
body = sys.stdin.read() if "--input" in more else None
with (table / "asked").open("a") as asked:
    asked.write(json.dumps([path, more, body]) + "\\n")
if body is None:
    answers = json.loads((table / "answers.json").read_text())
    found = answers[path.removeprefix("repos/o/r/")]
    if found == "zip":
        sys.stdout.buffer.write((table / "review.zip").read_bytes())
    else:
        print(json.dumps(found))
"""


def zipped(**members: bytes | str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return stream.getvalue()


@dataclass
class GitHub:
    """A repository ``o/r`` with the pull request 5, a run that left an artifact, and comments."""

    folder: Path
    archive: bytes = field(default_factory=lambda: zipped(number_txt="5\n", comment_md=f"{MARKER}\n### Review\n"))
    state: str = "open"
    sha: str = SHA
    repository: str | None = "fork/r"
    size: int = 500
    expired: bool = False
    files: tuple[str, ...] = ("sigma_rules/impact/x.yml", "tests/rules/impact/x.yml", "README.md")
    comments: tuple[tuple[int, str, str], ...] = ()

    def run(self) -> tuple[int, str]:
        """The exit code of the step, and what it says."""
        [step] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]["comment"]["steps"]
        assert step["shell"] == "python"
        answers: dict[str, Any] = {
            "actions/runs/7/artifacts?name=review": {
                "artifacts": [{"id": 9, "size_in_bytes": self.size, "expired": self.expired}]
            },
            "actions/artifacts/9/zip": "zip",
            "pulls/5": {
                "state": self.state,
                "head": {"sha": self.sha, "repo": {"full_name": self.repository} if self.repository else None},
            },
            "pulls/5/files?per_page=100": [[{"filename": name} for name in self.files]],
            "issues/5/comments?per_page=100": [
                [{"id": number, "user": {"login": login}, "body": body}] for number, login, body in self.comments
            ],
        }
        (self.folder / "answers.json").write_text(json.dumps(answers))
        (self.folder / "review.zip").write_bytes(self.archive)
        gh = self.folder / "gh"
        gh.write_text(GH.format(python=sys.executable, table=str(self.folder)))
        gh.chmod(0o755)
        environment = {
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "REPOSITORY": "o/r",
            "RUN_ID": "7",
            "RUN_URL": "https://github.com/o/r/actions/runs/7",
            "HEAD_SHA": SHA,
            "HEAD_REPOSITORY": "fork/r",
        }
        command = [sys.executable, "-c", step["run"]]
        done = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, encoding="utf-8", check=False
        )
        return done.returncode, done.stdout.strip() + done.stderr

    @property
    def written(self) -> list[tuple[str, str, str]]:
        """What was posted: the path, the method, the comment."""
        asked = [json.loads(line) for line in (self.folder / "asked").read_text().splitlines()]
        return [
            (path.removeprefix("repos/o/r/"), more[1], json.loads(body)["body"]) for path, more, body in asked if body
        ]


def test_the_first_review_is_a_new_comment(tmp_path: Path) -> None:
    others = ((1, "github-actions[bot]", "another of ours"), (2, "mallory", f"{MARKER}\nmine"))
    github = GitHub(tmp_path, comments=others)
    assert github.run() == (0, "posted the review of #5")
    assert github.written == [("issues/5/comments", "POST", f"{TOP}### Review\n")]


def test_the_next_one_is_written_over_it(tmp_path: Path) -> None:
    github = GitHub(tmp_path, comments=((1, "anna", "hello"), (3, "github-actions[bot]", f"{MARKER}\nold")))
    assert github.run() == (0, "updated the review of #5")
    assert github.written == [("issues/comments/3", "PATCH", f"{TOP}### Review\n")]


@pytest.mark.parametrize(
    "file",
    [
        *(".github/workflows/ci.yml", "backend/sigma_xdr/review/verdict.py", "Makefile", "tests/rules/test_pack.py"),
        *("pyproject.toml", "requirements.lock", "sigma_rules", "docs/x\ny", "x/sigma_rules/a.yml"),
    ],
)  # fmt: skip
def test_who_changes_code_may_have_written_the_review(file: str, tmp_path: Path) -> None:
    github = GitHub(tmp_path, files=("sigma_rules/impact/x.yml", file))
    assert github.run()[0] == 0
    assert github.written[0][2] == TOP.replace("</sub>", f"{WARNING}</sub>") + "### Review\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "closed"}, (0, "the pull request is closed")),
        ({"sha": "2" * 40}, (0, "the pull request has another head by now")),
        ({"repository": "victim/r"}, (1, "the run was of another repository than the pull request")),
        ({"repository": None}, (1, "the run was of another repository than the pull request")),
        ({"expired": True}, (0, "the run left no review")),
        ({"size": 1_000_001}, (1, "the artifact is larger than 1 MB")),
        ({"archive": b"no zip"}, (1, "the artifact is no review")),
        ({"archive": zipped(comment_md="x")}, (1, "the artifact is no review")),
        ({"archive": zipped(number_txt="5", comment_md=b"\xff\xfe")}, (1, "the artifact is no review")),
        ({"archive": zipped(number_txt="5", comment_md="  \n")}, (1, "the review is empty")),
        ({"archive": zipped(number_txt="5", comment_md="x" * 300_000)}, (1, "comment.md is longer than it may be")),
        ({"archive": zipped(number_txt="5" * 21, comment_md="x")}, (1, "number.txt is longer than it may be")),
        *(
            ({"archive": zipped(number_txt=number, comment_md="x")}, (1, "the artifact names no pull request"))
            for number in ("", "0", "05", "-1", "5/../6", "5?x=1", "$(id)", "5\n6", "12345678901")
        ),
        ({"archive": zipped(number_txt="٥", comment_md="x")}, (1, "the artifact is no review")),
    ],
)
def test_nothing_is_posted_of_what_is_not_right(given: dict[str, Any], said: tuple[int, str], tmp_path: Path) -> None:
    github = GitHub(tmp_path, **given)
    assert github.run() == said
    assert github.written == []


def test_a_review_that_is_too_long_is_pointed_at(tmp_path: Path) -> None:
    github = GitHub(tmp_path, archive=zipped(number_txt="5", comment_md="🔴" * 65_400))
    assert github.run()[0] == 0
    assert github.written[0][2] == f"{TOP}The review is too long for a comment: it is in the summary of the run.\n"


def test_a_marker_within_the_review_is_taken_out(tmp_path: Path) -> None:
    text = f"{MARKER}\na `$(id)` ${{{{ github.token }}}} {MARKER} b\0"
    github = GitHub(tmp_path, archive=zipped(number_txt="5", comment_md=text))
    assert github.run()[0] == 0
    assert github.written[0][2] == f"{TOP}a `$(id)` ${{{{ github.token }}}}  b\n"


def test_a_name_of_the_artifact_never_becomes_a_path(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("../number.txt", "/etc/x", "number.txt", "comment.md"):
            archive.writestr(name, "5")
    github = GitHub(tmp_path / "inner", archive=stream.getvalue())
    github.folder.mkdir()
    assert github.run()[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
