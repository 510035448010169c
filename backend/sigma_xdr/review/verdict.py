"""What of a change needs a person's eye, in order of risk.

Each judgement is one pure function from what is known of a changed rule to remarks; ``JUDGEMENTS`` holds them in their order. Red
is what may cost an attack or an analyst's day, yellow what deserves a look, white what was looked at and changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sigma_xdr.review.changes import Change, Difference
from sigma_xdr.review.coverage import CoverageChange
from sigma_xdr.review.events import Effect, Sided
from sigma_xdr.review.lints import Finding
from sigma_xdr.review.recorded import Recorded
from sigma_xdr.review.tests_changed import CaseChanges
from sigma_xdr.rules import Key
from sigma_xdr.scan.summary import LEVELS

__all__ = ["COLOURS", "JUDGEMENTS", "Evidence", "Remark", "judge", "judge_coverage"]

#: The gravest first.
COLOURS = ("red", "yellow", "white")


@dataclass(frozen=True)
class Remark:
    """A judgement: its stable ``code``, its colour, a sentence, and where in the rule's YAML it shows."""

    code: str
    colour: str
    text: str
    keys: tuple[Key, ...] = ("title",)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that is known of a changed rule.

    ``corpus`` and ``benign`` are None where no such events were given, ``touched`` are the titles of the rules that a changed
    filter touches, ``lints`` what the lints newly find in it, ``refused`` what Microsoft's checker has against its new query.
    """

    change: Change
    effect: Effect
    tests: CaseChanges
    corpus: Recorded | None = None
    benign: Recorded | None = None
    benign_records: int = 0
    touched: tuple[str, ...] = ()
    lints: tuple[Finding, ...] = ()
    refused: tuple[str, ...] = ()

    def difference(self, what: str) -> Difference | None:
        """How a fact differs, if it does."""
        return next((each for each in self.change.differences if each.what == what), None)


Judgement = Callable[[Evidence], Iterator[Remark]]


def judge(evidence: Evidence) -> tuple[Remark, ...]:
    """The remarks on a changed rule, the gravest first; at least one."""
    found = [remark for judgement in JUDGEMENTS for remark in judgement(evidence)]
    if not found:
        found = [Remark("text", "white", "only what is said about it changes: it finds what it found")]
    return tuple(sorted(found, key=lambda remark: COLOURS.index(remark.colour)))


# ------------------------------------------------------------------------------------------------------------ judgements


def _wrong(known: Evidence) -> Iterator[Remark]:
    change = known.change
    if change.kind == "wrong":
        yield Remark("wrong", "red", "its file has an error now, so that it isn't compiled")
    elif change.head and change.head.query and change.head.query.problem:
        yield Remark("not-compiled", "red", f"it can't be compiled: {change.head.query.problem}", ("detection",))


def _refused(known: Evidence) -> Iterator[Remark]:
    if known.refused:
        more = f" and {len(known.refused) - 1} more" if len(known.refused) > 1 else ""
        yield Remark("refused", "red", f"Defender won't take its query: {known.refused[0]}{more}", ("detection",))


def _gone(known: Evidence) -> Iterator[Remark]:
    change = known.change
    if change.kind != "gone":
        return
    if change.is_filter:
        yield Remark("filter-gone", "yellow", f"the filter is gone{_touches(known)}")
        return
    attacks = known.effect.lost(own=True, expect=True)
    unfound = [each for each in attacks if not each.found_by]
    if attacks and not unfound:
        finders = Counter(title for each in attacks for title in each.found_by)
        by = " and ".join(f"'{title}'" for title, _ in finders.most_common(2)) + (
            " and others" if len(finders) > 2 else ""
        )
        said = f"it is gone; {_all(len(attacks))} found by {by}"
        yield Remark("gone", "yellow", said)
    elif attacks:
        yield Remark("gone", "red", f"it is gone; no other rule finds {_share(len(unfound), len(attacks))} attacks")
    else:
        yield Remark("gone", "red", "it is gone")


def _attacks_lost(known: Evidence) -> Iterator[Remark]:
    if known.change.head is None or not known.change.head.kql:
        return
    attacks = known.effect.lost(own=True, expect=True)
    unfound = [each for each in attacks if not each.found_by]
    if unfound:
        said = f"{_count(len(unfound), 'attack')} of its tests {_are(len(unfound))} no longer found"
        yield Remark("attacks-lost", "red", f"{said}{_first(unfound)}", ("detection",))
    elif attacks:
        said = f"{_count(len(attacks), 'attack')} of its tests {_are(len(attacks))} found by other rules only"
        yield Remark("attacks-left-to-others", "yellow", f"{said}{_first(attacks)}", ("detection",))


def _noise_gained(known: Evidence) -> Iterator[Remark]:
    near = known.effect.gained(own=True, expect=False)
    if near:
        said = f"{_count(len(near), 'near miss', 'near misses')} of its tests {_match(len(near))} that didn't"
        yield Remark("near-misses-gained", "red", f"{said}{_first(near)}{_nothing_gained(known)}", ("detection",))
    if known.benign and known.benign.gained:
        many = f"{known.benign.gained:,} of {_count(known.benign_records, 'record')} of ordinary work"
        colour = "yellow" if _found_more(known) else "red"
        said = f"{many} {_match(known.benign.gained)} that didn't{'' if near else _nothing_gained(known)}"
        yield Remark("noise-gained", colour, said, ("detection",))


def _failing(known: Evidence) -> Iterator[Remark]:
    failing = known.effect.failing
    if failing and not known.effect.lost(own=True, expect=True) and not known.effect.gained(own=True, expect=False):
        said = f"{_count(len(failing), 'case')} of its tests {'fails' if len(failing) == 1 else 'fail'}: '{failing[0]}'"
        yield Remark("failing", "red", said + (" and more" if len(failing) > 1 else ""))


def _recorded(known: Evidence) -> Iterator[Remark]:
    if known.corpus and known.corpus.lost:
        many = _count(known.corpus.lost, "recorded hit")
        yield Remark("recorded-lost", "red", f"{many} {'is' if known.corpus.lost == 1 else 'are'} lost", ("detection",))


def _identity(known: Evidence) -> Iterator[Remark]:
    if known.difference("id"):
        yield Remark("id", "red", "its id is another one: what is deployed under the old one stays there", ("id",))
    if (alone := known.difference("alerts by itself")) and alone.after == "no":
        yield Remark("silent", "red", "it no longer alerts by itself: a correlation names it")


def _source(known: Evidence) -> Iterator[Remark]:
    if (
        (tables := known.difference("tables"))
        and known.change.head
        and known.change.head.kql
        and tables.before != "none"
    ):
        yield Remark("tables", "red", f"it reads {tables.after} and no longer {tables.before}", ("logsource",))


def _tests_flipped(known: Evidence) -> Iterator[Remark]:
    if flipped := known.tests.flipped:
        said = f"{_count(len(flipped), 'case')} of its tests {'expects' if len(flipped) == 1 else 'expect'}"
        yield Remark("flipped", "red", f"{said} the opposite of what was expected: '{flipped[0]}'")


def _condition(known: Evidence) -> Iterator[Remark]:
    for what in ("threshold", "timespan", "grouped by"):
        if change := known.difference(what):
            keys = ("correlation", {"threshold": "condition", "grouped by": "group-by"}.get(what, what))
            yield Remark(what.replace(" ", "-"), "yellow", f"{what} {change.before} → {change.after}", keys)


def _level(known: Evidence) -> Iterator[Remark]:
    if (change := known.difference("level")) is None:
        return
    raised = _rank(change.after) < _rank(change.before)
    untested = raised and not known.tests.new and not known.tests.edited
    said = f"level {change.before} → {change.after}{', with no new case' if untested else ''}"
    yield Remark("level", "yellow", said, ("level",))


def _new(known: Evidence) -> Iterator[Remark]:
    if known.change.kind != "new":
        return
    if known.change.is_filter:
        yield Remark("filter-new", "yellow", f"the filter is new{_touches(known)}")
        return
    attacks, near = known.effect.gained(own=True, expect=True), known.effect.gained(own=False, expect=False)
    parts = [f"{_count(len(attacks), 'attack')} of its tests {_are(len(attacks))} found"] if known.tests.after else []
    if near:
        parts.append(f"{_count(len(near), 'near miss', 'near misses')} of other rules {_match(len(near))}")
    yield Remark("new", "yellow", "; ".join(("it is new", *parts)))


def _filter_changed(known: Evidence) -> Iterator[Remark]:
    if known.change.is_filter and known.change.kind == "changed" and known.touched:
        yield Remark("filter-changed", "yellow", f"the filter is another one{_touches(known)}")


def _found_differently(known: Evidence) -> Iterator[Remark]:
    change = known.change
    if change.kind in ("new", "gone"):
        return
    if more := known.effect.gained(own=True, expect=True):
        yield Remark(
            "attacks-gained", "yellow", f"{_count(len(more), 'more attack')} of its tests found", ("detection",)
        )
    for gained, code in ((True, "others-gained"), (False, "others-lost")):
        others = [each for each in known.effect.sided if each.gained is gained and not each.own]
        if others:
            near = sum(each.expect is False for each in others)
            what = f"{_match(len(others))} that didn't" if gained else f"no longer {_match(len(others))}"
            kind = (
                "all attacks"
                if not near
                else "all near misses"
                if near == len(others)
                else f"{near:,} of them near misses"
            )
            said = f"{_count(len(others), 'example')} of other rules {what}: {kind}"
            yield Remark(code, "yellow", said, ("detection",))
    if known.corpus and known.corpus.gained:
        yield Remark("recorded-gained", "yellow", f"{_count(known.corpus.gained, 'more recorded hit')}", ("detection",))
    if known.benign and known.benign.lost:
        said = f"{_count(known.benign.lost, 'hit')} less on ordinary work"
        yield Remark("noise-lost", "yellow", said, ("detection",))


def _unshown(known: Evidence) -> Iterator[Remark]:
    if known.effect.telling:
        verb = "matches now and didn't" if known.effect.telling.gained else "matched and doesn't now"
        yield Remark("unshown", "yellow", f"no case shows the change: an event was made that {verb}", ("detection",))
    if known.effect.problem and not known.change.is_filter:
        yield Remark(
            "not-run", "yellow", f"its query could not be run on examples: {known.effect.problem}", ("detection",)
        )


def _deployment(known: Evidence) -> Iterator[Remark]:
    if known.change.head is None or not known.change.head.kql:
        return
    if change := known.difference("near-real-time"):
        lost = change.before == "yes"
        said = f"it can no longer run near-real-time: {change.after.removeprefix('no: ')}" if lost else ""
        if lost:
            yield Remark("near-real-time-lost", "yellow", said, ("detection",))
        elif change.after == "yes":
            yield Remark("near-real-time-gained", "white", "it can run near-real-time now", ("detection",))
    if (change := known.difference("schedule")) and "continuous" not in (change.before, change.after):
        yield Remark("schedule", "yellow", f"it runs {change.after}; {change.before} before")
    if change := known.difference("entities"):
        gone = [each for each in change.before.split("; ") if each not in change.after.split("; ")]
        if gone:
            yield Remark("entities", "yellow", f"its alerts no longer name {'; '.join(gone)}")


def _tests_weaker(known: Evidence) -> Iterator[Remark]:
    tests, head = known.tests, known.change.head
    if head is None or (head.query and head.query.problem):
        return
    if tests.gone and tests.after:
        said = f"{_count(len(tests.gone), 'case')} of its tests {_are(len(tests.gone))} gone: '{tests.gone[0]}'"
        yield Remark("cases-gone", "yellow", said)
    if tests.excused and known.change.kind != "new":
        said = f"{_count(len(tests.excused), 'mutant')} newly called equivalent: {tests.excused[0][0]}"
        yield Remark("excused", "yellow", said)
    if tests.score is None:
        yield Remark("untested", "yellow", "it has no test file that can be read")
    elif tests.score.survivors:
        many = len(tests.score.survivors)
        said = f"{many:,} of {_count(tests.score.mutants, 'mutant')} {'survives' if many == 1 else 'survive'} its tests"
        yield Remark("survivors", "yellow", said)
    elif tests.score.problem and not known.effect.failing:
        yield Remark("unscored", "yellow", f"its tests could not be scored: {tests.score.problem}")


def _lints(known: Evidence) -> Iterator[Remark]:
    if known.lints:
        codes = ", ".join(dict.fromkeys(each.code for each in known.lints))
        colour = "yellow" if any(each.severity == "error" for each in known.lints) else "white"
        yield Remark("lint", colour, f"{_count(len(known.lints), 'new lint finding')}: {codes}")


def _same(known: Evidence) -> Iterator[Remark]:
    change, effect = known.change, known.effect
    if change.base is None or change.head is None or change.is_filter or effect.problem:
        return
    if change.kind == "moved":
        yield Remark("moved", "white", "it is in another file; the query is the same")
    elif change.same_query:
        yield Remark("same-query", "white", "the query is the same")
    elif not effect.sided and not effect.telling and effect.compared:
        more = f" and {len(change.causes) - 2} more" if len(change.causes) > 2 else ""
        through = f" through {' and '.join(change.causes[:2])}{more}" if change.causes else ""
        said = f"the query is another one{through}; both select the same on all {effect.compared:,} rows"
        searched = "" if change.state.rule.kind == "correlation" else ", and no event was found that tells them apart"
        yield Remark("same-rows", "white", said + searched)


def _playbook(known: Evidence) -> Iterator[Remark]:
    if change := known.difference("playbook"):
        yield Remark("playbook", "white", f"its playbook says {change.after}")


JUDGEMENTS: tuple[Judgement, ...] = (
    _wrong,
    _refused,
    _gone,
    _attacks_lost,
    _noise_gained,
    _failing,
    _recorded,
    _identity,
    _source,
    _tests_flipped,
    _condition,
    _level,
    _new,
    _filter_changed,
    _found_differently,
    _unshown,
    _deployment,
    _tests_weaker,
    _same,
    _playbook,
    _lints,
)


def judge_coverage(changes: Sequence[CoverageChange]) -> Iterator[Remark]:
    """The remarks on what the pack as a whole covers."""
    for change in changes:
        if change.lost:
            yield Remark("coverage-lost", "red", f"{change.what}: no rule answers {_listed(change.lost)} any more")
        if change.gained:
            yield Remark("coverage-gained", "white", f"{change.what}: {_listed(change.gained)} newly answered")
        if change.stale:
            said = f"the coverage file names {_listed(change.stale)}, where no rule is"
            yield Remark("coverage-stale", "yellow", said)


# ----------------------------------------------------------------------------------------------------------------- words


def _found_more(known: Evidence) -> bool:
    return bool(known.effect.gained(own=True, expect=True) or (known.corpus and known.corpus.gained))


def _nothing_gained(known: Evidence) -> str:
    return "" if _found_more(known) or known.change.kind == "new" else "; no true positive is gained"


def _touches(known: Evidence) -> str:
    if not known.touched:
        return "; it changes no rule's query"
    more = f" and {len(known.touched) - 2:,} more" if len(known.touched) > 2 else ""
    return f"; it changes {' and '.join(repr(title) for title in known.touched[:2])}{more}"


def _first(sided: Sequence[Sided]) -> str:
    return f": {sided[0].name}" if len(sided) == 1 else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _all(number: int) -> str:
    return "its one attack is" if number == 1 else f"all {number:,} of its attacks are"


def _share(number: int, total: int) -> str:
    return f"any of its {total:,}" if number == total else f"{number:,} of its {total:,}"


def _match(number: int) -> str:
    return "matches" if number == 1 else "match"
