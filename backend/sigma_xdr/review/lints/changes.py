"""What a change to a rule has to bring along: the same id, a newer date, tests for a graver level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.metadata import day_of
from sigma_xdr.review.lints.overlaps import level_number
from sigma_xdr.rules import LoadedRule
from sigma_xdr.testing.case_files import Case, CaseFile

__all__ = ["Change", "date_changed", "id_changed", "level_without_tests", "modified_not_later"]


@dataclass(frozen=True, eq=False)
class Change:
    """A rule of the base and what became of it, each with its test file; None for one that is missing or wrong.

    ``today`` is the day of the review.
    """

    old: LoadedRule
    old_cases: CaseFile | None
    new: LoadedRule
    new_cases: CaseFile | None
    today: date


def id_changed(change: Change) -> Iterator[Diagnostic]:
    """Another id: for whoever deployed the rule it is gone, and its alerts' history with it."""
    if change.old.id is not None and change.new.id != change.old.id:
        message = f"the rule's id was {change.old.id}"
        message += "; now it has none" if change.new.id is None else ""
        hint = "keep it: to who deployed the rule another id is another rule; a new rule gets a file of its own"
        keys = ("title",) if change.new.id is None else ("id", 0)
        yield change.new.diagnostic("id-changed", message, hint, *keys)


def date_changed(change: Change) -> Iterator[Diagnostic]:
    """Another date: it is the day on which the rule was written, which doesn't change."""
    old, new = change.old.document.get("date"), change.new.document.get("date")
    if old is not None and day_of(new) != day_of(old):
        message = f"the rule's date was {old}"
        hint = f"keep date: {old}; when it was changed stands under modified"
        keys = ("title",) if new is None else ("date", 0)
        yield change.new.diagnostic("date-changed", message, hint, *keys, severity="warning")


def modified_not_later(change: Change) -> Iterator[Diagnostic]:
    """What the rule finds has changed, and its ``modified`` doesn't say so."""
    old, new = change.old.document, change.new.document
    if _found(old) == _found(new):
        return
    before = max(filter(None, (day_of(old.get("date")), day_of(old.get("modified")))), default=None)
    modified = day_of(new.get("modified"))
    if change.today in (modified, day_of(new.get("date"))):
        return  # a rule that was written today has no modified, and one can't be changed later than today
    if modified is None:
        message = "what the rule finds has changed, and it has no modified date"
        hint = "add modified: with the day of the change, under date"
        yield change.new.diagnostic("modified-not-later", message, hint, "date", severity="warning")
    elif before is not None and modified <= before:
        message = f"what the rule finds has changed, and modified is {modified}, not later than {before}"
        hint = "write the day of the change"
        yield change.new.diagnostic("modified-not-later", message, hint, "modified", 0, severity="warning")


def level_without_tests(change: Change) -> Iterator[Diagnostic]:
    """A graver level, which wakes more people, without a case more that proves that the rule deserves it."""
    if level_number(change.new.level) <= level_number(change.old.level):
        return
    old = {_content(case) for case in change.old_cases.cases} if change.old_cases else set()
    added = {_content(case) for case in change.new_cases.cases} - old if change.new_cases else set()
    if not added:
        message = f"the level went from {change.old.level or 'none'} to {change.new.level}, and no case was added"
        hint = "add near misses that a person would be woken for, or keep the level"
        yield change.new.diagnostic("level-without-tests", message, hint, "level", 0, severity="warning")


def _found(document: dict[str, Any]) -> list[Any]:
    """The parts of a rule that decide what it finds."""
    return [document.get(key) for key in ("logsource", "detection", "correlation", "filter")]


def _content(case: Case) -> str:
    """What a case proves, whatever it is called."""
    return repr((case.expect, case.kind, case.data, sorted(case.each.items()), case.rule))
