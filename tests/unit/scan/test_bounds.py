"""What may still hold, against all that may be."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.evaluator.comparisons import Null
from sigma_xdr.scan.bounds import possible
from sigma_xdr.scan.trees import All, Either, Leaf, Negated, Tree

KNOWN = ["a", "b"]
UNKNOWN = ["x", "y"]
LEAVES = {name: Leaf(name, Null()) for name in (*KNOWN, *UNKNOWN)}
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.sampled_from(list(LEAVES.values())),
    lambda inner: st.one_of(
        st.builds(Negated, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def holds(tree: Tree, values: dict[str, bool]) -> bool:
    match tree:
        case Leaf(field=name):
            return values[str(name)]
        case Negated(part=part):
            return not holds(part, values)
        case All(parts=parts):
            return all(holds(part, values) for part in parts)
        case Either(parts=parts):
            return any(holds(part, values) for part in parts)


def leaves(tree: Tree) -> set[str]:
    match tree:
        case Leaf(field=name):
            return {str(name)}
        case Negated(part=part):
            return leaves(part)
        case All(parts=parts) | Either(parts=parts):
            return set().union(*map(leaves, parts))


@given(TREES)
def test_it_holds_wherever_the_tree_may(tree: Tree) -> None:
    bound = possible(tree, lambda leaf: leaf.field in KNOWN)
    if not isinstance(bound, bool):
        assert leaves(bound) <= set(KNOWN)
    for known in product([False, True], repeat=2):
        values = dict(zip(KNOWN, known, strict=True))
        may = any(
            holds(tree, {**values, **dict(zip(UNKNOWN, unknown, strict=True))})
            for unknown in product([False, True], repeat=2)
        )
        said = bound if isinstance(bound, bool) else holds(bound, values)
        assert said or not may


def test_it_says_no_more_than_it_must() -> None:
    a, x = LEAVES["a"], LEAVES["x"]

    def bound(tree: Tree) -> Tree | bool:
        return possible(tree, lambda leaf: leaf is a)

    assert bound(a) is a
    assert bound(x) is True
    assert bound(Negated(x)) is True
    assert bound(All((a, x, Negated(x)))) is a
    assert bound(Either((a, x))) is True
