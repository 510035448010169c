"""Other ways to write a command line that Windows runs alike: what an attacker changes to slip past a text search.

What a program takes is said where the technique is defined, with the source. Sources: Wietze Beukema's ArgFuscator models
(https://github.com/wietze/ArgFuscator.net, ``models/wmic.json`` and ``models/powershell.json``), which were tried on Windows 11,
and Microsoft's pages on cmd's and PowerShell's quoting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

Row = Mapping[str, Any]

#: A space outside quotes.
_SPACE = re.compile(r' (?=(?:[^"]*"[^"]*")*[^"]*$)')
#: The first word, in quotes or not.
_PROGRAM = re.compile(r'^\s*(?:"[^"]*"|\S+)')
#: What is decoded, not read: its case counts.
_ENCODED = re.compile(r"(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9+/=])[A-Za-z0-9+/=]{12,}")
_CMDLET = re.compile(r"\b([A-Za-z]+-[A-Za-z])([A-Za-z]+)")
#: After a backtick these letters mean something else in PowerShell (about_Special_Characters).
_ESCAPES = "0abefnrtuv"
#: What ``wmic /?`` and its verbs' help list.
_WMIC_SWITCH = re.compile(
    r"(?i)(?<=\s)[-/](?=(node|user|password|namespace|role|implevel|authlevel|privileges|output|append|format|value|every"
    r"|nointeractive|interactive|failfast|locale|trace|record|translate)\b)"
)
_PARAMETER = re.compile(r"(?<=\s)-(?=[A-Za-z])")
#: ``-Command``, ``-EncodedCommand`` or ``-File``, however short (about_PowerShell_exe).
_SCRIPT = re.compile(r"(?i)\s-(c|co[a-z]*|e|ec|en[a-z]*|f|fi[a-z]*)(?=\s)")
_WIDENED = re.compile(r"(\b[A-Za-z]+?)([a-z])")


@dataclass(frozen=True)
class Technique:
    """One way. ``programs`` are those that take it, all if none is named; ``write`` gives the row as it is then, or None where
    the row has nothing to write otherwise.
    """

    name: str
    means: str
    write: Callable[[Row], Row | None]
    programs: tuple[str, ...] = ()

    def of(self, row: Row) -> Row | None:
        """The row written so; None if the program doesn't take it or nothing of it would change."""
        if self.programs and program(row) not in self.programs:
            return None
        written = self.write(row)
        return None if written is None or dict(written) == dict(row) else written


def program(row: Row) -> str:
    """The program of a row by the name that it was built with, else by its file's; in lower case without ``.exe``."""
    built = row.get("ProcessVersionInfoOriginalFileName") or row.get("FileName") or ""
    return PureWindowsPath(built.lower()).name.removesuffix(".exe").removesuffix(".dll")


def _line(change: Callable[[str, Row], str | None]) -> Callable[[Row], Row | None]:
    """A technique that changes the command line alone."""

    def write(row: Row) -> Row | None:
        line = row.get("ProcessCommandLine")
        changed = change(line, row) if line else None
        return None if changed is None else {**row, "ProcessCommandLine": changed}

    return write


def _program(spell: Callable[[Row], str | None]) -> Callable[[Row], Row | None]:
    """A technique that spells the line's first word otherwise, where that is the file's name or path."""

    def change(line: str, row: Row) -> str | None:
        first = _PROGRAM.match(line)
        spelt = spell(row)
        if first is None or spelt is None or not _is_file(first.group().strip().strip('"'), row):
            return None
        return spelt + line[first.end() :]

    return _line(change)


def _is_file(word: str, row: Row) -> bool:
    name = str(row.get("FileName") or "").lower()
    return PureWindowsPath(word.lower()).name in (name, name.removesuffix(".exe"))


def _path(row: Row) -> str | None:
    path = str(row.get("FolderPath") or "")
    return path if path.lower().endswith("\\" + str(row.get("FileName")).lower()) else None


def _slashes(row: Row) -> str | None:
    path = _path(row)
    return path and path.replace("\\", "/")


def _quoted(row: Row) -> str | None:
    path = _path(row)
    return path and f'"{path}"'


def _alternating(line: str, row: Row) -> str:
    kept = {index for found in _ENCODED.finditer(line) for index in range(*found.span())}
    return "".join(
        char if index in kept or not char.isascii() else char.upper() if index % 2 else char.lower()
        for index, char in enumerate(line)
    )


def _spaces(spaces: str) -> Callable[[str, Row], str]:
    return lambda line, row: _SPACE.sub(spaces, line)


