"""All lints over a pack, in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.changes import Change, date_changed, id_changed, level_without_tests, modified_not_later
from sigma_xdr.review.lints.command_lines import path_at_front
from sigma_xdr.review.lints.drafts import todo
from sigma_xdr.review.lints.filters import filter_empties_rule
from sigma_xdr.review.lints.finding import Finding
from sigma_xdr.review.lints.linted import LintedPack, LintedRule
from sigma_xdr.review.lints.metadata import (
    early_status,
    missing_falsepositives,
    missing_playbook,
    missing_references,
    missing_tags,
    unknown_category,
)
from sigma_xdr.review.lints.overlaps import overlap
from sigma_xdr.review.lints.regexes import plain_regex
from sigma_xdr.review.lints.scans import no_selective_condition, scan
from sigma_xdr.review.lints.sigmahq import sigmahq_findings
from sigma_xdr.review.lints.silences import SIGMAHQ_CODES, Silence, applied
from sigma_xdr.review.lints.values import value_without_effect
from sigma_xdr.rules import LoadedRule
from sigma_xdr.rules.playbook import Playbook
from sigma_xdr.testing.suite import Suite

__all__ = ["CHANGE_LINTS", "CODES", "LINTS", "code_of", "lint_pack"]

#: The lints of a rule as it is. Each gives the findings of its own code, which is its name with dashes.
LINTS: tuple[Callable[[LintedRule], Iterator[Diagnostic]], ...] = (
    missing_references,
    missing_tags,
    missing_falsepositives,
    missing_playbook,
    unknown_category,
    early_status,
    no_selective_condition,
    scan,
    plain_regex,
    path_at_front,
    value_without_effect,
    filter_empties_rule,
    overlap,
    todo,
)
#: The lints of what became of a rule of the base.
CHANGE_LINTS: tuple[Callable[[Change], Iterator[Diagnostic]], ...] = (
    id_changed,
    date_changed,
    modified_not_later,
    level_without_tests,
)


def code_of(lint: Callable[..., object]) -> str:
    """The code of a lint's findings."""
    return lint.__name__.replace("_", "-")


#: The codes of all of the pack's own lints, and of a silence that silences nothing.
CODES = (*map(code_of, LINTS), *map(code_of, CHANGE_LINTS), "unused-silence")


def lint_pack(
    suite: Suite,
    playbooks: Mapping[str, Playbook] | None = None,
    base: Suite | None = None,
    silences: Sequence[Silence] = (),
    *,
    sigmahq: bool = True,
    today: date | None = None,
) -> list[Finding]:
    """All findings of a suite's rules, sorted by place; those that ``silences`` names have their reason.

    ``playbooks`` are those of the families, None for a pack without. ``base`` is the suite of the state before a change. With
    ``sigmahq`` SigmaHQ's validators run as well. ``today`` is the day from which ages are counted, by default today. A
    rule that doesn't compile has only what its text shows: what is wrong with it the compiler says. The suite asks for all
    rules of the pack: a silence of another one is idle. Raises UsageError where SigmaHQ's validators are asked for and not
    installed.
    """
    pack = LintedPack(suite, playbooks, today or date.today())
    found = [Finding(each.rule.id, problem) for each in pack.rules for lint in LINTS for problem in lint(each)]
    ran = {*map(code_of, LINTS)}
    if base is not None:
        changes = list(_changes(suite, base, pack.today))
        found += [Finding(each.new.id, problem) for each in changes for lint in CHANGE_LINTS for problem in lint(each)]
        ran |= {*map(code_of, CHANGE_LINTS)}
    if sigmahq:
        told = [(rule.id, problem) for rule, problem in sigmahq_findings(pack.rules)]
        found += [Finding(rule, problem) for rule, problem in told]
        ran |= {silence.code for silence in silences if silence.code.startswith(SIGMAHQ_CODES)}
    ids = {rule.id for rule in suite.asked if rule.id}
    silenced = applied(dict.fromkeys(found), silences, ids, ran)
    return sorted(silenced, key=lambda finding: finding.diagnostic.sort_key())


def _changes(suite: Suite, base: Suite, today: date) -> Iterator[Change]:
    """The rules that were there before, by their ids; one whose id is new, by its place."""
    files = {id(test.rule): test.file for each in (suite, base) for test in each.tests}
    by_id = {rule.id: rule for rule in base.asked if rule.id}
    kept = {rule.id for rule in suite.asked if rule.id}
    by_place = {_place(rule): rule for rule in base.asked if rule.id not in kept}
    for new in suite.asked:
        old = by_id.get(new.id) if new.id in by_id else by_place.get(_place(new))
        if old is not None:
            yield Change(old, files.get(id(old)), new, files.get(id(new)), today)


def _place(rule: LoadedRule) -> tuple[str, int]:
    return rule.relative.as_posix(), rule.source.index
