"""A hunt's end for a person: the rules that hit, where to go on, and what was not evaluated.

Rich draws it. Whatever comes from an event, a file's name or a rule is made harmless first, and none of it is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigma_xdr.errors import Diagnostic, visible
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.scan.hits import Place, RuleSummary
from sigma_xdr.scan.summary import Account, HuntSummary

__all__ = ["HuntReport"]

#: How wide the report may become where no terminal says how wide it is: no line is broken.
_WIDEST = 10_000
#: Narrower terminals don't get the columns of times.
_WIDE_ENOUGH = 90
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "dim"}


class HuntReport:
    """Writes to a stream of text: in colour and as wide as the terminal, or plain where it is none.

    ``styled`` and ``width`` decide otherwise. ``most`` is how many reasons, and how many rules for a reason, are shown; None: all.
    """

    def __init__(
        self, stream: IO[str], *, styled: bool | None = None, width: int | None = None, most: int | None = 5
    ) -> None:
        console = Console(
            file=stream, force_terminal=styled, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False
        )
        if not console.is_terminal and width is None:
            console.width = _WIDEST
        self._console = console
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._most = most

    def hits(self, summary: HuntSummary, *, explainable: bool = True) -> None:
        """The rules that hit, the gravest first, and where their first hits are.

        ``explainable``: the hits were read from files, in which ``sigma-xdr explain`` finds them again.
        """
        ranked = summary.ranked()
        if not ranked:
            return
        self._console.print(self._table(ranked))
        self._console.print()
        for each in ranked:
            self._line(f"  {each.rule.path}: {_places(each)}")
        if explainable:
            self._line("  why: sigma-xdr explain RULE FILE --record N")
        self._console.print()

    def account(self, summary: HuntSummary, seconds: float | None = None) -> None:
        """What was read, in how many seconds, and what of it or of the rules was not evaluated."""
        account = summary.account
        if account.interrupted:
            self._line("interrupted: this is what was found before", "bold yellow")
        self._line(f"{_read(account)}{_speed(account, seconds)}: {_found(summary)}")
        for line in self._missing(account):
            self._line(line)

    def _missing(self, account: Account) -> Iterator[str]:
        if number := account.not_read.total():
            yield f"{_count(number, 'file')} {_is(number)} not read: {self._reasons(account.not_read)}"
        if number := account.unreadable.total():
            yield f"{_count(number, 'record')} could not be read: {self._reasons(account.unreadable, account.first_unreadable)}"
        if number := account.unmapped.total():
            yield f"{_count(number, 'record')} {_have(number)} no table in Defender: {self._reasons(account.unmapped)}"
        if account.left_out:
            number = len(account.left_out)
            yield f"{_count(number, 'column')} of rows {_is(number)} none of their table's: {self._reasons(account.left_out)}"
        yield from self._problems(account.refused, "not evaluated")
        yield from self._problems(account.incomplete, "without a whole answer")

    def _problems(self, problems: Sequence[Diagnostic], what: str) -> Iterator[str]:
        """The problems of rules by their reason, the most frequent first."""
        if not problems:
            return
        number = len({problem.file for problem in problems})
        yield f"{_count(number, 'rule')} {_is(number)} {what}:"
        reasons: dict[tuple[str, str], set[str]] = {}
        for problem in problems:
            reasons.setdefault(_reason(problem), set()).add(problem.file or "a rule")
        ordered = sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0]))
        shown = ordered[: self._most]
        for (reason, hint), rules in shown:
            yield f"  {reason}: {self._some(sorted(rules), 'rule')}"
            if hint:
                yield f"    = {hint}"
        if rest := len(ordered) - len(shown):
            yield f"  and {_count(rest, 'more reason')}"

    def _reasons(self, reasons: Mapping[str, int], first: Mapping[str, int] | None = None) -> str:
        ordered = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
        places = {reason: f", first record {number:,}" for reason, number in (first or {}).items()}
        return self._some([f"{reason} ({number:,}{places.get(reason, '')})" for reason, number in ordered], "reason")

    def _some(self, texts: Sequence[str], noun: str) -> str:
        shown = texts[: self._most]
        rest = len(texts) - len(shown)
        return ", ".join(shown) + (f", and {_count(rest, f'more {noun}')}" if rest else "")

    def _table(self, ranked: Iterable[RuleSummary]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("rule", overflow="fold")
        table.add_column("level", no_wrap=True)
        for heading in ("hits", "devices"):
            table.add_column(heading, justify="right", no_wrap=True)
        times = self._console.width >= _WIDE_ENOUGH
        for heading in ("first (UTC)", "last (UTC)") if times else ():
            table.add_column(heading, no_wrap=True)
        for each in ranked:
            level = each.rule.level or ""
            cells = [self._text(each.rule.title), self._text(level, _COLOURS.get(level, ""))]
            cells += [Text(f"{each.hits:,}"), Text(f"{len(each.devices):,}")]
            cells += [self._text(_minute(each.first)), self._text(_minute(each.last))] if times else []
            table.add_row(*cells)
        return table

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(self._text(text, style), overflow="fold")

    def _text(self, text: str, style: str = "") -> Text:
        """Text that drives no terminal, in characters that the stream's encoding has."""
        shown = visible(text).encode(self._encoding, "backslashreplace").decode(self._encoding)
        return Text(shown, style)


def _places(summary: RuleSummary) -> str:
    """Where the first hits are, a file's records together."""
    files: dict[str, list[Place]] = {}
    for place in summary.places:
        files.setdefault(place.file, []).append(place)
    shown = "; ".join(
        f"{file} record {', '.join(f'{number}' for number in dict.fromkeys(each.record for each in places))}"
        for file, places in files.items()
    )
    rest = summary.hits - len(summary.places)
    return shown + (f"; and {_count(rest, 'more hit')}" if rest else "")


def _minute(timestamp: str | None) -> str:
    """A time to the minute: ``2020-09-21 04:14``."""
    return (timestamp or "")[:16].replace("T", " ")


def _read(account: Account) -> str:
    """What was gone through: queries, or files."""
    asked = [f"{_count(number, 'query')} of {where}" for where, number in sorted(account.asked.items())]
    files = [f"{_count(account.records, 'record')} of {_count(account.files, 'file')}"]
    return ", ".join(asked or files)


def _speed(account: Account, seconds: float | None) -> str:
    if seconds is None:
        return ""
    rate = f" ({account.records / seconds:,.0f}/s)" if account.records and seconds > 0 else ""
    return f" in {seconds:,.1f} s{rate}"


def _found(summary: HuntSummary) -> str:
    if not summary.rules:
        return "no hit"
    rules, devices = len(summary.rules), len(summary.devices())
    on = f" on {_count(devices, 'device')}" if devices else ""
    return f"{_count(summary.account.hits, 'hit')} of {_count(rules, 'rule')}{on}"


def _reason(problem: Diagnostic) -> tuple[str, str]:
    """Why a rule isn't evaluated, and what to do: in the words of the closed list, or the problem's own."""
    if problem.code in REFUSALS:
        return REFUSALS[problem.code], ""
    return problem.message, problem.hint or ""


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
