"""Reviews made by hand, for the forms."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.changes import find_changes
from sigma_xdr.review.events import Effect, Sided
from sigma_xdr.review.reviewing import Review, ReviewedRule
from sigma_xdr.review.tests_changed import CaseChanges, Score
from sigma_xdr.review.verdict import Evidence, Remark, judge
from tests.unit.review.packs import rule, sides


def review_of(
    root: Path,
    before: dict[str, str],
    after: dict[str, str],
    sided: tuple[Sided, ...] = (),
    remarks: tuple[Remark, ...] = (),
    problems: tuple[Diagnostic, ...] = (),
    notes: tuple[str, ...] = (),
) -> Review:
    """The review of two states of a pack; whatever the examples say, these events changed sides."""
    old, new = sides(root, before, after)
    rules = []
    for change in find_changes(old, new, old.queries, new.queries):
        evidence = Evidence(change, Effect(len(sided), sided), CaseChanges(3, 3, score=Score(5, 5)))
        rules.append(ReviewedRule(evidence, judge(evidence)))
    return Review("main", "change", tuple(rules), remarks, (), problems, notes)


def near_miss(text: str = "x") -> Sided:
    return Sided(True, f"case '{text}'", f"impact/{text}", True, False, f"an event {text}", (f"after: ✓ {text}",))


def many(root: Path, number: int, text: str) -> Review:
    """A review of many rules, each with so long a text."""
    before = {f"sigma_rules/r{index}.yml": rule(index, f"Rule {index}") for index in range(number)}
    after = {
        f"sigma_rules/r{index}.yml": rule(index, f"Rule {index}", value=f"{text}{index}") for index in range(number)
    }
    return review_of(root, before, after, tuple(near_miss(f"{text}{index}") for index in range(3)))
