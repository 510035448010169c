"""WMI subscriptions: WMI-Activity 5861, or Sysmon 21 with the 19 and 20 that it binds, to DeviceEvents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sigma_xdr.telemetry.mapping.rows import Built
from sigma_xdr.telemetry.naming import binding_fields, consumer_of
from sigma_xdr.telemetry.records import Record
from sigma_xdr.telemetry.values import initiating

__all__ = ["binding_logged", "binding_seen"]

#: Sysmon's Type of a consumer: its class, and the property that says what it does.
_CONSUMERS = {
    "Command Line": ("CommandLineEventConsumer", "CommandLineTemplate"),
    "Script": ("ActiveScriptEventConsumer", "ScriptText"),
}


def binding_logged(record: Record, whole_paths: bool) -> Built:
    """The row of a binding that Windows logged (5861): its own text."""
    return _bound(binding_fields(record), "")


def binding_seen(record: Record, parts: Sequence[Record]) -> Built:
    """The row of a binding that Sysmon saw (21), with the text of what it binds (19 and 20), where that was seen too."""
    said = {"Consumer": consumer_of(record), "PossibleCause": "".join(map(_possible_cause, parts))}
    return _bound(said, record.text("User"))


def _bound(said: Mapping[str, str], user: str) -> Built:
    columns = initiating("", "", user, "", whole_paths=True)
    additional = {name: text for name, text in said.items() if text}
    return Built("DeviceEvents", "WmiBindEventFilterToConsumer", columns, additional)


def _possible_cause(part: Record) -> str:
    """A filter or a consumer as Windows writes it in 5861."""
    if part.event_id == 19:
        query = part.text("Query").strip()
        return f"Binding EventFilter: \ninstance of __EventFilter\n{{\n\tQuery = {query};\n}};\n"
    kind, template = _CONSUMERS.get(part.text("Type"), ("__EventConsumer", "Destination"))
    does = part.text("Destination").strip()
    return f"Perm. Consumer: \ninstance of {kind}\n{{\n\t{template} = {does};\n}};\n"
