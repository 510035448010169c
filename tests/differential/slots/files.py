"""Files and accounts: a path in two columns, hashes in three, an account in three."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import new
from random import Random
from typing import Any

from sigma_xdr.schema import Table

from ..samples import POOLS
from .base import Cells, Slot

__all__ = ["Account", "FilePath", "Hashes", "accounts", "hashes", "paths", "whole_path"]

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
    name = name.replace(":", "") or "x"
    directory = re.sub(r"(?<=.)\\{2,}", r"\\", directory).removesuffix("\\")
    return f"{directory[:2]}{directory[2:].replace(':', '')}\\{name}"


@dataclass(frozen=True)
class FilePath(Slot):
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


def paths(table: Table) -> list[Slot]:
    whole = table.name in ("DeviceProcessEvents", "DeviceFileEvents", "DeviceImageLoadEvents")
    pairs = [("FileName", "FolderPath", whole), ("PreviousFileName", "PreviousFolderPath", False)]
    pairs.append(("InitiatingProcessFileName", "InitiatingProcessFolderPath", False))
    return [
        FilePath(name, path, path_whole, name.startswith("Init"))
        for name, path, path_whole in pairs
        if {name, path} <= table.columns.keys()
    ]


@dataclass(frozen=True)
class Hashes(Slot):
    """The hashes of one file: whole, hexadecimal, in lower case."""

    prefix: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{kind}" for kind in _LENGTHS)

    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        """A whole hash in its own column; of a rule that asks for one column, a piece of a hash made whole."""
        kinds = [name.removeprefix(self.prefix) for name in asked if name in self.columns] or list(_LENGTHS)
        cells: Cells = {}
        for part in str(value).split(","):
            kind, _, text = part.rpartition("=")
            digits = "".join(char for char in text.lower() if char in "0123456789abcdef")
            fitting = [name for name in kinds if name == kind.upper()] or [
                name for name in kinds if _LENGTHS[name] == len(digits)
            ]
            kind = random.choice(fitting or kinds)
            whole = new(kind.lower(), digits.encode()).hexdigest()  # a piece of it is in no other kind's hash
            length = _LENGTHS[kind]
            is_whole = (
                len(digits) == length and digits != digits[: length // 2] * 2
            )  # not one of half its length, twice
            known = digits[:length] if len(kinds) == 1 or is_whole else ""
            cells[f"{self.prefix}{kind}"] = known + whole[len(known) :]
        return cells

    def any(self, action: str, random: Random) -> Cells:
        """Hashes of which no rule has a piece by chance."""
        kinds = random.sample(list(_LENGTHS), random.randint(1, 3))
        return {f"{self.prefix}{kind}": new(kind.lower(), random.randbytes(8)).hexdigest() for kind in kinds}


_LENGTHS = {"SHA1": 40, "SHA256": 64, "MD5": 32}


def hashes(table: Table) -> list[Slot]:
    found = (Hashes(prefix) for prefix in ("", "InitiatingProcess"))
    return [each for each in found if table.columns.keys() >= set(each.columns)]


@dataclass(frozen=True)
class Account(Slot):
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


def accounts(table: Table) -> list[Slot]:
    accounts = (Account(prefix) for prefix in ("", "InitiatingProcess"))
    return [account for account in accounts if table.columns.keys() >= set(account.columns)]
