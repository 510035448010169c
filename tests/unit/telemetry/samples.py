"""Records for tests: as a person writes them, and those of the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sigma_xdr.telemetry import Record, Row, map_records, read_events, record_of

SYSMON = "Microsoft-Windows-Sysmon/Operational"
TIME = "2026-01-01 12:00:00.000"
FOLDERS = ("otrf", "splunk_attack_data", "evtx_attack_samples", "evtx_to_mitre", "sigma_regression")


def sysmon(event_id: int, number: int = 1, **fields: Any) -> Record:
    return record_of(
        {"Channel": SYSMON, "EventID": event_id, "Computer": "Host-1", "UtcTime": TIME, **fields}, "file", number
    )


def security(event_id: int, number: int = 1, **fields: Any) -> Record:
    data = {"Channel": "Security", "EventID": event_id, "Computer": "Host-1", "TimeCreated": TIME, **fields}
    return record_of(data, "file", number)


def columns(*records: Record, whole_paths: bool = True) -> list[Mapping[str, Any]]:
    """The rows' columns, without what stands in each."""
    rows = map_records(records, whole_paths=whole_paths)
    same = ("Timestamp", "DeviceId", "DeviceName", "ReportId")
    return [{name: value for name, value in row.columns.items() if name not in same} for row in rows]


def corpus_files(corpus: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((corpus / folder).iterdir())


def corpus_records(path: Path) -> list[Record]:
    return [record for record in read_events(path) if isinstance(record, Record)]


def corpus_rows(corpus: Path, whole_paths: bool = True) -> Iterator[Row]:
    for path in corpus_files(corpus):
        yield from map_records(corpus_records(path), whole_paths=whole_paths)
