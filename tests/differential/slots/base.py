"""Some columns of a table that belong together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Any

__all__ = ["Cells", "Slot"]

Cells = dict[str, Any]


class Slot(ABC):
    """Some columns of a table, and how Defender fills them."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns."""

    @abstractmethod
    def held(self, value: Any, asked: Sequence[str], action: str, random: Random) -> Cells:
        """The columns that hold a value, in a row of that ActionType; ``asked`` are those that a rule reads."""

    @abstractmethod
    def any(self, action: str, random: Random) -> Cells:
        """The columns with anything at all."""

    def nothing(self, action: str) -> Cells:
        """The columns empty."""
        return dict.fromkeys(self.columns)
