"""What a hit says, and what a rule's hits come to in whatever order they come."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.scan.hits import Hit, Place, RuleSummary

from .hits_of import TIMES, WMIC, hit


def summary(*hits: Hit) -> RuleSummary:
    made = RuleSummary(WMIC)
    for each in hits:
        made.add(each)
    return made


def test_a_hit_as_data() -> None:
    assert hit(record=7, records=(3, 7), elsewhere={"b.evtx": (1, 2)}).as_data() == {
        "rule_id": "4a0a4f0e-0000-4000-8000-000000000001",
        "rule_title": "WMIC Starts a Process",
        "level": "high",
        "rule": "execution/wmic.yml",
        "table": "DeviceProcessEvents",
        "timestamp": "2026-01-01T12:00:00Z",
        "device": "WKS01",
        "file": "a.evtx",
        "record": 7,
        "records": [3, 7],
        "elsewhere": {"b.evtx": [1, 2]},
        "row": {"FileName": "wmic.exe"},
    }
    assert "elsewhere" not in hit().as_data()


def test_devices_know_no_case_and_the_earliest_places_are_kept() -> None:
    times = ["2026-01-01T12:00:05Z", "2026-01-01T12:00:00.5Z", "2026-01-01T12:00:00Z", None, "2026-01-01T12:00:09Z"]
    found = summary(*(hit(timestamp=time, record=number, device="wks01") for number, time in enumerate(times, 1)))
    found.add(hit(device="WKS01", timestamp="2026-01-01T12:00:20Z"))
    found.add(hit(device="", timestamp=None))
    assert (found.hits, found.devices) == (7, {"wks01"})
    assert (found.first, found.last) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:20Z")
    assert found.places == [
        Place("2026-01-01T12:00:00Z", "a.evtx", 3),
        Place("2026-01-01T12:00:00.5Z", "a.evtx", 2),
        Place("2026-01-01T12:00:05Z", "a.evtx", 1),
    ]


def test_hits_without_a_time_have_places_and_no_first() -> None:
    found = summary(hit(timestamp=None, record=2), hit(timestamp=None, record=1))
    assert (found.first, found.last) == (None, None)
    assert [place.record for place in found.places] == [1, 2]


PLACED = st.builds(
    lambda time, file, record, device: hit(timestamp=time, file=file, record=record, device=device),
    TIMES,
    st.sampled_from("ab"),
    st.integers(1, 5),
    st.sampled_from(["", "D", "d", "e"]),
)


@given(st.lists(PLACED, max_size=12), st.integers(0, 12), st.randoms())
def test_parts_come_to_what_the_whole_does(hits: list[Hit], at: int, random: Random) -> None:
    whole = summary(*hits)
    shuffled = list(hits)
    random.shuffle(shuffled)
    one, other = summary(*shuffled[:at]), summary(*shuffled[at:])
    other.merge(one)
    assert other == whole
