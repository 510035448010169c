r"""What a record loses on its way into Defender's rows: the only reasons for which a rule may judge the two differently.

Each loss is the record without what it loses. Where the rule says of the record so reduced what its query says of the row,
that is the explanation; whatever is left is a bug.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from .plain_matcher import Judge
from .recorded_rows import without_directory

__all__ = ["LOSSES", "explanation"]

Fields = Mapping[str, str]


def _argv0_directory(fields: Fields) -> Fields:
    """Command lines without the directory in front."""
    images = {"CommandLine": fields.get("Image", ""), "ParentCommandLine": fields.get("ParentImage", "")}
    return {name: without_directory(text, images[name]) if name in images else text for name, text in fields.items()}


def _kinds_of_nothing(fields: Fields) -> Fields:
    """Missing, empty, ``-``, ``?`` and ``(Empty)`` are one."""
    return {name: text for name, text in fields.items() if text not in ("", "-", "?", "(Empty)")}


def _spelling_of_addresses(fields: Fields) -> Fields:
    """IPv6 addresses in their short form."""

    def short(text: str) -> str:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            return text

    return {name: short(text) if name.endswith("Ip") else text for name, text in fields.items()}


def _classes_hive(fields: Fields) -> Fields:
    r"""HKCR is a view of HKLM\SOFTWARE\Classes."""
    return _changed(fields, "TargetObject", r"^HKCR(?=\\|$)", r"HKLM\\SOFTWARE\\Classes")


def _size_of_integers(fields: Fields) -> Fields:
    """A number's data is its decimal text, whatever its size."""
    return _changed(fields, "Details", r"^QWORD \(0x00000000-", "DWORD (")


def _changed(fields: Fields, field: str, pattern: str, replacement: str) -> Fields:
    return {**fields, field: re.sub(pattern, replacement, fields[field])} if field in fields else fields


LOSSES: Mapping[str, Callable[[Fields], Fields]] = {
    "argv0-directory": _argv0_directory,
    "kinds-of-nothing": _kinds_of_nothing,
    "spelling-of-addresses": _spelling_of_addresses,
    "classes-hive": _classes_hive,
    "size-of-integers": _size_of_integers,
}


def explanation(on_record: Judge, on_row: Judge, fields: Fields, verdict: bool) -> str | None:
    """The first loss that makes the rule say ``verdict`` of the fields; ``several`` if only all together do.

    ``on_record`` and ``on_row`` are the rule's two readings of nothing (see ``judge``).
    """
    for name, reduced in LOSSES.items():
        if (on_row if reduced is _kinds_of_nothing else on_record)(reduced(fields)) == verdict:
            return name
    for reduced in LOSSES.values():
        fields = reduced(fields)
    return "several" if on_row(fields) == verdict else None
