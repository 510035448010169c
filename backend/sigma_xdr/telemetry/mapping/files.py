"""Files and loaded images: Sysmon 2, 6, 7, 11, 23 and 26."""

from __future__ import annotations

from typing import Any

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import file, hashes, initiating

__all__ = [
    "creation_time_changed",
    "driver_loaded",
    "file_created",
    "file_deleted",
    "image_loaded",
    "initiating_process",
]


def initiating_process(record: Record, whole_paths: bool) -> dict[str, Any]:
    """The columns of the process whose deed a record of Sysmon's tells."""
    return initiating(record.text("Image"), "", record.text("User"), record.text("ProcessId"), whole_paths)


def image_loaded(record: Record, whole_paths: bool) -> Built:
    """The row of a loaded image."""
    columns = {**file(record.text("ImageLoaded")), **hashes(record.text("Hashes"))}
    return Built("DeviceImageLoadEvents", "ImageLoaded", {**columns, **initiating_process(record, whole_paths)})


def driver_loaded(record: Record, whole_paths: bool) -> Built:
    """The row of a loaded driver."""
    columns = {**file(record.text("ImageLoaded"), whole_paths), **hashes(record.text("Hashes"))}
    return Built("DeviceEvents", "DriverLoad", columns)


def file_created(record: Record, whole_paths: bool) -> Built:
    """The row of a created file."""
    return _file_event("FileCreated", record, whole_paths)


def file_deleted(record: Record, whole_paths: bool) -> Built:
    """The row of a deleted file."""
    return _file_event("FileDeleted", record, whole_paths)


def _file_event(action: str, record: Record, whole_paths: bool) -> Built:
    columns = {**file(record.text("TargetFilename")), **hashes(record.text("Hashes"))}
    return Built("DeviceFileEvents", action, {**columns, **initiating_process(record, whole_paths)})


def creation_time_changed(record: Record, whole_paths: bool) -> Built:
    """The row of a file whose creation time was changed."""
    columns = file(record.text("TargetFilename"), whole_paths)
    return Built(
        "DeviceEvents", "FileTimestampModificationEvent", {**columns, **initiating_process(record, whole_paths)}
    )
