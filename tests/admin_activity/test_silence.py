"""What administrators and their products do all day hits the rules that its file names, and no other.

A file is a list of activities. Each has its ``product``, what it ``does``, the ``source`` (a page that shows it, or that it was
written from knowledge of the product), and either ``rows`` of Defender's tables (``table`` is DeviceProcessEvents if it isn't
said) or ``records`` of Windows. ``hits`` names the rules that it hits on purpose, each with the reason; rules below medium need
none, and those that report nothing by themselves aren't named. ``filtered`` names the hits that the pack's filters silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
import yaml

from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site_of
from sigma_xdr.telemetry.sources import find_sources
from sigma_xdr.testing.files_hunt import files_hunt

FOLDER = Path(__file__).parent
PACK = FOLDER.parents[1] / "sigma_rules"
FAMILIES = [
    path for path in sorted(PACK.iterdir()) if path.is_dir() and path.name not in ("filters", "playbook", "sites")
]
#: A Monday, in the working hours of the pack's site file.
START = datetime(2026, 11, 16, 8, tzinfo=UTC)
KEYS = {"product", "does", "source", "rows", "records", "hits", "filtered"}


@dataclass(frozen=True)
class Activity:
    """What a product does, and where it stands in its file."""

    id: str
    data: Mapping[str, Any]

    @property
    def hits(self) -> Mapping[str, str | None]:
        """The rules that it hits on purpose, with the reasons."""
        return self.data.get("hits", {})


def activities() -> Iterator[Activity]:
    for file in sorted(FOLDER.glob("*.yml")):
        for number, data in enumerate(yaml.safe_load(file.read_text("utf-8")), 1):
            yield Activity(f"{file.stem}-{number:02}", data)


ACTIVITIES = list(activities())


def whole_row(data: Mapping[str, Any], number: int, index: int) -> dict[str, Any]:
    """A row as Defender would have it: with a time in the order of the rows, and what follows from the paths."""
    table = data.get("table", "DeviceProcessEvents")
    row = {
        "$table": table,
        "Timestamp": (START + timedelta(seconds=index)).isoformat(),
        "DeviceId": f"device-{number}",
        "DeviceName": f"host-{number}.example.com",
        "ReportId": 1000 * number + index,
        "InitiatingProcessFileName": PureWindowsPath(data["InitiatingProcessFolderPath"]).name,
    }
    if "FolderPath" in data:
        row["FileName"] = PureWindowsPath(data["FolderPath"]).name
    if table == "DeviceProcessEvents":
        company = "Microsoft Corporation" if data["FolderPath"].startswith("C:\\Windows\\System32\\") else ""
        row |= {
            "ActionType": "ProcessCreated",
            "SHA1": f"{number:040x}",
            "ProcessVersionInfoOriginalFileName": row["FileName"],
            "ProcessVersionInfoCompanyName": company,
        }
    return row | {name: value for name, value in data.items() if name != "table"}


@pytest.fixture(scope="module")
def pack() -> RuleSet:
    return load_rules(FAMILIES)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each activity."""
    folder = tmp_path_factory.mktemp("admin_activity")
    for number, activity in enumerate(ACTIVITIES, 1):
        rows = [whole_row(row, number, index) for index, row in enumerate(activity.data.get("rows", ()))]
        lines = "".join(json.dumps(event) + "\n" for event in (*rows, *activity.data.get("records", ())))
        (folder / f"{activity.id}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def hunted(events: Path, pack: RuleSet, filters: Sequence[LoadedRule] = ()) -> dict[str, set[str]]:
    """The rules that hit each activity, which are all asked in one hunt."""
    found: dict[str, set[str]] = {activity.id: set() for activity in ACTIVITIES}
    with find_sources([events]) as sources:
        hunt, problems = files_hunt(sources, pack, pack, load_site_of([PACK]), filters, jobs=1)
        for hit in hunt.hits():
            for file in (hit.file, *hit.elsewhere):
                found[Path(file).stem].add(Path(hit.rule.path).stem)
    account = hunt.summary.account
    assert (problems, dict(account.unreadable), dict(account.unmapped)) == ([], {}, {})
    assert account.records == sum(len(each.data.get("rows", each.data.get("records"))) for each in ACTIVITIES)
    return found


@pytest.fixture(scope="module")
def hits(events: Path, pack: RuleSet) -> dict[str, set[str]]:
    return hunted(events, pack)


@pytest.fixture(scope="module")
def filtered_hits(events: Path, pack: RuleSet) -> dict[str, set[str]]:
    filters = load_rules([PACK / "filters"])
    assert filters.diagnostics == ()
    return hunted(events, pack, filters.filters)


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda activity: activity.id)
def test_an_activity_hits_the_rules_that_it_names_and_no_other(activity: Activity, hits: dict[str, set[str]]) -> None:
    assert sorted(hits[activity.id]) == sorted(activity.hits)


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda activity: activity.id)
def test_the_filters_silence_what_an_activity_says_and_no_other(
    activity: Activity, filtered_hits: dict[str, set[str]]
) -> None:
    assert sorted(filtered_hits[activity.id]) == sorted(set(activity.hits) - set(activity.data.get("filtered", ())))


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda activity: activity.id)
def test_an_activity_is_whole(activity: Activity, pack: RuleSet) -> None:
    data = activity.data
    assert set(data) - KEYS == set()
    assert ("rows" in data) != ("records" in data)
    assert all(isinstance(data[key], str) and data[key].strip() for key in ("product", "does", "source"))
    assert re.fullmatch(r"https://\S+|written from knowledge of the product", data["source"])
    levels = {rule.relative.stem: rule.level for rule in (*pack.rules, *pack.correlations)}
    unsaid = {rule for rule, reason in activity.hits.items() if not reason}
    assert {rule for rule in unsaid if levels[rule] not in ("informational", "low")} == set()
    assert set(data.get("filtered", ())) <= set(activity.hits)


def test_no_activity_is_written_twice() -> None:
    events = [json.dumps(each.data.get("rows", each.data.get("records")), sort_keys=True) for each in ACTIVITIES]
    assert len(set(events)) == len(events)
