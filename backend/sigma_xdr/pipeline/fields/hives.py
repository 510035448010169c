r"""Hives and control sets in a pattern over a registry path: Sysmon's names of them, and people's, as Defender's.

A row of Defender's begins with a hive that is spelled out: HKEY_LOCAL_MACHINE, or HKEY_CURRENT_USER with the user's SID behind it.
Sysmon's path of the same begins with HKLM or HKU. So the name of a hive means the beginning of a path; a pattern that is open to
the left may also find it in the middle, where both write it alike (``…\ClickToRun\REGISTRY\MACHINE\Software\…``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sigma.types import SigmaRegularExpression, SpecialChars

from sigma_xdr.pipeline.patterns import Pattern, Shape

__all__ = ["found_by_hive", "in_control_sets", "may_begin_in_hive", "misspelt_hive", "stored_keys"]

_MANY, _ONE = SpecialChars.WILDCARD_MULTI, SpecialChars.WILDCARD_SINGLE
_HIVE = re.compile(
    r"(?:(?P<machine>HKLM|HKEY_LOCAL_MACHINE|\\REGISTRY\\MACHINE)"
    r"|(?P<users>HKU|HKEY_USERS|\\REGISTRY\\USER)"
    r"|(?P<this_user>HKCU|HKEY_CURRENT_USER)(?=\\S-1-)"
    r"|(?P<user>HKCU|HKEY_CURRENT_USER)"
    r"|(?P<classes>HKCR|HKEY_CLASSES_ROOT))(?=\\|\Z)",
    re.IGNORECASE,
)
#: What rows and their Sysmon views begin with.
_NAMES = ("HKLM", "HKU", "HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_USERS")


def _beginning(pattern: Pattern) -> tuple[bool, str]:
    """Whether a pattern is open to the left, and the literal that it begins with behind that, if any."""
    open_left = pattern.parts[0] is _MANY
    first = pattern.parts[open_left] if len(pattern.parts) > open_left else ""
    return open_left, first if isinstance(first, str) else ""


def _hive(pattern: Pattern) -> re.Match[str] | None:
    """A hive's whole name at the beginning of a pattern. All are written in upper case."""
    hive = _HIVE.match(_beginning(pattern)[1])
    return hive if hive and (hive[0].isupper() or not pattern.cased) else None


def misspelt_hive(pattern: Pattern) -> str | None:
    """A hive that a pattern has to begin with, in a case that no path has and that the pattern minds; else None."""
    open_left, first = _beginning(pattern)
    hive = _HIVE.match(first)
    return hive[0] if hive and pattern.cased and not open_left and not hive[0].isupper() else None


def may_begin_in_hive(pattern: Pattern) -> bool:
    """Whether what a pattern looks for may begin in the middle of a hive's name, which Sysmon and Defender write differently."""
    open_left, first = _beginning(pattern)
    if not first:
        return pattern.shape is not Shape.ANY
    if _hive(pattern):
        return False
    head, backslash, _ = (first if pattern.cased else first.upper()).partition("\\")
    if not open_left:
        return head.startswith("H")
    if backslash:
        return head != "" and any(name.endswith(head) for name in _NAMES)
    return pattern.shape is not Shape.ENDSWITH and any(head in name for name in _NAMES)


# ---------------------------------------------------------------------------------------------------------- control sets

#: The set in use by its name; ``ControlSet`` with more text to come, as in ``*ControlSet*``, finds every spelling as it is.
_IN_USE = r"(?:(?<=\\)|^)CurrentControlSet(?=\\|\Z)|^ControlSet(?=\\)"
_IN_USE_OF = {True: re.compile(_IN_USE), False: re.compile(_IN_USE, re.IGNORECASE)}
_CONTROL_SETS = ("ControlSet001", "ControlSet002", "CurrentControlSet")


