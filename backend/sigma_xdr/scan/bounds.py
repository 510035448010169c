"""What may still hold of an event of which only some fields are known."""

from __future__ import annotations

from collections.abc import Callable

from sigma_xdr.scan.trees import All, Either, Leaf, Negated, Tree

__all__ = ["possible"]


def possible(tree: Tree, is_known: Callable[[Leaf], bool]) -> Tree | bool:
    """A condition of known leaves alone, which holds wherever the tree may; True or False where that is sure without any.

    Of a leaf that isn't known both is possible, also where it stands twice.
    """
    made: dict[tuple[int, bool], Tree | bool] = {}

    def bound(part: Tree, upper: bool) -> Tree | bool:
        """What holds wherever the part may hold (``upper``), or only where it surely does."""
        key = id(part), upper
        if key not in made:
            made[key] = fresh(part, upper)
        return made[key]

    def fresh(part: Tree, upper: bool) -> Tree | bool:
        match part:
            case Leaf():
                return part if is_known(part) else upper
            case Negated(part=inner):
                found = bound(inner, not upper)
                return not found if isinstance(found, bool) else Negated(found)
            case All(parts=parts) | Either(parts=parts):
                decides = isinstance(part, Either)  # what one part is for the whole to be that
                bounds = [bound(each, upper) for each in parts]
                if any(each is decides for each in bounds):
                    return decides
                rest = tuple(each for each in bounds if not isinstance(each, bool))
                if not rest:
                    return not decides
                return rest[0] if len(rest) == 1 else type(part)(rest)

    return bound(tree, True)
