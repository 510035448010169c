"""What a lint finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sigma_xdr.errors import Diagnostic

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """Something in a rule that compiles, and deserves a change or a reason.

    ``rule`` is the rule's id, None where it has none; ``diagnostic`` says what and where it is. ``silenced`` is the reason for
    which the pack lives with it, None for a finding that counts.
    """

    rule: str | None
    diagnostic: Diagnostic
    silenced: str | None = None

    @property
    def code(self) -> str:
        """The lint's stable name."""
        return self.diagnostic.code

    @property
    def severity(self) -> str:
        """``error``: the rule doesn't do what it says. ``warning``: it does, at a price."""
        return self.diagnostic.severity

    def as_data(self) -> dict[str, Any]:
        """The finding as plain data, for machines."""
        problem = self.diagnostic
        return {
            "code": self.code,
            "severity": self.severity,
            "rule": self.rule,
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "length": problem.length,
            "message": problem.message,
            "hint": problem.hint,
            "silenced": self.silenced,
        }
