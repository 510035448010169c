"""The registry: keys with their hives as Defender spells them, value names, data and its type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sigma_xdr.schema import Table

from ..samples import POOLS
from .base import Cells, Slot

__all__ = ["Data", "Key", "defender_key", "registry"]


@dataclass(frozen=True)
class Key(Slot):
    """Key and value name, before and after, as the ActionType has them."""

    columns: tuple[str, ...] = ("RegistryKey", "RegistryValueName", "PreviousRegistryKey", "PreviousRegistryValueName")

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        text = str(value)
        if asked == ("RegistryValueName",) or asked == ("PreviousRegistryValueName",):
            return {**self.any(action, random), asked[0]: text}
        key, name = defender_key(text, random), ""
        if "Value" in action:
            key, name = self._cut(key, random)
        if "Deleted" in action:
            return {"PreviousRegistryKey": key, "PreviousRegistryValueName": name}
        if "Renamed" in action:
            return {"PreviousRegistryKey": key, "RegistryKey": defender_key(random.choice((text, *_KEYS)), random)}
        return {"RegistryKey": key, "RegistryValueName": name}

    def _cut(self, key: str, random: Random) -> tuple[str, str]:
        """Key and name, cut at the last backslash, or now and then at another: names may hold some."""
        places = [place.start() for place in re.finditer(r"\\", key)]
        if len(places) < 2:
            return key, random.choice(("", "a"))
        place = random.choice([*places[3:], places[-1]]) if random.random() < 0.2 else places[-1]
        name = key[place + 1 :]
        return key[:place], "" if name.lower() == "(default)" else name

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(_KEYS), (), action, random)

    def nothing(self, action: str) -> Cells:
        """A row has a key; what may be unknown is a renamed key's new name."""
        return {"RegistryKey": None} if "Renamed" in action else {}


_KEYS = POOLS["registry"]


@dataclass(frozen=True)
class Data(Slot):
    """A registry value's data with its type; of binary data there is the type alone."""

    columns: tuple[str, ...] = ("RegistryValueData", "RegistryValueType")

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        data, kind = self.columns
        text = str(value)
        if "binary" in text.lower():
            return {kind: "Binary", data: ""}
        if "(empty)" in text.lower():
            return {kind: "String", data: ""}
        if number := re.search(r"0x([0-9a-f]{1,8})(?:-0x([0-9a-f]{8}))?", text, re.IGNORECASE):
            large = number[2] is not None or random.random() < 0.3
            digits = number[1] + (number[2] or "")
            return {kind: "QWord" if large else "Dword", data: str(int(digits, 16))}
        if re.match("[dq]word", text, re.IGNORECASE):
            return {kind: text[:5].capitalize(), data: "1"}
        if text.isdecimal() and text.isascii():
            return {kind: random.choice(("Dword", "QWord", "String", "")), data: str(int(text) % 2**64)}
        return {kind: random.choice(("String", "ExpandString", "")), data: text}

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(POOLS["details"]), (), action, random)


def registry(table: Table) -> list[Slot]:
    return [Key(), Data()] if table.name == "DeviceRegistryEvents" else []


def defender_key(text: str, random: Random) -> str:
    r"""Sysmon's spelling of a path in the registry as Defender's; what names no hive gets one."""
    for pattern, hive in _HIVES:
        if found := re.match(pattern, text, re.IGNORECASE):
            text = hive + text[found.end() :]
            break
    else:
        text = random.choice(_BASES) + "\\" * (not text.startswith("\\")) + text
    hive, backslash, rest = text.partition("\\")
    if hive != "HKEY_LOCAL_MACHINE":
        rest = "\\" + rest  # so that no control set is where they are
    rest = _CONTROL_SET.sub(lambda found: found[0] if found[1] else "Control", rest).removeprefix("\\")
    in_use = re.sub(r"(?i)(?<=^SYSTEM\\)CurrentControlSet(?=\\|\Z)", lambda _: random.choice(_CONTROL_SETS), rest)
    in_use = re.sub(r"(?i)(?<=^SYSTEM\\)ControlSet(?=\d)", "ControlSet", in_use)
    if hive == "HKEY_CURRENT_USER" and random.random() < 0.1:
        hive = "HKEY_USERS"
    return hive + backslash + in_use


#: The one place of control sets: a key of that name elsewhere is nobody's.
_CONTROL_SET = re.compile(r"(^SYSTEM\\)?(?:Current)?ControlSet(?=[0-9\\]|\Z)", re.IGNORECASE)
_SID = r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-1001"
_HIVES = (
    (r"(HKLM|HKEY_LOCAL_MACHINE|\\REGISTRY\\MACHINE)(?=\\|\Z)", "HKEY_LOCAL_MACHINE"),
    (r"(HKCU|HKEY_CURRENT_USER)(?=\\S-1-)", "HKEY_CURRENT_USER"),
    (r"(HKCU|HKEY_CURRENT_USER)(?=\\|\Z)", _SID),
    (r"(HKU|HKEY_USERS|\\REGISTRY\\USER)(?=\\|\Z)", "HKEY_CURRENT_USER"),
    (r"(HKCR|HKEY_CLASSES_ROOT)(?=\\|\Z)", r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes"),
)
_BASES = (r"HKEY_LOCAL_MACHINE\SOFTWARE", "HKEY_LOCAL_MACHINE", _SID, _SID + "_Classes", r"HKEY_LOCAL_MACHINE\SYSTEM")
_CONTROL_SETS = ("ControlSet001", "ControlSet001", "ControlSet002", "CurrentControlSet")
