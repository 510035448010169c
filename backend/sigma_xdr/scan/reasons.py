"""Why records weren't evaluated: how many for each reason, however many reasons hostile events make up."""

from __future__ import annotations

from collections import Counter

__all__ = ["OTHER", "Reasons"]

#: How many reasons are told apart; those that come later in the alphabet are counted together.
MOST = 1_000
#: What they are counted as.
OTHER = "other reasons"


class Reasons(Counter[str]):
    """Counts by reason, in bounded room.

    Which reasons are told apart doesn't depend on the order in which they come, nor on who counted them: the first ones of the
    alphabet. ``add`` and ``take`` count; once all is counted ``settle`` leaves no more than ``MOST`` of them and the rest together.
    """

    def add(self, reason: str) -> None:
        """Count one."""
        self[reason] += 1
        if len(self) > 2 * MOST:
            self.settle()

    def take(self, other: Counter[str]) -> None:
        """Count all that another has counted."""
        self.update(other)
        self.settle()

    def settle(self) -> None:
        """Count together what is beyond the most that are told apart.

        A reason among the first of all is among the first of any part of them: its count is whole.
        """
        if len(self) > MOST:
            for reason in sorted(self.keys() - {OTHER})[MOST:]:
                self[OTHER] += self.pop(reason)
