"""What a rule says about itself, beyond what SigmaHQ's validators ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sigma_xdr.errors import Diagnostic
from sigma_xdr.pipeline import REFUSED, log_sources
from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.schema import nearest
from sigma_xdr.testing.case_files import Case

__all__ = [
    "day_of",
    "early_status",
    "missing_falsepositives",
    "missing_playbook",
    "missing_references",
    "missing_tags",
    "unknown_category",
]

#: How a case's source begins that was made up, and recorded nowhere.
_MADE_UP = ("written for this test", "written after")
#: Days that SigmaHQ has a rule be experimental.
_DAYS = 60


def missing_references(linted: LintedRule) -> Iterator[Diagnostic]:
    """No source: nobody can look up who does this and how."""
    if not linted.rule.document.get("references"):
        hint = "name the report, tool or documentation that it was written from, not ATT&CK's own page"
        yield linted.finding("missing-references", "the rule has no references", hint, "title")


def missing_tags(linted: LintedRule) -> Iterator[Diagnostic]:
    """No technique: coverage isn't counted, and the alert comes without MITRE's techniques."""
    if linted.rule.kind != "filter" and not linted.rule.document.get("tags"):
        hint = "add the tactic and the technique: attack.execution, attack.t1047"
        yield linted.finding("missing-tags", "the rule has no tags", hint, "title")


def missing_falsepositives(linted: LintedRule) -> Iterator[Diagnostic]:
    """No innocent cause: the analyst has nothing to compare the alert with."""
    if linted.rule.kind != "filter" and not linted.rule.document.get("falsepositives"):
        hint = "name software or work that does the same, or write: Unlikely"
        yield linted.finding("missing-falsepositives", "the rule names no false positives", hint, "title")


def missing_playbook(linted: LintedRule) -> Iterator[Diagnostic]:
    """A rule that alerts and about whose alerts nothing is said, in a pack that has a playbook."""
    playbooks, family = linted.pack.playbooks, linted.rule.path.parent.name
    if playbooks is not None and linted.alerts and family not in playbooks:
        message = f"no playbook says what to do with the rule's alerts: there is none for '{family}'"
        yield linted.finding("missing-playbook", message, f"write playbook/{family}.yml", "title")


def unknown_category(linted: LintedRule) -> Iterator[Diagnostic]:
    """A filter's log source that no rule has. Of a rule's own the compiler says so."""
    category = linted.rule.document.get("logsource", {}).get("category")
    if linted.rule.kind != "filter" or category is None:
        return
    if category not in log_sources():
        like = nearest(category, log_sources(), 1)
        hint = f"did you mean {like[0]}?" if like else "list them: sigma-xdr fields"
        why = REFUSED.get(category)
        message = f"the filter fits no rule: '{category[:60]}' is no log source of Defender's tables"
        yield linted.finding(
            "unknown-category",
            f"{message}: {why}" if why else message,
            None if why else hint,
            "logsource",
            "category",
            0,
        )


def early_status(linted: LintedRule) -> Iterator[Diagnostic]:
    """A rule that calls itself tested before it was: younger than SigmaHQ's 60 days, or never held against recorded events."""
    status = linted.rule.document.get("status")
    if linted.rule.kind == "filter" or status not in ("test", "stable"):
        return
    day = day_of(linted.rule.document.get("date"))
    age = None if day is None else (linted.pack.today - day).days
    if age is not None and age <= _DAYS:
        message = f"the rule is '{status}' {max(age, 0)} days after its date; up to {_DAYS} days it is experimental"
        yield linted.finding("early-status", message, "write status: experimental", "status", 0)
    elif not any(map(_is_recorded, linted.test.file.cases if linted.test else ())):
        message = f"the rule is '{status}', and no case that it has to match was recorded anywhere"
        hint = "add a case of recorded events, with source: naming the recording, or write status: experimental"
        yield linted.finding("early-status", message, hint, "status", 0)


def day_of(text: object) -> date | None:
    """The day that a rule's date says, as Sigma writes it now or did once; None where it says none."""
    try:
        return date.fromisoformat(str(text).replace("/", "-"))
    except ValueError:
        return None


def _is_recorded(case: Case) -> bool:
    return case.expect and bool(case.source) and not str(case.source).lower().startswith(_MADE_UP)
