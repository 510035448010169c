"""How values look in rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.telemetry import values


@pytest.mark.parametrize(
    ("command_line", "image", "stored"),
    [
        (r'"C:\x\a.exe" -f', r"C:\x\a.exe", '"a.exe" -f'),
        (r"C:\x\a.exe -f C:\y", r"C:\x\a.exe", r"a.exe -f C:\y"),
        (r"C:\Program Files\a.exe -f", r"C:\program files\A.exe", "a.exe -f"),
        (
            r"\??\C:\Windows\system32\conhost.exe 0xffffffff",
            r"C:\Windows\System32\conhost.exe",
            "conhost.exe 0xffffffff",
        ),
        (r"  C:\x\a.exe -f", "", "a.exe -f"),
        (r'"C:\x\a.exe', "", '"a.exe'),
        (r"a.exe C:\x\b.exe", r"C:\x\a.exe", r"a.exe C:\x\b.exe"),
        ("", r"C:\x\a.exe", ""),
        ("   ", "", "   "),
    ],
)
def test_no_directory_in_argv0(command_line: str, image: str, stored: str) -> None:
    assert values.without_directory(command_line, image) == stored


@given(st.text(st.sampled_from('aA\\" .:'), max_size=20), st.text(st.sampled_from("aA\\ :"), max_size=8))
def test_of_a_command_line_only_its_beginning_goes(command_line: str, image: str) -> None:
    stored = values.without_directory(command_line, image)
    assert command_line.endswith(stored.removeprefix('"'))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0x3e7", 999),
        ("0X3E7", 999),
        ("999", 999),
        ("-1", -1),
        ("0", 0),
        ("", None),
        ("-", None),
        ("1_0", None),
        ("\u0663", None),
        ("0x", None),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("9" * 10_000, None),
    ],
)
def test_numbers(text: str, number: int | None) -> None:
    assert values.number(text) == number


def test_accounts() -> None:
    assert values.account(r"NT AUTHORITY\SYSTEM") == ("nt authority", "system")
    assert values.account("SYSTEM") == ("", "system")
    assert values.account("-") == ("", "")


def test_hashes() -> None:
    assert values.hashes("SHA1=AB,MD5=CD,IMPHASH=EF,x") == {"MD5": "cd", "SHA1": "ab"}


def test_addresses() -> None:
    assert values.address("0:0:0:0:0:0:0:1") == "::1"
    assert values.address("10.0.0.1") == "10.0.0.1"
    assert values.address("localhost") == "localhost"
    assert values.address("-") == ""


def test_files() -> None:
    assert values.file(r"C:\x\a.exe") == {"FileName": "a.exe", "FolderPath": r"C:\x\a.exe"}
    assert values.file(r"C:\x\a.exe", whole_paths=False) == {"FileName": "a.exe", "FolderPath": r"C:\x"}
    assert values.file("System") == {"FileName": "System", "FolderPath": "System"}
    assert values.file("System", whole_paths=False) == {"FileName": "System", "FolderPath": ""}


def test_only_sound_columns() -> None:
    given_columns = {"A": "", "B": None, "C": 0, "D": "a\ud800b", "E": "\ud83d\ude00", "F": False}
    assert values.sound(given_columns) == {"C": 0, "D": "a\ufffdb", "E": "\U0001f600", "F": False}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (r"HKLM\System\CurrentControlSet\Services\x", r"HKEY_LOCAL_MACHINE\System\ControlSet001\Services\x"),
        (r"HKLM\System\CurrentControlSet", r"HKEY_LOCAL_MACHINE\System\ControlSet001"),
        (r"HKLM\System\CurrentControlSets", r"HKEY_LOCAL_MACHINE\System\CurrentControlSets"),
        (r"HKU\S-1-5-18\System\CurrentControlSet", r"HKEY_CURRENT_USER\S-1-5-18\System\CurrentControlSet"),
        (r"HKCR\.hta", r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\.hta"),
        (r"\REGISTRY\A\{1}\x", r"\REGISTRY\A\{1}\x"),
        ("HKLM", "HKEY_LOCAL_MACHINE"),
    ],
)
def test_registry_keys(path: str, key: str) -> None:
    assert values.registry_key(path) == key


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        (r"HKLM\X\y", r"HKLM\X", "y"),
        (r"HKLM\Paths\C:\Users\Public", r"HKLM\Paths", r"C:\Users\Public"),
        (r"HKLM\bam\S-1\\Device\Disk\a.exe", r"HKLM\bam\S-1", r"\Device\Disk\a.exe"),
        ("x", "x", ""),
    ],
)
def test_keys_and_values(path: str, key: str, name: str) -> None:
    assert values.key_and_value(path) == (key, name)


@pytest.mark.parametrize(
    ("details", "data", "kind"),
    [
        ("DWORD (0x0000000a)", "10", "Dword"),
        ("QWORD (0x00000001-0x00000000)", "4294967296", "QWord"),
        ("Binary Data", "", "Binary"),
        ("(Empty)", "", "String"),
        ("1", "1", "String"),
    ],
)
def test_registry_data(details: str, data: str, kind: str) -> None:
    assert values.registry_data(details) == (data, kind)
