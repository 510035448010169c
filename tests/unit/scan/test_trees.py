"""The evaluator's conditions as the scanner sees them."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.scan.trees import All, Either, Leaf, Negated, Tree, expression_of, number_asked, tree_of, writing_of

from .trees_of import tree


def shape(part: Tree) -> Any:
    match part:
        case Leaf(field=field):
            return field
        case Negated(part=inner):
            return ("not", shape(inner))
        case All(parts=parts):
            return ("all", *map(shape, parts))
        case Either(parts=parts):
            return ("either", *map(shape, parts))


def test_parts_of_the_same_kind_are_one() -> None:
    assert shape(tree({"A": "a", "B|contains|all": ["b", "c"]})) == ("all", "A", "B", "B")
    assert shape(tree([{"A": ["a", "b"]}, {"C|neq": "c"}])) == ("either", "A", "A", ("not", "C"))


def test_a_value_of_several_texts_is_an_alternative() -> None:
    assert shape(tree({"A|base64offset": "cmd"})) == ("either", "A", "A", "A")


def test_a_selection_is_one_object() -> None:
    made = tree({"A": "a"}, "selection or selection or (selection and other)", other={"B": "b"})
    assert isinstance(made, Either)
    first, both = made.parts
    assert isinstance(both, All)
    assert both.parts[0] is first


@pytest.mark.parametrize(
    ("item", "value", "pieces", "ends", "cores"),
    [
        ("A", "Ab", ((("ab",),),), (False, False), ("ab",)),
        ("A|cased|contains", "Ab", ((("Ab",),),), (True, True), ("Ab",)),
        ("A", "a*b", ((("a",),), (("b",),)), (False, False), ()),
        ("A", "a?bc?", ((("a",), ("bc",), ("",)),), (False, False), ()),
        ("A", "?a", ((("",), ("a",)),), (False, False), ()),
        ("A", "?", ((("",),),), (False, False), ()),
        (
            "A|windash",
            "-a",
            ((tuple(f"{dash}a" for dash in "-/–—―"),),),
            (False, False),
            tuple(f"{dash}a" for dash in "-/–—―"),
        ),
        ("A|windash", "-a -b -c", ((("",), ("a ",), ("b ",), ("c",)),), (False, False), ()),
    ],
)
def test_how_a_pattern_is_written(item: str, value: str, pieces: Any, ends: Any, cores: Any) -> None:
    leaf = tree({item: value})
    assert isinstance(leaf, Leaf)
    writing = writing_of(leaf.test)
    assert writing is not None
    assert (writing.pieces, (writing.open_start, writing.open_end), writing.cores) == (pieces, ends, cores)


def test_other_comparisons() -> None:
    regex, number, text = (tree({key: value}) for key, value in (("A|re|i", "x+"), ("A", 5), ("A", "5")))
    assert isinstance(regex, Leaf)
    assert isinstance(number, Leaf)
    assert isinstance(text, Leaf)
    expression = expression_of(regex.test)
    assert expression is not None
    assert expression[0] == "(?i)x+"
    assert expression[1](b"aXx") is not None
    assert [number_asked(leaf.test) for leaf in (regex, number, text)] == [None, 5, None]
    assert [writing_of(leaf.test) is None for leaf in (regex, number, text)] == [True, True, False]
    assert tree_of  # the tests above go through it
