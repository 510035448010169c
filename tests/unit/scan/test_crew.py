"""A hunt through files: by one process or several, to the end or not."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.scan import crew
from sigma_xdr.scan.crew import Crew
from sigma_xdr.scan.hits import Hit, HuntedRule
from sigma_xdr.scan.hunting import Asked, Plan
from sigma_xdr.scan.output import JsonLines
from sigma_xdr.telemetry.sources import Source, find_sources, pieces
from tests.unit.telemetry.samples import SYSMON

WMIC = {
    "title": "wmic",
    "name": "wmic",
    "logsource": {"category": "process_creation", "product": "windows"},
    "detection": {"a": {"Image|endswith": "\\wmic.exe"}, "condition": "a"},
}
CHILD = {
    **WMIC,
    "title": "child",
    "name": "child",
    "detection": {"a": {"ParentImage|endswith": "\\wmic.exe"}, "condition": "a"},
}
MANY = {
    "title": "many",
    "correlation": {
        "type": "event_count",
        "rules": ["wmic"],
        "group-by": ["Computer"],
        "timespan": "10m",
        "condition": {"gte": 3},
    },
}


def asked(document: dict[str, Any]) -> Asked:
    return Asked(HuntedRule(None, document["title"], None, f"{document['title']}.yml"), document)


PLAN = Plan([asked(WMIC)], [asked(MANY)])


def event(number: int, name: str = "a.exe", **fields: Any) -> dict[str, Any]:
    return {
        "Channel": SYSMON,
        "EventID": 1,
        "Computer": f"h{number % 3}",
        "UtcTime": f"2026-01-01 12:{number // 60 % 60:02}:{number % 60:02}.000",
        "Image": f"C:\\x\\{name}",
        "CommandLine": f"{name} {number}",
        "ProcessGuid": f"{number}",
        "ParentProcessGuid": f"{number - 3}",
        **fields,
    }


def written(path: Path, events: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in events), encoding="utf-8")
    return path


def hunted(paths: Sequence[Path], jobs: int, plan: Plan = PLAN, **options: Any) -> tuple[list[Hit], Crew]:
    with find_sources(paths) as sources:
        hunt = Crew(plan, sources, jobs, **options)
        return list(hunt.hits()), hunt


def lines(hits: Sequence[Hit]) -> bytes:
    stream = io.BytesIO()
    for hit in hits:
        JsonLines(stream).write(hit)
    return stream.getvalue()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even small files are cut, and read by several processes."""
    monkeypatch.setattr(crew, "_SMALL", 0)
    monkeypatch.setattr(crew, "_LEAST", 20_000)
    monkeypatch.setattr(crew, "_MOST", 20_000)


def test_hits_of_a_file_and_of_a_correlation_over_two(tmp_path: Path) -> None:
    one = written(tmp_path / "1.jsonl", [event(0, "wmic.exe"), event(1), event(3, "WMIC.exe")])
    two = written(tmp_path / "2.jsonl", [event(0, "b.exe"), event(6, "wmic.exe"), event(7, "wmic.exe")])
    hits, hunt = hunted([one, two], 1)
    assert [(hit.rule.title, hit.file, hit.record, hit.records, hit.timestamp, hit.device) for hit in hits] == [
        ("wmic", str(one), 1, (1,), "2026-01-01T12:00:00Z", "h0"),
        ("wmic", str(one), 3, (3,), "2026-01-01T12:00:03Z", "h0"),
        ("wmic", str(two), 2, (2,), "2026-01-01T12:00:06Z", "h0"),
        ("wmic", str(two), 3, (3,), "2026-01-01T12:00:07Z", "h1"),
        ("many", str(two), 2, (2,), "2026-01-01T12:00:06Z", "h0"),
    ]
    assert hits[-1].elsewhere == {str(one): (1, 3)}
    assert hits[-1].row == hits[2].row
    account = hunt.summary.account
    size = one.stat().st_size + two.stat().st_size
    assert (account.files, account.records, account.bytes, account.hits) == (2, 6, size, 5)
    assert {rule.title: each.hits for rule, each in hunt.summary.rules.items()} == {"wmic": 4, "many": 1}


def test_several_processes_find_what_one_finds(tmp_path: Path, small: None) -> None:
    """A file in many pieces, one that isn't cut, one with broken lines; the rows of each piece need other pieces' records."""
    long = [event(number, "wmic.exe" if number % 41 == 0 else "a.exe") for number in range(700)]
    paths = [
        written(tmp_path / "1.jsonl", long),
        written(tmp_path / "2.jsonl", [event(5, "wmic.exe"), {"a": 1}, event(6), {"Channel": "X", "EventID": 4}]),
    ]
    (tmp_path / "3.jsonl").write_bytes(b"[" + paths[1].read_bytes().replace(b"\n", b",")[:-1])
    plan = Plan([*PLAN.rules, asked(CHILD)], PLAN.correlations)
    read: list[int] = []
    (expected, alone), (found, together) = (
        hunted([*paths, tmp_path / "3.jsonl"], jobs, plan, progress=read.append) for jobs in (1, 3)
    )
    assert len(list(pieces(alone.sources[0], 20_000))) > 5
    assert Counter(hit.rule.title for hit in expected) == {"wmic": 20, "child": 17, "many": 6}
    assert lines(found) == lines(expected)
    assert together.summary == alone.summary
    assert alone.summary.account.unreadable.total() == 3
    assert read[-1] == sum(source.size for source in alone.sources)


