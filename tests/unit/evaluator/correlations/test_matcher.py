"""Correlations of rules: the alerts against a plain reading of the definition, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.evaluator import Alert, CorrelationMatcher, Event, TimedEvent
from tests.unit.evaluator.correlations.plain import Asked, Hit, Identity, alerts, complete

START = datetime(2026, 3, 4, 5, 6, 0)
TAGS = ("a", "b", "c")
RULES = {tag: {"title": tag, "detection": {"selection": {"tags": tag}, "condition": "selection"}} for tag in TAGS}


def correlation(kind: str, timespan: str = "10s", tags: Sequence[str] = TAGS[:1], **section: Any) -> dict[str, Any]:
    """A correlation's document; keys with ``_`` for ``-``."""
    named = {key.replace("_", "-"): value for key, value in section.items()}
    return {"title": "Burst", "correlation": {"type": kind, "rules": [*tags], "timespan": timespan, **named}}


def at(second: float, tags: str = "a", report: int = 1, device: str = "D1", **fields: Any) -> TimedEvent:
    """An event some seconds after the start, with the fields that say which rules match it."""
    return TimedEvent(START + timedelta(seconds=second), device, report, {"tags": [*tags], **fields})


@st.composite
def events(draw: st.DrawFn) -> list[TimedEvent]:
    """Some events in no order, close together, a few of them twice; what an event holds depends on its identity alone."""
    identities = st.tuples(st.integers(0, 30), st.sampled_from(["D1", "d1", "D2"]), st.integers(1, 3))
    held = st.fixed_dictionaries(
        {
            "tags": st.sets(st.sampled_from("abcx")).map(sorted),
            "user": st.sampled_from(["u", "U", "v", "", None]),
            "other": st.sampled_from(["u", "w", None]),
            "value": st.sampled_from([1, 2, "2", 7, -3, "x", "X", "", None]),
        }
    )
    drawn = draw(st.dictionaries(identities, held, max_size=14))
    made = [TimedEvent(START + timedelta(seconds=time), *rest, fields) for (time, *rest), fields in drawn.items()]
    return draw(st.permutations(made + made[:3]))


#: Each a correlation, the same in the plain reading, its group-by fields for each tag, and its counted fields.
ANY_USER = {"user": {"a": "user", "b": "other", "c": "user"}}
CORRELATIONS = [
    (correlation("event_count", condition={"gte": 3}), {}, [], []),
    (correlation("event_count", condition={"gt": 1, "lte": 3}, group_by="user"), {}, ["user"], []),
    (
        correlation("event_count", tags=TAGS, condition={"gte": 2}, group_by=["user"], aliases=ANY_USER),
        ANY_USER,
        ["user"],
        [],
    ),
    (correlation("event_count", condition={"lt": 3}, group_by=["user", "other"]), {}, ["user", "other"], []),
    (correlation("value_count", condition={"field": "value", "gte": 2}, group_by="user"), {}, ["user"], ["value"]),
    (
        correlation("value_count", condition={"field": ["value", "other"], "gte": 3}, tags="ab"),
        {},
        [],
        ["value", "other"],
    ),
    (correlation("value_count", condition={"field": "value", "neq": 2}), {}, [], ["value"]),
    (correlation("value_sum", condition={"field": "value", "gte": 5}), {}, [], ["value"]),
    (correlation("value_avg", condition={"field": "value", "gt": 1}, group_by="user"), {}, ["user"], ["value"]),
    (correlation("value_median", condition={"field": "value", "lte": 2}, tags="ab"), {}, [], ["value"]),
    (correlation("value_percentile", condition={"field": "value", "gte": 2, "percentile": 90}), {}, [], ["value"]),
    (correlation("value_percentile", condition={"field": "value", "eq": 1, "percentile": 30}), {}, [], ["value"]),
    (correlation("temporal", tags=TAGS, group_by="user"), {}, ["user"], []),
    (correlation("temporal", tags=TAGS, condition={"eq": 2}), {}, [], []),
    (correlation("temporal", tags=TAGS, condition="a and not b or c and b"), {}, [], []),
    (correlation("temporal_ordered", tags="ab"), {}, [], []),
    (correlation("temporal_ordered", tags="bca", group_by="user", aliases=ANY_USER), ANY_USER, ["user"], []),
    (correlation("temporal_ordered", tags="cba", condition="a and b and c"), {}, [], []),
    (correlation("temporal_ordered", tags="c"), {}, [], []),
]


def plain(document: Mapping[str, Any]) -> Asked:
    section = document["correlation"]
    kind, tags, span = section["type"], tuple(section["rules"]), timedelta(seconds=10)
    condition = section.get("condition", {"gte": len(tags)})
    if isinstance(condition, str):
        return Asked(kind, tags, span, expression=expression)
    limits = {name: limit for name, limit in condition.items() if name not in ("field", "percentile")}
    return Asked(kind, tags, span, limits, percentile=condition.get("percentile", 0))


