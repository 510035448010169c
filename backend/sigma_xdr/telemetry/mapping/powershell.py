"""PowerShell's commands: 4103, or 800 of the classic log, to DeviceEvents. Defender keeps the cmdlet's name alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.values import account, known, without_directory

__all__ = ["commands"]

_INVOCATION = re.compile(r"^CommandInvocation\(([^()\r\n]+)\):", re.MULTILINE)


def commands(record: Record, whole_paths: bool) -> Iterator[Built]:
    """A row for each command that a record names."""
    if record.event_id == 4103:
        context = _pairs(record.text("ContextInfo"), " = ")
        names = [context.get("Command Name", "")]
        application, user = context.get("Host Application", ""), context.get("User", "")
    else:
        text = _classic_text(record)
        context = _pairs(text, "=")
        names = list(dict.fromkeys(_INVOCATION.findall(text)))
        application, user = context.get("HostApplication", ""), context.get("UserId", "")
    domain, name = account(known(user))
    columns = {
        "InitiatingProcessCommandLine": without_directory(application, ""),
        "InitiatingProcessId": record.writer,
        "InitiatingProcessAccountDomain": domain,
        "InitiatingProcessAccountName": name,
    }
    for command in filter(None, names):
        yield Built("DeviceEvents", "PowerShellCommand", columns, {"Command": command})


def _classic_text(record: Record) -> str:
    """The text of a record of the classic log, whose fields have no names."""
    data = record.fields.get("Data")
    parts = data if isinstance(data, list) else [data]
    return "\n".join([record.text("Message"), *map(text_of, parts)])


def _pairs(text: str, between: str) -> dict[str, str]:
    """What the lines of a context say; the first of a name counts."""
    pairs: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(between)
        pairs.setdefault(name.strip(), value.strip())
    return pairs
