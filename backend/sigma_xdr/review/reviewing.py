"""A review: two sides are opened, loaded, compiled, compared and judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.checker import kql_checker
from sigma_xdr.review.changes import Change, find_changes
from sigma_xdr.review.compiling import Compiled, compile_sides
from sigma_xdr.review.coverage import CoverageChange, compare_coverage
from sigma_xdr.review.events import Effect, Examples
from sigma_xdr.review.lint_changes import LintChange, compare_lints
from sigma_xdr.review.pack import Pack, load_pack
from sigma_xdr.review.recorded import Recordings, hunt_both
from sigma_xdr.review.revisions import Layout, Revision, open_sides
from sigma_xdr.review.tests_changed import compare_tests
from sigma_xdr.review.verdict import COLOURS, Evidence, Remark, judge, judge_coverage

__all__ = ["Review", "ReviewedRule", "review"]


@dataclass(frozen=True, eq=False)
class ReviewedRule:
    """A changed rule, what is known of it, and what is to be said."""

    evidence: Evidence
    remarks: tuple[Remark, ...]

    @property
    def change(self) -> Change:
        """The change itself."""
        return self.evidence.change

    @property
    def colour(self) -> str:
        """The gravest colour of its remarks."""
        return self.remarks[0].colour

    def findings(self) -> Iterator[Diagnostic]:
        """Its red and yellow remarks as diagnostics, at their places in the YAML; one that is gone has none."""
        yield from (finding.diagnostic for finding in self.evidence.lints)
        for remark in self.remarks:
            if remark.colour != "white" and remark.code != "lint":
                severity = "error" if remark.colour == "red" else "warning"
                problem = Diagnostic(f"review-{remark.code}", f"{self.change.title}: {remark.text}", None, severity)
                if self.change.head is None:
                    yield replace(problem, file=self.change.state.path)
                else:
                    place = self.change.head.rule.place(*remark.keys)
                    yield problem.at(self.change.head.path, place.line, place.column, place.text, place.length)


@dataclass(frozen=True, eq=False)
class Review:
    """What a change does. ``base`` and ``head`` are the sides as a reader calls them; ``rules`` are the changed ones, the gravest
    first; ``remarks`` are about the pack as a whole. ``problems`` are the errors in the head's files, ``notes`` what the review
    didn't look at. ``corpus`` and ``benign`` are None where no such events were given.
    """

    base: str
    head: str
    rules: tuple[ReviewedRule, ...]
    remarks: tuple[Remark, ...]
    coverage: tuple[CoverageChange, ...]
    problems: tuple[Diagnostic, ...]
    notes: tuple[str, ...]
    corpus: Recordings | None = None
    benign: Recordings | None = None

    def counted(self, colour: str) -> int:
        """How many rules are of a colour."""
        return sum(rule.colour == colour for rule in self.rules)

    def findings(self) -> list[Diagnostic]:
        """All that needs an eye, errors first: GitHub shows few annotations of a step."""
        found = [*self.problems, *(problem for rule in self.rules for problem in rule.findings())]
        return sorted(found, key=lambda problem: (problem.severity != "error", problem.sort_key()))

    def exit_code(self, fail_on: str = "red") -> int:
        """2: files of the head are wrong. 1: a remark is of the colour ``fail_on`` or a graver one (``never``: none is). Else 0."""
        if self.problems:
            return 2
        grave = () if fail_on == "never" else COLOURS[: COLOURS.index(fail_on) + 1]
        remarks = (*self.remarks, *(remark for rule in self.rules for remark in rule.remarks))
        return int(any(remark.colour in grave for remark in remarks))


def review(
    base: str,
    head: str | None = None,
    layout: Layout | None = None,
    corpus: Path | None = None,
    benign: Path | None = None,
    trust: str = "base",
    here: Path = Path(),
    today: date | None = None,
    sigmahq: bool = True,
) -> Review:
    """The review of what leads from ``base`` to ``head``, or to the work tree.

    A side is a revision of the repository around ``here``, or a folder.

    ``corpus`` holds recorded attacks, ``benign`` recorded ordinary work; ``trust`` says whose compiler may run
    (:mod:`sigma_xdr.review.compiling`); ``today`` is the day that the lints count ages to, ``sigmahq`` asks SigmaHQ's validators
    where they are installed. Raises UsageError for a wrong call, SigmaXdrError where a side can't be read at all.
    """
    layout = layout or Layout()
    with open_sides(base, head, layout, here) as sides:
        packs = (load_pack(sides[0].root, layout), load_pack(sides[1].root, layout))
        compiled = compile_sides(sides, packs, trust)
        changes = find_changes(*packs, compiled.base, compiled.head, compiled.own_compilers)
        found = [hunt_both(changes, folder) if folder else None for folder in (corpus, benign)]
        lints = compare_lints(*packs, today, sigmahq)
        with Examples(*packs) as examples:
            rules = [_reviewed(change, changes, examples, lints, found[0], found[1]) for change in changes]
            unread = examples.unread
        coverage = compare_coverage(*packs)
        problems = (*packs[1].problems, *map(packs[1].from_root, _wrong(packs[1], compiled)))
        return Review(
            sides[0].title,
            sides[1].title,
            tuple(sorted(rules, key=_risk)),
            tuple(sorted((*judge_coverage(coverage), *_of_pack(packs, compiled, changes, lints)), key=_gravity)),
            coverage,
            tuple(sorted(dict.fromkeys(problems), key=Diagnostic.sort_key)),
            tuple(_notes(sides, packs, compiled, unread, lints.note, found)),
            *found,
        )


def _reviewed(
    change: Change,
    changes: Sequence[Change],
    examples: Examples,
    lints: LintChange,
    corpus: Recordings | None,
    benign: Recordings | None,
) -> ReviewedRule:
    named = f"the filter '{change.title}'"
    evidence = Evidence(
        change,
        Effect() if change.is_filter or change.kind == "wrong" else examples.effect(change),
        tests=compare_tests(change),
        corpus=corpus.rules.get(change.key) if corpus else None,
        benign=benign.rules.get(change.key) if benign else None,
        benign_records=benign.records if benign else 0,
        touched=tuple(each.title for each in changes if named in each.causes) if change.is_filter else (),
        lints=lints.of(change),
        refused=tuple(_refused(change)),
    )
    return ReviewedRule(evidence, judge(evidence))


def _refused(change: Change) -> Iterator[str]:
    """What Microsoft's checker has against a query that is new or another one."""
    base, head = (side.kql if side else None for side in (change.base, change.head))
    if head and head != base:
        yield from (problem.message for problem in kql_checker().check(head) if problem.severity == "error")


