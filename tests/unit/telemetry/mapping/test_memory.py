"""The memory is bounded."""

from __future__ import annotations

from sigma_xdr.telemetry.mapping import memory
from tests.unit.telemetry.samples import security, sysmon


def test_what_is_far_behind_is_nothing() -> None:
    seen = memory.Memory(whole_paths=True)
    parent = sysmon(1, 1, ProcessGuid="{a}", ProcessId="7", Image=r"C:\a.exe")
    seen.see(parent)
    seen.pass_by(parent, 7)

    def known(number: int) -> list[bool]:
        seen.turn_to(number)
        return [
            bool(seen.creation(parent, "{a}", None)),
            bool(seen.creation(parent, "", 7)),
            seen.has(parent, "sysmon", 1),
        ]

    assert known(1 + memory.BEHIND) == [True, True, True]
    assert known(2 + memory.BEHIND) == [False, False, False]
    seen.turn_to(3 * memory.BEHIND)
    assert seen._hosts == {}


def test_of_one_process_only_so_many_records_are_kept() -> None:
    seen = memory.Memory(whole_paths=True)
    records = [sysmon(1, number, ProcessId="7", Image="a") for number in range(100)]
    for record in records:
        seen.see(record)
    assert len(seen.twins(records[-1], 7)) == 8


def test_times_around_a_quarter_of_an_hour() -> None:
    seen = memory.Memory(whole_paths=True)
    one = security(4688, 1, NewProcessId="0x7", NewProcessName="a", TimeCreated="2026-01-01 11:59:59")
    other = security(4688, 2, NewProcessId="0x7", NewProcessName="a", TimeCreated="2026-01-01 12:15:00")
    late = security(4688, 3, NewProcessId="0x7", NewProcessName="a", TimeCreated="2026-01-01 12:07:00")
    for record in (one, other, late):
        seen.see(record)
    assert (seen.twins(one, 7), seen.twins(late, 7)) == ([one, other], [late])


def test_a_clock_that_leads_out_of_the_calendar() -> None:
    seen = memory.Memory(whole_paths=True)
    seen.see(sysmon(1, SourceName="s", EventTime="9999-12-31 00:00:00"))
    assert seen.utc(security(4624, SourceName="s", TimeCreated=None, EventTime="0001-01-01 00:00:00")) is None
