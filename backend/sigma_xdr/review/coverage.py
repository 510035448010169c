"""What a pack covers: ATT&CK techniques, the catalogue's ideas, lines of the founding documents; gained and lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sigma_xdr.review.pack import Pack
from sigma_xdr.rules import LoadedRule

__all__ = ["CoverageChange", "compare_coverage"]

_TECHNIQUE = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)")


@dataclass(frozen=True)
class CoverageChange:
    """What no rule answered before, and what none answers now: ``what`` it is of, and names. ``stale`` are places of rules that
    the coverage file newly names in vain.
    """

    what: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    stale: tuple[str, ...] = ()


def compare_coverage(base: Pack, head: Pack) -> tuple[CoverageChange, ...]:
    """The changes of coverage; none where it is the same. A rule that only moved still answers what it did."""
    before, after = _places(base), _places(head)
    moved = {_place(rule) for key, rule in base.by_key.items() if key in head.by_key}
    found = [_difference("ATT&CK", _techniques(base), _techniques(head))]
    found.append(_difference("ideas", _ideas(base, before), _ideas(head, after | moved)))
    seeds = (_answered(base.coverage.seeds, before), _answered(head.coverage.seeds, after | moved))
    found.append(_difference("lines of the founding documents", *seeds))
    stale = _named(head) - after - (_named(base) - before)
    found.append(CoverageChange("places", (), (), tuple(sorted(stale))))
    return tuple(each for each in found if each.gained or each.lost or each.stale)


def _difference(what: str, before: set[str], after: set[str]) -> CoverageChange:
    return CoverageChange(what, tuple(sorted(after - before)), tuple(sorted(before - after)))


def _place(rule: LoadedRule) -> str:
    return rule.relative.with_suffix("").as_posix()


def _places(pack: Pack) -> set[str]:
    return set(map(_place, pack.all_rules))


def _techniques(pack: Pack) -> set[str]:
    tags = (str(tag) for rule in pack.all_rules for tag in rule.document.get("tags") or ())
    return {found[1].upper() for tag in tags if (found := _TECHNIQUE.fullmatch(tag))}


def _ideas(pack: Pack, places: set[str]) -> set[str]:
    answered = _answered({idea: rules for idea, (_, rules) in pack.coverage.ideas.items()}, places)
    return {f"{idea} ({pack.coverage.ideas[idea][0]})" for idea in answered}


def _answered(listed: Mapping[str, Iterable[str]], places: set[str]) -> set[str]:
    """What a rule that is there answers: the file may name one that is gone."""
    return {each for each, rules in listed.items() if places & set(rules)}


def _named(pack: Pack) -> set[str]:
    """All places that the coverage file names."""
    ideas = (rules for _, rules in pack.coverage.ideas.values())
    return {place for rules in (*ideas, *pack.coverage.seeds.values()) for place in rules}