def test_one_process_gives_in_pieces_what_it_gives_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(
        tmp_path / "1.jsonl", [event(number, "wmic.exe" if number % 7 == 0 else "a.exe") for number in range(300)]
    )
    whole, one = hunted([path], 1)
    monkeypatch.setattr(crew, "pieces", lambda source, _: pieces(source, 3_000))
    cut, other = hunted([path], 1)
    assert (lines(cut), other.summary) == (lines(whole), one.summary)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_is_gone(tmp_path: Path, small: None, jobs: int) -> None:
    paths = [written(tmp_path / name, [event(0, "wmic.exe")]) for name in ("1.jsonl", "2.jsonl")]
    with find_sources(paths) as sources:
        paths[0].unlink()
        hunt = Crew(PLAN, sources, jobs)
        assert [hit.file for hit in hunt.hits()] == [str(paths[1])]
    assert hunt.summary.account.unreadable == {f"{paths[0]}: the file can't be opened: No such file or directory": 1}
    assert hunt.summary.exit_code() == 2


def test_who_interrupts_gets_what_was_found_before(tmp_path: Path) -> None:
    path = written(
        tmp_path / "1.jsonl", [event(number, "wmic.exe" if number % 999 == 0 else "a.exe") for number in range(5000)]
    )
    told: list[int] = []

    def interrupt(read: int) -> None:
        if not told:
            signal.raise_signal(signal.SIGINT)
        told.append(read)

    hits, hunt = hunted([path], 1, progress=interrupt)
    assert [hit.record for hit in hits] == [1, 1000]
    account = hunt.summary.account
    assert (account.interrupted, account.records, hunt.summary.exit_code()) == (True, 1000, 130)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_crew_keeps_what_is_found(tmp_path: Path, small: None) -> None:
    path = written(
        tmp_path / "1.jsonl", [event(number, "wmic.exe" if number == 0 else "a.exe") for number in range(3000)]
    )
    with find_sources([path]) as sources:
        hunt = Crew(PLAN, sources, 2)
        found = hunt.hits()
        first = next(found)
        signal.raise_signal(signal.SIGINT)
        rest = list(found)
    assert (first.record, rest) == (1, [])
    assert (hunt.summary.account.interrupted, hunt.summary.exit_code()) == (True, 130)
    assert 0 < hunt.summary.account.records < 3000


def test_the_second_interruption_ends_it_at_once(tmp_path: Path) -> None:
    def twice(read: int) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        hunted([written(tmp_path / "1.jsonl", [event(0)])], 1, progress=twice)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_nobody_reads_on(tmp_path: Path, small: None) -> None:
    """Then the processes end, and nothing of them is left."""
    path = written(tmp_path / "1.jsonl", [event(number, "wmic.exe") for number in range(3000)])
    with find_sources([path]) as sources:
        hunt = Crew(PLAN, sources, 2)
        found = hunt.hits()
        next(found)
        found.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []
    assert hunt.summary.account.hits == 1


def test_a_process_that_is_killed(tmp_path: Path, small: None) -> None:
    def kill(read: int) -> None:
        for process in multiprocessing.active_children():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    path = written(tmp_path / "1.jsonl", [event(number) for number in range(3000)])
    with pytest.raises(SigmaXdrError) as error:
        hunted([path], 2, progress=kill)
    assert str(error.value) == (
        "error[process-died]: a process of the hunt died: it was killed, or there is no memory left\n  = use less --jobs"
    )
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("jobs", "sizes", "expected"),
    [
        (1, [2**40], 2**40 + 1),
        (2, [10 * 2**20], 32 * 2**20),
        (2, [400 * 2**20], 200 * 2**20 + 1),
        (2, [100 * 2**20] * 6, 300 * 2**20 + 1),
        (4, [2**40], 2**31),
    ],
)
def test_a_file_is_cut_as_seldom_as_keeps_all_busy(jobs: int, sizes: list[int], expected: int) -> None:
    sources = [Source("x", "x", None, size) for size in sizes]
    assert Crew(PLAN, sources, jobs)._piece_size() == expected


def test_no_files() -> None:
    hits, hunt = hunted([], 2)
    assert (hits, hunt.summary.account.files) == ([], 0)
