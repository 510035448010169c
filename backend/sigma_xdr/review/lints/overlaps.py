"""Rules that fire on the same events: one attack, two alerts that say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sigma.rule import SigmaLevel

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.review.lints.linted import LintedRule

__all__ = ["level_number", "overlap"]

#: Fewest true positives by which a rule is compared with others: one or two prove nothing.
_LEAST = 3


def overlap(linted: LintedRule) -> Iterator[Diagnostic]:
    """A rule all of whose true positives another rule of its table finds as well, at the same level or a graver one.

    A rule that says so itself, under ``related``, did it on purpose. Of two that find the same the second one is told.
    """
    if linted.query is None or not linted.alerts or len(linted.true_positives) < _LEAST:
        return
    others = linted.pack.by_table[linted.query.table.name]
    own = others.index(linted)
    for number, other in enumerate(others):
        if other is linted or not other.alerts or _level(other) < _level(linted) or _related(linted, other):
            continue
        if not _finds_all(other, linted):
            continue
        both = _level(other) == _level(linted) and _finds_all(linted, other) and len(other.true_positives) >= _LEAST
        if both and number > own:
            continue  # told at the other one
        count = len(linted.true_positives)
        where = f"'{other.rule.title}' ({other.rule.path.as_posix()})"
        message = f"all {count} true positives fire {where} too, which is {other.rule.level or 'of no level'}"
        message += f"; and all {len(other.true_positives)} of that fire this one" if both else ""
        hint = (
            "make one rule of the two"
            if both
            else "raise this one's level, drop it, or say under related: that it is a special case (type: derived)"
        )
        yield linted.finding("overlap", message, hint, "title", 0)


@cache
def _levels() -> Mapping[str, int]:
    return {str(level): number for number, level in enumerate(sorted(SigmaLevel, key=lambda each: int(each.value)))}


def level_number(level: str | None) -> int:
    """A level as a number, the graver the higher; below all others for none."""
    return _levels().get(level or "", -1)


def _level(linted: LintedRule) -> int:
    return level_number(linted.rule.level)


def _related(linted: LintedRule, other: LintedRule) -> bool:
    """Whether one of two rules names the other under ``related``."""
    return other.rule.id in _related_ids(linted) or linted.rule.id in _related_ids(other)


def _related_ids(linted: LintedRule) -> list[str]:
    listed: Any = linted.rule.document.get("related") or ()
    return [str(each.get("id", "")).lower() for each in listed if isinstance(each, dict)]


def _finds_all(finder: LintedRule, found: LintedRule) -> bool:
    """Whether one rule matches every true positive of another; the first one that it doesn't ends it."""
    try:
        return all(finder.subject.evaluate([trial])[0] for trial in found.true_positives)
    except SigmaXdrError:
        return False
