r"""A column's value in the spellings that Sysmon, the Security log and people's rules have for it.

Where Defender's spelling stands for several of Windows', all are given: a rule that asks for one of them finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import Any

from sigma_xdr.evaluator import Spelling, Whole

__all__ = [
    "UNKNOWN",
    "account",
    "data",
    "hashes",
    "integrity_level",
    "logon_type",
    "name_only",
    "numbers",
    "path",
    "pipe",
    "registry_key",
    "registry_value",
    "with_classes",
    "with_control_set_numbered",
    "with_hives",
    "wmi_consumer",
]

#: Text for what isn't known: it equals nothing, and it is the ``-`` that Windows writes.
UNKNOWN = [None, Whole("-")]


def path(file_name: Any, folder_path: Any) -> str:
    """A whole path from a file's name and a column that holds its directory, or its path already."""
    name, folder = _text(file_name), _text(folder_path)
    if not folder or not name:
        return folder or name
    is_whole = folder.lower() == name.lower() or folder.lower().endswith("\\" + name.lower())
    return folder if is_whole else folder.rstrip("\\") + "\\" + name


def name_only(name: Any) -> list[str]:
    r"""A path of which the row has the file's name alone: a rule may ask how it ends, with the backslash before it."""
    name = _text(name)
    return [name, "\\" + name] if name else []


def account(domain: Any, name: Any) -> list[str | None]:
    r"""``DOMAIN\name``."""
    domain, name = _text(domain), _text(name)
    return [f"{domain}\\{name}", *([] if domain else [name])] if name else list(UNKNOWN)


def hashes(columns: Mapping[str, Any]) -> list[str]:
    """``SHA1=…,MD5=…,SHA256=…`` as Sysmon joins them, as many kinds as it is told to take, and each without its kind."""
    known = {kind: _text(columns.get(kind)).upper() for kind in ("SHA1", "MD5", "SHA256")}
    each = [f"{kind}={value}" for kind, value in known.items() if value]
    joined = [",".join(some) for count in range(len(each), 0, -1) for some in combinations(each, count)]
    return [*joined, *filter(None, known.values())]


_LEVELS = {"low": "S-1-16-4096", "medium": "S-1-16-8192", "high": "S-1-16-12288", "system": "S-1-16-16384"}


def integrity_level(level: Any) -> list[str]:
    """A level's name, which Sysmon writes, and its SID, which the Security log writes."""
    level = _text(level)
    return [each for each in (level, _LEVELS.get(level.lower(), "")) if each]


#: Microsoft's page on event 4624, Logon Type.
_LOGON_TYPES = {
    "interactive": "2",
    "network": "3",
    "batch": "4",
    "service": "5",
    "unlock": "7",
    "networkcleartext": "8",
    "newcredentials": "9",
    "remoteinteractive": "10",
    "cachedinteractive": "11",
    "cachedremoteinteractive": "12",
    "cachedunlock": "13",
}


def logon_type(name: Any) -> str:
    """A logon type's number; a name that has none as it is."""
    return _LOGON_TYPES.get(_text(name).lower(), _text(name))


def numbers(number: Any) -> list[Any]:
    """A number, and as Windows logs it in hexadecimal, which a rule has to name whole."""
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return [number, Whole(hex(number))] if isinstance(number, int) and not isinstance(number, bool) else _listed(number)


def pipe(name: Any) -> list[str]:
    r"""``\Device\NamedPipe\name``, and Sysmon's ``\name``."""
    name = _text(name)
    prefix = "\\device\\namedpipe"
    return [name, name[len(prefix) :]] if name.lower().startswith(prefix + "\\") else _listed(name)


def wmi_consumer(consumer: Any) -> list[str]:
    r"""``CommandLineEventConsumer="x"``, and for rules that name it so Sysmon's ``"CommandLineEventConsumer.Name=\"x\""``."""
    consumer = _text(consumer)
    kind, equals, name = consumer.partition("=")
    if not equals or not name.startswith('"'):
        return _listed(consumer)
    escaped = f"{kind}.Name={name}".replace('"', '\\"')
    whole = Spelling(f'"{escaped}"', _NAME, _OUTER_QUOTE)
    return [consumer, whole, *(Spelling(text, _NAME) for text in (escaped, f"{kind}.Name={name}"))]


_NAME = re.compile(r'\.name=\\?"')
_OUTER_QUOTE = re.compile(r'^"|\\""\Z')

# --------------------------------------------------------------------------------------------------------------- registry

