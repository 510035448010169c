"""The registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.telemetry.samples import columns, sysmon

KEY = r"HKLM\System\CurrentControlSet\Services\x"
STORED = r"HKEY_LOCAL_MACHINE\System\ControlSet001\Services\x"


@pytest.mark.parametrize(
    ("event_id", "fields", "row"),
    [
        (
            12,
            {"EventType": "CreateKey", "TargetObject": KEY},
            {"ActionType": "RegistryKeyCreated", "RegistryKey": STORED},
        ),
        (
            12,
            {"EventType": "DeleteKey", "TargetObject": KEY},
            {"ActionType": "RegistryKeyDeleted", "PreviousRegistryKey": STORED},
        ),
        (
            12,
            {"EventType": "DeleteValue", "TargetObject": rf"{KEY}\v"},
            {"ActionType": "RegistryValueDeleted", "PreviousRegistryKey": STORED, "PreviousRegistryValueName": "v"},
        ),
        (
            13,
            {"TargetObject": rf"{KEY}\v", "Details": "DWORD (0x00000010)"},
            {
                "ActionType": "RegistryValueSet",
                "RegistryKey": STORED,
                "RegistryValueName": "v",
                "RegistryValueData": "16",
                "RegistryValueType": "Dword",
            },
        ),
        (
            13,
            {"EventType": "SetValue", "TargetObject": rf"{KEY}\(Default)", "Details": "(Empty)"},
            {"ActionType": "RegistryValueSet", "RegistryKey": STORED, "RegistryValueType": "String"},
        ),
        (
            14,
            {"TargetObject": KEY, "NewName": rf"{KEY}2"},
            {"ActionType": "RegistryKeyRenamed", "PreviousRegistryKey": STORED, "RegistryKey": f"{STORED}2"},
        ),
    ],
)
def test_what_was_done(event_id: int, fields: dict[str, Any], row: dict[str, Any]) -> None:
    assert columns(sysmon(event_id, **fields)) == [row]
