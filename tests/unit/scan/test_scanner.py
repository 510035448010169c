"""The scanner against the evaluator: the same verdict on every event, whatever else is loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from sigma_xdr.evaluator import EvaluatorError, Event, Matcher
from sigma_xdr.rules import load_rules
from sigma_xdr.scan import Scanner
from sigma_xdr.telemetry import Record, read_events, record_event

from .random_rules import EVENTS, RULES

RULE = {"title": "Test", "detection": {"selection": {"Image|endswith": "\\wmic.exe"}, "condition": "selection"}}
OTHER = {"title": "Other", "detection": {"selection": {"CommandLine|contains": "call"}, "condition": "not selection"}}


def plainly(matchers: list[Matcher], event: Event | Mapping[str, Any]) -> tuple[int, ...]:
    """The positions of the rules that the evaluator says yes for."""
    return tuple(number for number, matcher in enumerate(matchers) if matcher.matches(event))


def test_hits_are_the_rules_positions() -> None:
    scanner = Scanner([RULE, OTHER])
    assert scanner.always == 1
    assert scanner.scan({"Image": r"C:\Windows\System32\wbem\WMIC.exe", "CommandLine": "wmic process call create"}) == (
        0,
    )
    assert scanner.scan({"Image": r"C:\a\wmic.exe"}) == (0, 1)
    assert scanner.scan({}) == (1,)


def test_no_rules_match_nothing() -> None:
    assert Scanner([]).scan({"Image": "a"}) == ()


def test_a_wrong_rule_is_refused_as_the_evaluator_does() -> None:
    with pytest.raises(EvaluatorError, match="the rule has no detection section"):
        Scanner([RULE, {"title": "Test"}])


def test_filters_and_placeholders_mean_what_they_mean_to_the_evaluator() -> None:
    rule = {"logsource": {}, "detection": {"a": {"Image|expand": "%tools%"}, "condition": "a"}}
    allowed = {"logsource": {}, "filter": {"rules": "any", "own": {"User": "admin"}, "condition": "not own"}}
    scanner = Scanner([rule], [allowed], {"tools": ["a.exe"]})
    assert [scanner.scan({"Image": "A.exe", "User": user}) for user in ("bob", "ADMIN")] == [(0,), ()]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(RULES, EVENTS)
def test_random_rules_say_of_random_events_what_the_evaluator_says(rules: list[dict[str, Any]], event: Event) -> None:
    matchers, kept = [], []
    for rule in rules:
        try:
            matchers.append(Matcher(rule))
            kept.append(rule)
        except EvaluatorError:
            pass
    expected = plainly(matchers, event)
    scanner = Scanner(kept)
    fresh = Event(event.fields, event.one_nothing, event.texts)
    assert scanner.scan(fresh) == expected
    assert scanner.scan(fresh) == expected  # what is remembered of a value changes nothing
    for number, rule in enumerate(kept):
        assert bool(Scanner([rule]).scan(fresh)) is (number in expected)  # nor what else is loaded
    if event.texts is None and not event.one_nothing:
        assert scanner.scan(event.fields) == expected


# --------------------------------------------------------------------------------------------------------------- corpus

#: The log sources that most of the recorded events have.
SOURCES = [
    {"category": category, "product": "windows"}
    for category in (
        "process_creation",
        "registry_set",
        "registry_event",
        "image_load",
        "network_connection",
        "file_event",
        "wmi_event",
        "ps_script",
        "process_access",
    )
] + [{"product": "windows", "service": service} for service in ("security", "sysmon", "wmi", "powershell", "system")]
#: How many records of a file are looked at: every so many.
MOST_OF_A_FILE = int(os.environ.get("SIGMA_XDR_SCAN_RECORDS", "60"))


def recorded(corpus: Path) -> list[Record]:
    """Records of all files, from the whole length of each."""
    found = []
    for folder in ("otrf", "splunk_attack_data", "evtx_attack_samples", "evtx_to_mitre", "sigma_regression"):
        for path in sorted((corpus / folder).iterdir()):
            records = [record for record in read_events(path) if isinstance(record, Record)]
            found += records[:: max(1, len(records) // MOST_OF_A_FILE)]
    return found


@pytest.fixture(scope="module")
def rules_of_sigmahq(corpus: Path) -> list[Mapping[str, Any]]:
    return [rule.document for rule in load_rules([corpus / "sigmahq"]).rules]


def judged(documents: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Those that the evaluator can judge."""
    for document in documents:
        try:
            Matcher(document)
        except EvaluatorError:
            continue
        yield document


def test_sigmahqs_rules_say_of_recorded_events_what_the_evaluator_says(
    corpus: Path, rules_of_sigmahq: list[Mapping[str, Any]]
) -> None:
    records = recorded(corpus)
    events_seen = hits = 0
    for source in SOURCES:
        events = [event for record in records if (event := record_event(record, source)) is not None]
        own = [rule for rule in rules_of_sigmahq if source.items() <= rule["logsource"].items()]
        documents = list(judged(own))
        scanner, matchers = Scanner(documents), [Matcher(document) for document in documents]
        for event in events:
            found = scanner.scan(event)
            assert found == plainly(matchers, event), (source, event.fields)
            hits += len(found)
        events_seen += len(events)
    assert events_seen > 1_000
    assert hits > 50