#: Defender's names of hives and Sysmon's.
_SHORT = {"hkey_local_machine": "HKLM", "hkey_current_user": "HKU", "hkey_users": "HKU"}
_LONG = {"HKLM": ("HKEY_LOCAL_MACHINE", r"\REGISTRY\MACHINE"), "HKU": ("HKEY_USERS", r"\REGISTRY\USER")}
_CURRENT_IS_NAMED = re.compile(r"(?:^|\\)currentcontrolset(?:\\|\Z)|^controlset\\")
_SID = re.compile(r"S-1-[-0-9]+(?=\\|\Z)", re.IGNORECASE)
_CLASSES = re.compile(
    r"(?:HKLM\\SOFTWARE\\Classes|HKU\\S-1-[-0-9]+_Classes|HKU\\S-1-[-0-9]+\\SOFTWARE\\Classes)(?=\\|\Z)", re.IGNORECASE
)
_NUMBERED = re.compile(r"^(HKLM\\System\\)ControlSet[0-9]{3}(?=\\|\Z)", re.IGNORECASE)
_CURRENT = re.compile(r"^(HKLM\\System\\)CurrentControlSet(?=\\|\Z)", re.IGNORECASE)


def registry_key(key: Any) -> list[str]:
    """A key as Sysmon writes it, and with the other names of its hive and its control set for rules that name them."""
    hive, backslash, rest = _text(key).partition("\\")
    if not hive and not backslash:
        return []
    plain = _SHORT.get(hive.lower(), hive) + backslash + rest
    current = _NUMBERED.sub(r"\1CurrentControlSet", plain)
    others = [Spelling(path, named) for path, named in _other_hives(plain)]
    if hive.lower() == "hkey_current_user" and rest.lower().startswith("s-1-"):
        others += [Spelling(f"{own}\\{rest}", _named_with_user(own)) for own in _OWN]
    if current != plain:
        others.append(Spelling(current, _CURRENT_IS_NAMED))
        others += [Spelling(path, named, _CURRENT_IS_NAMED) for path, named in _other_hives(current)]
    return [plain, *others]


def _other_hives(plain: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """A path under the other names of its hive, each with the expression that finds it named."""
    hive, backslash, rest = plain.partition("\\")
    names = [(name, backslash + rest) for name in _LONG.get(hive.upper(), ())]
    if hive.upper() == "HKU" and (user := _SID.match(rest)):
        names += [(own, rest[user.end() :]) for own in _OWN]
    if place := _CLASSES.match(plain):
        names += [(name, plain[place.end() :]) for name in ("HKCR", "HKEY_CLASSES_ROOT")]
    for name, end in names:
        yield name + end, _named(name)


#: The current user's hive. Defender has it with the user's SID behind it, and a rule may have that from there.
_OWN = ("HKCU", "HKEY_CURRENT_USER")


@cache
def _named(hive: str) -> re.Pattern[str]:
    end = r"\\(?!s-1-)" if hive in _OWN else r"\\"
    return re.compile(rf"^{re.escape(hive.lower())}(?:{end}|\Z)")


@cache
def _named_with_user(hive: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(hive.lower())}\\s-1-")


def registry_value(key: Any, name: Any) -> list[str]:
    """A value: its key, and behind it its name, which is ``(Default)`` for the one without."""
    return registry_key(f"{key}\\{_text(name) or '(Default)'}") if _text(key) else []


def with_control_set_numbered(path: str) -> list[str]:
    """A path with the control set in use by its name and by the number that Defender has for it."""
    return [path, _CURRENT.sub(r"\1ControlSet001", path)]


def with_classes(path: str) -> list[str]:
    """A path under the classes' real places, and under HKCR, which shows them all."""
    place = _CLASSES.match(path)
    return [path, "HKCR" + path[place.end() :]] if place else [path]


def with_hives(path: str) -> list[str]:
    """A path with its hive's short and long name; a user's own hive is also the current user's."""
    hive, backslash, rest = path.partition("\\")
    spelt = {
        "HKLM": ["HKLM", "HKEY_LOCAL_MACHINE"],
        "HKU": ["HKU", "HKEY_USERS"],
        "HKCR": ["HKCR", "HKEY_CLASSES_ROOT"],
    }.get(hive.upper(), [hive])
    paths = [each + backslash + rest for each in spelt]
    if hive.upper() == "HKU" and (user := _SID.match(rest)):
        for own in ("HKCU", "HKEY_CURRENT_USER"):
            paths += [f"{own}\\{rest}", own + rest[user.end() :]]
    return paths


def data(value: Any, kind: Any) -> list[str | None]:
    """A value's data as Sysmon's Details. Defender has numbers as decimal text, like text that spells a number; as Sysmon shows
    numbers, a rule has to name them whole.
    """
    value, kind = _text(value), _text(kind).lower()
    if kind == "binary":
        return ["Binary Data", value] if value else ["Binary Data"]
    spelt: list[str | None] = [value] if value else [None, Whole("(Empty)")]
    if kind in ("dword", "qword"):
        spelt.append(Whole(kind))
    if not _DECIMAL.fullmatch(value) or int(value) >= 2**64:
        return spelt
    number = int(value)
    spelt.append(Whole(f"QWORD (0x{number >> 32:08x}-0x{number & 0xFFFFFFFF:08x})"))
    if number < 2**32:
        digits = f"0x{number:08x}"
        spelt += map(Whole, (f"DWORD ({digits})", f"({digits})", f"({digits}", f"{digits})", digits))
    return spelt


_DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _listed(value: Any) -> list[Any]:
    return [] if value in (None, "") else [value]
