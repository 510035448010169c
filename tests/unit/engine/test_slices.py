"""How a query's time is cut, and that the rows stay the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.engine.answers import Answer
from sigma_xdr.engine.slices import EachRow, Span, Whole, Windows, looks_at_each_row
from tests.unit.engine.services import ROOT

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_span_as_graph_writes_it() -> None:
    east = timezone(timedelta(hours=2))
    span = Span(datetime(2026, 1, 1, 2, tzinfo=east), datetime(2026, 1, 2, 0, 0, 0, 5, tzinfo=UTC))
    assert str(span) == "2026-01-01T00:00:00Z/2026-01-02T00:00:00.000005Z"


@pytest.mark.parametrize(
    ("kql", "each_row"),
    [
        ("DeviceEvents", True),
        ("// a | take 1\nDeviceEvents | where FileName in~ ('a', 'b') | extend X = 1 | project Timestamp", True),
        ("DeviceEvents | where Timestamp > ago(1h) and not(FileName has 'a')", True),
        ("DeviceEvents | project-rename A = FileName | project-away A", True),
        ("DeviceEvents | summarize count()", False),
        ("DeviceEvents | take 1", False),
        ("DeviceEvents | top 5 by Timestamp", False),
        ("DeviceEvents | sort by Timestamp asc", False),
        ("DeviceEvents | distinct FileName", False),
        ("DeviceEvents | count", False),
        ("DeviceEvents | join kind=inner DeviceInfo on DeviceId", False),
        ("DeviceEvents | where DeviceId in (DeviceInfo)", False),
        ("DeviceEvents | where DeviceId in ((DeviceInfo | project DeviceId))", False),
        ("DeviceEvents | where ReportId == toscalar(DeviceInfo | count)", False),
        ("let A = DeviceEvents | take 5; A | where FileName == 'a'", False),
        ("union DeviceEvents, DeviceInfo", False),
        ("Stored() | where FileName == 'a'", False),
        ("print X = 1", False),
        ("DeviceEvents | where (", False),
        (".show tables", False),
        ("", False),
    ],
)  # fmt: skip
def test_which_queries_look_at_each_row_alone(kql: str, each_row: bool) -> None:
    assert looks_at_each_row(kql) is each_row


def test_the_packs_rules_look_at_each_row_and_its_correlations_dont() -> None:
    goldens = ROOT / "tests" / "golden"
    queries = {
        path.relative_to(goldens).with_suffix("").as_posix(): path.read_text("utf-8") for path in goldens.rglob("*.kql")
    }
    assert {name: looks_at_each_row(kql) for name, kql in queries.items()} == {
        name: not name.startswith("correlations/correlation_") for name in queries
    }
    assert len(queries) > 50


def test_where_rows_are_cut() -> None:
    way = EachRow()
    assert way.cut(Span(START, START + 5 * MINUTE), MINUTE) == START + timedelta(seconds=150)
    assert way.cut(Span(START, START + timedelta(seconds=61)), MINUTE) == START + timedelta(seconds=30)
    assert way.cut(Span(START, START + MINUTE), MINUTE) is None
    assert way.cut(Span(START, START + timedelta(milliseconds=1)), timedelta()) is None
    assert way.asked(Span(START, START + MINUTE), Span(START, START + 9 * MINUTE)).start == START
    assert way.asked(Span(START + MINUTE, START + 2 * MINUTE), Span(START, START)).start == START + timedelta(
        seconds=59
    )


def test_where_correlations_are_cut() -> None:
    way = Windows(timedelta(minutes=10))
    assert way.cut(Span(START + 5 * MINUTE, START + 58 * MINUTE), MINUTE) == START + 30 * MINUTE
    assert way.cut(Span(START + 5 * MINUTE, START + 16 * MINUTE), MINUTE) == START + 10 * MINUTE
    assert way.cut(Span(START + 1 * MINUTE, START + 9 * MINUTE), MINUTE) is None
    assert way.cut(Span(START, START + 10 * MINUTE), MINUTE) is None
    asked = way.asked(Span(START + 30 * MINUTE, START + 58 * MINUTE), Span(START, START + 58 * MINUTE))
    assert asked == Span(START + timedelta(minutes=19, seconds=59), START + 58 * MINUTE)


def test_an_alert_belongs_to_the_slice_of_its_time() -> None:
    """Also where the slice before it has no answer."""
    marks = [START, START + 10 * MINUTE, START + 20 * MINUTE]
    first, last, whole = Span(marks[0], marks[1]), Span(marks[1], marks[2]), Span(marks[0], marks[2])
    times = [datetime(2026, 1, 1, 11, 59), *(mark.replace(tzinfo=None) for mark in marks), datetime(2026, 1, 1, 12, 21)]
    answer = Answer(("Timestamp",), [{"Timestamp": time} for time in times])
    way = Windows(10 * MINUTE)
    assert [row["Timestamp"] for row in way.merged([(last, answer)], whole)] == times[2:]
    assert [row["Timestamp"] for row in way.merged([(first, answer)], whole)] == times[:2]
    assert [row["Timestamp"] for row in way.merged([(first, answer), (last, answer)], whole)] == times
    odd = Answer(("Timestamp",), [{"Timestamp": None}, {"Timestamp": "soon"}])
    assert way.merged([(first, odd)], whole) == odd.rows


def test_other_queries_are_not_cut() -> None:
    assert Whole().cut(Span(START, START + timedelta(days=30)), MINUTE) is None


@given(
    st.integers(1, 600), st.integers(1, 30 * 24 * 60), st.integers(0, 24 * 60), st.sampled_from([1, 7, 10, 60, 24 * 60])
)
def test_a_cut_is_within_and_between_slots(seconds: int, minutes: int, offset: int, window: int) -> None:
    start = START + timedelta(minutes=offset, seconds=seconds)
    span = Span(start, start + timedelta(minutes=minutes))
    for way, step in ((EachRow(), timedelta(seconds=1)), (Windows(window * MINUTE), window * MINUTE)):
        border = way.cut(span, MINUTE)
        if border is not None:
            assert span.start < border < span.end
            assert (border - datetime(1, 1, 1, tzinfo=UTC)) % step == timedelta()


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), max_size=25), st.sets(st.integers(1, 11)), st.booleans()
)
def test_rows_of_slices_are_the_rows(events: list[tuple[int, int]], borders: set[int], closed: bool) -> None:
    """Whether or not the service takes the end of a time into it; equal rows count as often as they are there."""
    rows = [{"Timestamp": START + timedelta(seconds=second), "ReportId": number} for second, number in events]
    marks = [START + timedelta(seconds=second) for second in (0, *sorted(borders), 13)]
    way, whole = EachRow(), Span(marks[0], marks[-1])
    answers = []
    for piece in map(Span, marks, marks[1:]):
        asked = way.asked(piece, whole)
        found = [row for row in rows if asked.start <= row["Timestamp"] < asked.end + timedelta(microseconds=closed)]
        answers.append((piece, Answer(("Timestamp", "ReportId"), found)))
    key = str
    assert sorted(way.merged(answers, whole), key=key) == sorted(rows, key=key)
