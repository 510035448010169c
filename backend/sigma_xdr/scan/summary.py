"""What a hunt comes to: the hits by rule, and the account of what was read and what was not evaluated."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sigma_xdr.errors import Diagnostic
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.scan.hits import Hit, HuntedRule, RuleSummary
from sigma_xdr.scan.reasons import Reasons

__all__ = ["LEVELS", "Account", "HuntSummary"]

#: Sigma's levels, the gravest first.
LEVELS = ("critical", "high", "medium", "low", "informational")


@dataclass
class Account:
    """What was read and evaluated, and what wasn't: nothing is left out in silence.

    ``files``, ``bytes``, ``records`` and ``hits`` are counts; ``not_read`` counts the files of folders that aren't read, by the
    reason; ``asked`` are the queries that a service was asked, by the service and the time. ``unreadable`` and ``unmapped``
    count records by the reason, ``left_out`` rows by the column that they have and their table hasn't; ``first_unreadable`` is
    the number of the first record that can't be read for a reason. ``refused`` are the
    problems of rules that weren't evaluated at all, ``incomplete`` those of rules that were evaluated on a part of the events;
    each has the rule's path as its ``file``. ``gone``: the service that was asked is out of reach, or lets nobody in.
    ``interrupted``: somebody stopped the hunt.
    """

    files: int = 0
    bytes: int = 0
    records: int = 0
    hits: int = 0
    not_read: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    unreadable: Reasons = field(default_factory=Reasons)
    first_unreadable: dict[str, int] = field(default_factory=dict)
    unmapped: Reasons = field(default_factory=Reasons)
    left_out: Reasons = field(default_factory=Reasons)
    refused: list[Diagnostic] = field(default_factory=list)
    incomplete: list[Diagnostic] = field(default_factory=list)
    gone: bool = False
    interrupted: bool = False

    def add(self, other: Account) -> None:
        """Take in another process's account. The order in which several are taken in makes no difference.

        A problem that several processes met is one problem.
        """
        self.files += other.files
        self.bytes += other.bytes
        self.records += other.records
        self.hits += other.hits
        self.not_read.update(other.not_read)
        self.asked.update(other.asked)
        self.unreadable.take(other.unreadable)
        self.unmapped.take(other.unmapped)
        self.left_out.take(other.left_out)
        for reason, number in other.first_unreadable.items():
            self._is_first(reason, number)
        self.first_unreadable = {
            reason: number for reason, number in self.first_unreadable.items() if reason in self.unreadable
        }
        self.refused = _together(self.refused, other.refused)
        self.incomplete = _together(self.incomplete, other.incomplete)
        self.gone |= other.gone
        self.interrupted |= other.interrupted

    def cannot_read(self, reason: str, number: int) -> None:
        """Count a record, of this number in its file, that can't be read."""
        self.unreadable.add(reason)
        if reason in self.unreadable:
            self._is_first(reason, number)

    def _is_first(self, reason: str, number: int) -> None:
        self.first_unreadable[reason] = min(number, self.first_unreadable.get(reason, number))


def _together(some: list[Diagnostic], others: list[Diagnostic]) -> list[Diagnostic]:
    # a set has no order, and the sort key leaves the hint out
    return sorted({*some, *others}, key=lambda problem: (problem.sort_key(), problem.hint or "", problem.severity))


@dataclass
class HuntSummary:
    """A hunt's hits by rule, and its account."""

    account: Account = field(default_factory=Account)
    rules: dict[HuntedRule, RuleSummary] = field(default_factory=dict)

    def add(self, hit: Hit) -> None:
        """Count a hit, also in the account."""
        self.account.hits += 1
        self._of(hit.rule).add(hit)

    def merge(self, other: HuntSummary) -> None:
        """Take in what another process found. The order in which several are taken in makes no difference."""
        self.account.add(other.account)
        for rule, summary in other.rules.items():
            self._of(rule).merge(summary)

    def _of(self, rule: HuntedRule) -> RuleSummary:
        if rule not in self.rules:
            self.rules[rule] = RuleSummary(rule)
        return self.rules[rule]

    def ranked(self) -> list[RuleSummary]:
        """The rules that hit: from critical to informational, those without a level last; then by hits, then by title."""
        return sorted(self.rules.values(), key=_rank)

    def devices(self) -> set[str]:
        """The devices of all hits, in lower case."""
        return {device for summary in self.rules.values() for device in summary.devices}

    def exit_code(self, fail_on: str | None = None) -> int:
        """The exit code that the hunt deserves.

        130: interrupted. 3: the service can't be asked. 2: something is wrong with what was given, so that hits may be missing:
        records can't be read, a rule is no right Sigma, a rule got only a part of its answer. A rule that is right Sigma, and that
        Defender can't answer, is no mistake. 1: a hit of the level ``fail_on`` or a graver one. Else 0.
        """
        account = self.account
        if account.interrupted:
            return 130
        if account.gone:
            return 3
        wrong = any(each.severity == "error" and each.code not in REFUSALS for each in account.refused)
        if account.unreadable.total() or account.incomplete or wrong:
            return 2
        grave = LEVELS[: LEVELS.index(fail_on) + 1] if fail_on else ()
        return int(any(rule.level in grave for rule in self.rules))


def _rank(summary: RuleSummary) -> tuple[int, int, str, str, str]:
    rule = summary.rule
    level = LEVELS.index(rule.level) if rule.level in LEVELS else len(LEVELS)
    return (level, -summary.hits, rule.title, rule.path, rule.id or "")
