"""What a record loses on its way into a row of Defender: a closed list.

A rule may say one thing of a record and another of its row for these reasons alone. What each does to the fields stands in
``reductions``; so a loss is computed for each record, and applies only where something really changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sigma_xdr.telemetry.naming import category_of, record_event
from sigma_xdr.telemetry.records import Record, text_of
from sigma_xdr.telemetry.reductions import REDUCTIONS

__all__ = ["LOSSES", "Loss", "losses_of"]

LOSSES: Mapping[str, str] = {
    "no-row": "Defender has no row of the event",
    "other-records": "the row also holds what other records say of the process that acts",
    "keyword-text": "a keyword finds text that the row has no column for, or that only the row has",
    "lost-fields": "Defender's table has no column for the field",
    "argv0-directory": "Defender drops the directory of a command line's first word",
    "kinds-of-nothing": "a field that is missing, empty or '-' is one and the same nothing in a row",
    "broken-characters": "half a surrogate pair, which no UTF-8 can hold, is U+FFFD",
    "same-name-directory": "a path in a directory of the file's own name can be read as the directory's",
    "event-id": "a row doesn't say which of Windows' events it was",
    "own-host-name": "the device's own end of a connection has the device's name",
    "spelling-of-addresses": "IPv6 addresses have their short form",
    "spelling-of-times": "times have the form of ISO 8601",
    "spelling-of-numbers": "a number is the same in decimal and in hexadecimal, and text that is none is nothing",
    "unknown-logon-type": "logon types beyond the known ones have no number",
    "integrity-levels": "an integrity level's name and its SID are one",
    "size-of-integers": "a number in the registry is its decimal text, whatever its size, like text that spells it",
    "current-control-set": "the control set in use stands by its number",
    "classes-hive": r"HKCR is a view of SOFTWARE\Classes",
    "hives": "a hive's short and long name, and a user's hive and the current user's, are one",
    "unnamed-value": "a value without a name and one called (Default) are one",
    "pipe-names": r"a pipe's name and its path under \Device\NamedPipe are one",
    "consumer-names": "a WMI consumer is named without the quotes and the namespace that Sysmon writes",
    "hashes": "each kind of hash has its own column, import hashes none",
    "account-parts": "an account is a domain and a name, each by itself",
    "lower-case": "Defender keeps accounts, hosts, hashes and the paths of initiating processes in lower case",
}


@dataclass(frozen=True)
class Loss:
    """One thing that a record loses: which of ``LOSSES``, in which of its fields, and the field's value before."""

    code: str
    field: str
    lost: str


def losses_of(record: Record) -> tuple[Loss, ...]:
    """What a record loses of what its fields say, by its own log source; the fields in their order."""
    event = record_event(record, {"category": category_of(record)} if category_of(record) else {})
    fields = dict(event.fields) if event else {}
    return tuple(
        Loss(code, name, text_of(value) or str(value))
        for code, reduced in REDUCTIONS.items()
        for changed in [reduced(record, fields)]
        for name, value in fields.items()
        if changed.get(name, _GONE) != value
    )


_GONE = object()
