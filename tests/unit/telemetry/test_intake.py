"""What documents hold: events, rows, batches and answers."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any

import pytest

from sigma_xdr.telemetry import Record, Unreadable
from sigma_xdr.telemetry.intake import Intake
from sigma_xdr.telemetry.stored import StoredRow

ROW = {"Timestamp": "2024-01-01T00:00:00Z", "ActionType": "ProcessCreated", "ProcessIntegrityLevel": "High"}
LINE = {"time": "x", "category": "AdvancedHunting-DeviceProcessEvents", "properties": ROW}
EVENT = {"EventID": 1, "Channel": "Security"}


def told(document: Any, batches: bool = True) -> list[Any]:
    """The events of a document: of a record its id, of a row its table, of what can't be read why."""
    found = []
    for number, each in enumerate(Intake("f", Counter()).document(document, batches), 1):
        assert (each.file, each.number) == ("f", number)
        match each:
            case Record():
                found.append(each.event_id)
            case StoredRow():
                found.append((each.table, dict(each.columns)))
            case Unreadable():
                found.append(each.reason)
    return found


PROCESS = ("DeviceProcessEvents", ROW)


@pytest.mark.parametrize(
    ("document", "events"),
    [
        (EVENT, [1]),
        ({"_index": "x", "_source": EVENT}, [1]),
        ({"_source": {"winlog": {"event_id": 7, "channel": "Security"}}}, [7]),
        (ROW, [PROCESS]),
        ({**ROW, "$table": "DeviceProcessEvents"}, [PROCESS]),
        (LINE, [PROCESS]),
        ({"records": [LINE, EVENT, 7]}, [PROCESS, 1, "the record is no JSON object"]),
        ({"schema": [{"name": "Timestamp", "type": "DateTime"}], "results": [ROW, ROW]}, [PROCESS, PROCESS]),
        ({"Stats": {}, "Schema": [], "Results": [ROW]}, [PROCESS]),
        ({"results": []}, []),
        (
            {
                "Tables": [
                    {"TableName": "Table_0", "Columns": [{"ColumnName": n} for n in ROW], "Rows": [[*ROW.values()]]}
                ]
            },
            [PROCESS],
        ),
        ({"tables": [{"columns": [{"name": n} for n in ROW], "rows": [[*ROW.values()]]}]}, [PROCESS]),
        ({"FrameType": "DataSetHeader"}, []),
        (
            {
                "FrameType": "DataTable",
                "TableKind": "PrimaryResult",
                "Columns": [{"ColumnName": n} for n in ROW],
                "Rows": [[*ROW.values()], [1]],
            },
            [PROCESS, "the record is no JSON object"],
        ),
        (
            {"FrameType": "DataSetCompletion", "HasErrors": True},
            ["the query failed: what is here is a part of its answer"],
        ),
        (
            {"category": "AdvancedHunting-Nothing", "properties": {}},
            ["the row's category is no table of Defender XDR: 'AdvancedHunting-Nothing'"],
        ),
        (
            {"category": "x", "properties": [1]},
            ["the line of the streaming API has no category, or its properties are no object"],
        ),
        (
            {"category": "x", "properties": "{"},
            ["properties: the record is no JSON: Expecting property name enclosed in double quotes"],
        ),
        (
            {**LINE, "properties": {"Timestamp": "later"}},
            ["the row is none of DeviceProcessEvents: Timestamp is a time (datetime), not 'later'"],
        ),
        ({"a": 1}, ["the record is no Windows event: it has no EventID"]),
    ],
)
def test_what_a_document_holds(document: Any, events: list[Any]) -> None:
    assert told(document) == events


def test_a_line_that_does_not_show_a_batch_is_one_record() -> None:
    assert told({"records": [EVENT]}, batches=False) == ["the record is no Windows event: it has no EventID"]


def test_batches_are_not_nested() -> None:
    assert told({"records": [{"records": [EVENT]}]}) == ["the record is no Windows event: it has no EventID"]


def test_columns_that_are_left_out_are_counted() -> None:
    left_out: Counter[str] = Counter()
    intake = Intake("f", left_out)
    for _ in range(3):
        list(intake.document({**LINE, "properties": {**ROW, "Wrong\n": 1, "x" * 200: ""}}))
    assert left_out == {"DeviceProcessEvents.Wrong\\n": 3, f"DeviceProcessEvents.{'x' * 100}": 3}


def test_left_out_columns_without_end() -> None:
    left_out: Counter[str] = Counter()
    intake = Intake("f", left_out)
    for number in range(2000):
        list(intake.document({**LINE, "properties": {f"c{number}": 1}}))
    assert len(left_out) == 1001
    assert left_out["other columns"] == 1000


def test_rows_of_no_one_table_take_no_memory() -> None:
    intake = Intake("f", Counter())
    row = {"Timestamp": "2024-01-01T00:00:00Z", "DeviceName": "h"}

    def read(count: int) -> None:
        for _ in range(count):
            [found] = intake.document(row)
            assert isinstance(found, Unreadable)

    read(10)
    tracemalloc.start()
    try:
        read(2000)
        assert tracemalloc.get_traced_memory()[0] < 20_000
    finally:
        tracemalloc.stop()
