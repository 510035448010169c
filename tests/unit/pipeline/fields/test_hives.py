r"""Hives in patterns, against what Sysmon's and people's names of one key are."""

from __future__ import annotations

import pytest
import re2
from sigma.types import SigmaString

from sigma_xdr.pipeline.fields.hives import (
    found_by_hive,
    in_control_sets,
    may_begin_in_hive,
    misspelt_hive,
    stored_keys,
)
from sigma_xdr.pipeline.patterns import Pattern

SID = "S-1-5-21-1-2-3-1001"


def pattern(text: str, cased: bool = False) -> Pattern:
    return Pattern.of(SigmaString(text), cased)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (r"HKLM\a", [r"HKEY_LOCAL_MACHINE\a"]),
        (r"\registry\machine\a", [r"HKEY_LOCAL_MACHINE\a"]),
        (r"HKU\a*", [r"HKEY_CURRENT_USER\a*", r"HKEY_USERS\a*"]),
        (rf"HKCU\{SID}\a", [rf"HKEY_CURRENT_USER\{SID}\a"]),
        ("HKLM*", ["HKEY_LOCAL_MACHINE*"]),
        (r"HKLMx\a", [r"HKLMx\a"]),
        (r"*\a", [r"*\a"]),
        (
            r"HKLM\System\CurrentControlSet\x*",
            [
                rf"HKEY_LOCAL_MACHINE\System\{name}\x*"
                for name in ("ControlSet001", "ControlSet002", "CurrentControlSet")
            ],
        ),
    ],
)
def test_stored_keys(text: str, stored: list[str]) -> None:
    assert [str(each.to_sigma()) for each in stored_keys(pattern(text))] == stored


@pytest.mark.parametrize(
    ("text", "cased", "found"),
    [
        (r"*HKLM\a*", False, r"(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)\\a"),
        (r"*HKLM\a", True, r"(?s)(?:(?i:^HKEY_LOCAL_MACHINE)|HKLM)\\a$"),
        ("*HKLM", False, "(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)$"),
        ("*HKLM*", False, "(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)"),
        ("*HKLM?*b", False, "(?is)(?:^HKEY_LOCAL_MACHINE..*|HKLM..*)b$"),
        (r"*\REGISTRY\USER\a*", False, r"(?is)(?:^HKEY_(?:CURRENT_USER|USERS)|\\REGISTRY\\USER)\\a"),
        (r"*HKEY_LOCAL_MACHINE\a*", False, None),
        (rf"*HKEY_CURRENT_USER\{SID}*", False, None),
        (rf"*HKCU\{SID}*", False, rf"(?is)(?:^HKEY_CURRENT_USER|HKCU)\\{SID}"),
        ("HKCU*", False, r"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+(?:\\|$)"),
        ("HKCU*a", False, r"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+\\.*a$"),
        (r"HKCU*\a", False, r"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+(?:\\.*)?\\a$"),
        ("HKCU??", False, r"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+\\.$"),
        (
            r"*HKEY_CURRENT_USER\a.b*",
            False,
            r"(?is)(?:^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+|.HKEY_CURRENT_USER)\\a\.b",
        ),
        (
            r"*HKLM\System\CurrentControlSet\*\a",
            False,
            r"(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)\\System\\(?:ControlSet001|ControlSet002|CurrentControlSet)\\.*\\a$",
        ),
        (r"HKLM\a", False, None),
        (r"*hklm\a", True, None),
        (r"*\a", False, None),
    ],
)
def test_found_by_hive(text: str, cased: bool, found: str | None) -> None:
    regex = found_by_hive(pattern(text.replace(r"\*", r"\\*"), cased))
    assert (regex and str(regex.regexp)) == found
    assert regex is None or re2.compile(str(regex.regexp))


@pytest.mark.parametrize(
    ("text", "cased", "may"),
    [
        (r"*LM\a", False, True),
        (r"*lm\a", False, True),
        (r"*lm\a", True, False),
        (r"*HINE\a", False, True),
        ("*user*", False, True),
        ("*user", False, False),
        (r"*\user\a", False, False),
        ("HKL*", False, True),
        ("hkl*", True, False),
        (r"HKLM\a", False, False),
        (r"?KLM\a", False, True),
        (r"*?KLM\a", False, True),
        ("*", False, False),
    ],
)
def test_may_begin_in_hive(text: str, cased: bool, may: bool) -> None:
    assert may_begin_in_hive(pattern(text, cased)) is may


def test_a_control_set_in_another_case_is_another_text_where_that_counts() -> None:
    asked = r"*\currentcontrolset\a"
    assert len(in_control_sets(pattern(asked))) == 3
    assert in_control_sets(pattern(asked, cased=True)) == (pattern(asked, cased=True),)


@pytest.mark.parametrize(
    ("text", "cased", "hive"),
    [
        (r"hklm\a", True, "hklm"),
        (r"hklm\a", False, None),
        (r"HKLM\a", True, None),
        (r"*hklm\a", True, None),
    ],
)
def test_misspelt_hive(text: str, cased: bool, hive: str | None) -> None:
    assert misspelt_hive(pattern(text, cased)) == hive
