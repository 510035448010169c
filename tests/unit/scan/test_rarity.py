"""Guesses: what is rare has the lower share."""

from __future__ import annotations

import pytest

from sigma_xdr.scan.rarity import is_memorable, is_rare, share


@pytest.mark.parametrize(
    ("rarer", "commoner"),
    [
        ("shadowcopy", "copy"),
        ("-e ", "e "),
        ("\\wmic.exe\0", "\\svchost.exe\0"),
        ("\\wmic.exe\0", "\\cmd.exe\0"),
        ("\0wmic.exe\0", "wmic"),
        ("😀", "ab"),
        ("zz", "ee"),
    ],
)
def test_what_is_rare_has_the_lower_share(rarer: str, commoner: str) -> None:
    assert 0 < share(rarer) < share(commoner) <= 1


def test_single_characters_are_rare_only_if_they_are_unusual() -> None:
    assert [text for text in ("", "a", "`", "é", "ab") if is_rare(text)] == ["`", "é", "ab"]


def test_values_that_come_again_are_remembered() -> None:
    assert [name for name in ("Image", "CommandLine", "ScriptBlockText", None) if is_memorable(name)] == ["Image"]
