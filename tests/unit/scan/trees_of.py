"""The tree of a selection."""

from __future__ import annotations

from typing import Any

from sigma_xdr.evaluator import Matcher
from sigma_xdr.scan.trees import Tree, tree_of


def tree(selection: Any, condition: str = "selection", **others: Any) -> Tree:
    """What a rule with this selection, and others by name, asks."""
    return tree_of(Matcher({"detection": {"selection": selection, **others, "condition": condition}}))
