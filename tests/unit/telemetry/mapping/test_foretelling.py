"""What is foretold of a row, beside what the row then shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, Row, map_records, record_of, row_event
from sigma_xdr.telemetry.mapping import FORETOLD
from tests.unit.telemetry.samples import SYSMON, corpus_rows, security, sysmon

#: The log sources that show the rows that are foretold.
SOURCES = {
    "DeviceProcessEvents": "process_creation",
    "DeviceImageLoadEvents": "image_load",
    "DeviceFileEvents": "file_event",
}


def shown(row: Row, name: str) -> Any:
    """What a rule on the row's log source, or on its table, sees in a field; nothing is None."""
    source = {"category": SOURCES[row.table], "product": "windows"}
    own = {"category": row.table.lower(), "product": "windows", "service": "defender-xdr"}
    event = row_event(row.table, row.columns, own if name in xdr_schema().table(row.table).columns else source)
    assert event is not None
    return event.fields.get(name)


def wrong(row: Row) -> list[tuple[str, Any, Any]]:
    """The fields that show what isn't foretold: what is, and what they show."""
    record = row.records[0]
    found = []
    for name, foretold in FORETOLD[record.log, record.event_id].fields.items():
        given = [record.surface.get(each) for each in foretold.fields]
        texts, value = foretold.texts(*given), shown(row, name)
        plain = foretold.plain(given)
        expected = None if texts is None else set(texts)
        nothing = value is None or value == ""
        if expected is not None and (expected - {""} if nothing else value not in expected):
            found.append((name, expected, value))
        if plain is not None and plain != ("" if nothing else value):
            found.append((name, plain, value))
    return found


def test_recorded_events(corpus: Path) -> None:
    """A record of a foretold kind gives one row, and those rows that ``besides`` names, with the text that it names."""
    counts: Counter[tuple[str, int]] = Counter()
    by_wmi = 0
    for row in corpus_rows(corpus):
        record = row.records[0]
        kind = record.log, record.event_id
        if kind not in FORETOLD:
            continue
        foretold = FORETOLD[kind]
        if "row" in row.derived:
            [(table, action, _, text)] = foretold.besides
            parent = record.text("ParentImage") or record.text("ParentProcessName")
            assert parent.rpartition("\\")[2].lower() == text
            by_wmi += 1
        else:
            table, action = foretold.table, foretold.action
            assert wrong(row) == [], record.data
            counts[kind] += 1
        assert (row.table, row.columns["ActionType"]) == (table, action)
    assert counts.keys() == FORETOLD.keys()
    assert min(counts.values()) > 50
    assert by_wmi > 0


PATHS = [r"C:\Windows\System32\cmd.exe", r"C:\a b\c.exe", "c.exe", "\\", "", "-", "?", "x\\", "\ud800\\ß.exe"]
LINES = [
    *(
        r'"C:\Windows\System32\cmd.exe" /c x',
        r"C:\a b\c.exe -f \x",
        "c.exe &amp;&quot;",
        r'"C:\a b',
        " \t ",
        "-",
        "?",
        "",
    ),
    *("\udfff\\a.exe", r"\\host\share\x.exe /?", "ſ&lt;", r"C:\A B\C.EXE y"),
]
VALUES = st.one_of(
    st.sampled_from([*PATHS, *LINES]),
    st.sampled_from([None, 7, True, 1.5, [r"C:\a.exe"], {"a": "b"}, "&", "&amp;\\b"]),
    st.lists(st.sampled_from([*'\\"&;-? aß\ud800', "amp;", "C:", ".exe"]), max_size=6).map("".join),
)
NAMES = (
    *(
        "Image",
        "CommandLine",
        "ParentImage",
        "ParentCommandLine",
        "OriginalFileName",
        "Description",
        "Product",
        "Company",
    ),
    *("NewProcessName", "ParentProcessName", "ImageLoaded", "TargetFilename", "Message"),
)


@given(st.sampled_from(sorted(FORETOLD)), st.dictionaries(st.sampled_from(NAMES), VALUES), st.booleans(), st.booleans())
def test_random_events(kind: tuple[str, int], fields: Mapping[str, Any], nxlog: bool, with_parent: bool) -> None:
    log, event_id = kind
    said = {**fields, **({"SourceName": "x", "EventTime": "2026-01-01 12:00:00"} if nxlog else {})}
    made = (sysmon if log == "sysmon" else security)(event_id, 2, ProcessGuid="{2}", ParentProcessGuid="{1}", **said)
    parent = sysmon(1, 1, ProcessGuid="{1}", Image=r"C:\p.exe", CommandLine="p -x", ProcessId=9)
    rows = list(map_records([parent, made] if with_parent else [made]))
    [row] = [row for row in rows if row.records[0] is made]
    assert wrong(row) == []


@pytest.mark.parametrize("message", ["CommandLine: a &amp; b", "CommandLine: a & b"])
def test_text_that_a_collector_left_escaped_is_either(message: str) -> None:
    record = record_of({"Channel": SYSMON, "EventID": 1, "CommandLine": "a &amp; b", "Message": message})
    [row] = map_records([record])
    texts = FORETOLD["sysmon", 1].fields["CommandLine"].texts("a &amp; b", None)
    assert texts is not None
    assert list(texts) == ["a &amp; b", "a & b"]
    assert row.columns["ProcessCommandLine"] == ("a &amp; b" if "amp" in message else "a & b")


def test_what_other_records_may_fill_is_not_foretold() -> None:
    parent = FORETOLD["sysmon", 1].fields["ParentCommandLine"]
    own = FORETOLD["sysmon", 1].fields["CommandLine"]
    for nothing in (None, "", "-", 7):
        assert parent.texts(nothing, "x") is None
    assert [list(own.texts(nothing, "x") or ()) for nothing in (None, "", "-")] == [[], [], []]
    assert own.texts(7, "x") is None


def test_plain_text_is_said_at_once() -> None:
    line = FORETOLD["sysmon", 1].fields["CommandLine"]
    assert line.plain([r'"C:\a.exe" -f', r"C:\a.exe"]) == '"a.exe" -f'
    for given_ in ([r"C:\ä.exe", "x"], ["a &amp; b", "xy"], ["-", "xy"], [None, "xy"], ["xy", None]):
        assert line.plain(given_) is None


def test_records_in_windows_own_shape() -> None:
    event = {
        "Event": {
            "System": {"Channel": SYSMON, "EventID": 1, "Computer": "h"},
            "EventData": {"Image": r"C:\a.exe", "CommandLine": r"C:\a.exe &amp;"},
        }
    }
    [row] = map_records([record_of(event)])
    assert isinstance(row.records[0], Record)
    assert wrong(row) == []
