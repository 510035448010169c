"""The conditions for which two versions of a rule say different things of an event."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.errors import visible
from sigma_xdr.evaluator import Explanation

__all__ = ["deciding_conditions"]

#: Most conditions that are shown of a version.
_MOST = 4
_NOT, _FILTER = "not ", "filter "


def deciding_conditions(before: Explanation, after: Explanation) -> tuple[str, ...]:
    """What decided: of each version the conditions that made it say what it says and that the other doesn't have, or finds
    otherwise; where there are none, those that keep the one from matching.
    """
    lines: list[str] = []
    for name, own, other in (("before", before, after), ("after", after, before)):
        known = {(leaf.text, leaf.passed) for leaf in _leaves(other)}
        found = [leaf for leaf in _makers(own) if (leaf.text, leaf.passed) not in known]
        lines += _shown(name, found)
    if lines:
        return tuple(lines)
    name, failing = ("before", before) if not before.passed else ("after", after)
    return tuple(_shown(name, list(_makers(failing))))


def _leaves(part: Explanation) -> Iterator[Explanation]:
    """The conditions at the ends of the tree."""
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _makers(part: Explanation) -> Iterator[Explanation]:
    """The conditions that made a part what it is: those of its parts that say what it says, or under ``not`` the opposite."""
    if not part.children:
        yield part
    verdict = part.passed is not _turned_around(part)
    for child in part.children:
        if child.passed is verdict:
            yield from _makers(child)


def _turned_around(part: Explanation) -> bool:
    """Whether a part is the opposite of its parts. A filter's line stands for its condition, mostly ``not selection``."""
    opposite = all(child.passed is not part.passed for child in part.children)
    mixed = len({child.passed for child in part.children}) > 1
    return part.text.startswith(_NOT) or opposite or (part.text.startswith(_FILTER) and mixed)


def _shown(name: str, leaves: list[Explanation]) -> Iterator[str]:
    for leaf in leaves[:_MOST]:
        found = f"   {leaf.found}" if leaf.found else ""
        yield f"{name}: {'✓' if leaf.passed else '✗'} {visible(leaf.text)}{found}"
    if len(leaves) > _MOST:
        yield f"{name}: … and {len(leaves) - _MOST:,} more conditions"
