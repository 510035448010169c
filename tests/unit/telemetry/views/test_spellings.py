"""One stored value, all the spellings that rules have for it."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.evaluator import Whole
from sigma_xdr.telemetry.views import spellings


@pytest.mark.parametrize(
    ("name", "folder", "path"),
    [
        ("a.exe", r"C:\x\a.exe", r"C:\x\a.exe"),
        ("A.EXE", r"c:\x\a.exe", r"c:\x\a.exe"),
        ("a.exe", r"C:\x", r"C:\x\a.exe"),
        ("a.exe", "C:\\", r"C:\a.exe"),
        ("a.exe", r"C:\ba.exe", r"C:\ba.exe\a.exe"),
        ("System", "System", "System"),
        ("System", "", "System"),
        ("", r"C:\x", r"C:\x"),
        (None, None, ""),
    ],
)
def test_paths(name: Any, folder: Any, path: str) -> None:
    assert spellings.path(name, folder) == path


def test_names_and_accounts() -> None:
    assert spellings.name_only("a.exe") == ["a.exe", r"\a.exe"]
    assert spellings.name_only(None) == []
    assert spellings.account("a", "b") == [r"a\b"]
    assert spellings.account("", "b") == [r"\b", "b"]
    assert spellings.account("a", "") == [None, "-"]


def test_hashes() -> None:
    assert spellings.hashes({"MD5": "ab", "SHA256": "cd"}) == ["MD5=AB,SHA256=CD", "MD5=AB", "SHA256=CD", "AB", "CD"]
    assert spellings.hashes({"MD5": "ab", "SHA1": "cd", "SHA256": "ef"}) == [
        *("SHA1=CD,MD5=AB,SHA256=EF", "SHA1=CD,MD5=AB", "SHA1=CD,SHA256=EF", "MD5=AB,SHA256=EF"),
        *("SHA1=CD", "MD5=AB", "SHA256=EF", "CD", "AB", "EF"),
    ]
    assert spellings.hashes({}) == []


def test_levels_types_and_numbers() -> None:
    assert spellings.integrity_level("high") == ["high", "S-1-16-12288"]
    assert spellings.integrity_level("AppContainer") == ["AppContainer"]
    assert spellings.integrity_level(None) == []
    assert [spellings.logon_type(name) for name in ("Network", "Unknown", None)] == ["3", "Unknown", ""]
    assert [spellings.numbers(number) for number in (999, 999.0, "x", None)] == [[999, "0x3e7"]] * 2 + [["x"], []]


@pytest.mark.parametrize(
    ("pipe", "spelt"),
    [
        (r"\Device\NamedPipe\lsass", [r"\Device\NamedPipe\lsass", r"\lsass"]),
        (r"\lsass", [r"\lsass"]),
        (r"\Device\NamedPipes\x", [r"\Device\NamedPipes\x"]),
        (None, []),
    ],
)
def test_pipes(pipe: Any, spelt: list[str]) -> None:
    assert spellings.pipe(pipe) == spelt


def test_consumers() -> None:
    assert spellings.wmi_consumer('CommandLineEventConsumer="x"') == [
        'CommandLineEventConsumer="x"',
        r'"CommandLineEventConsumer.Name=\"x\""',
        r"CommandLineEventConsumer.Name=\"x\"",
        'CommandLineEventConsumer.Name="x"',
    ]
    assert spellings.wmi_consumer("odd") == ["odd"]


SID = "S-1-5-21-1-2-3-500"


@pytest.mark.parametrize(
    ("key", "spelt"),
    [
        (r"HKEY_LOCAL_MACHINE\X", [r"HKLM\X", r"HKEY_LOCAL_MACHINE\X", r"\REGISTRY\MACHINE\X"]),
        (
            r"HKEY_LOCAL_MACHINE\System\ControlSet001\x",
            [
                r"HKLM\System\ControlSet001\x",
                r"HKEY_LOCAL_MACHINE\System\ControlSet001\x",
                r"\REGISTRY\MACHINE\System\ControlSet001\x",
                r"HKLM\System\CurrentControlSet\x",
                r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\x",
                r"\REGISTRY\MACHINE\System\CurrentControlSet\x",
            ],
        ),
        (
            rf"HKEY_CURRENT_USER\{SID}\Run",
            [
                rf"HKU\{SID}\Run",
                rf"HKEY_USERS\{SID}\Run",
                rf"\REGISTRY\USER\{SID}\Run",
                r"HKCU\Run",
                r"HKEY_CURRENT_USER\Run",
                rf"HKCU\{SID}\Run",
                rf"HKEY_CURRENT_USER\{SID}\Run",
            ],
        ),
        (
            rf"HKEY_USERS\{SID}",
            [rf"HKU\{SID}", rf"HKEY_USERS\{SID}", rf"\REGISTRY\USER\{SID}", "HKCU", "HKEY_CURRENT_USER"],
        ),
        (
            rf"HKEY_CURRENT_USER\{SID}_Classes\.hta",
            [
                rf"HKU\{SID}_Classes\.hta",
                rf"HKEY_USERS\{SID}_Classes\.hta",
                rf"\REGISTRY\USER\{SID}_Classes\.hta",
                r"HKCR\.hta",
                r"HKEY_CLASSES_ROOT\.hta",
                rf"HKCU\{SID}_Classes\.hta",
                rf"HKEY_CURRENT_USER\{SID}_Classes\.hta",
            ],
        ),
        (
            r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\.hta",
            [
                r"HKLM\SOFTWARE\Classes\.hta",
                r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\.hta",
                r"\REGISTRY\MACHINE\SOFTWARE\Classes\.hta",
                r"HKCR\.hta",
                r"HKEY_CLASSES_ROOT\.hta",
            ],
        ),
        (r"\REGISTRY\A\{1}", [r"\REGISTRY\A\{1}"]),
        ("", []),
    ],
)
def test_registry_keys(key: str, spelt: list[str]) -> None:
    assert spellings.registry_key(key) == spelt


def test_registry_values() -> None:
    key = r"HKEY_LOCAL_MACHINE\X"
    assert spellings.registry_value(key, "y") == [r"HKLM\X\y", r"HKEY_LOCAL_MACHINE\X\y", r"\REGISTRY\MACHINE\X\y"]
    assert spellings.registry_value(key, "")[0] == r"HKLM\X\(Default)"
    assert spellings.registry_value("", "y") == []
    assert spellings.registry_value(r"HKEY_LOCAL_MACHINE\SOFTWARE", r"Classes\.hta")[3] == r"HKCR\.hta"


ONE = [
    "QWORD (0x00000000-0x00000001)",
    "DWORD (0x00000001)",
    "(0x00000001)",
    "(0x00000001",
    "0x00000001)",
    "0x00000001",
]


@pytest.mark.parametrize(
    ("value", "kind", "spelt"),
    [
        ("1", "Dword", ["1", "dword", *ONE]),
        ("1", "QWord", ["1", "qword", *ONE]),
        ("4294967296", "QWord", ["4294967296", "qword", "QWORD (0x00000001-0x00000000)"]),
        ("1", None, ["1", *ONE]),
        ("1", "String", ["1", *ONE]),
        ("01", "String", ["01"]),
        ("9" * 20, "QWord", ["9" * 20, "qword"]),
        ("", "Binary", ["Binary Data"]),
        ("", "String", [None, "(Empty)"]),
        (None, None, [None, "(Empty)"]),
    ],
)
def test_data(value: Any, kind: Any, spelt: list[str | None]) -> None:
    assert spellings.data(value, kind) == spelt


def test_a_number_as_windows_shows_it_is_found_by_the_whole_of_it_alone() -> None:
    spelt = [*spellings.data("1", "Dword")[1:], spellings.numbers(999)[1], spellings.data("", None)[1]]
    assert {type(each) for each in spelt} == {Whole}