def test_every_rule_of_sigmahq_on_events_of_any_log_source(
    corpus: Path, rules_of_sigmahq: list[Mapping[str, Any]]
) -> None:
    """Rules of all log sources at once, on a few events of each kind."""
    documents = list(judged(rules_of_sigmahq))
    scanner, matchers = Scanner(documents), [Matcher(document) for document in documents]
    assert scanner.always < 20
    kinds = {(record.log, record.event_id): record for record in recorded(corpus)}
    for record in kinds.values():
        event = Event({"EventID": record.event_id, **record.fields})
        assert scanner.scan(event) == plainly(matchers, event), record.fields
    assert len(kinds) > 40


# -------------------------------------------------------------------------------------------------------------- hostile


@pytest.mark.parametrize(
    "value",
    [
        "a" * 1_000_000,
        "wmic " * 200_000,
        "-e" * 100_000 + "\\wmic.exe",
        "x" * 8_188 + "\\wmic.exe",
        "x" * 100_000 + "\\wmic.exe",
        "\ud800\udfff\\wmic.exe",
        "\0" * 10_000,
        "ſ" * 10_000 + "\\WMIC.EXE",
        "İ" * 9_000 + "\\wmic.exe",
        ["\\wmic.exe"] * 1_000,
        10**4_000,
        float("nan"),
        float("inf"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_hostile_values(value: Any) -> None:
    rules = [
        RULE,
        OTHER,
        {"detection": {"a": {"CommandLine|endswith|windash": ["-e\\wmic.exe", "/y"]}, "condition": "a"}},
        {
            "detection": {
                "a": {"CommandLine|contains": [f"aaa{number}" for number in range(20)] + ["aaaa"]},
                "condition": "a",
            }
        },
        {"detection": {"a": ["wmic.exe"], "condition": "a"}},
    ]
    scanner, matchers = Scanner(rules), [Matcher(rule) for rule in rules]
    for event in ({"Image": value, "CommandLine": value}, {"CommandLine": value}, {"Image": value}):
        assert scanner.scan(event) == plainly(matchers, event)


def test_an_event_may_nest_as_deep_as_it_likes() -> None:
    nested: Any = "\\wmic.exe"
    for _ in range(1_000):
        nested = {"Inner": [nested]}
    keyword = {"detection": {"a": ["WMIC"], "condition": "a"}}
    assert Scanner([RULE, OTHER, keyword]).scan({"Image": nested}) == (1, 2)


def test_a_rule_may_be_as_large_as_the_evaluator_takes_it() -> None:
    selection: Any = {"Image": "a.exe"}
    for _ in range(24):
        selection = [[selection, {"CommandLine": "b"}]]
    masks = [f"*a{number}?b{number}*" for number in range(1_000)]
    names = [f"{number}.exe" for number in range(10_000)]
    rules = [
        {"detection": {"a": selection, "condition": "not " * 150 + "a"}},
        {"detection": {"a": {"Image|contains": masks}, "condition": "a"}},
        {"detection": {"a": {"Image|endswith": names}, "condition": " or ".join(["a"] * 20)}},
        {"detection": {"a": {"Image": names}, "b": {"Image": "b"}, "condition": "(a or b) and " * 20 + "(b or a)"}},
    ]
    scanner, matchers = Scanner(rules), [Matcher(rule) for rule in rules]
    for event in ({"Image": "a.exe"}, {"CommandLine": "B"}, {"Image": "xa999_b999"}, {"Image": "9999.EXE"}, {}):
        assert scanner.scan(event) == plainly(matchers, event)


def test_what_a_rule_says_is_never_run() -> None:
    name = "Image'] or __import__('os').abort() or v['"
    rule = {"detection": {"a": {f"{name}|contains": "'); raise SystemExit #"}, "condition": "a"}}
    scanner = Scanner([rule])
    assert scanner.scan({name: "x'); RAISE systemexit #"}) == (0,)
    assert scanner.scan({"Image": "x"}) == ()


def test_very_many_different_values_are_no_danger() -> None:
    scanner = Scanner([RULE])
    for number in range(30_000):
        assert scanner.scan({"Image": f"C:\\{number}\\wmic.exe" if number % 2 else f"{number}.exe"}) == (
            (0,) if number % 2 else ()
        )


def test_a_mapping_that_is_no_dict_is_an_event_too() -> None:
    from types import MappingProxyType

    assert Scanner([RULE]).scan(MappingProxyType({"Image": "a\\WMIC.EXE"})) == (0,)


def test_json_numbers_and_their_texts() -> None:
    rule = {"detection": {"a": {"EventID": 4688}, "b": {"EventID": "0x1250"}, "condition": "a or b"}}
    events = [
        json.loads(f'{{"EventID": {value}}}')
        for value in ("4688", '"4688"', "4688.0", '"0x1250"', '"0X1250"', "4689", "true")
    ]
    assert [bool(Scanner([rule]).scan(event)) for event in events] == [Matcher(rule).matches(event) for event in events]
    assert [bool(Scanner([rule]).scan(event)) for event in events] == [True, True, True, True, True, False, False]
