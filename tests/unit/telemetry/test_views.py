"""The Sysmon view of a row: it says what the record said, but for what is listed as lost."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.evaluator import Matcher
from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, Row, record_event, row_event
from sigma_xdr.telemetry.explaining import told_by_others
from sigma_xdr.telemetry.reductions import REDUCTIONS
from sigma_xdr.telemetry.views.sysmon import CATEGORIES

from .samples import corpus_rows

LogSource = dict[str, str]


def log_sources(record: Record) -> Iterator[LogSource]:
    """The log sources that have rows of a record."""
    services = [{"service": "security"}] if record.event_id in (4624, 4625) else []
    for source in [{"category": category} for category in CATEGORIES if category != "security"] + services:
        if record_event(record, {"product": "windows", **source}) is not None:
            yield {"product": "windows", **source}


def spellings(value: Any) -> set[str | None]:
    """A field's values without case; what is nothing in a row is None."""
    values = value if isinstance(value, list) else [value]
    return {None if each in (None, "") else str(each).lower() for each in values} or {None}


def differing(row: Row, source: LogSource) -> Iterator[str]:
    """The fields of a record, as far as a row can say them, of which the view says something else."""
    record = row.records[0]
    event = record_event(record, source)
    view = row_event(row.table, row.columns, source)
    assert event is not None
    assert view is not None, (row.columns, source)
    fields = {**event.fields, **told_by_others(row, source)}
    for reduced in REDUCTIONS.values():
        fields = reduced(record, fields)
    for name, value in fields.items():
        if not spellings(value) & spellings(view.fields.get(name)):
            yield name


@pytest.mark.parametrize("whole_paths", [True, False])
def test_a_view_says_what_the_record_said(corpus: Path, whole_paths: bool) -> None:
    wrong: Counter[tuple[str, str]] = Counter()
    compared = 0
    for row in corpus_rows(corpus, whole_paths):
        if "row" not in row.derived:
            for source in log_sources(row.records[0]):
                compared += 1
                wrong.update((str(source), name) for name in differing(row, source))
    assert not wrong
    assert compared == 25592


def test_what_the_record_did_not_say_the_view_does_not_say_either(corpus: Path) -> None:
    """A view's fields are the record's, the columns' own names, and what other records say."""
    more: Counter[str] = Counter()
    for row in corpus_rows(corpus):
        if "row" in row.derived:
            continue
        for source in log_sources(row.records[0]):
            event, view = record_event(row.records[0], source), row_event(row.table, row.columns, source)
            assert event is not None
            assert view is not None
            columns = xdr_schema().table(row.table).columns
            known = {*event.fields, *columns, *told_by_others(row, source)}
            more.update(
                name
                for name, value in view.fields.items()
                if name not in known and None not in spellings(value) and not name.startswith("AdditionalFields.")
            )
    assert set(more) == {"UtcTime", "TimeCreated", "md5", "sha1", "sha256", "TargetSid"}


# -------------------------------------------------------------------------------------------------------- whole log sources


def fields_of(table: str, row: dict[str, Any], **source: str) -> dict[str, Any] | None:
    event = row_event(table, row, source)
    return None if event is None else dict(event.fields)


@pytest.mark.parametrize(
    "source",
    [
        {"category": "file_event", "product": "windows"},
        {"category": "process_creation", "product": "linux"},
        {"category": "process_creation", "product": "windows", "service": "security"},
        {"category": "security", "product": "windows"},
        {"category": "ps_script", "product": "windows"},
        {"service": "security", "product": "windows"},
        {"service": "wmi", "product": "windows"},
        {"service": "defender-xdr", "category": "device_events", "product": "windows"},
        {},
    ],
)
def test_no_event_of_the_log_source(source: LogSource) -> None:
    assert fields_of("DeviceProcessEvents", {"ActionType": "ProcessCreated"}, **source) is None


@pytest.mark.parametrize("action", ["ProcessCreatedAggregatedReport", "", None])
def test_rows_of_other_action_types_are_no_events(action: str | None) -> None:
    assert fields_of("DeviceProcessEvents", {"ActionType": action}, category="process_creation") is None


