"""The shapes in which Windows events are written down.

``windows`` is Windows' own nesting, ``flat`` what NXLog, the Security-Datasets and people write, ``winlogbeat`` what
Elastic's collectors write. A shape finds an event's parts in a JSON document, each only when it is asked for; ``head`` is
what says that the document is an event at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma_xdr.telemetry.shapes.flat import FLAT, NOT_WRITTEN
from sigma_xdr.telemetry.shapes.head import Head, NoEvent
from sigma_xdr.telemetry.shapes.shape import Shape
from sigma_xdr.telemetry.shapes.windows import WINDOWS
from sigma_xdr.telemetry.shapes.winlogbeat import WINLOGBEAT

__all__ = ["FLAT", "NOT_WRITTEN", "Head", "NoEvent", "Shape", "shape_of"]


def shape_of(data: Mapping[str, Any]) -> Shape:
    """The shape of a document, by the names at its top; flat where nothing else shows."""
    if "Event" in data:
        return WINDOWS
    return WINLOGBEAT if "EventID" not in data and isinstance(data.get("winlog"), Mapping) else FLAT