def in_control_sets(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern that names the control set in use, with each name that Defender may have for that; another one as it is."""
    in_use = _IN_USE_OF[pattern.cased]
    if not any(map(in_use.search, pattern.literals)):
        return (pattern,)

    def with_set(name: str) -> Pattern:
        return pattern.map_literals(lambda literal: in_use.sub(name, literal))

    return tuple(map(with_set, _CONTROL_SETS))


# ----------------------------------------------------------------------------------------------------------------- hives

#: Defender's names of hives, by what a pattern means.
_STORED = {
    "machine": ("HKEY_LOCAL_MACHINE",),
    "users": ("HKEY_CURRENT_USER", "HKEY_USERS"),
    "this_user": ("HKEY_CURRENT_USER",),
}


def stored_keys(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern over Sysmon's path of a key as patterns over Defender's. Those that :func:`found_by_hive` or
    :func:`may_begin_in_hive` take need more than that.
    """
    hive = None if pattern.parts[0] is _MANY else _hive(pattern)
    names = _STORED.get(str(hive.lastgroup), ()) if hive else ()
    anchored = [pattern.with_first(name + hive.string[hive.end() :]) for name in names if hive]
    return tuple(dict.fromkeys(key for each in anchored or [pattern] for key in in_control_sets(each)))


_USER = r"HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+"
#: Where a path begins in Defender, as regular expressions.
_PLACES = {
    "machine": "HKEY_LOCAL_MACHINE",
    "users": "HKEY_(?:CURRENT_USER|USERS)",
    "this_user": "HKEY_CURRENT_USER",
    "user": _USER,
    "classes": rf"(?:HKEY_LOCAL_MACHINE\\SOFTWARE\\|{_USER}(?:\\SOFTWARE\\|_))Classes",
}


def found_by_hive(pattern: Pattern) -> SigmaRegularExpression | None:
    """The regular expression that finds a pattern's hive in Defender's paths, and what follows it.

    For the current user's hive, which stands under a SID, and the classes, which stand in several keys; and for every hive that a
    pattern may also find in the middle of a path. None for other patterns.
    """
    hive = _hive(pattern)
    if hive is None:
        return None
    open_left, first = _beginning(pattern)
    kind, name, rest = str(hive.lastgroup), hive[0], first[hive.end() :]
    inside = kind in ("user", "classes")
    if not (open_left or inside) or (open_left and _STORED.get(kind) == (name.upper(),)):
        return None
    parts = pattern.parts[open_left + 1 :]
    open_right = parts[-1:] == (_MANY,)
    wild, parts = ((), parts) if rest else _cut_wildcards(parts)
    written = _regex_of(wild, pattern.cased) if parts else "." * wild.count(_ONE)
    place = f"(?i:^{_PLACES[kind]})" if pattern.cased else f"^{_PLACES[kind]}"
    start = place + (_behind(wild, parts) if inside and not rest else written)
    if open_left:
        within = "." if (kind, name.upper()) == ("user", "HKEY_CURRENT_USER") else ""  # Defender begins with that, too
        start = f"(?:{start}|{within}{_escaped(name)}{written})"
    inner = _regex_of((rest, *(parts[:-1] if open_right else parts)), pattern.cased)
    flags = "(?s)" if pattern.cased else "(?is)"
    return SigmaRegularExpression(f"{flags}{start}{inner}{'' if open_right else '$'}")


_Parts = tuple[str | SpecialChars, ...]


def _cut_wildcards(parts: _Parts) -> tuple[_Parts, _Parts]:
    """The wildcards that a pattern's rest begins with, and what is behind them."""
    count = next((index for index, part in enumerate(parts) if isinstance(part, str)), len(parts))
    return parts[:count], parts[count:]


def _behind(wild: _Parts, parts: _Parts) -> str:
    """Wildcards behind a key that has to end there: they take in its backslash, or the next text does."""
    single = wild.count(_ONE)
    if single:
        return r"\\" + "." * (single - 1) + ".*" * (_MANY in wild and bool(parts))
    if not parts:
        return r"(?:\\|$)" if wild else ""
    return r"(?:\\.*)?" if str(parts[0]).startswith("\\") else r"\\.*"


def _regex_of(parts: Sequence[str | SpecialChars], cased: bool) -> str:
    """Literals and wildcards as a regular expression; the control set in use by every name that Defender may have for it."""
    return "".join(
        {_MANY: ".*", _ONE: "."}[part] if isinstance(part, SpecialChars) else _text(part, cased) for part in parts
    )


def _text(literal: str, cased: bool) -> str:
    def written() -> Iterator[str]:
        end = 0
        for in_use in _IN_USE_OF[cased].finditer(literal):
            yield _escaped(literal[end : in_use.start()]) + f"(?:{'|'.join(_CONTROL_SETS)})"
            end = in_use.end()
        yield _escaped(literal[end:])

    return "".join(written())


def _escaped(text: str) -> str:
    """A regular expression that finds a text itself."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)
