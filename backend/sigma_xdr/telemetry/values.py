"""How values look in Defender's rows: paths, command lines, accounts, hashes, numbers, addresses.

Seen in public sample rows and in queries that people run; the schema's data files name them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "account",
    "address",
    "directory",
    "file",
    "hashes",
    "initiating",
    "integrity_level",
    "iso_time",
    "key_and_value",
    "known",
    "name_of",
    "number",
    "object_name",
    "port",
    "registry_data",
    "registry_key",
    "sound",
    "unquoted",
    "without_directory",
]

#: What Windows and Sysmon write where they know nothing.
_UNKNOWN = ("", "-", "?")
_LONG = 2**63
_INTEGRITY_LEVELS = {
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
_HASHES = ("MD5", "SHA1", "SHA256")


def known(text: str) -> str:
    """The text; empty where it only says that nothing is known."""
    return "" if text in _UNKNOWN else text


def name_of(path: str) -> str:
    """What stands behind a path's last backslash."""
    return path.rpartition("\\")[2]


def directory(path: str) -> str:
    """What stands before a path's last backslash."""
    return path.rpartition("\\")[0]


def file(path: str, whole_paths: bool = True) -> dict[str, Any]:
    """The columns of a file that a row is about; without ``whole_paths`` the path is the directory's alone."""
    path = known(path)
    return {"FileName": name_of(path), "FolderPath": path if whole_paths else directory(path)}


def initiating(
    image: str, command_line: str, user: str, process_id: str, whole_paths: bool, prefix: str = "InitiatingProcess"
) -> dict[str, Any]:
    """The columns of the process that does something. Its path is in lower case."""
    image = known(image)
    domain, name = account(user)
    return {
        f"{prefix}FileName": name_of(image),
        f"{prefix}FolderPath": (image if whole_paths else directory(image)).lower(),
        f"{prefix}CommandLine": without_directory(command_line, image),
        f"{prefix}Id": number(process_id),
        f"{prefix}AccountDomain": domain,
        f"{prefix}AccountName": name,
    }


def without_directory(command_line: str, image: str) -> str:
    r"""A command line as Defender keeps it: ``"C:\x\a.exe" -f`` is ``"a.exe" -f``.

    Where argv[0] isn't quoted and has blanks, the image's path says where it ends.
    """
    quote = '"' if command_line.startswith('"') else ""
    rest = command_line[len(quote) :]
    if quote:
        end = rest.find('"') if '"' in rest else len(rest)
    elif image and rest[: len(image)].lower() == image.lower():
        end = len(image)
    else:
        end = len(rest) - len(rest.lstrip())
        end += len(rest.split(maxsplit=1)[0]) if rest.strip() else 0
    return quote + name_of(rest[:end]) + rest[end:] if "\\" in rest[:end] else command_line


def account(user: str) -> tuple[str, str]:
    r"""Domain and name of ``DOMAIN\name``, in lower case."""
    domain, _, name = known(user).lower().rpartition("\\")
    return domain, name


def hashes(joined: str) -> dict[str, Any]:
    """The columns of Sysmon's ``MD5=…,SHA256=…,IMPHASH=…``, in lower case; import hashes have none."""
    kinds = dict(part.partition("=")[::2] for part in joined.split(",") if "=" in part)
    return {kind: kinds[kind].lower() for kind in _HASHES if kind in kinds}


def integrity_level(text: str) -> str:
    """A level by its name, which Sysmon writes, or its SID, which the Security log writes."""
    return _INTEGRITY_LEVELS.get(text, known(text))


def number(text: str) -> int | None:
    """A whole number in decimal, or in hexadecimal after ``0x``; None for anything else and for more than a long holds."""
    if not text.isascii() or "_" in text:
        return None
    try:
        value = int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        return None
    return value if -_LONG <= value < _LONG else None


def port(text: str) -> int | None:
    """A port's number, in 16 bits; None for anything else."""
    value = number(text)
    return value if value is not None and 0 <= value < 2**16 else None


def address(text: str) -> str:
    """An address in its short form; other text as it is."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return known(text)


def iso_time(time: datetime | None) -> str | None:
    """A time as rows have it: ISO 8601 in UTC."""
    return None if time is None else time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def sound(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold something. Halves of surrogate pairs, which no UTF-8 can hold, become U+FFFD."""
    return {
        name: _whole_characters(value) if isinstance(value, str) else value
        for name, value in columns.items()
        if value is not None and value != ""
    }


def _whole_characters(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# -------------------------------------------------------------------------------------------------------- WMI, registry


def object_name(reference: str) -> str:
    r"""The name in Sysmon's reference to a filter or consumer, `` "__EventFilter.Name=\"x\""``."""
    return unquoted(unquoted(reference).partition("=")[2].replace('\\"', '"'))


def unquoted(text: str) -> str:
    """Text without the blanks and quotes around it."""
    return text.strip().removeprefix('"').removesuffix('"')


_HIVES = {
    "HKLM": r"HKEY_LOCAL_MACHINE",
    "HKU": r"HKEY_CURRENT_USER",
    "HKCR": r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes",
}
_CONTROL_SET = re.compile(r"^(System)\\CurrentControlSet(?=\\|$)", re.IGNORECASE)
#: Before a value's name that is a path itself (``…\bam\…\<SID>\\Device\HarddiskVolume2\a.exe``).
_BEFORE_PATH = re.compile(r"\\(?=\\Device\\|[A-Z]:\\)", re.IGNORECASE)


def registry_key(path: str) -> str:
    """A key of Sysmon's as Defender spells it."""
    hive, backslash, rest = path.partition("\\")
    return _HIVES.get(hive.upper(), hive) + backslash + _CONTROL_SET.sub(r"\1\\ControlSet001", rest)


def key_and_value(path: str) -> tuple[str, str]:
    """A value's key and its name. Names may hold backslashes: a path in a name is known by how it begins."""
    place = _BEFORE_PATH.search(path)
    cut = place.start() if place else path.rfind("\\")
    return (path[:cut], path[cut + 1 :]) if cut >= 0 else (path, "")


_INTEGER = re.compile(r"(?P<type>[DQ])WORD \(0x(?P<high>[0-9a-f]{8})(?:-0x(?P<low>[0-9a-f]{8}))?\)", re.IGNORECASE)


def registry_data(details: str) -> tuple[str, str]:
    """A value's data and its type. Which kind of text it is Sysmon doesn't say: all are String."""
    if integer := _INTEGER.fullmatch(details):
        number = int(integer["high"] + (integer["low"] or ""), 16)
        return str(number), "Dword" if integer["type"].upper() == "D" else "QWord"
    if details == "Binary Data":
        return "", "Binary"
    return "" if details == "(Empty)" else details, "String"
