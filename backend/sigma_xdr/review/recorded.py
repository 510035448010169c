"""What a change means on recorded events: a folder is hunted through with both versions of the changed rules."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.review.changes import Change, State, changed_filters
from sigma_xdr.review.events import Sided, event_text, why
from sigma_xdr.review.queries import key_of
from sigma_xdr.rules import LoadedRule, RuleSet
from sigma_xdr.scan.crew import Crew
from sigma_xdr.scan.hits import Hit
from sigma_xdr.scan.planning import plan_of
from sigma_xdr.telemetry.sources import Sources, find_sources
from sigma_xdr.testing.trials import TableRow, Trial

__all__ = ["Recorded", "Recordings", "hunt_both"]

#: Of so many events that changed sides it is said what they are and why; the others are counted.
_SHOWN = 5

Hits = dict[tuple[str, tuple[int, ...], str], Hit]


@dataclass(frozen=True)
class Recorded:
    """A rule's hits on recorded events, before and after. ``gained`` and ``lost`` count those that changed sides; ``sided`` are
    the first of them.
    """

    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0
    sided: tuple[Sided, ...] = ()


@dataclass(frozen=True)
class Recordings:
    """What was found in a folder. ``records`` were read, ``unread`` couldn't be; ``rules`` maps a changed rule's key to what its
    hits are, and misses one that can't be hunted with.
    """

    records: int = 0
    unread: int = 0
    rules: Mapping[str, Recorded] = field(default_factory=dict)


def hunt_both(changes: Sequence[Change], folder: Path, jobs: int | None = None) -> Recordings:
    """The hits of both versions of the changed rules. Raises UsageError for a folder that isn't there."""
    if not folder.exists():
        raise UsageError(Diagnostic("no-such-path", f"'{folder}' doesn't exist", "give a folder of event files"))
    asked = [change for change in changes if not change.is_filter and not change.same_query]
    if not asked:
        return Recordings()
    with find_sources([folder]) as sources:
        pasts = _Hunt.of([change.base for change in asked if change.base], sources, asked, 0, jobs)
        nows = _Hunt.of([change.head for change in asked if change.head], sources, asked, 1, jobs)
    found = {}
    for change in asked:
        before = pasts.hits.get(key_of(change.base.rule), {}) if change.base else {}
        after = nows.hits.get(key_of(change.head.rule), {}) if change.head else {}
        if not any(
            state and key_of(state.rule) in hunt.refused for state, hunt in ((change.base, pasts), (change.head, nows))
        ):
            found[change.key] = _compared(change, before, after, folder)
    most = max((pasts, nows), key=lambda hunt: hunt.records)
    return Recordings(most.records, most.unread, found)


@dataclass
class _Hunt:
    """The hits of one side by rule, and the rules that it can't be hunted with."""

    hits: dict[str, Hits] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    records: int = 0
    unread: int = 0

    @classmethod
    def of(
        cls, states: Sequence[State], sources: Sources, changes: Sequence[Change], side: int, jobs: int | None
    ) -> _Hunt:
        found = cls()
        if not states:
            return found
        pack = states[0].pack
        packs = next(((c.base.pack, c.head.pack) for c in changes if c.base and c.head), (pack, pack))
        filters = changed_filters(*packs)[side]
        rules = [state.rule for state in states]
        asked = RuleSet(
            tuple(rule for rule in rules if rule.kind == "rule"),
            tuple(rule for rule in rules if rule.kind == "correlation"),
            (),
            (),
            (),
        )
        compiler = Compiler(pack.rules, pack.site, filters, check=False)
        plan, _ = plan_of(asked, pack.rules, compiler.compile, filters, pack.site)
        own = {id(rule.document) for rule in rules}  # also those that only correlations need are asked for here
        plan = replace(
            plan,
            rules=[replace(each, reported=id(each.document) in own) for each in plan.rules],
            correlations=[replace(each, reported=True) for each in plan.correlations],
        )
        by_place = {(rule.relative.as_posix(), rule.title): rule for rule in rules}
        hunted = {(each.rule.path, each.rule.title) for each in (*plan.rules, *plan.correlations)}
        found.refused = {key_of(rule) for place, rule in by_place.items() if place not in hunted}
        crew = Crew(plan, sources, jobs or os.cpu_count() or 1)
        for hit in crew.hits():
            rule = by_place[hit.rule.path, hit.rule.title]
            found.hits.setdefault(key_of(rule), {})[(hit.file, hit.records, hit.table)] = hit
        found.records, found.unread = crew.summary.account.records, crew.summary.account.unreadable.total()
        return found


def _compared(change: Change, before: Hits, after: Hits, folder: Path) -> Recorded:
    gained = [after[each] for each in after if each not in before]
    lost = [before[each] for each in before if each not in after]
    shown = [*((True, hit) for hit in gained[:_SHOWN]), *((False, hit) for hit in lost[:_SHOWN])]
    return Recorded(
        len(before),
        len(after),
        len(gained),
        len(lost),
        tuple(_sided(change, is_new, hit, folder) for is_new, hit in shown),
    )


def _sided(change: Change, gained: bool, hit: Hit, folder: Path) -> Sided:
    row = TableRow(hit.table, hit.row)
    name = os.path.relpath(hit.file, folder) if os.path.isabs(hit.file) or Path(hit.file).exists() else hit.file
    filters: tuple[list[LoadedRule], list[LoadedRule]] = ([], [])
    if change.base and change.head:
        filters = changed_filters(change.base.pack, change.head.pack)
    decided = why(change, Trial((row,)), filters) if change.state.rule.kind == "rule" else ()
    return Sided(gained, f"record {hit.record}", name, False, None, event_text([row], change), decided)
