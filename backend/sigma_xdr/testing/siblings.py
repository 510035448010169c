"""Fields that are easily taken for each other: what a rule's author may have meant, and what an event may hold instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["sibling"]


def _both_ways(*pairs: tuple[str, str]) -> dict[str, str]:
    return {**dict(pairs), **{second: first for first, second in pairs}}


#: Sysmon's and the Security log's fields, and Defender's columns.
_SIBLINGS = _both_ways(
    ("Image", "ParentImage"),
    ("CommandLine", "ParentCommandLine"),
    ("User", "ParentUser"),
    ("OriginalFileName", "Description"),
    ("Product", "Company"),
    ("SourceImage", "TargetImage"),
    ("SourceIp", "DestinationIp"),
    ("SourcePort", "DestinationPort"),
    ("SourceHostname", "DestinationHostname"),
    ("TargetObject", "Details"),
    ("SubjectUserName", "TargetUserName"),
    ("SubjectDomainName", "TargetDomainName"),
    ("SubjectUserSid", "TargetUserSid"),
    ("FileName", "InitiatingProcessFileName"),
    ("FolderPath", "InitiatingProcessFolderPath"),
    ("ProcessCommandLine", "InitiatingProcessCommandLine"),
    ("AccountName", "InitiatingProcessAccountName"),
    ("LocalIP", "RemoteIP"),
    ("LocalPort", "RemotePort"),
)
#: What the process that does something is confused with, where it starts none.
_BY_CATEGORY = {
    "image_load": _both_ways(("Image", "ImageLoaded")),
    **dict.fromkeys(
        ("file_event", "file_change", "file_delete", "file_rename", "file_access"),
        _both_ways(("Image", "TargetFilename")),
    ),
}


def sibling(field: str, logsource: Mapping[str, Any]) -> str | None:
    """The field that is most easily taken for this one in a log source; None if there is none."""
    own: Mapping[str, str] = _BY_CATEGORY.get(str(logsource.get("category")), {})
    return own.get(field) or _SIBLINGS.get(field)
