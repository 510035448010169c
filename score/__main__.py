"""``python -m score CORPUS``: recall of recorded attacks, hits on traps and on ordinary work, beside the figures committed.

CORPUS holds the recorded events, ``actions.jsonl`` (what in them is an attack, and what only looks like one) and ``background/``.
The events are hunted through as ``sigma-xdr hunt`` does it. ``--format json`` writes the figures as data, ``--write`` commits them
to ``score/figures.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigma_xdr import load_rules
from sigma_xdr.errors import RuleError, SigmaXdrError, visible

from .finding import Sighting, hits_in

PACK = Path(__file__).parent.parent / "sigma_rules"
FIGURES = Path(__file__).with_name("figures.json")

Action = Mapping[str, Any]
Figures = Mapping[str, Any]

#: What is counted in all: its name, its section of the figures, what of how many.
_TOTALS = (
    ("actions found", "actions", "found", "visible"),
    ("attacks found", "attacks", "found", "visible"),
    ("traps hit", "traps", "hit", "all"),
    ("background hits", "background", "hits", "rows"),
)
_OF_RULES = ("actions", "traps", "background")


def measure(corpus: Path, pack: Path = PACK) -> dict[str, Any]:
    """All figures, as plain data. Raises SigmaXdrError for rules and events that are wrong."""
    rules = load_rules([pack])
    wrong = [problem for problem in rules.diagnostics if problem.severity == "error"]
    if wrong:
        raise RuleError(*wrong)
    actions = [json.loads(line) for line in (corpus / "actions.jsonl").read_text("utf-8").splitlines()]
    hits, _ = hits_in(sorted({corpus / action["path"] for action in actions}), pack, rules)
    said, rows = hits_in([corpus / "background"], pack, rules)
    background = Counter(hit.rule for hit in said)
    finders = _finders(corpus, actions, hits)
    visible_ones = [each for each in actions if each["label"] == "malicious" and each["visible_in_xdr"]]
    benign = [each for each in actions if each["label"] == "benign"]
    found = {action["action"]: finders[action["action"]] for action in (*visible_ones, *benign)}
    attacks: dict[str, bool] = defaultdict(bool)
    for action in visible_ones:
        attacks[action["attack"]] |= bool(found[action["action"]])
    names = [rule.relative.with_suffix("").as_posix() for rule in (*rules.rules, *rules.correlations)]
    return {
        "actions": {"found": sum(bool(found[each["action"]]) for each in visible_ones), "visible": len(visible_ones)},
        "attacks": {"found": sum(attacks.values()), "visible": len(attacks)},
        "traps": {"hit": sum(bool(found[each["action"]]) for each in benign), "all": len(benign)},
        "background": {"hits": background.total(), "rows": rows},
        "behaviours": _behaviours(visible_ones, found),
        "rules": {
            name: {
                "actions": sum(name in found[action["action"]] for action in visible_ones),
                "traps": sum(name in found[action["action"]] for action in benign),
                "background": background[name],
            }
            for name in names
        },
        "missed": {
            each["action"]: f"{each['behaviour']}: {each['why']}" for each in visible_ones if not found[each["action"]]
        },
        "traps_hit": {each["action"]: found[each["action"]] for each in benign if found[each["action"]]},
    }


def _finders(corpus: Path, actions: Iterable[Action], hits: Iterable[Sighting]) -> dict[str, list[str]]:
    """By action, the rules with a hit on one of its records."""
    by_record: dict[tuple[str, int], set[str]] = defaultdict(set)
    for hit in hits:
        for record in hit.records:
            by_record[record].add(hit.rule)
    return {
        action["action"]: sorted(
            {rule for number in action["records"] for rule in by_record.get((str(corpus / action["path"]), number), ())}
        )
        for action in actions
    }


def _behaviours(visible_ones: Iterable[Action], found: Mapping[str, list[str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for action in sorted(visible_ones, key=lambda action: str(action["behaviour"])):
        count = counts.setdefault(action["behaviour"], {"found": 0, "visible": 0})
        count["visible"] += 1
        count["found"] += bool(found[action["action"]])
    return counts


# --------------------------------------------------------------------------------------------------------------- showing


def show(figures: Figures, before: Figures, stream: TextIO) -> None:
    """Write the figures as tables, each beside the committed one, and what is missed, what was found before first."""
    console = Console(file=stream, width=130, highlight=False, markup=False, emoji=False)
    console.print(_totals(figures, before), "")
    console.print(_by_behaviour(figures, before), "")
    console.print(_by_rule(figures, before), "")
    for name, news in (("missed", "NEWLY MISSED"), ("traps_hit", "NEWLY HIT TRAP")):
        for action, what in sorted(figures[name].items(), key=lambda pair: _is_known(pair[0], name, before)):
            label = {"missed": "missed", "traps_hit": "trap hit"}[name] if _is_known(action, name, before) else news
            told = what if isinstance(what, str) else f"by {', '.join(what)}"
            console.print(Text(visible(f"{label}: {action} {told}")), soft_wrap=True)


def _is_known(action: str, name: str, before: Figures) -> bool:
    return not before or action in before[name]


def _totals(figures: Figures, before: Figures) -> Table:
    table = _table("", "now", "committed")
    for name, section, part, whole in _TOTALS:
        table.add_row(name, *(_share(data.get(section), part, whole) for data in (figures, before)))
    return table


def _by_behaviour(figures: Figures, before: Figures) -> Table:
    table = _table("behaviour", "found", "committed")
    for name, counts in figures["behaviours"].items():
        then = before.get("behaviours", {}).get(name)
        table.add_row(visible(name), _share(counts, "found", "visible"), _share(then, "found", "visible"))
    return table


def _by_rule(figures: Figures, before: Figures) -> Table:
    table = _table("rule", *_OF_RULES, "committed")
    for name, counts in figures["rules"].items():
        then = before.get("rules", {}).get(name)
        changed = before and (
            "new" if then is None else then != counts and ", ".join(f"{then[c]:,}" for c in _OF_RULES)
        )
        table.add_row(visible(name), *(f"{counts[column]:,}" for column in _OF_RULES), changed or "")
    for name in before.get("rules", {}).keys() - figures["rules"].keys():
        table.add_row(visible(name), "", "", "", "gone")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def _share(counts: Mapping[str, int] | None, part: str, whole: str) -> str:
    return f"{counts[part]:,} of {counts[whole]:,}" if counts else ""


def main(arguments: list[str]) -> int:
    """Measure, show, and on request commit; the exit code."""
    parser = argparse.ArgumentParser(prog="make score", description="What the pack finds of recorded attacks.")
    parser.add_argument(
        "corpus", type=Path, help="folder with actions.jsonl, the events that it names, and background/"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--write", action="store_true", help="commit the figures to score/figures.json")
    asked = parser.parse_args(arguments)
    if not (asked.corpus / "actions.jsonl").is_file():
        parser.error("CORPUS names a folder with actions.jsonl and the events that it names: make score CORPUS=folder")
    before = json.loads(FIGURES.read_text("utf-8")) if FIGURES.is_file() else {}
    try:
        figures = measure(asked.corpus)
    except SigmaXdrError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    written = json.dumps(figures, indent=2) + "\n"
    if asked.format == "json":
        sys.stdout.write(written)
    else:
        show(figures, before, sys.stdout)
    if asked.write:
        FIGURES.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