def expression(tags: set[str]) -> bool:
    return ("a" in tags and "b" not in tags) or ("c" in tags and "b" in tags)


def hits(
    given: Sequence[TimedEvent],
    tags: Sequence[str],
    aliases: Mapping[str, Any],
    groups: Sequence[str],
    counted: Sequence[str],
) -> list[Hit]:
    """What rules match, read off the events."""
    found = []
    for event in given:
        for tag in set(tags) & set(event.event["tags"]):
            group = tuple(event.event[aliases.get(name, {}).get(tag, name)] for name in groups)
            values = tuple(event.event[name] for name in counted)
            identity: Identity = (event.time, event.device, int(event.report))
            found.append(Hit(tag, identity, group, values))
    return found


def numeric(found: Sequence[Hit]) -> list[Hit]:
    """The hits whose value is a number, as that number."""
    numbers = {"1": 1, "2": 2, "7": 7, "-3": -3}
    return [
        Hit(hit.tag, hit.identity, hit.group, (numbers[str(hit.values[0])],))
        for hit in found
        if str(hit.values[0]) in numbers
    ]


@pytest.mark.parametrize("index", range(len(CORRELATIONS)))
@settings(max_examples=60)
@given(given_events=events())
def test_the_alerts_are_the_definitions(index: int, given_events: list[TimedEvent]) -> None:
    document, aliases, groups, counted = CORRELATIONS[index]
    asked = plain(document)
    found = hits(given_events, asked.tags, aliases, groups, counted)
    if asked.kind in ("value_sum", "value_avg", "value_median", "value_percentile"):
        found = numeric(found)
    matcher = CorrelationMatcher(document, RULES)
    said = alerted(matcher, given_events)
    assert said == alerts(asked, found)
    assert matcher.matches(given_events) is bool(said)
    assert matcher.explain(given_events).passed is bool(said)


def alerted(matcher: CorrelationMatcher, given_events: Sequence[TimedEvent]) -> set[tuple[Any, ...]]:
    return {
        (alert.group, alert.time, alert.device, alert.report, alert.count, alert.first)
        for alert in matcher.alerts(given_events)
    }


# ------------------------------------------------------------------------------------------ correlations of correlations

BURST = {**correlation("event_count", "5s", condition={"gte": 2}, group_by=["user", "other"]), "name": "burst"}
AFTER = correlation(
    "temporal_ordered",
    tags=("burst", "b"),
    group_by="who",
    aliases={"who": {"burst": "user", "b": "other"}},
)


@settings(max_examples=200)
@given(events())
def test_a_correlation_of_a_correlation_is_about_all_its_completing_events(given_events: list[TimedEvent]) -> None:
    inner = Asked("event_count", ("a",), timedelta(seconds=5), {"gte": 2})
    completed = complete(inner, hits(given_events, "a", {}, ["user", "other"], []))
    found = [Hit("burst", met.identity, group[:1]) for group, all_of in completed.items() for met, _ in all_of]
    found += hits(given_events, "b", {}, ["other"], [])
    outer = Asked("temporal_ordered", ("burst", "b"), timedelta(seconds=10))
    assert alerted(CorrelationMatcher(AFTER, {**RULES, "burst": BURST}), given_events) == alerts(outer, found)


def test_the_events_that_contributed_come_from_below_too() -> None:
    given_events = [
        at(0, "a", 1, user="U", other="x"),
        at(1, "c", 2, user="u", other="x"),
        at(2, "a", 3, user="u", other="X"),
        at(3, "a", 4, user="u", other="x"),
        at(8, "b", 5, user="nobody", other="u"),
    ]
    (alert,) = CorrelationMatcher(AFTER, {**RULES, "burst": BURST}).alerts(reversed(given_events))
    assert alert == Alert(
        group=("u",),
        spelled=("u",),
        time=given_events[4].time,
        device="D1",
        report=5,
        first=given_events[2].time,
        count=2,
        events=(given_events[0], given_events[2], given_events[3], given_events[4]),
    )


# --------------------------------------------------------------------------------------------------- times and identities


def test_a_time_without_a_zone_is_utc_and_events_are_one_by_time_device_and_report() -> None:
    matcher = CorrelationMatcher(correlation("event_count", condition={"gte": 2}), RULES)
    noon = datetime(2026, 3, 4, 12)
    fields = {"tags": ["a"]}
    same = [
        TimedEvent(noon, "D", 1, fields),
        TimedEvent(noon.replace(tzinfo=UTC), "D", 1, fields),
        TimedEvent(datetime(2026, 3, 4, 14, tzinfo=timezone(timedelta(hours=2))), "D", 1, fields),
    ]
    assert matcher.matches(same) is False
    assert matcher.matches([*same, TimedEvent(noon, "d", 1, fields)]) is True
    assert matcher.matches([*same, TimedEvent(noon, "D", "1", fields)]) is True


