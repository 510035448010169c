"""What the services allow that run a query where the data lives: a dated data file with its sources, and our own bounds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Limits", "cluster_limits", "tenant_limits"]

_FACTS = Path(__file__).parent / "data" / "remote_limits.2026-07.json"


@dataclass(frozen=True)
class Limits:
    """One service's limits, and how far this side goes.

    The service's: ``rows`` and ``result_megabytes`` of one answer, ``query_seconds`` of one query, ``calls_per_minute``,
    the ``days`` that it looks back, the ``cpu_minutes`` after which a used-up quota is filled again, the ``hosts`` that it
    has and the ``permission`` that it asks for (None and empty: it names none). ``too_much`` are the texts, in lower case,
    that tell that a query asked for too much at once.

    This side's: no more than ``answer_bytes`` of an answer are read, for no longer than ``query_seconds`` and
    ``slack_seconds``; a query is asked in no more than ``slices`` calls, and no slice that is as short as
    ``shortest`` is cut.
    """

    rows: int
    query_seconds: float
    result_megabytes: int
    too_much: tuple[str, ...]
    calls_per_minute: int | None = None
    days: int | None = None
    cpu_minutes: int | None = None
    hosts: tuple[str, ...] = ()
    permission: str | None = None
    connect_seconds: float = 20
    slack_seconds: float = 30
    answer_bytes: int = 128 * 1024 * 1024
    slices: int = 50
    shortest: timedelta = timedelta(minutes=1)


def tenant_limits() -> Limits:
    """Of advanced hunting through Microsoft Graph."""
    return _limits("tenant")


def cluster_limits() -> Limits:
    """Of Azure Data Explorer, Fabric and Log Analytics, where nobody set them otherwise."""
    return _limits("cluster")


@cache
def _limits(service: str) -> Limits:
    facts: dict[str, Any] = json.loads(_FACTS.read_bytes())[service]
    del facts["source"]
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return Limits(**values)
