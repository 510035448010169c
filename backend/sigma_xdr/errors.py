"""What can go wrong, as exceptions and as diagnostics.

The exception tree::

    SigmaXdrError                  exit code 2
    ├── UsageError                 exit code 3: the call itself is wrong
    ├── CheckerUnavailable         exit code 3: Microsoft's language service can't be started on this machine
    ├── SiteError                  the site file is wrong
    ├── SchemaError                Defender XDR has no table, column or ActionType of that name
    ├── EvaluatorError             a rule's meaning can't be judged exactly
    ├── EngineError                a query that can't be run exactly, or rows that don't fit their table
    ├── TelemetryError             a record that is no event of Windows
    ├── CaseError                  a case of a rule test that can't be run
    ├── MutationError              a rule whose mutants can't be scored
    └── RuleError                  a rule can't be compiled (also a ``sigma.exceptions.SigmaError``)

A library call raises the first problem that stops it; a command collects the :class:`Diagnostic` of every problem of
every file, shows them all, and then stops. An exception knows the exit code that it deserves; nothing else calls
``exit``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sigma.exceptions import SigmaError, SigmaRuleLocation

__all__ = [
    "CheckerUnavailable",
    "Diagnostic",
    "RuleError",
    "SchemaError",
    "SigmaXdrError",
    "SiteError",
    "UsageError",
    "visible",
]

#: Longest piece of a source line that a message shows, in characters.
_SHOWN = 160


@dataclass(frozen=True)
class Diagnostic:
    """One problem, with its place.

    ``code`` is a short stable word (``unknown-field``), ``message`` one sentence without a full stop, ``hint`` what to do
    next. ``line`` and ``column`` count from 1; ``text`` is the source line and ``length`` how much of it is meant, in
    characters. Whatever isn't known is None (``length``: 1). ``keys`` is the way to the place in the rule's YAML
    (``("detection", "selection", "Image|endswith", 1)``) while only that is known, and ``origin`` the document that they
    lead into, where it may be another one than the rule's own (a filter's).
    """

    code: str
    message: str
    hint: str | None = None
    severity: str = "error"
    file: str | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None
    length: int = 1
    keys: tuple[str | int, ...] = field(default=(), compare=False)
    origin: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def of_item(
        cls, source: SigmaRuleLocation | None, code: str, message: str, hint: str | None = None, severity: str = "error"
    ) -> Diagnostic:
        """A problem of a part of a rule, whose ``source`` says where it stands. The place is looked up only when shown."""
        keys, origin = getattr(source, "keys", ()), getattr(source, "source", None)
        return cls(code, message, hint, severity, keys=keys, origin=origin)

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order in which problems are shown: file, line, column, code, message."""
        return (self.file or "", self.line or 0, self.column or 0, self.code, self.message)

    def at(self, file: str | None, line: int | None, column: int | None, text: str | None, length: int) -> Diagnostic:
        """The same problem with its place."""
        return replace(self, file=file, line=line, column=column, text=text, length=length)

    def render(self) -> str:
        """The diagnostic as a person reads it: the place, the text with a mark under it, and the hint."""
        place = visible(":".join(str(part) for part in (self.file, self.line, self.column) if part is not None))
        lines = [f"{place + ': ' if place else ''}{self.severity}[{self.code}]: {visible(self.message)}"]
        if self.text is not None and self.line is not None:
            lines += _excerpt(self.text, self.line, self.column or 1, self.length)
        if self.hint:
            indent = " " * (5 + len(str(self.line or "")) if self.text is not None else 2)
            lines.append(f"{indent}= {visible(self.hint)}")
        return "\n".join(lines)


def _excerpt(text: str, line: int, column: int, length: int) -> list[str]:
    """The source line and a line with carets under the meant part; a long line is cut around it."""
    start = max(0, column - 1 - _SHOWN // 2) if len(text) > _SHOWN else 0
    shown = text[start : start + _SHOWN]
    before = visible(shown[: column - 1 - start])
    marked = visible(shown[column - 1 - start : column - 1 - start + max(length, 1)])
    after = visible(shown[column - 1 - start + max(length, 1) :])
    gutter = " " * len(str(line))
    return [
        f"   {line} | {before}{marked}{after}".rstrip(),
        f"   {gutter} | {' ' * len(before)}{'^' * max(len(marked), 1)}",
    ]


def visible(text: str) -> str:
    """Text that can't drive a terminal: what can't be printed is shown as an escape (``\\u200b``)."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


class SigmaXdrError(Exception):
    """Any failure that this package reports. ``diagnostics`` holds its problems, at least one."""

    exit_code = 2

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics
        super().__init__("\n".join(diagnostic.render() for diagnostic in diagnostics))


class UsageError(SigmaXdrError):
    """The call itself is wrong: a missing file, an option that doesn't fit."""

    exit_code = 3


class CheckerUnavailable(SigmaXdrError):
    """Microsoft's Kusto language service isn't installed or can't be started."""

    exit_code = 3


class SiteError(SigmaXdrError):
    """The site file can't be read, or its values don't fit."""


class SchemaError(SigmaXdrError):
    """Defender XDR has no table, column or ActionType called ``name``; ``nearest`` are the likest ones, best first."""

    def __init__(self, diagnostic: Diagnostic, name: str, nearest: tuple[str, ...]) -> None:
        super().__init__(diagnostic)
        self.name = name
        self.nearest = nearest


class RuleError(SigmaXdrError, SigmaError):
    """A rule can't be compiled. It is a SigmaError too, so that sigma-cli reports it and goes on with the next rule."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        SigmaXdrError.__init__(self, *diagnostics)
        self.source = None

    def __str__(self) -> str:
        return "\n".join(diagnostic.render() for diagnostic in self.diagnostics)


def render_all(diagnostics: Iterable[Diagnostic] | Sequence[Diagnostic]) -> str:
    """All diagnostics, sorted by place, with an empty line between them."""
    return "\n\n".join(diagnostic.render() for diagnostic in sorted(diagnostics, key=Diagnostic.sort_key))
