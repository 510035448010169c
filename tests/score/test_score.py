"""``make score``: figures of a small pack on a few recorded events, and what is shown of them."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from score.__main__ import measure, show
from sigma_xdr.errors import RuleError
from tests.unit.testing.pack import RULE

BURST = """\
title: Burst
id: 21111111-1111-4111-8111-111111111111
level: low
correlation:
    {type: event_count, generate: true, rules: [11111111-1111-4111-8111-111111111111], group-by: [Image],
     timespan: 10m, condition: {gte: 2}}
"""


def event(line: str, second: int, image: str = r"C:\wmic.exe") -> dict[str, object]:
    return {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Computer": "a",
        "UtcTime": f"2026-01-01 00:00:0{second}.000",
        "Image": image,
        "CommandLine": line,
    }


def action(name: str, records: list[int], label: str = "malicious", seen: bool = True, **more: str) -> dict[str, Any]:
    facts = {"path": "x/one.jsonl", "records": records, "action": name, "attack": "attack 1", "behaviour": "B01"}
    return {**facts, "label": label, "visible_in_xdr": seen, "why": f"it is {name}", **more}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    lines = ["wmic shadowcopy delete", "wmic shadowcopy list", "wmic os", "wmic shadowcopy list brief", "cmd"]
    (tmp_path / "x").mkdir()
    events = [event(line, second) for second, line in enumerate(lines)]
    (tmp_path / "x/one.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in events))
    actions = [
        action("found", [1, 2]),
        action("unseen", [5], seen=False),
        action("missed [bold]", [3], behaviour="B02", attack="attack 2"),
        action("trap", [4], "benign"),
        action("quiet trap", [5], "benign"),
        action("doubtful", [2], "ambiguous"),
    ]
    (tmp_path / "actions.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in actions))
    (tmp_path / "background").mkdir()
    row = {"ActionType": "ProcessCreated", "FileName": "wmic.exe", "FolderPath": r"C:\wmic.exe"}
    rows = [
        {
            **row,
            "ProcessCommandLine": line,
            "Timestamp": "2026-01-01T00:00:00Z",
            "DeviceName": "b",
            "DeviceId": "b",
            "ReportId": n,
        }
        for n, line in enumerate(["wmic os", "wmic shadowcopy"])
    ]
    with gzip.open(tmp_path / "background/rows.jsonl.gz", "wt") as file:
        for each in rows:
            file.write(json.dumps({"category": "AdvancedHunting-DeviceProcessEvents", "properties": each}) + "\n")
    return tmp_path


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    for name, text in (("discovery/shadow.yml", RULE), ("correlations/burst.yml", BURST)):
        path = tmp_path / "pack" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path / "pack"


FIGURES = {
    "actions": {"found": 1, "visible": 2},
    "attacks": {"found": 1, "visible": 2},
    "traps": {"hit": 1, "all": 2},
    "background": {"hits": 1, "rows": 2},
    "behaviours": {"B01": {"found": 1, "visible": 1}, "B02": {"found": 0, "visible": 1}},
    "rules": {
        "discovery/shadow": {"actions": 1, "traps": 1, "background": 1},
        "correlations/burst": {"actions": 1, "traps": 1, "background": 0},
    },
    "missed": {"missed [bold]": "B02: it is missed [bold]"},
    "traps_hit": {"trap": ["correlations/burst", "discovery/shadow"]},
}


def shown(figures: dict[str, Any], before: dict[str, Any]) -> str:
    stream = io.StringIO()
    show(figures, before, stream)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_the_figures(corpus: Path, pack: Path) -> None:
    assert measure(corpus, pack) == FIGURES


def test_a_pack_with_a_mistake_has_no_figures(corpus: Path, pack: Path) -> None:
    (pack / "discovery/shadow.yml").write_text(RULE.replace("Image|", "Imagine|"))
    with pytest.raises(RuleError, match="unknown-field"):
        measure(corpus, pack)


def test_what_is_shown_without_committed_figures() -> None:
    assert shown(FIGURES, {}) == (
        "                    now  committed\n"
        "actions found    1 of 2\n"
        "attacks found    1 of 2\n"
        "traps hit        1 of 2\n"
        "background hits  1 of 2\n"
        "\n"
        "behaviour   found  committed\n"
        "B01        1 of 1\n"
        "B02        0 of 1\n"
        "\n"
        "rule                actions  traps  background  committed\n"
        "discovery/shadow          1      1           1\n"
        "correlations/burst        1      1           0\n"
        "\n"
        "missed: missed [bold] B02: it is missed [bold]\n"
        "trap hit: trap by correlations/burst, discovery/shadow"
    )


def test_what_is_shown_beside_committed_figures() -> None:
    before = {
        **FIGURES,
        "actions": {"found": 2, "visible": 2},
        "rules": {
            "discovery/shadow": {"actions": 2, "traps": 0, "background": 0},
            "impact/old": {"actions": 0, "traps": 0, "background": 0},
        },
        "missed": {},
        "traps_hit": {},
    }
    told = shown(FIGURES, before)
    assert "actions found    1 of 2     2 of 2\n" in told
    assert "discovery/shadow          1      1           1    2, 0, 0\n" in told
    assert "correlations/burst        1      1           0        new\n" in told
    assert "impact/old                                           gone\n" in told
    assert told.endswith(
        "NEWLY MISSED: missed [bold] B02: it is missed [bold]\n"
        "NEWLY HIT TRAP: trap by correlations/burst, discovery/shadow"
    )
    assert "\nmissed: missed [bold]" in shown(FIGURES, FIGURES)
