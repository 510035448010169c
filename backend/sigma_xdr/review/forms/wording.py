"""What the forms say alike."""

from __future__ import annotations

from sigma_xdr.review.recorded import Recorded
from sigma_xdr.review.reviewing import Review, ReviewedRule
from sigma_xdr.review.tests_changed import CaseChanges

__all__ = ["case_lines", "count", "facts", "heading", "looked_at", "recorded_line", "verdict_line"]

#: Most names of cases and mutants in a list.
_MOST = 10
_KINDS = {"new": "new", "changed": "changed", "moved": "moved", "gone": "gone", "wrong": "with an error"}


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and what it counts."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def heading(review: Review) -> str:
    """How many rules changed, and how many of them need an eye."""
    red = review.counted("red")
    need = "none needs your eye" if not red else f"{red:,} needs your eye" if red == 1 else f"{red:,} need your eye"
    pack = any(remark.colour == "red" for remark in review.remarks)
    also = "" if not pack else ", and so does the pack" if red else ", but the pack does"
    return f"Detection review: {count(len(review.rules), 'rule')} changed, {need}{also}"


def looked_at(review: Review) -> str:
    """The sides, and what the change was tried on."""
    compared = max((rule.evidence.effect.compared for rule in review.rules), default=0)
    parts = [f"{review.base} → {review.head}"]
    if compared:
        parts.append(f"tried on up to {count(compared, 'row')} of the tests of both sides")
    for recordings, what in ((review.corpus, "recorded events"), (review.benign, "records of ordinary work")):
        if recordings:
            parts.append(f"{recordings.records:,} {what}")
    return "; ".join(parts)


def verdict_line(rule: ReviewedRule) -> str:
    """All remarks on a rule, in a line; white ones only where there is nothing else to say."""
    loud = [remark.text for remark in rule.remarks if remark.colour != "white"]
    return "; ".join(loud or [remark.text for remark in rule.remarks])


def facts(rule: ReviewedRule) -> list[tuple[str, str, str]]:
    """The facts that aren't what they were: what, before, after."""
    return [(each.what, each.before, each.after) for each in rule.change.differences]


def recorded_line(recorded: Recorded, what: str) -> str:
    """What became of the hits on recorded events."""
    if not (recorded.before or recorded.after):
        return f"{what}: no hit, neither before nor now"
    changed = (
        f"{recorded.gained:,} new, {recorded.lost:,} lost" if recorded.gained or recorded.lost else "the same ones"
    )
    return f"{what}: {count(recorded.before, 'hit')} before, {recorded.after:,} now ({changed})"


def case_lines(tests: CaseChanges) -> list[str]:
    """What became of the tests, a line a thing."""
    lines = [f"{count(tests.before, 'case')} before, {tests.after:,} now"]
    for what, names in (
        ("new", tests.new),
        ("gone", tests.gone),
        ("expects the opposite", tests.flipped),
        ("with other events", tests.edited),
        ("newly called equivalent", tuple(f"{mutant} ({reason})" for mutant, reason in tests.excused)),
    ):
        lines += [f"{what}: {name}" for name in names[:_MOST]]
        if len(names) > _MOST:
            lines.append(f"{what}: {len(names) - _MOST:,} more")
    if tests.score is not None and tests.score.mutants:
        score = tests.score
        asked = score.mutants - score.equivalent
        equivalent = f", {score.equivalent:,} equivalent" if score.equivalent else ""
        lines.append(f"mutation: {score.noticed:,} of {count(asked, 'mutant')} noticed{equivalent}")
        lines += [f"survives: {each}" for each in score.survivors[:_MOST]]
        if len(score.survivors) > _MOST:
            lines.append(f"survives: {len(score.survivors) - _MOST:,} more")
    if tests.score is not None and tests.score.problem:
        lines.append(f"mutation: {tests.score.problem}")
    return lines
