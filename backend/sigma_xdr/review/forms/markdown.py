"""A review as a comment on a pull request: GitHub's Markdown, within its size, and safe whatever a rule's text holds.

Text of a rule goes three ways into the comment, each with an escape of its own. In prose every sign that means something to
Markdown has a backslash; in a ``<summary>``, which is HTML, entities stand for its signs; and in both an invisible space keeps
``@someone``, ``#1``, ``GH-1`` and addresses from becoming what they look like, because GitHub looks for those in the finished text.
Whatever is longer than a phrase stands in a code block, whose fence is longer than any in it. Nothing that can't be printed is
passed on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sigma_xdr.errors import Diagnostic, visible
from sigma_xdr.review.events import Sided
from sigma_xdr.review.forms.harmless import APART, harmless
from sigma_xdr.review.forms.wording import case_lines, count, facts, heading, looked_at, recorded_line, verdict_line
from sigma_xdr.review.reviewing import Review, ReviewedRule

__all__ = ["LIMIT", "MARKER", "code", "fenced", "in_html", "in_prose", "markdown"]

#: The first line, by which the comment is found again to be updated.
MARKER = "<!-- sigma-xdr review -->"
#: GitHub's limit for a comment, in characters. They are counted here as UTF-8 bytes, which are never fewer.
LIMIT = 65_536
_SIGNS = {"red": "🔴", "yellow": "🟡", "white": "⚪"}
#: Most lines of a diff, most characters of a line, most events of a rule.
_MOST_LINES, _LONGEST, _MOST_EVENTS = 120, 500, 6
_LONGEST_TITLE, _MOST_NOTES = 200, 10
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~$]|&(?=#?\w+;)")
#: Where GitHub finds people, issues and addresses in finished text.
_LINKS = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=\bGH)(?=-\d)|(?<=\bwww)(?=\.)", re.IGNORECASE)


# ----------------------------------------------------------------------------------------------------------- safe pieces


def in_prose(text: str) -> str:
    """Text of a rule among Markdown, in one line; also in a table."""
    return _MARKUP.sub(r"\\\g<0>", _LINKS.sub(APART, visible(text)))


def in_html(text: str) -> str:
    """Text of a rule within an HTML element."""
    return html.escape(_LINKS.sub(APART, visible(text)))


def code(text: str) -> str:
    """Text of a rule as code in a line; also in a table."""
    text = harmless(text).replace("|", "\\|")
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Lines of a rule as a block of code. What is cut says so."""
    lines = [_short(harmless(line.replace("\t", "    "))) for line in text.splitlines()]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"… {count(len(lines) - _MOST_LINES, 'more line')}"]
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return "\n".join((f"{fence}{language}", *lines, fence))


def _short(line: str, longest: int = _LONGEST) -> str:
    return line if len(line) <= longest else f"{line[:longest]}… {len(line) - longest:,} more characters"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _details(summary: str, inner: Iterable[str]) -> str:
    """A folded part; ``summary`` is HTML."""
    return "\n".join((f"<details><summary>{summary}</summary>", "", *inner, "", "</details>"))


def _size(text: str) -> int:
    return len(text.encode())


# --------------------------------------------------------------------------------------------------------- the whole page


