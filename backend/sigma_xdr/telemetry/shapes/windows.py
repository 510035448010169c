"""Windows' own nesting, ``{"Event": {"System": …, "EventData": …}}``, as ``evtx_dump`` and the EVTX library write it.

Attributes stand under ``#attributes``, and a value beside them under ``#text``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sigma_xdr.telemetry.scalars import text_of, time_of
from sigma_xdr.telemetry.shapes.head import Head, NoEvent, head_of

__all__ = ["WINDOWS"]


class _Windows:
    """See :class:`sigma_xdr.telemetry.shapes.Shape`."""

    def head(self, data: Mapping[str, Any]) -> Head:
        event = data["Event"]
        system = event.get("System") if isinstance(event, Mapping) else None
        if not isinstance(system, Mapping):
            raise NoEvent("its Event has no System")
        channel = text_of(_plain(system.get("Channel")))
        provider = text_of(_attributes(system.get("Provider")).get("Name"))
        return head_of(_plain(system.get("EventID")), channel, provider)

    def host(self, data: Mapping[str, Any]) -> str:
        return text_of(_plain(data["Event"]["System"].get("Computer")))

    def time(self, data: Mapping[str, Any]) -> datetime | None:
        return time_of(_attributes(data["Event"]["System"].get("TimeCreated")).get("SystemTime"))

    def zone(self, data: Mapping[str, Any]) -> timedelta | None:
        return timedelta(0)

    def writer(self, data: Mapping[str, Any]) -> Any:
        return _attributes(data["Event"]["System"].get("Execution")).get("ProcessID")

    def fields(self, data: Mapping[str, Any], log: str) -> Mapping[str, Any]:
        """The fields under EventData; under UserData they are one level deeper, below the event's template."""
        event = data["Event"]
        if isinstance(own := event.get("EventData"), Mapping):
            return _fields(own)
        if isinstance(own := event.get("UserData"), Mapping):
            return {
                name: value
                for template in own.values()
                if isinstance(template, Mapping)
                for name, value in _fields(template).items()
            }
        return {}


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in data.items() if name not in ("#attributes", "xmlns")}


def _plain(value: Any) -> Any:
    return value["#text"] if isinstance(value, Mapping) and "#text" in value else value


def _attributes(value: Any) -> Mapping[str, Any]:
    """The attributes of an element: under ``#attributes``, or the element itself."""
    inner = value.get("#attributes", value) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


WINDOWS = _Windows()
