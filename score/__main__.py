"""``python -m score CORPUS``: recall of recorded attacks, hits on traps and on ordinary work; compared with the figures committed.

CORPUS holds the recorded events, ``actions.jsonl`` (what in them is an attack, and what only looks like one) and ``background/``.
``--write`` commits new figures to ``score/figures.json``.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sigma_xdr import compile_rules, load_rules

from .finding import Hit, background_hits, hits_on_records

PACK = Path(__file__).parent.parent / "sigma_rules"
FIGURES = Path(__file__).with_name("figures.json")

Action = Mapping[str, Any]


def measure(corpus: Path) -> dict[str, Any]:
    """All figures, as plain data."""
    rules = compile_rules(load_rules([PACK]), check=False)
    actions = [json.loads(line) for line in (corpus / "actions.jsonl").read_text("utf-8").splitlines()]
    hits = [hit for path in sorted({a["path"] for a in actions}) for hit in hits_on_records(corpus / path, path, rules)]
    rows, background = background_hits(corpus / "background", rules)
    visible = [action for action in actions if action["label"] == "malicious" and action["visible_in_xdr"]]
    benign = [action for action in actions if action["label"] == "benign"]
    found = {action["action"]: _finders(action, hits) for action in (*visible, *benign)}
    attacks: dict[str, bool] = defaultdict(bool)
    for action in visible:
        attacks[action["attack"]] |= bool(found[action["action"]])
    return {
        "actions": {"found": sum(bool(found[a["action"]]) for a in visible), "visible": len(visible)},
        "attacks": {"found": sum(attacks.values()), "visible": len(attacks)},
        "traps": {"hit": sum(bool(found[a["action"]]) for a in benign), "all": len(benign)},
        "background": {"hits": sum(background.values()), "rows": rows},
        "behaviours": _behaviours(visible, found),
        "rules": _rules([f"{r.rule.relative.with_suffix('')}" for r in rules], visible, benign, found, background),
        "missed": [f"{a['behaviour']} {a['action']}: {a['why']}" for a in visible if not found[a["action"]]],
        "traps_hit": {a["action"]: found[a["action"]] for a in benign if found[a["action"]]},
    }


def _finders(action: Action, hits: Iterable[Hit]) -> list[str]:
    """The rules with a hit on a record of an action."""
    records = set(action["records"])
    return sorted({hit.rule for hit in hits if hit.file == action["path"] and records & hit.records})


def _behaviours(visible: Iterable[Action], found: Mapping[str, list[str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for action in sorted(visible, key=lambda action: action["behaviour"]):
        count = counts.setdefault(action["behaviour"], {"found": 0, "visible": 0})
        count["visible"] += 1
        count["found"] += bool(found[action["action"]])
    return counts


def _rules(
    names: Iterable[str],
    visible: Iterable[Action],
    benign: Iterable[Action],
    found: Mapping[str, list[str]],
    background: Mapping[str, int],
) -> dict[str, dict[str, int]]:
    visible, benign = list(visible), list(benign)
    return {
        name: {
            "actions": sum(name in found[action["action"]] for action in visible),
            "traps": sum(name in found[action["action"]] for action in benign),
            "background": background[name],
        }
        for name in names
    }


def show(figures: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Print the figures, each total beside the committed one."""
    console = Console(width=130)
    totals = Table("", "now", "committed", box=None)
    for name, part, whole in (
        ("actions found", "found", "visible"),
        ("attacks found", "found", "visible"),
        ("traps hit", "hit", "all"),
        ("background hits", "hits", "rows"),
    ):
        section = name.split()[0]
        now, then = (
            f"{data[section][part]:,} of {data[section][whole]:,}" if data else "" for data in (figures, before)
        )
        totals.add_row(name, now, then)
    console.print(totals)
    rules = Table("rule", "actions", "traps", "background", box=None)
    for name, counts in figures["rules"].items():
        rules.add_row(name, *(f"{counts[column]:,}" for column in ("actions", "traps", "background")))
    console.print(rules)
    for text in figures["missed"]:
        console.print(f"missed: {text}", markup=False, highlight=False)
    for action, names in figures["traps_hit"].items():
        console.print(f"trap hit: {action} by {', '.join(names)}", markup=False, highlight=False)


def main(arguments: list[str]) -> None:
    """Measure, show, and on request commit."""
    folders = [Path(argument) for argument in arguments if argument != "--write"]
    if len(folders) != 1 or not (folders[0] / "actions.jsonl").is_file():
        sys.exit("usage: make score CORPUS=folder (the folder holds actions.jsonl and the events that it names)")
    before = json.loads(FIGURES.read_text("utf-8")) if FIGURES.is_file() else {}
    figures = measure(folders[0])
    show(figures, before)
    if "--write" in arguments:
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
