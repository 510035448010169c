"""Which true positives of each rule its query still selects, written in each of the ways; and the page that says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sigma_xdr.testing.suite import RuleTest, Suite, load_suite
from sigma_xdr.testing.trials import TableRow, Trial

from .variants import TECHNIQUES, Technique

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "obfuscation.md"
TABLE = "DeviceProcessEvents"
#: Levels of rules that somebody looks at: what only a lower one finds has slipped through.
LEVELS = ("medium", "high", "critical")


@dataclass(frozen=True)
class Attempt:
    """A true positive of a rule, written in one of the ways. ``found`` is whether the rule's own query selects it, ``others``
    are the rules of the pack that do, but for that.
    """

    rule: str
    technique: Technique
    row: TableRow
    found: bool = False
    others: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The command line."""
        return str(self.row.columns["ProcessCommandLine"])


def pack() -> Suite:
    """The pack's rules with their test files."""
    return load_suite([ROOT / "sigma_rules"], ROOT / "tests" / "rules")


def attempts(suite: Suite) -> list[Attempt]:
    """Every true positive of every rule, in every way that its program takes, as the compiled queries see it."""
    written = [attempt for test in suite.tests for attempt in _written(test)]
    numbered = [
        replace(each, row=replace(each.row, columns={**each.row.columns, "ReportId": number}))
        for number, each in enumerate(written)
    ]
    trials = [Trial((each.row,)) for each in numbered]
    finds: list[set[str]] = [set() for _ in numbered]
    for test in suite.tests:
        if test.rule.kind == "rule":
            subject = test.subject(test.file.cases[0])
            if TABLE in subject.tables:
                for rules, selected in zip(finds, subject.kql(trials), strict=True):
                    rules.update([test.name] if selected else [])
    alerting = {test.name for test in suite.tests if _alerts(test, suite)}
    return [
        replace(each, found=each.rule in rules, others=tuple(sorted(rules & alerting - {each.rule})))
        for each, rules in zip(numbered, finds, strict=True)
    ]


def _alerts(test: RuleTest, suite: Suite) -> bool:
    return suite.rules.generates(test.rule) and test.rule.document.get("level") in LEVELS


def _written(test: RuleTest) -> Iterator[Attempt]:
    """The rows that a rule's query has to select, of a process each, otherwise written."""
    if test.rule.kind != "rule":
        return
    for case in test.file.cases:
        rows = (
            [row for trial in test.trials(case) for row in trial.rows] if case.kind == "event" and case.expect else []
        )
        for row in rows:
            for technique in TECHNIQUES if row.table == TABLE else ():
                columns = technique.of(row.columns)
                if columns is not None:
                    yield Attempt(test.name, technique, replace(row, columns=columns, mapped=None))


def page(attempts: Sequence[Attempt]) -> str:
    """The page: what each technique is, what each rule still finds, and every command line that slips past the pack."""
    by_rule: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_rule.setdefault(attempt.rule, []).append(attempt)
    found = sum(each.found for each in attempts)
    others = sum(not each.found and bool(each.others) for each in attempts)
    ways = "\n".join(f"- **{each.name}**: {each.means}" for each in TECHNIQUES)
    head = "| rule | " + " | ".join(each.name for each in TECHNIQUES) + " |"
    rows = "\n".join(
        f"| {rule} | " + " | ".join(_cell([one for one in each if one.technique is way]) for way in TECHNIQUES) + " |"
        for rule, each in by_rule.items()
    )
    slips = "\n".join(filter(None, (_slips(rule, each) for rule, each in by_rule.items())))
    return f"""# What obfuscation leaves of the rules

Written by `make obfuscation`. Every true positive of every rule on process creations, written in each of the ways that its
program takes, and run through the compiled queries. Of {len(attempts):,} command lines the rule itself still finds **{found:,}**,
another rule of medium or higher level **{others:,}** of the rest; **{len(attempts) - found - others:,}** slip through.

{ways}

A cell says how many of the true positives the rule finds, of those that can be written so; `+n` are found by another rule;
`·`: none can be written so.

{head}
|---|{"---|" * len(TECHNIQUES)}
{rows}

## What slips through

{slips}
"""


def _cell(attempts: Sequence[Attempt]) -> str:
    found = sum(each.found for each in attempts)
    others = sum(not each.found and bool(each.others) for each in attempts)
    more = f" +{others}" if others else ""
    return "·" if not attempts else str(found) if found == len(attempts) else f"**{found}{more}/{len(attempts)}**"


def _slips(rule: str, attempts: Sequence[Attempt]) -> str:
    lines = dict.fromkeys(
        f"- {each.technique.name}: {_code(each.line)}" for each in attempts if not each.found and not each.others
    )
    return f"### {rule}\n\n" + "\n".join(lines) + "\n" if lines else ""


def _code(line: str) -> str:
    """Text as Markdown's code: between more backticks than it has."""
    shown = line.replace("\n", "↵").replace("\t", "⇥")
    fence = "`" * (shown.count("`") + 1)
    return f"{fence} {shown if len(shown) <= 300 else shown[:300] + '…'} {fence}"
