"""How rare a text is in Windows' events: a guess that decides what is looked for first, never what is found."""

from __future__ import annotations

from functools import lru_cache
from math import prod

__all__ = ["END", "is_memorable", "is_rare", "share"]

#: Stands before and after a field's value, so that a literal can say that it begins or ends there.
END = "\0"
#: Fields whose values hardly ever come twice. Remembering them would only cost.
_UNIQUE = frozenset(("CommandLine", "ProcessCommandLine", "ScriptBlockText", "Payload", "Message", "UtcTime"))
#: Texts that many events hold, and how many of a hundred roughly do.
_COMMON = {
    "c:\\windows\\system32\\svchost.exe\0": 60,
    "c:\\windows\\syswow64\\": 20,
    "c:\\program files (x86)\\": 20,
    "\0c:\\users\\": 15,
    "\\appdata\\local\\temp\\": 10,
    "\\appdata\\roaming\\microsoft\\": 10,
    "\\windowspowershell\\v1.0\\powershell.exe\0": 15,
    "\\cmd.exe\0": 15,
    "\0cmd.exe\0": 15,
    " /c ": 15,
    "\\explorer.exe\0": 10,
    "\0powershell.exe\0": 10,
    "\\rundll32.exe\0": 5,
    "\0rundll32.exe\0": 5,
    "powershell -noprofile -executionpolicy bypass -command": 10,
    "https://": 5,
    "hkey_local_machine\\software\\microsoft\\windows\\currentversion\\": 40,
    "nt authority\\system": 40,
}
#: Single characters of ASCII that are worth looking for.
_RARE = frozenset("`^{}$@!#~|<>&;+[]")
#: How often a character stands at a place of a text, roughly, and how many places a text has.
_OFTEN = {
    **dict.fromkeys(" aeinorst\\", 0.08),
    **dict.fromkeys("bcdfghjklmpquvwxyz", 0.04),
    **dict.fromkeys("0123456789.-/", 0.03),
}
_SELDOM, _NEVER_IN_ENGLISH, _PLACES = 0.01, 0.0005, 100


@lru_cache(maxsize=65536)
def share(text: str) -> float:
    """The share of events, from 0 to 1, whose field holds a text (folded, ``END`` at an end where the value ends there)."""
    known = (percent / 100 for common, percent in _COMMON.items() if text in common)
    at_a_place = prod(
        _OFTEN.get(char, _SELDOM if char.isascii() else _NEVER_IN_ENGLISH) for char in text if char != END
    )
    return min(1.0, max(at_a_place * (1 if END in text else _PLACES), *known, 0.0))


def is_rare(text: str) -> bool:
    """Whether it is worth the while to look for a text: not for nothing, nor for one character that is nearly everywhere."""
    return len(text) > 1 or text in _RARE or not text.isascii()


def is_memorable(field: str | None) -> bool:
    """Whether the values of a field come again often enough to be remembered; keywords' (None) don't."""
    return field is not None and field not in _UNIQUE