def test_sysmons_whole_log() -> None:
    row = {"ActionType": "RegistryValueSet", "RegistryKey": r"HKEY_LOCAL_MACHINE\X"}
    fields = fields_of("DeviceRegistryEvents", row, product="windows", service="sysmon")
    assert fields is not None
    assert (fields["EventID"], fields["EventType"]) == ([13, 4657], "SetValue")
    logon = {"ActionType": "LogonSuccess"}
    assert fields_of("DeviceLogonEvents", logon, product="windows", service="sysmon") is None


def test_defenders_own_tables() -> None:
    additional = {"IsRemoteMachine": "true", "Count": 3, "Flag": True, "List": [1, {"a": "b"}], "ActionType": "x"}
    row = {"ActionType": "ProcessCreatedUsingWmiQuery", "FileName": "a", "AdditionalFields": json.dumps(additional)}
    event = row_event(
        "DeviceEvents", row, {"product": "windows", "service": "defender-xdr", "category": "device_events"}
    )
    assert event is not None
    assert event.fields == {
        **row,
        "IsRemoteMachine": "true",
        "Count": "3",
        "Flag": "true",
        "List": '[1,{"a":"b"}]',
        "AdditionalFields.IsRemoteMachine": "true",
        "AdditionalFields.Count": "3",
        "AdditionalFields.Flag": "true",
        "AdditionalFields.List": '[1,{"a":"b"}]',
        "AdditionalFields.ActionType": "x",
    }
    assert (event.one_nothing, event.keys) == (True, {})
    assert event.texts == ("ProcessCreatedUsingWmiQuery", "a", row["AdditionalFields"])


@pytest.mark.parametrize("text", ["", "no json", "[1]", "{" * 5000, '{"a":' * 100_000, "9" * 5000, None])
def test_additional_fields_that_are_no_object(text: str | None) -> None:
    row = {"ActionType": "NamedPipeEvent", "AdditionalFields": text}
    fields = fields_of("DeviceEvents", row, category="pipe_created")
    assert fields is not None
    assert fields["PipeName"] == []


def test_real_rows(corpus: Path) -> None:
    """Each of a real tenant's rows is an event of its log source, whole paths and all."""
    count = 0
    with gzip.open(corpus / "background" / "real_defender_rows.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            row, table = line["properties"], line["category"].removeprefix("AdvancedHunting-")
            fields = fields_of(table, row, product="windows", category="process_creation")
            assert fields is not None
            assert fields["Image"] == row["FolderPath"]
            assert fields["Image"].endswith("\\" + row["FileName"])
            assert fields["ParentImage"].lower().endswith("\\" + row["InitiatingProcessFileName"].lower())
            assert fields["User"] == [f"{row['AccountDomain']}\\{row['AccountName']}"]
            count += 1
    assert count == 200


def test_a_rule_asks_the_view() -> None:
    rule = {
        "title": "t",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {
            "selection": {"ParentImage|endswith": r"\wmiprvse.exe", "IntegrityLevel": "S-1-16-16384"},
            "filter": {"User": "-"},
            "condition": "selection and not filter",
        },
    }
    row = {
        "ActionType": "ProcessCreated",
        "InitiatingProcessFileName": "WmiPrvSE.exe",
        "InitiatingProcessFolderPath": r"c:\windows\system32\wbem",
        "ProcessIntegrityLevel": "System",
    }
    matcher = Matcher(rule)
    for account, verdict in (("system", True), ("", False)):
        event = row_event("DeviceProcessEvents", {**row, "AccountName": account}, rule["logsource"])  # type: ignore[arg-type]
        assert event is not None
        assert matcher.matches(event) is verdict


VALUES = st.one_of(st.none(), st.text(max_size=10), st.integers(), st.booleans(), st.just("\ud800"), st.floats())


@given(st.sampled_from(sorted(CATEGORIES)), st.data())
def test_any_row_has_a_view(category: str, data: st.DataObject) -> None:
    source = CATEGORIES[category]
    columns = st.sampled_from(sorted(xdr_schema().table(source.table).columns))
    row = data.draw(st.dictionaries(columns, VALUES, max_size=6))
    row["ActionType"] = data.draw(st.sampled_from(sorted(source.actions)))
    named = {"service": "security"} if category == "security" else {"category": category}
    assert row_event(source.table, row, {"product": "windows", **named}) is not None
