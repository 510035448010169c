"""Hundreds of SigmaHQ's Windows rules: what is remembered of them is what a fresh look finds, also when the cache is spoiled."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from sigma_xdr.errors import render_all
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import RuleCache, load_rules
from sigma_xdr.scan.planning import plan_of


def told(folder: Path, cache: RuleCache | None) -> tuple[Any, ...]:
    """All that a hunt has of the rules of a folder."""
    rules = load_rules([folder], cache)
    plan, problems = plan_of(rules, rules, Compiler(rules, check=False).compile, cache=cache)
    asked = [(each.rule, repr(each.document), each.reported) for each in (*plan.rules, *plan.correlations)]
    return asked, render_all(rules.diagnostics), render_all(problems), [(each.code, each.keys) for each in problems]


def test_a_hunt_is_the_same_with_a_cache_without_one_and_with_a_spoiled_one(corpus: Path, tmp_path: Path) -> None:
    fresh = told(corpus / "sigmahq" / "rules-emerging-threats", None)
    file = tmp_path / "c/rules.sqlite"
    for _ in ("made", "used"):
        with RuleCache(tmp_path / "c") as cache:
            assert told(corpus / "sigmahq" / "rules-emerging-threats", cache) == fresh
    whole = bytearray(file.read_bytes())
    chance = random.Random(1)
    for start in (chance.randrange(len(whole)) for _ in range(200)):
        whole[start : start + 8] = chance.randbytes(len(whole[start : start + 8]))
    whole[:100] = file.read_bytes()[:100]  # so that it is still a database
    file.write_bytes(whole)
    for _ in ("spoiled", "made anew"):
        with RuleCache(tmp_path / "c") as cache:
            assert told(corpus / "sigmahq" / "rules-emerging-threats", cache) == fresh
