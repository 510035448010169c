"""``sigma-xdr new``, as a person runs it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sigma_xdr.cli import main

ROOT = Path(__file__).parents[3]
NAME = "proc_creation_win_wmic_starts_a_script_host"
GIVEN = [
    *("--family", "execution", "--category", "process_creation", "--title", "WMIC Starts a Script Host"),
    *("--author", "the author", "--level", "high", "--technique", "T1047", "--date", "2026-11-23"),
]
OTHER = "917b07c8-6586-1eba-ae00-bd43fe74d85c"
HIT = {
    "rule_id": "x",
    "table": "DeviceProcessEvents",
    "row": {
        "ActionType": "ProcessCreated",
        "DeviceName": "ws01.corp.contoso.com",
        "FileName": "wmic.exe",
        "ProcessCommandLine": r"wmic process call create \\srv01\c$\x.vbs",
    },
}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack of one family, which is the working folder's."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sigma_rules"
    (folder / "execution").mkdir(parents=True)
    (folder / "playbook").mkdir()
    shutil.copy(ROOT / "sigma_rules" / "playbook" / "execution.yml", folder / "playbook")
    return folder


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(["new", *args])
    return int(done.value.code or 0)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_three_files_are_written(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*GIVEN) == 0
    assert capsys.readouterr() == (
        f"sigma_rules/execution/{NAME}.yml\n"
        f"tests/rules/execution/{NAME}.yml\n"
        "sigma_rules/playbook/execution.yml: an entry more\n",
        f"what is left to do: sigma-xdr test sigma_rules/execution/{NAME}.yml\n",
    )
    assert files(pack.parent) == [
        f"sigma_rules/execution/{NAME}.yml",
        "sigma_rules/playbook/execution.yml",
        f"tests/rules/execution/{NAME}.yml",
    ]
    ids = (pack / "execution" / f"{NAME}.yml").read_text("utf-8").splitlines()[1]
    assert ids.startswith("id: ")
    assert ids[18] == "4"


def test_twice_is_refused_and_changes_nothing(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*GIVEN) == 0
    before = {name: (pack.parent / name).read_bytes() for name in files(pack.parent)}
    capsys.readouterr()
    assert run(*GIVEN) == 3
    assert capsys.readouterr() == (
        "",
        f"error[draft]: sigma_rules/execution/{NAME}.yml is there already\n  = choose another name: --name\n",
    )
    assert {name: (pack.parent / name).read_bytes() for name in files(pack.parent)} == before


def test_an_event_says_its_category_and_becomes_a_case(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("hit.json").write_text(json.dumps(HIT))
    without = [each for each in GIVEN if each not in ("--category", "process_creation")]
    assert run(*without, "--from", "hit.json") == 0
    text = Path(f"tests/rules/execution/{NAME}.yml").read_text("utf-8")
    assert "          DeviceName: host1.example.com\n" in text
    assert r"          ProcessCommandLine: wmic process call create \\host2\c$\x.vbs" in text
    assert capsys.readouterr().err.splitlines() == [
        "names of hosts, accounts and networks are replaced; read the event before you show it",
        f"what is left to do: sigma-xdr test sigma_rules/execution/{NAME}.yml",
    ]


def test_all_that_is_wrong_is_said_at_once(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [*GIVEN[:4], "--title", "Detects it.", "--author", "x", "--level", "hi", "--technique", "T1"]
    assert run(*wrong) == 3
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")] == [
        "error[draft]: ATT&CK has no technique 'T1'",
        "error[draft]: a title doesn't begin with 'Detects'",
        "error[draft]: a title has no full stop",
        "error[draft]: there is no level 'hi'",
    ]
    assert files(pack.parent) == ["sigma_rules/playbook/execution.yml"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--date", "23.11.2026"), "'23.11.2026' is no date\n  = write it like 2026-01-31"),
        (("--id", OTHER), f"'{OTHER}' is no random UUID (version 4)\n  = leave --id out"),
        (("--id", "x"), "'x' is no random UUID (version 4)\n  = leave --id out"),
    ],
)  # fmt: skip
def test_a_wrong_option(more: tuple[str, ...], message: str, pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*GIVEN, *more) == 3
    assert capsys.readouterr().err == f"error[draft]: {message}\n"


def test_nobody_is_asked_where_there_is_no_terminal(pack: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sigma_xdr", "new", "--family", "execution", "--category", "process_creation"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        3,
        "",
        "error[draft]: the rule's title isn't given\n  = add --title; a terminal is asked for it\n",
    )


def test_a_terminal_is_asked_for_what_is_missing(pack: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sigma_xdr", "new", "--family", "execution", "--category", "process_creation"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.write(ours, b"WMIC Starts a Script Host\nthe author\nhigh\nT1047\n")
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert out.splitlines()[0] == f"sigma_rules/execution/{NAME}.yml"
    assert "Title, in Title Case: " in err
