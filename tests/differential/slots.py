r"""The columns of a table in groups that belong together, and how Defender fills them.

A slot takes a value as Sysmon would write it and stores it as Defender does: a path in two columns, a key with its hive spelled
out, an account in lower case. So rows are well formed whatever a rule asks for. Sources: ``telemetry``'s docstrings name them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import new
from random import Random
from typing import Any, Protocol

from sigma_xdr.schema import Column, ColumnType, Table, xdr_schema

from .samples import ADDRESSES, NUMBERS, POOLS, TIMES

__all__ = ["Slot", "mended", "slots", "whole_path"]

Cells = dict[str, Any]


class Slot(Protocol):
    """Some columns of a table."""

    columns: tuple[str, ...]

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        """The columns that hold a value, in a row of that ActionType; ``asked`` are those that a rule reads."""

    def any(self, action: str, random: Random) -> Cells:
        """The columns with anything at all."""


@lru_cache(maxsize=64)
def slots(table_name: str) -> Mapping[str, Slot]:
    """The slot of each column of a table; ActionType has none."""
    table = xdr_schema().table(table_name)
    found: list[Slot] = [*_paths(table), *_accounts(table), *_hashes(table), *_registry(table)]
    taken = {column for slot in found for column in slot.columns} | {"ActionType", "ReportId"}
    found += [_single(column) for column in table.columns.values() if column.name not in taken]
    return {column: slot for slot in found for column in slot.columns}


def mended(table_name: str, row: Mapping[str, Any], random: Random) -> Cells:
    """A row of a made-up event with what no row of Defender's can hold put right: hives, hashes, and values of closed lists."""
    mended = dict(row)
    for slot in dict.fromkeys(slots(table_name).values()):
        if isinstance(slot, _OneOf) and row.get(slot.column):
            mended |= slot.held(row[slot.column], (), "", random)
        elif isinstance(slot, _Hashes):
            for name in slot.columns:
                mended |= slot.held(row[name], (name,), "", random) if row.get(name) else {}
        elif isinstance(slot, _Registry):
            key = "PreviousRegistryKey" if "Deleted" in row["ActionType"] else "RegistryKey"
            mended[key] = _defender_key(row.get(key, "x"), random)
        elif isinstance(slot, _Data) and row.get("RegistryValueType") == "String":
            mended |= slot.held(row.get("RegistryValueData", ""), (), "", random)
    return mended


# ---------------------------------------------------------------------------------------------------------- one column


@dataclass(frozen=True)
class _Text:
    """A column of text."""

    column: str
    pool: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        text = str(value).rpartition("\\")[2] if self.column.endswith("ParentFileName") else str(value)
        return {self.column: text}

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(self.pool), (), action, random)


@dataclass(frozen=True)
class _OneOf:
    """A column with few values: what isn't one of them can't stand there."""

    column: str
    known: tuple[Any, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        alike = [each for each in self.known if str(each).lower() == str(value).lower()]
        return {self.column: random.choice(alike or self.known)}

    def any(self, action: str, random: Random) -> Cells:
        return {self.column: random.choice(self.known)}


@dataclass(frozen=True)
class _Number:
    """A whole number."""

    column: str
    limit: int

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        number = _integer(value)
        return {self.column: number} if abs(number) < self.limit else self.any(action, random)

    def any(self, action: str, random: Random) -> Cells:
        number = random.choice(NUMBERS)
        return {self.column: number if abs(number) < self.limit else 1}


def _integer(value: Any) -> int:
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError, TypeError):
        return 7


@dataclass(frozen=True)
class _Time:
    """A time, as text with up to seven digits or as a datetime."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        return {self.column: value} if isinstance(value, datetime) else self.any(action, random)

    def any(self, action: str, random: Random) -> Cells:
        return {self.column: random.choice(TIMES)}


@dataclass(frozen=True)
class _Json:
    """AdditionalFields: a mapping of keys to text; the row's last step writes it as JSON where the column is text."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        key = next((name.partition(".")[2] for name in asked if "." in name), "X")
        if key == "DesiredAccess":
            return {self.column: {key: max(_integer(value), 0) & 0xFFFFFFFF}}
        text = str(value).strip() if str(value).strip().isdecimal() else str(value)
        if key == "PipeName" and text.startswith("\\") and random.random() < 0.7:
            text = "\\Device\\NamedPipe" + text.removeprefix("\\Device\\NamedPipe")
        if key == "Consumer":
            kind, _, name = text.replace(".Name=", "=").partition("=")
            name = name.replace('\\"', "").replace('"', "")
            kind = "".join(char for char in kind if char.isalnum()) or "CommandLineEventConsumer"
            text = f'{kind}="{name or "x"}"'
        return {self.column: {key: text}}

    def any(self, action: str, random: Random) -> Cells:
        return {self.column: {random.choice(("X", "Y", "PipeName")): random.choice(POOLS["text"])}}


