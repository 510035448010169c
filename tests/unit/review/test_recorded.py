from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.review.changes import find_changes
from sigma_xdr.review.events import Sided
from sigma_xdr.review.recorded import Recorded, Recordings, hunt_both
from tests.unit.review.packs import ID, rule, sides
from tests.unit.review.test_pack import CORRELATION

A = "sigma_rules/impact/a.yml"


def recording(folder: Path, *names: str) -> Path:
    """Process creations as Sysmon records them, one second apart."""
    folder.mkdir()
    records = [
        {
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "Computer": "ws01",
            "UtcTime": f"2026-01-05 09:00:0{number}.000",
            "Image": rf"C:\Tools\{name}",
            "CommandLine": name,
        }
        for number, name in enumerate(names)
    ]
    (folder / "events.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return folder


def hunted(root: Path, before: dict[str, str], after: dict[str, str], events: Path) -> Recordings:
    old, new = sides(root, before, after)
    return hunt_both(find_changes(old, new, old.queries, new.queries), events, jobs=1)


def test_hits_gained_and_lost(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe", "b.exe", "c.exe", "b.exe")
    wider = rule().replace(r"'\a.exe'", r"['\b.exe', '\c.exe']")
    found = hunted(tmp_path, {A: rule()}, {A: wider}, events)
    assert (found.records, found.unread) == (4, 0)
    assert found.rules[ID.format(1)].before == 1
    assert found.rules[ID.format(1)].after == 3
    assert (found.rules[ID.format(1)].gained, found.rules[ID.format(1)].lost) == (3, 1)
    assert found.rules[ID.format(1)].sided[-1] == Sided(
        gained=False,
        name="record 1",
        place="events.jsonl",
        own=False,
        expect=None,
        event="DeviceProcessEvents FileName=a.exe",
        deciding=(
            r"before: ✓ Image endswith '\a.exe'   was 'C:\Tools\a.exe'",
            r"after: ✗ Image endswith '\b.exe'   was 'C:\Tools\a.exe'",
            r"after: ✗ Image endswith '\c.exe'   was 'C:\Tools\a.exe'",
        ),
    )


def test_many_hits_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", *["b.exe"] * 9)
    found = hunted(tmp_path, {A: rule()}, {A: rule(value=r"\b.exe")}, events).rules[ID.format(1)]
    assert (found.gained, len(found.sided)) == (9, 5)


def test_a_rule_that_only_a_correlation_needs_is_hunted_with(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe", "a.exe", "b.exe")
    burst = {"sigma_rules/correlations/burst.yml": CORRELATION}
    found = hunted(tmp_path, {A: rule(), **burst}, {A: rule(value=".exe"), **burst}, events)
    assert {key: (each.before, each.after) for key, each in found.rules.items()} == {
        ID.format(1): (2, 3),
        ID.format(9): (1, 1),
    }


def test_new_and_gone(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe", "b.exe")
    found = hunted(tmp_path, {A: rule()}, {"sigma_rules/b.yml": rule(2, value=".exe")}, events)
    assert {key: (each.gained, each.lost) for key, each in found.rules.items()} == {
        ID.format(1): (0, 1),
        ID.format(2): (2, 0),
    }


def test_what_is_the_same_isnt_hunted_with(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe")
    assert hunted(tmp_path, {A: rule()}, {A: rule(level="low")}, events) == Recordings()


def test_a_rule_that_cant_be_hunted_with_is_left_out(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe")
    found = hunted(tmp_path, {A: rule()}, {A: rule(field="Imag")}, events)
    assert found.rules == {}


def test_records_that_cant_be_read_are_counted(tmp_path: Path) -> None:
    events = recording(tmp_path / "events", "a.exe")
    with (events / "events.jsonl").open("a") as file:
        file.write("{nonsense\n")
    found = hunted(tmp_path, {A: rule()}, {A: rule(value=".exe")}, events)
    assert (found.unread, found.rules[ID.format(1)]) == (1, Recorded(1, 1))


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="doesn't exist"):
        hunted(tmp_path, {A: rule()}, {A: rule(value=".exe")}, tmp_path / "none")
