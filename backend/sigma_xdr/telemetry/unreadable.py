"""What is given in place of a record that can't be read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Unreadable"]


@dataclass(frozen=True)
class Unreadable:
    """A record that can't be read: its file, its number there (from 1), and one sentence why."""

    file: str
    number: int
    reason: str