def _single(column: Column) -> Slot:
    match column.type:
        case ColumnType.BOOL:
            return _OneOf(column.name, (True, False))
        case ColumnType.DATETIME:
            return _Time(column.name)
        case ColumnType.INT:
            return _Number(column.name, 2**31)
        case ColumnType.LONG:
            return _Number(column.name, 2**63)
        case ColumnType.REAL:
            return _OneOf(column.name, (0.5, 1.0, -2.25))
        case ColumnType.DYNAMIC:
            return _Json(column.name)
    if column.name == "AdditionalFields":
        return _Json(column.name)
    if column.name in _KNOWN:
        return _OneOf(column.name, _KNOWN[column.name])
    kind = next((kind for part, kind in _KINDS if part in column.name), "text")
    return _Text(column.name, ADDRESSES if kind == "address" else POOLS[kind])


_INTEGRITY = ("Low", "Medium", "High", "System")
_KNOWN = {
    "ProcessIntegrityLevel": _INTEGRITY,
    "InitiatingProcessIntegrityLevel": _INTEGRITY,
    "LogonType": (
        *("Interactive", "Network", "Batch", "Service", "Unlock", "NetworkCleartext", "NewCredentials"),
        *("RemoteInteractive", "CachedInteractive", "CachedRemoteInteractive", "CachedUnlock"),
    ),
    "Protocol": ("Tcp", "Udp", "Kerberos", "NTLM", "Negotiate"),
}
#: What a part of a column's name says of its values; the first that fits.
_KINDS = (
    ("CommandLine", "command"), ("ParentFileName", "file name"), ("OriginalFileName", "file name"), ("SHA", "hash"), ("MD5", "hash"),
    ("DeviceName", "device"), ("IPAddress", "address"), ("IP", "address"), ("RegistryValueData", "details"),
)  # fmt: skip


# -------------------------------------------------------------------------------------------------------- several columns


_DIRECTORIES = (r"C:\Windows\System32", r"C:\Users\eve\a b", r"D:\x", r"C:\a.exe", r"\\srv\share\dir", r"C:\cmd.exe\x")
#: Windows' own processes that are no file.
_WITHOUT_PATH = ("system", "registry", "memory compression")
_ABSOLUTE = re.compile(r"[A-Za-z]:\\|\\\\[^\\]+\\[^\\]|\\Device\\[^\\]", re.IGNORECASE)


def whole_path(text: str, random: Random) -> str:
    """A whole path that ends with a file's name, of a piece of one."""
    directory, _, name = text.rpartition("\\")
    name = name or random.choice(("a.exe", directory.rpartition("\\")[2] or "x"))
    if not _ABSOLUTE.match(text):
        directory = random.choice(_DIRECTORIES) + random.choice(("\\", "")) * bool(directory) + directory
    directory = re.sub(r"(?<=.)\\{2,}", r"\\", directory).removesuffix("\\")
    return f"{directory[:2]}{directory[2:].replace(':', '')}\\{name}"


@dataclass(frozen=True)
class _Path:
    """A file's name, and its path: the whole of it, or in some rows the directory alone."""

    name: str
    path: str
    whole: bool
    lower: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.name, self.path)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        text = str(value).lower() if self.lower else str(value)
        if text.lower() in _WITHOUT_PATH:
            return {self.name: text, self.path: text if self.whole else random.choice(("", text))}
        directory, _, name = whole_path(text, random).rpartition("\\")
        return self._stored(directory.lower() if self.lower else directory, name, random)

    def _stored(self, directory: str, name: str, random: Random) -> Cells:
        if self.whole or random.random() < 0.5:
            return {self.name: name, self.path: f"{directory}\\{name}"}
        root = random.choice(("", "\\")) if directory.endswith(":") else ""  # nobody knows how rows had a drive's root
        return {self.name: name, self.path: directory + root}

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(POOLS["path"]), (), action, random)


def _paths(table: Table) -> list[Slot]:
    whole = table.name in ("DeviceProcessEvents", "DeviceFileEvents", "DeviceImageLoadEvents")
    pairs = [("FileName", "FolderPath", whole), ("PreviousFileName", "PreviousFolderPath", False)]
    pairs.append(("InitiatingProcessFileName", "InitiatingProcessFolderPath", False))
    return [
        _Path(name, path, path_whole, name.startswith("Init"))
        for name, path, path_whole in pairs
        if {name, path} <= table.columns.keys()
    ]


@dataclass(frozen=True)
class _Account:
    """A domain, a name and a SID, in lower case and without a backslash."""

    prefix: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}Account{part}" for part in ("Domain", "Name", "Sid"))

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        domain_column, name_column, sid_column = self.columns
        text = str(value).lower()
        if asked == (sid_column,) or text.startswith("s-1-"):
            return {domain_column: "corp", name_column: text.replace("\\", ""), sid_column: text.upper()}
        if asked == (domain_column,):
            return {domain_column: text.replace("\\", ""), name_column: "eve"}
        domain, _, name = text.rpartition("\\")
        name = name.replace("\\", "")
        return {domain_column: (domain.replace("\\", "") or "corp") if name else "", name_column: name}

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(POOLS["account"]), (), action, random)


