"""Which rules have a chance."""

from __future__ import annotations

from typing import Any

from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.scan.predicates import Predicate
from sigma_xdr.scan.prefilter import prefiltered


def chances(selections: list[Any], *events: Any) -> list[list[int]]:
    """The rules with a chance, for each event."""
    rules = [Predicate(Matcher({"detection": {"a": selection, "condition": "a"}})) for selection in selections]
    hits = prefiltered(rules, lambda bits, event: tuple(number for number in range(len(rules)) if bits >> number & 1))
    return [list(hits(event)) for event in events]


def test_a_rule_has_a_chance_if_all_of_its_clauses_are_fulfilled() -> None:
    rules = [
        {"Image|endswith": "\\wmic.exe", "CommandLine|contains": "create"},
        {"Image|endswith": "\\wmic.exe", "CommandLine|contains": "delete"},
        {"CommandLine|contains": "shadowcopy"},
        {"Image|endswith": "\\vssadmin.exe"},
    ]
    wmic = {"Image": "C:\\WMIC.exe"}
    events = [{**wmic, "CommandLine": "a CREATE"}, {**wmic, "CommandLine": "x"}, wmic, {"CommandLine": "create"}, {}]
    assert chances(rules, *events) == [[0], [], [], [], []]
    assert chances(rules, {"CommandLine": "ShadowCopy"}, Event({"CommandLine": ["shadowcopy"]})) == [[2], [2]]


def test_alternatives_may_stand_in_several_fields() -> None:
    rules = [[{"Image|endswith": "\\wmic.exe"}, {"OriginalFileName": "wmic.exe"}]]
    assert chances(rules, {"Image": "a\\wmic.exe"}, {"OriginalFileName": "WMIC.EXE"}, {"Image": "b"}) == [[0], [0], []]


def test_a_rule_without_literals_always_has_a_chance_unless_a_field_rules_it_out() -> None:
    assert chances([{"Image|exists": True}, {"User|neq": "bob"}], {}, {"User": "bob"}, {"User": "eve"}) == [
        [0, 1],
        [0],
        [0, 1],
    ]


def test_keywords_and_fields_inside_others() -> None:
    rules = [["mimikatz"], {"A.B": "word"}]
    events = [{"X": ["a MIMIKATZ"]}, {"A": {"B": "Word"}}, {"A.B": "WORD"}, {"A": "word"}]
    assert chances(rules, *events, Event({}, texts=("mimikatz",))) == [[0], [1], [1], [], [0]]


def test_what_is_always_needed_is_looked_at_first() -> None:
    class Watched(dict[str, Any]):
        asked: list[str]

        def get(self, key: str, default: Any = None) -> Any:
            self.asked.append(key)
            return super().get(key, default)

    rules = [
        {"Image": "a.exe", "CommandLine|contains": "create"},
        {"CommandLine|contains": "shadowcopy"},
        {"CommandLine|contains": "delete"},
    ]
    event = Watched({"CommandLine": "nothing", "Image": "a.exe"})
    event.asked = []
    assert chances(rules, event) == [[]]
    assert event.asked == ["CommandLine"]
