from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sigma_xdr.cli import main
from sigma_xdr.review.lints import explain

ROOT = Path(__file__).parents[3]
RULE = """title: A Rule
id: 11111111-1111-4111-8111-111111111111
date: 2026-01-10
references: [https://example.org/report]
tags: [attack.impact]
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
    condition: selection
falsepositives: [Unlikely]
level: medium
"""
SCAN = RULE.replace("Image|endswith: '\\wmic.exe'", "CommandLine|contains: 'wmic'").replace("id: 1", "id: 2")
SAID = """\
sigma_rules/impact/b.yml:12:5: warning[scan]: the query searches the text of every row of ProcessCreated in \
DeviceProcessEvents: it asks for substrings alone
   12 |     condition: selection
      |     ^^^^^^^^^
       = ask for the program too (Image|endswith, OriginalFileName), or for values with a blank, dash or slash at both ends: \
those are looked up

"""
SILENCES = """silenced:
    - rule: 21111111-1111-4111-8111-111111111111
      code: scan
      reason: Its text is unlike any other.
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path("sigma_rules/impact", f"{name}.yml") if name != "lint" else Path("sigma_rules/lint.yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["lint", *args])
    return ended.value.code, *capsys.readouterr()


def test_the_pack_itself_has_no_finding_without_a_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    code, out, error = run(capsys, "--format", "json")
    unexplained = [each for each in json.loads(out)["findings"] if each["silenced"] is None]
    assert (code, unexplained) == (0, [])
    assert " rules linted: no findings, " in error


def test_findings_are_shown_and_end_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE, b=SCAN)
    assert run(capsys, "--no-sigmahq") == (1, SAID, "2 rules linted: 1 finding in 1 file\n")
    assert run(capsys, "sigma_rules/impact/a.yml", "--no-sigmahq") == (0, "", "1 rule linted: no findings\n")


def test_what_is_silenced_is_shown_with_its_reason_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE, b=SCAN, lint=SILENCES)
    silenced = "sigma_rules/impact/b.yml:12: scan silenced: Its text is unlike any other.\n"
    assert run(capsys, "--no-sigmahq") == (0, silenced, "2 rules linted: no findings, 1 silenced\n")


def test_a_silence_of_a_rule_that_was_not_asked_for_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE, b=SCAN, lint=SILENCES.replace("code: scan", "code: overlap"))
    assert run(capsys, "sigma_rules/impact/a.yml", "--no-sigmahq") == (0, "", "1 rule linted: no findings\n")
    assert run(capsys, "--no-sigmahq") == (
        1,
        f"{SAID}sigma_rules/lint.yml:2:7: warning[unused-silence]: the silence of overlap silences nothing, the rule is "
        "right\n   2 |     - rule: 21111111-1111-4111-8111-111111111111\n     |       ^^^^\n      = delete it\n\n",
        "2 rules linted: 2 findings in 2 files\n",
    )


def test_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    write(b=SCAN, lint=SILENCES)
    code, out, _ = run(capsys, "--no-sigmahq", "--format", "json")
    data = json.loads(out)
    assert (code, data["problems"]) == (0, [])
    [finding] = data["findings"]
    assert (finding["code"], finding["file"], finding["line"], finding["silenced"]) == (
        "scan",
        "sigma_rules/impact/b.yml",
        12,
        "Its text is unlike any other.",
    )


def test_a_rule_that_does_not_compile(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE.replace("Image|", "Imgae|"), b=SCAN)
    code, out, error = run(capsys, "--no-sigmahq")
    assert (code, error) == (2, "2 rules linted: 1 finding in 1 file; 1 problem\n")
    assert out.startswith(
        "sigma_rules/impact/a.yml:11:9: error[unknown-field]: 'Imgae' is no field of process_creation\n"
    )
    assert out.endswith(SAID)


def test_a_wrong_lint_file_and_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE, lint="silenced: all\n")
    code, out, error = run(capsys, "--no-sigmahq")
    assert (code, out) == (2, "")
    assert error.startswith("sigma_rules/lint.yml:1:1: error[lint-file]: 'silenced' is no list\n")
    write(lint="silenced: []\n")
    for arguments, message in (
        (("nowhere",), "error[no-such-path]: 'nowhere' doesn't exist\n"),
        (("--base", "nowhere"), "error[no-repository]: 'nowhere' is no folder, and there is no git repository here\n"),
        (("--explain", "nothing"), "error[unknown-lint]: there is no lint 'nothing'\n"),
    ):
        code, out, error = run(capsys, *arguments, "--no-sigmahq")
        assert (code, out, error[: len(message)]) == (3, "", message)


def test_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--explain", "scan") == (0, explain("scan"), "")


CHANGED = """\
sigma_rules/impact/a.yml:3:1: warning[modified-not-later]: what the rule finds has changed, and it has no modified date
   3 | date: 2026-01-10
     | ^^^^
      = add modified: with the day of the change, under date

"""


def git(*arguments: str) -> None:
    about = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *about, *arguments], check=True, capture_output=True)


def test_what_a_change_in_a_repository_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE)
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    write(a=RULE.replace("\\wmic", "\\cmd"))
    said = (1, CHANGED, "1 rule linted: 1 finding in 1 file\n")
    assert run(capsys, "--base", "HEAD", "--no-sigmahq") == said
    assert run(capsys, "sigma_rules/impact/a.yml", "--base", "main", "--no-sigmahq") == said
    code, _, error = run(capsys, "--base", "--upload-pack=x", "--no-sigmahq")
    assert (code, error.splitlines()[0]) == (
        3,
        "error[no-revision]: '--upload-pack=x' is no revision that git knows, and no folder",
    )


def test_what_a_change_to_a_folder_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    write(a=RULE)
    Path("old").mkdir()
    Path("sigma_rules").rename("old/sigma_rules")
    write(a=RULE.replace("\\wmic", "\\cmd"))
    assert run(capsys, "--base", "old", "--no-sigmahq") == (1, CHANGED, "1 rule linted: 1 finding in 1 file\n")
