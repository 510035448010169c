"""Files, loaded images and drivers."""

from __future__ import annotations

import pytest

from tests.unit.telemetry.samples import columns, sysmon

PROCESS = {"Image": r"C:\W\A.exe", "ProcessId": "5", "User": r"NT AUTHORITY\SYSTEM"}
ACTING = {
    "InitiatingProcessFileName": "A.exe",
    "InitiatingProcessFolderPath": r"c:\w\a.exe",
    "InitiatingProcessId": 5,
    "InitiatingProcessAccountDomain": "nt authority",
    "InitiatingProcessAccountName": "system",
}
FILE = {"FileName": "f.txt", "FolderPath": r"C:\D\f.txt"}
HASHED = {"MD5": "ab", "SHA256": "cd"}


@pytest.mark.parametrize(("event_id", "action"), [(11, "FileCreated"), (23, "FileDeleted"), (26, "FileDeleted")])
def test_files(event_id: int, action: str) -> None:
    record = sysmon(event_id, TargetFilename=r"C:\D\f.txt", Hashes="MD5=AB,SHA256=CD,IMPHASH=00", **PROCESS)
    assert columns(record) == [{"ActionType": action, **FILE, **HASHED, **ACTING}]


def test_a_changed_creation_time() -> None:
    record = sysmon(2, TargetFilename=r"C:\D\f.txt", CreationUtcTime="2020-01-01 00:00:00.000", **PROCESS)
    assert columns(record) == [{"ActionType": "FileTimestampModificationEvent", **FILE, **ACTING}]
    [older] = columns(record, whole_paths=False)
    assert (older["FolderPath"], older["InitiatingProcessFolderPath"]) == (r"C:\D", r"c:\w")


def test_images() -> None:
    loaded = {"ImageLoaded": r"C:\D\f.txt", "Hashes": "MD5=AB,SHA256=CD", "Signed": "true"}
    assert columns(sysmon(7, **loaded, **PROCESS)) == [{"ActionType": "ImageLoaded", **FILE, **HASHED, **ACTING}]
    assert columns(sysmon(6, **loaded)) == [{"ActionType": "DriverLoad", **FILE, **HASHED}]
