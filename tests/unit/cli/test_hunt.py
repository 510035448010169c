"""``sigma-xdr hunt`` as a whole: output, messages, exit codes; from files, standard input, a tenant and a cluster."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.cli import main
from sigma_xdr.engine import TenantEngine
from sigma_xdr.engine.limits import tenant_limits
from tests.unit.engine.services import (
    Credential,
    GraphService,
    Hours,
    KustoService,
    knows_time_scopes,
    serving,
)
from tests.unit.telemetry.samples import SYSMON

RULE = """\
title: {title}
id: 00000000-0000-4000-8000-00000000000{number}
name: {title}
level: {level}
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
    condition: selection
"""
CORRELATION = """\
title: Twice
id: 00000000-0000-4000-8000-000000000009
level: medium
correlation:
    type: event_count
    rules:
        - wmic
    generate: true
    group-by:
        - Computer
    timespan: 10m
    condition:
        gte: 2
"""
EVENT = {
    "Channel": SYSMON,
    "EventID": 1,
    "Computer": "h",
    "UtcTime": "2026-01-01 12:00:00.000",
    "Image": r"C:\Windows\wmic.exe",
    "CommandLine": "=1+1",
}
ROW = {
    "Timestamp": "2026-01-01T12:00:00Z",
    "DeviceId": "h",
    "DeviceName": "h",
    "ActionType": "ProcessCreated",
    "FileName": "wmic.exe",
    "FolderPath": r"C:\Windows\wmic.exe",
    "ProcessCommandLine": "=1+1",
    "ReportId": 1,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in, with a rule, a correlation and a file of events."""
    monkeypatch.chdir(tmp_path)
    rules = tmp_path / "sigma_rules"
    rules.mkdir()
    (rules / "wmic.yml").write_text(RULE.format(title="wmic", number=1, level="high"))
    (rules / "twice.yml").write_text(CORRELATION)
    write("e.jsonl", EVENT, {**EVENT, "Image": "x"}, {**EVENT, "UtcTime": "2026-01-01 12:00:01.000"})
    return tmp_path


def write(name: str, *events: Mapping[str, Any], more: str = "") -> None:
    Path(name).write_text("".join(f"{json.dumps(each)}\n" for each in events) + more)