def markdown(review: Review, limit: int = LIMIT) -> str:
    """The comment. What doesn't fit into ``limit`` is cut, the least grave first, and the last line says what."""
    top = [MARKER, f"### {heading(review)}", ""]
    rows = list(_rows(review))
    end = ["", in_prose(_short(looked_at(review))), *_notes(review.notes), ""]
    if review.problems:
        end = [_problems(review.problems, limit // 4), *end]
    room = limit - _size("\n".join((*top, *end))) - 600
    table, rows_cut = _fitting(rows, room // 2)
    page = [*top, *(_table(table) if table else []), *end]
    room -= _size("\n".join(_table(table))) if table else 0
    left: list[str] = []
    shorter = 0
    for rule in review.rules:
        for parts in (_Parts(), _Parts(kql=False), _Parts(kql=False, sigma=False), _Parts(False, False, False)):
            text = _rule(rule, parts)
            if _size(text) + 2 <= room:
                page += [text, ""]
                room -= _size(text) + 2
                shorter += parts != _Parts()
                break
        else:
            left.append(rule.change.title)
    cut = [
        *([f"{count(rows_cut, 'row')} of the table"] if rows_cut else []),
        *([f"parts of {count(shorter, 'rule')}"] if shorter else []),
        *([f"all details of {count(len(left), 'rule')}"] if left else []),
    ]
    if cut:
        page.append(
            f"**Cut to fit a comment:** {', '.join(cut)}. All of it: {code('sigma-xdr review --format terminal')}"
        )
    return "\n".join(page).rstrip() + "\n"


def _rows(review: Review) -> Iterator[str]:
    for remark in review.remarks:
        yield f"| {_SIGNS[remark.colour]} | *the pack* | {in_prose(remark.text)} |"
    for rule in review.rules:
        yield f"| {_SIGNS[rule.colour]} | {in_prose(_title(rule))} | {in_prose(_short(verdict_line(rule)))} |"


def _title(rule: ReviewedRule) -> str:
    return _short(rule.change.title, _LONGEST_TITLE)


def _table(rows: Sequence[str]) -> list[str]:
    return ["| | rule | what changes in production |", "|---|---|---|", *rows]


def _fitting(rows: Sequence[str], room: int) -> tuple[list[str], int]:
    kept: list[str] = []
    for row in rows:
        room -= _size(row) + 1
        if room < 0:
            break
        kept.append(row)
    return kept, len(rows) - len(kept)


def _notes(notes: Sequence[str]) -> Iterator[str]:
    for note in notes[:_MOST_NOTES]:
        yield f"\n- {in_prose(_short(note))}"
    if len(notes) > _MOST_NOTES:
        yield f"\n- {count(len(notes) - _MOST_NOTES, 'more note')}"


def _problems(problems: Sequence[Diagnostic], room: int) -> str:
    """The problems, as many as there is room for."""
    summary = f"<b>{count(len(problems), 'error')} in the files</b>"
    for most in range(min(len(problems), 20), -1, -1):
        shown = [problem.render() for problem in problems[:most]]
        if most < len(problems):
            shown.append(f"… {count(len(problems) - most, 'more error')}")
        text = "\n" + _details(summary, [fenced("\n\n".join(shown))])
        if _size(text) <= room:
            break
    return text


# ---------------------------------------------------------------------------------------------------------------- a rule


@dataclass(frozen=True)
class _Parts:
    """Which parts of a rule are shown."""

    kql: bool = True
    sigma: bool = True
    tests: bool = True


def _rule(rule: ReviewedRule, parts: _Parts) -> str:
    change, evidence = rule.change, rule.evidence
    inner = [f"{code(change.state.path)}"]
    inner += ["", *(f"- {_SIGNS[remark.colour]} {in_prose(_short(remark.text))}" for remark in rule.remarks)]
    if change.causes:
        inner += ["", f"Its query changes through {in_prose(', '.join(change.causes))}."]
    if rows := facts(rule):
        inner += ["", "| | before | after |", "|---|---|---|"]
        inner += [
            f"| {in_prose(what)} | {in_prose(_short(was))} | {in_prose(_short(now))} |" for what, was, now in rows
        ]
    if evidence.lints:
        shown = "\n\n".join(finding.diagnostic.render() for finding in evidence.lints[:_MOST_EVENTS])
        more = len(evidence.lints) - _MOST_EVENTS
        inner += ["", "Lints", "", fenced(shown + (f"\n\n… {count(more, 'more finding')}" if more > 0 else ""))]
    inner += list(_events(rule))
    if parts.tests and (change.kind != "moved"):
        inner += ["", "Tests", "", *(f"- {in_prose(_short(line))}" for line in case_lines(evidence.tests))]
    if parts.sigma and change.sigma_diff:
        inner += ["", _details("Sigma", [fenced(change.sigma_diff, "diff")])]
    if parts.kql and change.kql_diff:
        inner += ["", _details("KQL", [fenced(change.kql_diff, "diff")])]
    return _details(f"{_SIGNS[rule.colour]} {in_html(_title(rule))}", inner)


def _events(rule: ReviewedRule) -> Iterator[str]:
    effect, evidence = rule.evidence.effect, rule.evidence
    recorded = [each for known in (evidence.corpus, evidence.benign) if known for each in known.sided]
    for known, what in ((evidence.corpus, "recorded events"), (evidence.benign, "ordinary work")):
        if known:
            yield ""
            yield in_prose(recorded_line(known, what[0].upper() + what[1:]))
    for gained, title in ((True, "Matches now and didn't"), (False, "Matched and doesn't now")):
        sided = [each for each in (*effect.sided, *recorded) if each.gained is gained]
        if not sided:
            continue
        yield from ("", title, "", fenced("\n\n".join(_event(each) for each in sided[:_MOST_EVENTS])))
        if len(sided) > _MOST_EVENTS:
            yield f"\n… and {count(len(sided) - _MOST_EVENTS, 'more event')}"
    if effect.telling:
        fields = ", ".join(f"{name}={value}" for name, value in effect.telling.fields.items())
        verb = "matches now and didn't" if effect.telling.gained else "matched and doesn't now"
        yield from ("", f"No case shows the change. An event that {verb}:", "", fenced(fields))


def _event(sided: Sided) -> str:
    kind = {True: " (an attack)", False: " (a near miss)", None: ""}[sided.expect]
    lines = [
        f"{visible(sided.name)} of {visible(sided.place)}{kind}",
        f"  {sided.event}",
        *(f"  {line}" for line in sided.deciding),
    ]
    if sided.found_by:
        lines.append(f"  still found by: {', '.join(visible(title) for title in sided.found_by[:3])}")
    return "\n".join(lines)
