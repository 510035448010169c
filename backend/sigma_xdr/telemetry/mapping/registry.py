r"""The registry: Sysmon 12, 13 and 14 to DeviceRegistryEvents.

Defender spells hives out, a user's hive is HKEY_CURRENT_USER with the SID, classes are where they really are, the control
set in use stands by its number, and numbers are decimal text. What is gone stands in the Previous… columns.
"""

from __future__ import annotations

from sigma_xdr.telemetry.mapping.files import initiating_process
from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.naming import registry_event_type
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import key_and_value, registry_data, registry_key

__all__ = ["registry_event"]

_ACTIONS = {
    "SetValue": "RegistryValueSet",
    "CreateKey": "RegistryKeyCreated",
    "DeleteKey": "RegistryKeyDeleted",
    "DeleteValue": "RegistryValueDeleted",
    "RenameKey": "RegistryKeyRenamed",
}


def registry_event(record: Record, whole_paths: bool) -> Built:
    """The row of what happened to a key or a value."""
    action = _ACTIONS[registry_event_type(record)]
    previous = "" if action in ("RegistryKeyCreated", "RegistryValueSet") else "Previous"
    key, name = record.text("TargetObject"), ""
    if action.startswith("RegistryValue"):
        key, name = key_and_value(key)
    columns = {
        f"{previous}RegistryKey": registry_key(key),
        f"{previous}RegistryValueName": "" if name == "(Default)" else name,
    }
    if action == "RegistryValueSet":
        columns["RegistryValueData"], columns["RegistryValueType"] = registry_data(record.text("Details"))
    if action == "RegistryKeyRenamed":
        columns["RegistryKey"] = registry_key(record.text("NewName"))
    return Built("DeviceRegistryEvents", action, {**columns, **initiating_process(record, whole_paths)})
