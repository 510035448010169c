"""Each technique on a line of its program, and on what it doesn't touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .variants import TECHNIQUES, program

WMIC = {
    "FileName": "WMIC.exe",
    "FolderPath": "C:\\Windows\\System32\\wbem\\WMIC.exe",
    "ProcessCommandLine": 'wmic /node:srv01 process call create "cmd /c dir"',
}
POWERSHELL = {
    "FileName": "powershell.exe",
    "FolderPath": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    "ProcessCommandLine": 'powershell -nop -c "Invoke-WmiMethod -Class Win32_Process"',
}
CMD = {
    "FileName": "cmd.exe",
    "FolderPath": "C:\\Windows\\System32\\cmd.exe",
    "ProcessCommandLine": 'cmd.exe /c net user "a b"',
}
WRITTEN = [
    ("case", WMIC, 'wMiC /nOdE:SrV01 PrOcEsS CaLl cReAtE "cMd /C DiR"'),
    ("spaces", WMIC, 'wmic  /node:srv01  process  call  create  "cmd /c dir"'),
    ("tabs", WMIC, 'wmic\t/node:srv01\tprocess\tcall\tcreate\t"cmd /c dir"'),
    ("whole path", CMD, 'C:\\Windows\\System32\\cmd.exe /c net user "a b"'),
    ("quoted path", CMD, '"C:\\Windows\\System32\\cmd.exe" /c net user "a b"'),
    ("slashes", CMD, 'C:/Windows/System32/cmd.exe /c net user "a b"'),
    ("bare name", CMD, 'cmd /c net user "a b"'),
    ("dash", WMIC, 'wmic -node:srv01 process call create "cmd /c dir"'),
    ("dash", CMD, None),
    ("slash", WMIC, None),
    ("slash", POWERSHELL, 'powershell /nop /c "Invoke-WmiMethod -Class Win32_Process"'),
    ("en dash", POWERSHELL, 'powershell –nop –c "Invoke-WmiMethod –Class Win32_Process"'),
    ("em dash", POWERSHELL, 'powershell —nop —c "Invoke-WmiMethod —Class Win32_Process"'),
    ("bar", POWERSHELL, 'powershell ―nop ―c "Invoke-WmiMethod ―Class Win32_Process"'),
    ("carets", CMD, 'cmd.exe /c n^et u^ser "a b"'),
    ("carets", WMIC, None),
    ("backticks", POWERSHELL, 'powershell -nop -c "Invoke-W`miMethod -Class Win32_Process"'),
    ("wide letters", WMIC, 'wmic /nｏde:sｒv01 pｒocess cａll cｒeate "cmd /c dir"'),
    ("wide letters", CMD, None),
]


@pytest.mark.parametrize(("name", "row", "line"), WRITTEN)
def test_a_line_written_otherwise(name: str, row: Mapping[str, Any], line: str | None) -> None:
    (technique,) = (each for each in TECHNIQUES if each.name == name)
    assert technique.of(row) == (None if line is None else {**row, "ProcessCommandLine": line})


def test_a_renamed_copy_keeps_its_original_name() -> None:
    (technique,) = (each for each in TECHNIQUES if each.name == "renamed")
    renamed = technique.of(CMD)
    assert renamed == {
        "FileName": "svc64.exe",
        "FolderPath": "C:\\ProgramData\\svc64.exe",
        "ProcessCommandLine": 'svc64.exe /c net user "a b"',
        "ProcessVersionInfoOriginalFileName": "cmd.exe",
    }
    assert program(renamed) == "cmd"


def test_what_is_encoded_keeps_its_case() -> None:
    (technique,) = (each for each in TECHNIQUES if each.name == "case")
    written = technique.of({**POWERSHELL, "ProcessCommandLine": "powershell -enc SQBFAFgAIAAoAE4A9w=="})
    assert written is not None
    assert written["ProcessCommandLine"] == "pOwErShElL -eNc SQBFAFgAIAAoAE4A9w=="


def test_every_technique_is_tried_here() -> None:
    assert {name for name, _, _ in WRITTEN} | {"renamed"} == {each.name for each in TECHNIQUES}
