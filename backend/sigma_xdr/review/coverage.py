"""What a pack covers: ATT&CK techniques, the catalogue's ideas, lines of the founding documents; gained and lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sigma_xdr.review.pack import Pack

__all__ = ["CoverageChange", "compare_coverage"]

_TECHNIQUE = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)")


@dataclass(frozen=True)
class CoverageChange:
    """What no rule answered before, and what none answers now: ``what`` it is of, and names."""

    what: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]


def compare_coverage(base: Pack, head: Pack) -> tuple[CoverageChange, ...]:
    """The changes of coverage; none where it is the same."""
    kinds = {"ATT&CK": _techniques, "ideas": _ideas, "lines of the founding documents": _seeds}
    found = []
    for what, covered in kinds.items():
        before, after = covered(base), covered(head)
        if gained_or_lost := (tuple(sorted(after - before)), tuple(sorted(before - after))):
            found.append(CoverageChange(what, *gained_or_lost))
    return tuple(each for each in found if each.gained or each.lost)


def _techniques(pack: Pack) -> set[str]:
    tags = (str(tag) for rule in pack.all_rules for tag in rule.document.get("tags") or ())
    return {found[1].upper() for tag in tags if (found := _TECHNIQUE.fullmatch(tag))}


def _ideas(pack: Pack) -> set[str]:
    answered = _answered(pack, {idea: rules for idea, (_, rules) in pack.coverage.ideas.items()})
    return {f"{idea}: {pack.coverage.ideas[idea][0]}" for idea in answered}


def _seeds(pack: Pack) -> set[str]:
    return _answered(pack, pack.coverage.seeds)


def _answered(pack: Pack, listed: Mapping[str, Iterable[str]]) -> set[str]:
    """What a rule that is there answers: the file may name one that is gone."""
    there = {rule.relative.with_suffix("").as_posix() for rule in pack.all_rules}
    return {each for each, rules in listed.items() if there & set(rules)}
