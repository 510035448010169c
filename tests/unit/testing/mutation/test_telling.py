"""The search for an event that tells a mutant from its rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.evaluator import Event, Matcher
from sigma_xdr.rules import LoadedRule, load_rules
from sigma_xdr.testing.mutation import EventSearch, mutants
from tests.unit.rules.texts import only
from tests.unit.testing.mutation.rules import correlation, document

PACK = load_rules([Path(__file__).parents[4] / "sigma_rules"])

#: Each with a mutant of every operator that works on a detection.
RULES = [
    r"""
    selection_image:
        - Image|endswith: ['\wmic.exe', '\pwsh.exe']
        - OriginalFileName: wmic.exe
    selection_cli:
        CommandLine|contains|all: ['process*call', 'cre?te']
        CommandLine|contains|windash: ' /node:'
    filter_main_self:
        ParentImage: 'C:\Windows\*.exe'
        User|cased: SYSTEM
    filter_main_other:
        CommandLine|re|i: '(?:out|err)file[:=]\s*"?[a-z]+'
    condition: all of selection_* and not 1 of filter_main_*
    """,
    """
    network:
        DestinationIp|cidr: [10.0.0.0/8, 'fc00::/7']
        DestinationPort: [135, '445']
        SourcePort|gte: 49152
        Initiated: 'true'
        SourceIp|neq: 127.0.0.1
    keywords: [mimikatz, 'seku*lsa']
    condition: network or keywords
    """,
    """
    encoded:
        CommandLine|wide|base64offset|contains: [Invoke-WmiMethod, Win32_Process]
    same:
        Image|fieldref: ParentImage
        Hour|exists: true
        Description: null
    night:
        UtcTime|hour: 6
    condition: encoded or same and night
    """,
]


@pytest.mark.parametrize("text", RULES)
def test_every_mutant_of_a_rule_without_equivalents_is_told_apart(text: str) -> None:
    rule = document(text)
    found = mutants(rule)
    assert len(found) > 15
    search = EventSearch(rule)
    for mutant in found:
        event = search.event_for(mutant.document)
        assert event is not None, mutant.id
        assert Matcher(rule).matches(event) != Matcher(mutant.document).matches(event)


SOME = [
    rule
    for rule in PACK.rules
    if rule.relative.stem
    in (
        "proc_creation_win_wmic_remote_xsl",
        "proc_creation_win_scrcons_child",
        "net_connection_win_tool_remote_dynamic_rpc_port",
        "registry_set_wmiprvse_run_key",
    )
]


@pytest.mark.parametrize("rule", SOME, ids=lambda rule: rule.relative.stem)
def test_every_mutant_of_some_rules_of_the_pack_is_told_apart(rule: LoadedRule) -> None:
    search = EventSearch(rule.document)
    assert [mutant.id for mutant in mutants(rule.document) if search.event_for(mutant.document) is None] == []


def test_nothing_tells_apart_what_is_equivalent() -> None:
    rule = document("s: {CommandLine|contains: [wmic, 'wmic.exe']}\ncondition: s\n")
    mutant = next(mutant for mutant in mutants(rule) if mutant.id == "drop-value s/CommandLine|contains='wmic.exe'")
    assert EventSearch(rule).event_for(mutant.document) is None


def test_the_events_given_are_tried_first_and_then_with_a_field_of_the_rules() -> None:
    rule, other = (document(f"s: {{Image: {name}}}\ncondition: s\n") for name in ("a", "b"))
    assert EventSearch(rule, [{"Image": "c"}, {"Image": "b", "User": "me"}]).event_for(other) == {
        "Image": "b",
        "User": "me",
    }

    def only_of_me(fields: Mapping[str, Any]) -> Event | None:
        return Event(fields) if fields.get("User") == "me" else None

    given = [{"Image": "c", "User": "me"}]
    assert EventSearch(rule, given, view=only_of_me).event_for(other) == {"Image": "b", "User": "me"}
    assert EventSearch(rule, [{"Image": "c"}], view=only_of_me).event_for(other) is None


def test_on_a_row_empty_and_missing_are_one() -> None:
    rule = document("s: {Image: ''}\nt: {User: x}\ncondition: s and t\n")
    other = document("s: {Image: null}\nt: {User: x}\ncondition: s and t\n")
    assert EventSearch(rule).event_for(other) == {"User": "x", "Image": ""}
    assert EventSearch(rule, view=lambda fields: Event(fields, one_nothing=True)).event_for(other) is None


def test_a_filters_mutant_is_told_apart_on_the_rule_that_it_is_put_on() -> None:
    text = "title: Test\nlogsource: {product: windows}\nfilter:\n  rules: any\n  own: {User: [me, you]}\n  condition: not own\n"
    rule, own = document("s: {Image: x}\ncondition: s\n"), only(text).document
    mutant = next(mutant for mutant in mutants(own) if mutant.id == "drop-value own/User='you'")
    search = EventSearch(own, [{"Image": "x"}], matcher=lambda document: Matcher(rule, filters=[document]))
    found = search.event_for(mutant.document)
    assert found == {"Image": "x", "User": "you"}


def test_the_sites_values_stand_for_placeholders() -> None:
    rule = document("s: {User|expand: '%admins%', Image: x}\ncondition: s\n")
    mutant = next(mutant for mutant in mutants(rule) if mutant.id == "drop-item s/Image")
    assert EventSearch(rule, site={"admins": ("anna",)}).event_for(mutant.document) == {"User": "anna"}


def test_a_correlation_is_about_no_single_event() -> None:
    rule = correlation("type: event_count\nrules: one\ntimespan: 1m\ncondition: {gte: 2}\n")
    assert EventSearch(rule).event_for(mutants(rule)[0].document) is None


def test_a_rule_that_asks_for_much_is_searched_in_part() -> None:
    values = ", ".join(f"'{number:05}{'x' * 1_000}'" for number in range(60))
    rule = document(f"s: {{CommandLine|contains|all: [{values}]}}\nt: {{Image: x}}\ncondition: s and not t\n")
    mutant = next(mutant for mutant in mutants(rule) if mutant.id == "strengthen-modifier t/Image -> cased")
    assert EventSearch(rule).event_for(mutant.document) is None
    found = EventSearch(rule, [{"Image": "X"}]).event_for(mutant.document)
    assert found is not None
    assert found["Image"] == "X"
