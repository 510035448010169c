"""What a site's values stand for when they aren't text: both judges on times around the edges, and on addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .judges import RuleJudge

SITE = {
    "time_zone": ("Europe/Berlin",),
    "working_hours": ("Mon-Fri 07:00-19:00", "Sat 08:30-12:30"),
    "scanner_networks": ("10.1.0.0/16", "192.0.2.7/32", "fe80::/10"),
}
RULE = """\
title: A rule
logsource: {product: windows, category: %s}
detection:
    selection:
        %s|expand: '%%%s%%'
    condition: %s
"""
HOURS = {
    condition: RuleJudge.of(RULE % ("process_creation", "UtcTime", "working_hours", condition), SITE, check=True)
    for condition in ("selection", "not selection")
}
NETWORKS = RuleJudge.of(
    RULE % ("network_connection", "DestinationIp", "scanner_networks", "selection"), SITE, check=True
)


@pytest.mark.parametrize("condition", HOURS)
@pytest.mark.parametrize("day", [(2026, 1, 5), (2026, 3, 27), (2026, 10, 23)])  # winter, and when the clocks change
def test_working_hours(day: tuple[int, int, int], condition: str) -> None:
    """Nine days, all half hours of them and the minute before each."""
    half_hours = [datetime(*day, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(9 * 48)]
    times = [time - timedelta(minutes=before) for time in half_hours for before in (0, 1)]
    found = HOURS[condition].matches([{"ActionType": "ProcessCreated", "Timestamp": time} for time in times])
    assert 0 < sum(found) < len(found)


def test_the_edges_of_a_day() -> None:
    monday = datetime(2026, 1, 5, tzinfo=UTC)  # an hour behind Berlin
    minutes = {359: False, 360: True, 1079: True, 1080: False}
    rows = [{"ActionType": "ProcessCreated", "Timestamp": monday + timedelta(minutes=each)} for each in minutes]
    assert HOURS["selection"].matches(rows) == list(minutes.values())


def test_how_it_reads() -> None:
    assert HOURS["not selection"].compiled.bare_kql.splitlines()[2:6] == [
        "| where not(",
        '        toint(dayofweek(datetime_utc_to_local(Timestamp, "Europe/Berlin")) / 1d) in (1, 2, 3, 4, 5)',
        '        and hourofday(datetime_utc_to_local(Timestamp, "Europe/Berlin")) >= 7',
        '        and hourofday(datetime_utc_to_local(Timestamp, "Europe/Berlin")) < 19',
    ]


def test_networks() -> None:
    addresses = {
        "10.1.2.3": True,
        "10.2.0.1": False,
        "192.0.2.7": True,
        "192.0.2.8": False,
        "fe80::1": True,
        "x": False,
        "": False,
    }
    rows = [{"ActionType": "ConnectionSuccess", "RemoteIP": address} for address in addresses]
    assert NETWORKS.matches(rows) == list(addresses.values())
