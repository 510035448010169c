"""A review on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigma_xdr.review.events import Sided
from sigma_xdr.review.forms.harmless import harmless
from sigma_xdr.review.forms.wording import case_lines, count, facts, heading, looked_at, recorded_line, verdict_line
from sigma_xdr.review.reviewing import Review, ReviewedRule

__all__ = ["show"]

_STYLES = {"red": "bold red", "yellow": "yellow", "white": "dim"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
#: Most events of a rule.
_MOST_EVENTS = 10
#: How wide lines are that go to a file.
_WIDTH = 160

Line = tuple[str, str]


def show(review: Review, stream: TextIO) -> None:
    """Write the review: the verdict, then each rule with its diffs and events."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH
    encoding = getattr(stream, "encoding", None) or "utf-8"

    def text(said: str, style: str = "") -> Text:
        return Text(harmless(said).encode(encoding, "backslashreplace").decode(encoding), style)

    def write(line: Line) -> None:
        console.print(text(*line), soft_wrap=True)

    write((heading(review), "bold"))
    if review.rules or review.remarks:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(ratio=2, overflow="fold")
        table.add_column(ratio=5, overflow="fold")
        for remark in review.remarks:
            table.add_row(text(remark.colour, _STYLES[remark.colour]), text("the pack"), text(remark.text))
        for rule in review.rules:
            table.add_row(text(rule.colour, _STYLES[rule.colour]), text(rule.change.title), text(verdict_line(rule)))
        console.print(table)
    for line in _page(review):
        write(line)


def _page(review: Review) -> Iterator[Line]:
    yield looked_at(review), "dim"
    for note in review.notes:
        yield note, "dim"
    for problem in review.problems:
        yield "", ""
        for line in problem.render().splitlines():
            yield line, "red"
    for rule in review.rules:
        yield "", ""
        yield from _rule(rule)


def _rule(rule: ReviewedRule) -> Iterator[Line]:
    change, evidence = rule.change, rule.evidence
    yield f"{change.title}  {change.state.path}", _STYLES[rule.colour]
    for remark in rule.remarks:
        yield f"  {remark.colour}: {remark.text}", ""
    if change.causes:
        yield f"  its query changes through {', '.join(change.causes)}", ""
    for what, before, after in facts(rule):
        yield f"  {what}: {before} → {after}", ""
    for known, what in ((evidence.corpus, "recorded events"), (evidence.benign, "ordinary work")):
        if known:
            yield f"  {recorded_line(known, what)}", ""
    for finding in evidence.lints:
        for line in finding.diagnostic.render().splitlines():
            yield f"  {line}", ""
    yield from _events(rule)
    if change.kind != "moved":
        yield "  tests:", ""
        for line in case_lines(evidence.tests):
            yield f"    {line}", ""
    for diff in (change.sigma_diff, change.kql_diff):
        for line in diff.splitlines():
            yield f"    {line}", _DIFF.get(line[:1], "")


def _events(rule: ReviewedRule) -> Iterator[Line]:
    evidence = rule.evidence
    recorded = [each for known in (evidence.corpus, evidence.benign) if known for each in known.sided]
    for gained, title in ((True, "matches now and didn't"), (False, "matched and doesn't now")):
        sided = [each for each in (*evidence.effect.sided, *recorded) if each.gained is gained]
        if sided:
            yield f"  {title}:", ""
        for each in sided[:_MOST_EVENTS]:
            yield from _event(each)
        if len(sided) > _MOST_EVENTS:
            yield f"    … and {count(len(sided) - _MOST_EVENTS, 'more event')}", ""
    if telling := evidence.effect.telling:
        verb = "matches now and didn't" if telling.gained else "matched and doesn't now"
        yield f"  no case shows the change; an event that {verb}:", ""
        yield f"    {', '.join(f'{name}={value}' for name, value in telling.fields.items())}", ""


def _event(sided: Sided) -> Iterator[Line]:
    kind = {True: " (an attack)", False: " (a near miss)", None: ""}[sided.expect]
    yield f"    {sided.name} of {sided.place}{kind}", ""
    yield f"      {sided.event}", "dim"
    for line in sided.deciding:
        yield f"      {line}", ""
    if sided.found_by:
        yield f"      still found by: {', '.join(sided.found_by[:3])}", ""