def hunt(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    """Exit code, standard output, and standard error without how long it took."""
    with pytest.raises(SystemExit) as ended:
        main(["hunt", *args])
    out, err = capfd.readouterr()
    return ended.value.code, out, timeless(err)


def timeless(text: str) -> str:
    return re.sub(r" in [\d.,]+ s( \([\d,]+/s\))?", " in …", text)


COUNTED = "3 records of 1 file in …: 3 hits of 2 rules on 1 device\n"


def test_table(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunt(capfd, "e.jsonl")
    assert (code, err) == (0, COUNTED)
    assert [line.rstrip() for line in out.splitlines()] == [
        "rule   level   hits  devices  first (UTC)       last (UTC)",
        "wmic   high       2        1  2026-01-01 12:00  2026-01-01 12:00",
        "Twice  medium     1        1  2026-01-01 12:00  2026-01-01 12:00",
        "",
        "  wmic.yml: e.jsonl record 1, 3",
        "  twice.yml: e.jsonl record 3",
        "  why: sigma-xdr explain RULE FILE --record N",
        "",
    ]


def test_jsonl(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunt(capfd, "e.jsonl", "--format", "jsonl")
    assert (code, err) == (0, COUNTED)
    hits = [json.loads(line) for line in out.splitlines()]
    assert hits[0] == {
        "rule_id": "00000000-0000-4000-8000-000000000001",
        "rule_title": "wmic",
        "level": "high",
        "rule": "wmic.yml",
        "table": "DeviceProcessEvents",
        "timestamp": "2026-01-01T12:00:00Z",
        "device": "h",
        "file": "e.jsonl",
        "record": 1,
        "records": [1],
        "row": ROW,
    }
    assert [(hit["rule_title"], hit["record"], hit["records"]) for hit in hits] == [
        ("wmic", 1, [1]),
        ("wmic", 3, [3]),
        ("Twice", 3, [1, 3]),
    ]


def test_csv(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunt(capfd, "e.jsonl", "--format", "csv")
    assert (code, err) == (0, COUNTED)
    first, _, _ = csv.DictReader(io.StringIO(out.removeprefix("\ufeff")))
    shown = ("level", "rule", "device", "file", "record", "FileName", "ProcessCommandLine", "row")
    assert [first[name] for name in shown] == [
        *("high", "wmic.yml", "h", "e.jsonl", "1", "wmic.exe", "'=1+1"),
        json.dumps(ROW, separators=(",", ":")),
    ]


def test_raw(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunt(capfd, "e.jsonl", "--raw", "--format", "jsonl")
    hit = json.loads(out.splitlines()[0])
    assert (code, hit["table"], hit["row"]["Image"], err) == (0, SYSMON, r"C:\Windows\wmic.exe", COUNTED)


def test_the_number_of_processes_changes_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert hunt(capfd, ".", "--jobs", "1", "--format", "jsonl") == hunt(capfd, ".", "--jobs", "3", "--format", "jsonl")


def test_a_folder_and_what_of_it_is_not_read(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = hunt(capfd, ".")
    assert (code, err) == (
        0,
        f"{COUNTED}2 files are not read: it is no file of events (2)\n",
    )


def test_what_can_not_be_read_makes_it_2(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write("e.jsonl", EVENT, {"Channel": "Security", "EventID": 4658}, more='{"Channel": "x"}\nno JSON\n')
    code, out, err = hunt(capfd, "e.jsonl", "--format", "jsonl")
    assert (code, len(out.splitlines())) == (2, 1)
    assert err == (
        "4 records of 1 file in …: 1 hit of 1 rule on 1 device\n"
        "2 records could not be read: e.jsonl: the record is no JSON: Expecting value (1, first record 4), "
        "e.jsonl: the record is no Windows event: it has no EventID (1, first record 3)\n"
        "1 record has no table in Defender: Security 4658 has no Defender table (1)\n"
    )


def test_bad_files_of_many_kinds_stop_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = Path("e.jsonl").read_bytes()
    bad = folder / "bad"
    bad.mkdir()
    (bad / "cut.jsonl.gz").write_bytes(gzip.compress(line * 500, mtime=0)[:-40])
    (bad / "bytes.jsonl").write_bytes(line.replace(b"=1+1", b"\xff\xfe") + b"\x00\x00\n")
    (bad / "late.jsonl").write_bytes(line.replace(b"2026-", b"9999-").replace(b"01-01 ", b"12-31 "))
    (bad / "empty.evtx").write_bytes(b"ElfFile\0" + bytes(4088))
    with zipfile.ZipFile(bad / "up.zip", "w") as archive:
        archive.writestr("../../up.jsonl", line)
    code, out, err = hunt(capfd, "bad", "--format", "jsonl", "--jobs", "1")
    hits = Counter(json.loads(hit)["file"] for hit in out.splitlines())
    assert (code, hits) == (
        2,
        {"bad/cut.jsonl.gz": 976, "bad/bytes.jsonl": 2, "bad/late.jsonl": 3, "bad/up.zip!../../up.jsonl": 3},
    )
    assert err == (
        "1,475 records of 5 files in …: 984 hits of 2 rules on 1 device\n"
        "2 records could not be read: bad/cut.jsonl.gz: the compressed file is damaged: Compressed file ended before the "
        "end-of-stream marker was reached (1, first record 1,466), "
        "bad/cut.jsonl.gz: the record is no JSON: Unterminated string starting at (1, first record 1,465)\n"
    )
    assert not list(folder.parent.glob("up.jsonl"))


@pytest.mark.parametrize(("level", "code"), [("critical", 0), ("high", 1), ("medium", 1), ("informational", 1)])
def test_fail_on(folder: Path, capfd: pytest.CaptureFixture[str], level: str, code: int) -> None:
    assert hunt(capfd, "e.jsonl", "--fail-on", level)[0] == code


def test_a_wrong_rule_makes_it_2_and_the_others_are_asked(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "sigma_rules" / "b.yml").write_text(
        RULE.format(title="b", number=2, level="low").replace("condition: selection", "condition: other")
    )
    code, out, err = hunt(capfd, "e.jsonl", "--format", "jsonl")
    assert (code, len(out.splitlines())) == (2, 3)
    assert "sigma_rules/b.yml" in err
    assert err.count("Traceback") == 0
    assert "1 rule is not evaluated:\n" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            [],
            "error[usage]: there is nothing to look at\n"
            "  = give event files or folders, or --tenant, or --cluster URL\n",
        ),
        (
            ["e.jsonl", "--tenant"],
            "error[usage]: files, a tenant and a cluster are asked one at a time\n"
            "  = give event files or folders, or --tenant, or --cluster URL\n",
        ),
        (["--cluster", "https://x"], "error[usage]: --cluster and --database belong together\n  = give both\n"),
        (
            ["e.jsonl", "--since", "1d"],
            "error[usage]: --since and --until are for a tenant or a cluster: files are read as they are\n",
        ),
        (["--tenant", "--raw"], "error[usage]: --raw is for files: a tenant has no untouched records\n"),
        (
            ["gone.jsonl", "e.jsonl", "gone"],
            "error[unreadable-file]: gone can't be read: No such file or directory\n\n"
            "error[unreadable-file]: gone.jsonl can't be read: No such file or directory\n",
        ),
        (
            ["e.jsonl", "--rules", "empty"],
            "error[no-rule]: there is no rule\n  = give rule files or folders: --rules DIR\n",
        ),
    ],
)
def test_a_wrong_call_is_3(folder: Path, capfd: pytest.CaptureFixture[str], args: list[str], message: str) -> None:
    (folder / "empty").mkdir()
    code, out, err = hunt(capfd, *args)
    assert (code, out, err) == (3, "", message)


# -------------------------------------------------------------------------------------------------------------- services


def stored(seconds: int) -> dict[str, Any]:
    return {**ROW, "Timestamp": f"2026-01-01T12:00:{seconds:02}Z", "ReportId": seconds}


PERIOD = ("--since", "2026-01-01", "--until", "2026-01-02")


def test_a_tenant(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(GraphService({"DeviceProcessEvents": [stored(1), stored(2)]})) as service:
        made = TenantEngine.__init__

        def local(engine: TenantEngine, *args: Any, **options: Any) -> None:
            limits = replace(tenant_limits(), days=None)
            given = {"endpoint": service.url, "credential": Credential(), "clock": Hours().clock, "limits": limits}
            made(engine, *args, **{**options, **given})

        monkeypatch.setattr(TenantEngine, "__init__", local)
        code, out, err = hunt(capfd, "--tenant", *PERIOD, "--format", "jsonl")
    assert [(json.loads(line)["rule_title"], json.loads(line)["file"]) for line in out.splitlines()] == [
        *[("wmic", "tenant")] * 2,
        ("Twice", "tenant"),
    ]
    assert code == 0
    assert (
        err == "2 queries of tenant, 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z in …: 3 hits of 2 rules on 1 device\n"
    )


def test_a_cluster(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tables = {"DeviceProcessEvents": [stored(1), stored(2)]}
    with knows_time_scopes(), serving(KustoService(tables, scoped=True)) as service:
        code, out, err = hunt(capfd, "--cluster", service.url, "--database", "memory", *PERIOD)
        where = f"{service.url}/memory"
    assert (code, err) == (
        0,
        f"2 queries of {where}, 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z in …: 3 hits of 2 rules on 1 device\n",
    )
    assert out.startswith("rule   level   hits  devices")
    assert "why:" not in out


def test_a_service_out_of_reach_is_3(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunt(capfd, "--cluster", "http://127.0.0.1:9", "--database", "d", *PERIOD)
    assert (code, out) == (3, "")
    assert "2 rules are without a whole answer:" in err


# ------------------------------------------------------------------------------------------------------- a real process


@contextmanager
def process(*args: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sigma_xdr", "hunt", *args]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(command, text=True, **pipes) as running:
        yield running


def test_standard_input(folder: Path) -> None:
    with process("-", "--format", "jsonl") as running:
        out, err = running.communicate(Path("e.jsonl").read_text())
    assert [json.loads(line)["file"] for line in out.splitlines()] == ["-"] * 3
    assert (running.returncode, timeless(err)) == (0, COUNTED)


def test_who_reads_the_output_may_stop(folder: Path) -> None:
    write("e.jsonl", *[EVENT] * 2000)
    with process("e.jsonl", "--format", "jsonl") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["rule_title"] == "wmic"
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 1


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_no_room_for_the_output(folder: Path, form: str) -> None:
    with open("/dev/full", "w") as full, process("e.jsonl", "--format", form, stdout=full) as running:
        _, err = running.communicate()
    assert (running.returncode, err) == (
        2,
        "error[output]: the hits can't be written: No space left on device\n"
        "  = make room where they go, or write them elsewhere\n",
    )


def test_no_room_for_what_is_found(folder: Path) -> None:
    """A file of the temporary folder may have 64 KiB: what a piece finds needs more."""
    write("e.jsonl", *[{**EVENT, "CommandLine": "x" * 1000}] * 20_000)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, resource.RLIM_INFINITY))

    with process("e.jsonl", "--jobs", "2", "--no-cache", preexec_fn=little_room) as running:
        _, err = running.communicate()
    where = os.environ.get("TMPDIR", tempfile.gettempdir())
    assert running.returncode == 2
    assert err.startswith("error[full-disk]: ")
    assert f" in {where}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("jobs", "files"), [("1", 1), ("2", 12)])
def test_ctrl_c(folder: Path, jobs: str, files: int) -> None:
    """What was found before stays, and it is said that it isn't all."""
    (folder / "events").mkdir()
    write("events/00.jsonl", *[{**EVENT, "Image": "x" if number % 50 else r"C:\wmic.exe"} for number in range(40_000)])
    for number in range(1, files):
        os.link("events/00.jsonl", f"events/{number:02}.jsonl")
    with process("events", "--jobs", jobs, "--format", "jsonl") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read().splitlines()
        err = running.stderr.read()
    assert (first["file"], first["record"]) == ("events/00.jsonl", 1)
    assert all(json.loads(line)["rule_title"] in ("wmic", "Twice") for line in rest)
    assert running.returncode == 130
    interrupted, counted, *_ = timeless(err).splitlines()
    assert interrupted == "interrupted: this is what was found before"
    told = re.fullmatch(r"([\d,]+) records of \d+ files? in …: [\d,]+ hits of [12] rules? on 1 device", counted)
    assert told is not None
    assert 0 < int(told[1].replace(",", "")) < 40_000 * files