@dataclass(frozen=True)
class _Hashes:
    """The hashes of one file: whole, hexadecimal, in lower case."""

    prefix: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{kind}" for kind in _LENGTHS)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        cells: Cells = {}
        for part in str(value).split(","):
            kind, _, text = part.rpartition("=")
            digits = "".join(char for char in text.lower() if char in "0123456789abcdef")
            kinds = [name.removeprefix(self.prefix) for name in asked if name in self.columns] or list(_LENGTHS)
            fitting = [name for name in kinds if name == kind.upper()] or [
                name for name in kinds if _LENGTHS[name] == len(digits)
            ]
            kind = random.choice(fitting or kinds)
            whole = new(kind.lower(), digits.encode()).hexdigest()  # a piece made whole is no piece of another kind's hash
            cells[f"{self.prefix}{kind}"] = digits[: _LENGTHS[kind]] + whole[len(digits) :]
        return cells

    def any(self, action: str, random: Random) -> Cells:
        return self.held(random.choice(POOLS["hashes"]), (), action, random)


_LENGTHS = {"SHA1": 40, "SHA256": 64, "MD5": 32}


def _hashes(table: Table) -> list[Slot]:
    found = (_Hashes(prefix) for prefix in ("", "InitiatingProcess"))
    return [each for each in found if table.columns.keys() >= set(each.columns)]


@dataclass(frozen=True)
class _Data:
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


def _accounts(table: Table) -> list[Slot]:
    accounts = (_Account(prefix) for prefix in ("", "InitiatingProcess"))
    return [account for account in accounts if table.columns.keys() >= set(account.columns)]


@dataclass(frozen=True)
class _Registry:
    """Key and value name, before and after, as the ActionType has them."""

    columns: tuple[str, ...] = ("RegistryKey", "RegistryValueName", "PreviousRegistryKey", "PreviousRegistryValueName")

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        text = str(value)
        if asked == ("RegistryValueName",) or asked == ("PreviousRegistryValueName",):
            return {**self.any(action, random), asked[0]: text}
        key, name = _defender_key(text, random), ""
        if "Value" in action:
            key, name = self._cut(key, random)
        if "Deleted" in action:
            return {"PreviousRegistryKey": key, "PreviousRegistryValueName": name}
        if "Renamed" in action:
            return {"PreviousRegistryKey": key, "RegistryKey": _defender_key(random.choice((text, *_KEYS)), random)}
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


_KEYS = POOLS["registry"]


def _registry(table: Table) -> list[Slot]:
    return [_Registry(), _Data()] if table.name == "DeviceRegistryEvents" else []


def _defender_key(text: str, random: Random) -> str:
    r"""Sysmon's spelling of a path in the registry as Defender's; what names no hive gets one."""
    for pattern, hive in _HIVES:
        if found := re.match(pattern, text, re.IGNORECASE):
            text = hive + text[found.end() :]
            break
    else:
        text = random.choice(_BASES) + "\\" * (not text.startswith("\\")) + text
    hive, backslash, rest = text.partition("\\")
    rest = re.sub(r"(?i)HK[A-Z_]+(?=\\|$)", "HK", rest)  # a hive's name within a path is nobody's
    if hive != "HKEY_LOCAL_MACHINE":
        rest = "\\" + rest  # so that no control set is where they are
    rest = _CONTROL_SET.sub(lambda found: found[0] if found[1] else "Control", rest).removeprefix("\\")
    in_use = re.sub(r"(?i)(?<=^SYSTEM\\)CurrentControlSet(?=\\|$)", lambda _: random.choice(_CONTROL_SETS), rest)
    return hive + backslash + in_use


#: The one place of control sets: a key of that name elsewhere is nobody's.
_CONTROL_SET = re.compile(r"(^SYSTEM\\)?(?:Current)?ControlSet(?=[0-9\\]|$)", re.IGNORECASE)
_SID = r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-1001"
_HIVES = (
    (r"(HKLM|HKEY_LOCAL_MACHINE|\\REGISTRY\\MACHINE)(?=\\|$)", "HKEY_LOCAL_MACHINE"),
    (r"(HKCU|HKEY_CURRENT_USER)(?=\\S-1-)", "HKEY_CURRENT_USER"),
    (r"(HKCU|HKEY_CURRENT_USER)(?=\\|$)", _SID),
    (r"(HKU|HKEY_USERS|\\REGISTRY\\USER)(?=\\|$)", "HKEY_CURRENT_USER"),
    (r"(HKCR|HKEY_CLASSES_ROOT)(?=\\|$)", r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes"),
)
_BASES = (r"HKEY_LOCAL_MACHINE\SOFTWARE", "HKEY_LOCAL_MACHINE", _SID, _SID + "_Classes", r"HKEY_LOCAL_MACHINE\SYSTEM")
_CONTROL_SETS = ("ControlSet001", "ControlSet001", "ControlSet002", "CurrentControlSet")
