"""Killed, surviving and equivalent mutants, and entries that are wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sigma_xdr.evaluator import Matcher
from sigma_xdr.testing.mutation import EventSearch, MutationError, MutationScore, score
from tests.unit.testing.mutation.rules import document

RULE = document(r"s: {Image|endswith: ['\a.exe', '\ab.exe']}" + "\ncondition: s\n")
CASES = [{"Image": r"C:\a.exe"}, {"Image": r"C:\AB.exe"}, {"Image": r"C:\c.exe"}]
EXPECTED = [True, True, False]
SEARCH = EventSearch(RULE)
WEAKER = "weaken-modifier s/Image|endswith -> contains"
ONE = r"drop-value s/Image|endswith='\a.exe'"


def verdicts(rule: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> list[bool]:
    return [Matcher(rule).matches(case) for case in cases]


def scored(equivalent: dict[str, str] | None = None, tells: bool = True) -> MutationScore:
    return score(
        RULE,
        CASES,
        EXPECTED,
        verdicts,
        equivalent,
        (lambda mutant: SEARCH.event_for(mutant.document)) if tells else (lambda mutant: None),
        lambda case: str(case["Image"]),
    )


def test_a_mutant_is_killed_by_the_first_case_that_comes_out_otherwise() -> None:
    found = scored()
    assert found.killed == {
        ONE: 0,
        r"drop-value s/Image|endswith='\ab.exe'": 1,
        "strengthen-modifier s/Image|endswith -> no modifier": 0,
        "strengthen-modifier s/Image|endswith -> endswith|all": 0,
        "strengthen-modifier s/Image|endswith -> endswith|cased": 1,
        "swap-field s/Image|endswith -> ParentImage": 0,
    }
    assert len(found.mutants) == 7
    assert not found.ok


def test_a_survivor_has_an_event_that_would_kill_it() -> None:
    (survivor,) = scored().survivors
    assert (survivor.mutant.id, survivor.event) == (WEAKER, {"Image": "\\a.exe.b"})
    (untold,) = scored(tells=False).survivors
    assert (untold.mutant.id, untold.event) == (WEAKER, None)


def test_a_survivor_that_is_listed_is_well() -> None:
    found = scored({WEAKER: "Defender keeps nothing behind a file's name"}, tells=False)
    assert found.ok
    assert (found.survivors, found.problems) == ((), ())
    assert found.equivalent == {WEAKER: "Defender keeps nothing behind a file's name"}


def test_entries_that_are_wrong_say_why() -> None:
    found = scored({WEAKER: "none shows it", ONE: "none", "weaken-modifier s/Image|endswth -> contains": "x", "y": "z"})
    assert (found.survivors, found.equivalent, found.ok) == ((), {}, False)
    assert [(problem.render(), problem.keys) for problem in found.problems] == [
        (
            "error[unknown-mutant]: the rule has no mutant 'weaken-modifier s/Image|endswth -> contains'\n"
            "  = did you mean weaken-modifier s/Image|endswith -> contains?",
            ("equivalent", "weaken-modifier s/Image|endswth -> contains"),
        ),
        (
            "error[unknown-mutant]: the rule has no mutant 'y'\n  = delete it: the rule has changed since",
            ("equivalent", "y"),
        ),
        (
            rf"error[killed-equivalent]: the mutant '{ONE}' isn't equivalent: the case 'C:\a.exe' kills it"
            "\n  = delete the entry",
            ("equivalent", ONE),
        ),
        (
            f"error[told-equivalent]: the mutant '{WEAKER}' isn't equivalent: an event tells it from the rule\n"
            r'  = make a case of it: {"Image": "\\a.exe.b"}',
            ("equivalent", WEAKER),
        ),
    ]


def test_a_score_is_plain_data() -> None:
    assert scored().as_data() == {
        "mutants": 7,
        "killed": 6,
        "equivalent": {},
        "survivors": [
            {
                "id": WEAKER,
                "operator": "weaken-modifier",
                "description": "endswith became contains",
                "event": {"Image": "\\a.exe.b"},
                "searched": True,
            }
        ],
        "problems": [],
    }


def test_a_rule_that_fails_its_own_cases_has_no_score() -> None:
    with pytest.raises(MutationError) as error:
        score(RULE, CASES, [True, False, False], verdicts, name=lambda case: str(case["Image"]))
    assert str(error.value) == (
        "error[failing-case]: the rule itself fails 1 of its 3 cases, first 'C:\\AB.exe'\n"
        "  = mend the rule or the case: mutants say nothing before"
    )


def test_events_are_looked_for_only_for_the_first_survivors() -> None:
    document = {**RULE, "detection": {"s": {"Image": [f"{number}.exe" for number in range(60)]}, "condition": "s"}}
    found = score(document, [{}], [False], lambda document, cases: [False], tell=lambda mutant: {"Image": "a"})
    assert len(found.survivors) > 60
    assert [(survivor.searched, survivor.event) for survivor in found.survivors] == (
        [(True, {"Image": "a"})] * 50 + [(False, None)] * (len(found.survivors) - 50)
    )