def _wmic_switch(dash: str) -> Callable[[str, Row], str]:
    return lambda line, row: _outside_quotes(line, lambda part: _WMIC_SWITCH.sub(dash, part))


def _dash(dash: str) -> Callable[[str, Row], str]:
    """Every parameter of PowerShell and of its cmdlets, in quotes too: there the script stands."""
    return lambda line, row: _PARAMETER.sub(dash, line)


def _own_slash(line: str, row: Row) -> str:
    """PowerShell's own parameters, up to the one that begins the script; a cmdlet takes no slash."""
    first, script = _PROGRAM.match(line), _SCRIPT.search(line)
    end = script.end() if first and script and _is_file(first.group().strip().strip('"'), row) else 0
    return _PARAMETER.sub("/", line[:end]) + line[end:]


def _outside_quotes(line: str, change: Callable[[str], str]) -> str:
    return "".join(part if part.startswith('"') else change(part) for part in re.split(r'("[^"]*")', line))


def _caret(line: str, row: Row) -> str:
    """A caret in each word after the program, outside quotes, where cmd drops it; ``/c`` itself is read before."""
    return _outside_quotes(line, lambda part: re.sub(r"(?<=\s)([A-Za-z])(?=[A-Za-z])", r"\1^", part))


def _backtick(line: str, row: Row) -> str:
    def split(found: re.Match[str]) -> str:
        verb, noun = found.groups()
        return next(
            (f"{verb}{noun[:at]}`{noun[at:]}" for at, char in enumerate(noun) if char.lower() not in _ESCAPES),
            found.group(),
        )

    return _CMDLET.sub(split, line)


def _wide(line: str, row: Row) -> str:
    """One letter of each word by its fullwidth twin, outside quotes and but for the program's name."""
    first = _PROGRAM.match(line)
    start = first.end() if first else 0
    return line[:start] + _outside_quotes(line[start:], lambda part: _WIDENED.sub(_widened, part))


def _widened(found: re.Match[str]) -> str:
    before, letter = found.groups()
    return before + chr(ord(letter) + ord("ａ") - ord("a"))


def _renamed(row: Row) -> Row | None:
    """A copy with another name, whose version resource still tells the first; the line begins with the new one."""
    if not _path(row):
        return None
    name = str(row["FileName"])
    line = str(row.get("ProcessCommandLine") or "")
    first = _PROGRAM.match(line)
    if first and _is_file(first.group().strip().strip('"'), row):
        line = "svc64.exe" + line[first.end() :]
    return {
        **row,
        "FileName": "svc64.exe",
        "FolderPath": "C:\\ProgramData\\svc64.exe",
        "ProcessCommandLine": line,
        "ProcessVersionInfoOriginalFileName": row.get("ProcessVersionInfoOriginalFileName") or name,
    }


_POWERSHELL = ("powershell", "pwsh")


def _slash(row: Row) -> Row | None:
    return _line(_wmic_switch("/") if program(row) == "wmic" else _own_slash)(row)


TECHNIQUES = (
    Technique("case", "letters in turn small and large, but for what is encoded", _line(_alternating)),
    Technique("spaces", "two spaces for one, outside quotes", _line(_spaces("  "))),
    Technique("tabs", "a tab for a space, outside quotes", _line(_spaces("\t"))),
    Technique("whole path", "the program by its whole path", _program(_path)),
    Technique("quoted path", "the program by its whole path, in quotes", _program(_quoted)),
    Technique("slashes", "the program by its whole path, with forward slashes", _program(_slashes)),
    Technique("bare name", "the program without `.exe`", _program(lambda row: str(row["FileName"])[:-4])),
    Technique("dash", "`-` for `/` in wmic's own switches", _line(_wmic_switch("-")), ("wmic",)),
    Technique("slash", "`/` for `-` in the program's own switches", _slash, ("wmic", *_POWERSHELL)),
    Technique("en dash", "`–` (U+2013) for `-`", _line(_dash("–")), _POWERSHELL),
    Technique("em dash", "`—` (U+2014) for `-`", _line(_dash("—")), _POWERSHELL),
    Technique("bar", "`―` (U+2015) for `-`", _line(_dash("―")), _POWERSHELL),
    Technique("carets", "carets in words, in cmd's own line", _line(_caret), ("cmd",)),
    Technique("backticks", "a backtick in a cmdlet's noun", _line(_backtick), _POWERSHELL),
    Technique(
        "wide letters", "a fullwidth letter in each word, which wmic reads as the plain one", _line(_wide), ("wmic",)
    ),
    Technique("renamed", "a copy with another name, in another folder", _renamed),
)
