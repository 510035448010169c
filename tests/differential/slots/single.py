"""Columns that stand alone: text, numbers, times, closed lists, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sigma_xdr.schema import Column, ColumnType

from ..samples import ADDRESSES, NUMBERS, POOLS, TIMES
from .base import Cells, Slot

__all__ = ["Json", "Number", "OneOf", "Text", "Time", "single"]


@dataclass(frozen=True)
class Text(Slot):
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
class OneOf(Slot):
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
class Number(Slot):
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
class Time(Slot):
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
class Json(Slot):
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
            text = "\\Device\\NamedPipe" + text
        if key == "Consumer":
            kind, _, name = text.replace(".Name=", "=").partition("=")
            name = name.replace('\\"', "").replace('"', "")
            kind = "".join(char for char in kind if char.isalnum()) or "CommandLineEventConsumer"
            text = f'{kind}="{name or "x"}"'
        return {self.column: {key: text}}

    def any(self, action: str, random: Random) -> Cells:
        return {self.column: {random.choice(("X", "Y", "PipeName")): random.choice(POOLS["text"])}}


def single(column: Column) -> Slot:
    match column.type:
        case ColumnType.BOOL:
            return OneOf(column.name, (True, False))
        case ColumnType.DATETIME:
            return Time(column.name)
        case ColumnType.INT:
            return Number(column.name, 2**31)
        case ColumnType.LONG:
            return Number(column.name, 2**63)
        case ColumnType.REAL:
            return OneOf(column.name, (0.5, 1.0, -2.25))
        case ColumnType.DYNAMIC:
            return Json(column.name)
    if column.name == "AdditionalFields":
        return Json(column.name)
    if column.name in _KNOWN:
        return OneOf(column.name, _KNOWN[column.name])
    kind = next((kind for part, kind in _KINDS if part in column.name), "text")
    return Text(column.name, ADDRESSES if kind == "address" else POOLS[kind])


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
    ("CommandLine", "command"),
    ("ParentFileName", "file name"),
    ("OriginalFileName", "file name"),
    ("SHA", "hash"),
    ("MD5", "hash"),
    ("DeviceName", "device"),
    ("IP", "address"),
    ("RegistryValueData", "details"),
)
