"""The names most like a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

#: Longest part of a name that is compared, in characters: comparing is quadratic, and a rule's author picks the name.
_COMPARED = 100

#: Least likeness that is worth a suggestion, from 0 to 1: difflib's own default. Lower suggests noise.
_LIKE = 0.6


def nearest(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """At most ``limit`` of the candidates that ``name`` may have meant, the likeliest first.

    The same name in another case comes first, then by likeness without regard to case; equally like ones stand in
    alphabetical order, whatever the order of the candidates. Names are compared by their first 100 characters.
    """
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name[:_COMPARED].lower())
    ranked: list[tuple[float, str]] = []
    for candidate in set(candidates):
        matcher.set_seq1(candidate[:_COMPARED].lower())
        if matcher.quick_ratio() < _LIKE:  # a cheap upper bound
            continue
        if (like := matcher.ratio()) >= _LIKE:
            ranked.append((-like, candidate))
    return [candidate for _, candidate in sorted(ranked)[: max(limit, 0)]]
