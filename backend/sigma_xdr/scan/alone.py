"""What a rule asks of one field alone.

``Image|endswith: '\\cmd.exe'`` can be said of a value once and for all, and so can ``not Image|startswith: 'C:\\Windows\\'``, in
which there is no literal to look for. Where a field's values are remembered, so is which rules a value rules out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sigma_xdr.evaluator.comparisons import Empty, Exists, Null, Regex, Text
from sigma_xdr.scan.rarity import is_memorable
from sigma_xdr.scan.trees import All, Either, Leaf, Negated, Tree

__all__ = ["asked_alone"]

#: Comparisons that say the same of a text on raw events and on rows, and ask for nothing else in the event.
_OF_A_TEXT = (Text, Regex, Null, Empty, Exists)


def asked_alone(tree: Tree) -> Mapping[str, Sequence[Tree]]:
    """The conditions that have to hold for a rule to match, each of one field with values that are remembered."""
    known: dict[int, str | None] = {}

    def field(part: Tree) -> str | None:
        """The one field that a condition asks for; None: it asks for several, or for one that can't be judged alone."""
        if id(part) not in known:
            known[id(part)] = fresh(part)
        return known[id(part)]

    def fresh(part: Tree) -> str | None:
        match part:
            case Leaf(field=name, test=test):
                alone = is_memorable(name) and isinstance(test, _OF_A_TEXT) and "." not in str(name)
                return name if alone else None
            case Negated(part=inner):
                return field(inner)
            case All(parts=parts) | Either(parts=parts):
                names = {field(each) for each in parts}
                return names.pop() if len(names) == 1 else None

    found: dict[str, list[Tree]] = {}
    for part in _conjuncts(tree, False):
        name = field(part)
        if name is not None:
            found.setdefault(name, []).append(part)
    return found


def _conjuncts(tree: Tree, negated: bool) -> Iterator[Tree]:
    """The conditions of which each has to hold."""
    match tree:
        case Negated(part=part):
            yield from _conjuncts(part, not negated)
        case All(parts=parts) if not negated:
            for each in parts:
                yield from _conjuncts(each, False)
        case Either(parts=parts) if negated:
            for each in parts:
                yield from _conjuncts(each, True)
        case _:
            yield Negated(tree) if negated else tree
