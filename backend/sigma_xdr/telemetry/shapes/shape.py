"""What every shape can say of a document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sigma_xdr.telemetry.shapes.head import Head

__all__ = ["Shape"]


class Shape(Protocol):
    """Where an event's parts stand in a document. What ``Record`` says of its attributes holds here."""

    def head(self, data: Mapping[str, Any]) -> Head:
        """What kind of event it is. Raises NoEvent, which says what is missing."""
        ...

    def host(self, data: Mapping[str, Any]) -> str:
        """The computer's name; empty where the event doesn't say."""
        ...

    def time(self, data: Mapping[str, Any]) -> datetime | None:
        """When it was, in UTC."""
        ...

    def zone(self, data: Mapping[str, Any]) -> timedelta | None:
        """How far the collector's clock runs before UTC; None where it may be local time."""
        ...

    def writer(self, data: Mapping[str, Any]) -> Any:
        """The id of the process that wrote the event, as it came."""
        ...

    def fields(self, data: Mapping[str, Any], log: str) -> Mapping[str, Any]:
        """The event's own fields; ``log`` is the log's short name."""
        ...
