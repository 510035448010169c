"""Fields and alternatives left out, and joined otherwise."""

from __future__ import annotations

from sigma_xdr.testing.mutation.structure import all_alternatives, any_item, drop_alternative, drop_item, drop_negation
from tests.unit.testing.mutation.rules import document

RULE = document(
    """
    s:
        - A: 1
          B|contains: x
        - C: 2
        - - D: 3
          - E: 4
    t:
        - A: 1
        - A: 2
    keywords: [x, y]
    condition: s or t or keywords
    """
)


def test_each_field_is_left_out_of_several() -> None:
    assert [(mutant.id, mutant.description, mutant.keys) for mutant in drop_item(RULE)] == [
        ("drop-item s/A", "without A", ("detection", "s", 0, "A")),
        ("drop-item s/B|contains", "without B|contains", ("detection", "s", 0, "B|contains")),
    ]
    first = next(drop_item(RULE)).document["detection"]["s"]
    assert first == [{"B|contains": "x"}, {"C": 2}, [{"D": 3}, {"E": 4}]]


def test_each_alternative_is_left_out_of_several() -> None:
    assert [(mutant.id, mutant.document["detection"]["s"]) for mutant in drop_alternative(RULE)] == [
        ("drop-alternative s/A, B|contains", [{"C": 2}, [{"D": 3}, {"E": 4}]]),
        ("drop-alternative s/C", [{"A": 1, "B|contains": "x"}, [{"D": 3}, {"E": 4}]]),
        ("drop-alternative s/[D, …]", [{"A": 1, "B|contains": "x"}, {"C": 2}]),
        ("drop-alternative s/D", [{"A": 1, "B|contains": "x"}, {"C": 2}, [{"E": 4}]]),
        ("drop-alternative s/E", [{"A": 1, "B|contains": "x"}, {"C": 2}, [{"D": 3}]]),
        ("drop-alternative t/A", RULE["detection"]["s"]),
        ("drop-alternative t/A", RULE["detection"]["s"]),
    ]


def test_fields_become_alternatives() -> None:
    ((mutant),) = any_item(RULE)
    assert (mutant.id, mutant.description) == ("and-to-or s/A, B|contains", "one of A, B|contains is enough")
    assert mutant.document["detection"]["s"] == [[{"A": 1}, {"B|contains": "x"}], {"C": 2}, [{"D": 3}, {"E": 4}]]


def test_alternatives_have_to_fit_together_where_they_can() -> None:
    ((mutant),) = all_alternatives(RULE)
    assert (mutant.id, mutant.description) == ("or-to-and s/D, E", "all of D, E have to fit")
    assert mutant.document["detection"]["s"] == [{"A": 1, "B|contains": "x"}, {"C": 2}, {"D": 3, "E": 4}]
    ((whole),) = all_alternatives(document("s: [{A: 1}, {B: 2, C: 3}]\ncondition: s\n"))
    assert whole.document["detection"]["s"] == {"A": 1, "B": 2, "C": 3}


def test_neq_is_left_out() -> None:
    ((mutant),) = drop_negation(document("s: {A|neq|contains: x, B: y}\ncondition: s\n"))
    assert (mutant.id, mutant.description) == ("drop-negation s/A|neq|contains", "without neq")
    assert list(mutant.document["detection"]["s"].items()) == [("A|contains", "x"), ("B", "y")]
