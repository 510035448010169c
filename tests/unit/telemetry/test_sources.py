"""What a call names, as files to read."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.telemetry import Record, Unreadable
from sigma_xdr.telemetry.sources import Source, find_sources, pieces, read_piece

LINE = json.dumps({"Channel": "Security", "EventID": 1}) + "\n"


def names(*paths: str | Path) -> tuple[list[str], dict[str, str]]:
    with find_sources(paths) as sources:
        return [source.name for source in sources], sources.not_read


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("logs/b/2.jsonl", "logs/b/10.jsonl", "logs/a.evtx", "logs/.git/x", "logs/.x", "elsewhere/x.jsonl"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(LINE)
    Path("logs/README.md").write_text("# Logs\n\nThey are [here](b).\n")
    Path("logs/empty").touch()
    Path("logs/image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300)
    Path("logs/link.jsonl").symlink_to("../elsewhere/x.jsonl")
    Path("logs/round").symlink_to(".")
    os.mkfifo("logs/pipe")
    expected = ["logs/a.evtx", "logs/b/10.jsonl", "logs/b/2.jsonl"]
    not_read = {
        "logs/.git": "it is hidden",
        "logs/.x": "it is hidden",
        "logs/README.md": "it is no file of events",
        "logs/empty": "it is empty",
        "logs/image.png": "it is no file of events",
        "logs/link.jsonl": "it is a link",
        "logs/pipe": "it is no regular file",
        "logs/round": "it is a link",
    }
    assert names("logs") == (expected, not_read)
    again = {**not_read, **dict.fromkeys(expected[1:], "it is read already")}
    assert names("logs/b/10.jsonl", "logs/b/2.jsonl", "logs") == ([*expected[1:], expected[0]], again)
    with find_sources(["logs/a.evtx"]) as sources:
        assert sources == [Source("logs/a.evtx", "logs/a.evtx", None, len(LINE))]


def test_what_is_given_itself_is_always_read(tmp_path: Path) -> None:
    readme, link, hidden = tmp_path / "README.md", tmp_path / "link", tmp_path / ".hidden"
    readme.write_text("# Logs\n")
    link.symlink_to(readme)
    hidden.touch()
    assert names(link, hidden) == ([str(link), str(hidden)], {})


def test_all_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").write_text(LINE)
    with pytest.raises(UsageError) as refusal:
        find_sources(["one", "there", "two\x1b"])
    assert str(refusal.value) == (
        "error[unreadable-file]: one can't be read: No such file or directory\n"
        "error[unreadable-file]: two\\x1b can't be read: No such file or directory"
    )
    with pytest.raises(UsageError) as refusal:
        find_sources(["a\0b"])
    assert str(refusal.value) == "error[unreadable-file]: a\\x00b can't be read: embedded null byte"


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "closed"
    path.mkdir()
    (path / "events").write_text(LINE)
    path.chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # nothing is closed to root
    try:
        with pytest.raises(UsageError) as refusal:
            find_sources([path, path / "events"])
    finally:
        os.seteuid(before)
        path.chmod(0o700)
    assert str(refusal.value) == (
        f"error[unreadable-file]: {path} can't be read: Permission denied\n"
        f"error[unreadable-file]: {path}/events can't be read: Permission denied"
    )


def test_the_entries_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/x.jsonl", LINE * 100)
        archive.writestr("../../y.jsonl.gz", gzip.compress(LINE.encode()))
        archive.writestr("README.md", "# Logs\n")
    with find_sources(["a.zip"]) as sources:
        assert [(source.name, source.member) for source in sources] == [
            ("a.zip!folder/x.jsonl", "folder/x.jsonl"),
            ("a.zip!../../y.jsonl.gz", "../../y.jsonl.gz"),
        ]
        assert sources.not_read == {"a.zip!README.md": "it is no file of events"}
        read = [[event.file for event in read_piece(piece)] for source in sources for piece in pieces(source, 10)]
    assert read == [["a.zip!folder/x.jsonl"] * 100, ["a.zip!../../y.jsonl.gz"]]
    assert os.listdir() == ["a.zip"]


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINE.encode() * 3))))
    with find_sources(["-"]) as sources:
        [source] = sources
        [piece] = pieces(source)
        events = list(read_piece(piece))
    assert source.name == "-"
    assert [(event.file, event.number, isinstance(event, Record)) for event in events] == [
        ("-", number, True) for number in (1, 2, 3)
    ]
    assert not Path(source.path).exists()


def test_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(LINE,))
    writer.start()
    with find_sources([path]) as sources:
        [event] = read_piece(next(pieces(sources[0])))
    writer.join()
    assert event.file == str(path)
    assert isinstance(event, Record)


FULL = """
import resource, sys, tempfile
from sigma_xdr.errors import UsageError
from sigma_xdr.telemetry import read_events
from sigma_xdr.telemetry.sources import find_sources
tempfile.tempdir = sys.argv[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    find_sources(["-"])
except UsageError as error:
    print(error)
for event in read_events(sys.argv[2]):
    print(event.number, event.reason)
"""


def test_a_full_disk(tmp_path: Path, corpus: Path) -> None:
    packed = tmp_path / "packed.gz"
    evtx = corpus / "evtx_attack_samples" / "LM_wmiexec_impacket_sysmon_whoami.evtx"
    packed.write_bytes(gzip.compress(evtx.read_bytes()))
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, packed],
        input=LINE * 1000,
        capture_output=True,
        text=True,
        check=False,
    )
    no_room = f"there is no room for it in {tmp_path} (File too large): make room, or name another folder in TMPDIR"
    assert (done.stdout, done.stderr) == (
        f"error[unreadable-file]: - can't be read: {no_room}\n1 {no_room}\n",
        "",
    )
    assert os.listdir(tmp_path) == ["packed.gz"]


def test_a_file_that_is_gone_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(LINE)
    with find_sources([path]) as sources:
        path.unlink()
        assert list(read_piece(next(pieces(sources[0])))) == [
            Unreadable(str(path), 1, "the file can't be opened: No such file or directory")
        ]
