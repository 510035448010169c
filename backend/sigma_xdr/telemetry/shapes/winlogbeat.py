"""What Winlogbeat and Elastic's agent write: the event under ``winlog``, its fields under ``event_data``.

Source: Winlogbeat's reference, exported fields, winlog.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sigma_xdr.telemetry.scalars import text_of, time_of
from sigma_xdr.telemetry.shapes.head import Head, head_of

__all__ = ["WINLOGBEAT"]


class _Winlogbeat:
    """See :class:`sigma_xdr.telemetry.shapes.Shape`."""

    def head(self, data: Mapping[str, Any]) -> Head:
        event = data["winlog"]
        event_id = event.get("event_id", _inner(data, "event").get("code"))
        return head_of(event_id, text_of(event.get("channel")), text_of(event.get("provider_name")))

    def host(self, data: Mapping[str, Any]) -> str:
        return text_of(data["winlog"].get("computer_name")) or text_of(_inner(data, "host").get("name"))

    def time(self, data: Mapping[str, Any]) -> datetime | None:
        return time_of(data.get("@timestamp"))

    def zone(self, data: Mapping[str, Any]) -> timedelta | None:
        return timedelta(0)

    def writer(self, data: Mapping[str, Any]) -> Any:
        return _inner(data["winlog"], "process").get("pid")

    def fields(self, data: Mapping[str, Any], log: str) -> Mapping[str, Any]:
        """The fields under event_data; an event has them or those under user_data, which is flat here."""
        event = data["winlog"]
        if isinstance(own := event.get("event_data"), Mapping):
            return own
        return {name: value for name, value in _inner(event, "user_data").items() if name != "xml_name"}


def _inner(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


WINLOGBEAT = _Winlogbeat()