def test_windows_reach_to_the_ends_of_the_calendar() -> None:
    matcher = CorrelationMatcher(correlation("event_count", "999999999y", condition={"gte": 2}), RULES)
    assert matcher.matches(
        [TimedEvent(datetime.min, "D", 1, {"tags": "a"}), TimedEvent(datetime.max, "D", 1, {"tags": "a"})]
    )


def test_slots_thin_out_alerts_and_windows_cross_them() -> None:
    matcher = CorrelationMatcher(correlation("event_count", condition={"gte": 2}), RULES)
    given_events = [at(8, report=1), at(9, report=2), at(11, report=3), at(18.5, report=4), at(40, report=5)]
    assert [(alert.report, alert.count) for alert in matcher.alerts(given_events)] == [(2, 2), (4, 3)]


# ------------------------------------------------------------------------------------------------------ views and groups


def test_an_event_is_seen_as_each_rules_log_source_shows_it() -> None:
    rules = {tag: {**rule, "logsource": {"category": tag}} for tag, rule in RULES.items()}

    def view(document: Mapping[str, Any], event: Any) -> Any:
        return {"tags": event["is"]} if event["is"] == document["logsource"]["category"] else None

    matcher = CorrelationMatcher(correlation("temporal", tags="ab"), rules)
    given_events = [TimedEvent(START, "D", 1, {"is": "a"}), TimedEvent(START, "D", 2, {"is": "b"})]
    assert matcher.matches(given_events, view) is True
    assert matcher.matches(given_events[:1], view) is False


def keyed(second: int, report: int, computer: str, device: str, image: str) -> TimedEvent:
    fields = {"tags": "a", "Computer": computer, "Image": image}
    event = Event(fields, one_nothing=True, keys={"Computer": device, "Image": image.rsplit("\\")[-1]})
    return TimedEvent(START + timedelta(seconds=second), device, report, event)


def test_groups_are_made_by_an_events_keys_and_a_devices_id_minds_case() -> None:
    matcher = CorrelationMatcher(
        correlation("event_count", condition={"gte": 2}, group_by=["Computer", "Image"]), RULES
    )
    given_events = [
        keyed(0, 1, "host", "abc", r"C:\x\WMIC.exe"),
        keyed(1, 2, "renamed", "abc", r"D:\wmic.exe"),
        keyed(2, 3, "host", "ABC", r"C:\x\wmic.exe"),
    ]
    (alert,) = matcher.alerts(given_events)
    assert (alert.group, alert.spelled, alert.report, alert.count) == (("abc", "wmic.exe"), ("abc", "wmic.exe"), 2, 2)


def test_of_several_spellings_the_first_makes_the_group() -> None:
    matcher = CorrelationMatcher(correlation("event_count", condition={"gte": 2}, group_by="user"), RULES)
    assert matcher.matches([at(0, user=["x", "y"], report=1), at(1, user=[None, "X", "z"], report=2)]) is True
    assert matcher.matches([at(0, user=["x", "y"], report=1), at(1, user=["y", "x"], report=2)]) is False


# ---------------------------------------------------------------------------------------------------------- explanations


def test_why_a_correlation_was_completed_and_why_not() -> None:
    document = correlation("event_count", tags="ab", condition={"gte": 3}, group_by="user")
    given_events = [
        *(at(second, "a", second, user="X") for second in (0, 5, 9)),
        *(at(second, "a", 9, user="y") for second in (0, 5, 30)),
    ]
    assert (
        CorrelationMatcher(document, RULES).explain(given_events).render()
        == """\
✓ Burst
  ✓ rule a       matched 6 of 6 events
  ✗ rule b       matched 0 of 6 events
  ✓ user = 'x'   3 events (gte 3) from 2026-03-04 05:06:00 to 2026-03-04 05:06:09
  ✗ user = 'y'   2 events (gte 3) from 2026-03-04 05:06:00 to 2026-03-04 05:06:05"""
    )


def test_the_number_of_a_mean_is_shown_short() -> None:
    document = correlation("value_avg", condition={"field": "v", "gt": 9})
    given_events = [at(0, v=1), at(1, v=1), at(2, v=2)]
    assert CorrelationMatcher(document, RULES).explain(given_events).render().splitlines()[-1] == (
        "  ✗ all events   1.33333 avg (gt 9) from 2026-03-04 05:06:00 to 2026-03-04 05:06:02"
    )


def test_many_events_take_no_longer_than_they_are_many() -> None:
    document = correlation("value_count", "1d", condition={"field": "v", "gte": 1}, group_by="user")
    given_events = [at(second, v=second % 7, user=str(second % 3)) for second in range(20_000)]
    (*_, last) = CorrelationMatcher(document, RULES).alerts(given_events)
    assert (last.count, len(last.events)) == (7, 6_667)