def _gravity(remark: Remark) -> int:
    return COLOURS.index(remark.colour)


def _risk(rule: ReviewedRule) -> tuple[int, str, str]:
    return COLOURS.index(rule.colour), rule.change.state.path, rule.change.key


def _wrong(pack: Pack, compiled: Compiled) -> Iterator[Diagnostic]:
    """What is wrong with the form of test files, and rules that can't be compiled. That a rule has no test is a remark on it."""
    known = {problem.sort_key() for problem in pack.rules.diagnostics}
    for problem in pack.suite.problems:
        if problem.code != "no-test-file" and problem.sort_key() not in known:
            yield problem
    for key, query in compiled.head.items():
        if query.problem is not None and key in pack.by_key:
            try:
                pack.compiler.compile(pack.by_key[key])
            except RuleError as error:
                yield from error.diagnostics
            else:
                yield pack.by_key[key].diagnostic("compiler", query.problem, None, "detection")


def _of_pack(
    packs: tuple[Pack, Pack], compiled: Compiled, changes: Sequence[Change], lints: LintChange
) -> Iterator[Remark]:
    """What is to be said of what isn't a rule."""
    touched = sum("the compiler" in change.causes for change in changes)
    if compiled.own_compilers:
        word = "no rule's query" if not touched else f"the queries of {touched:,} rules" if touched > 1 else "one query"
        yield Remark("compiler", "yellow" if touched else "white", f"the compiler is another one; it changes {word}")
    if compiled.unseen:
        said = "the compiler is another one, and this review didn't run it: what it would make of the rules isn't seen here"
        yield Remark("compiler-unseen", "red", said)
    changed = sorted(
        name for name in {*packs[0].site, *packs[1].site} if packs[0].site.get(name) != packs[1].site.get(name)
    )
    if changed:
        yield Remark("site", "yellow", f"the site's default values change: {', '.join(changed)}")
    titles = {rule.id: rule.title for rule in packs[1].by_key.values()}
    for code, rule, reason in dict.fromkeys((each.code, each.rule, each.silenced) for each in lints.silenced):
        yield Remark("silenced", "yellow", f"newly silenced, {code} of '{titles.get(rule, rule)}': {reason}")


def _notes(
    sides: tuple[Revision, Revision],
    packs: tuple[Pack, Pack],
    compiled: Compiled,
    unread: int,
    unlinted: str | None,
    recordings: Sequence[Recordings | None],
) -> Iterator[str]:
    for side in sides:
        for each in side.left_out:
            yield f"{each.file} ({side.name}): {each.message}"
    if packs[0].problems:
        first = packs[0].problems[0]
        yield f"{sides[0].name} itself has {len(packs[0].problems):,} errors, first in {first.file}: {first.message}"
    if unlinted:
        yield unlinted
    if unread:
        yield f"{unread:,} cases can't be run, and were left out"
    for name, hunted in zip(("corpus", "ordinary work"), recordings, strict=True):
        if hunted and hunted.unread:
            yield f"{hunted.unread:,} of {hunted.records:,} records of the {name} can't be read"
    if compiled.unseen:
        yield "the head's compiler may be run where nothing secret is: --trust both"
