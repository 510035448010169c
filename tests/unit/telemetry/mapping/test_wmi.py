"""WMI subscriptions: the row is of the binding, and has what it binds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sigma_xdr.telemetry import Record, map_records, record_of
from tests.unit.telemetry.samples import corpus_records, sysmon

FILTER = sysmon(19, 1, Operation="Created", Name=' "F"', Query=" \"select * from X where a='b'\"")
CONSUMER = sysmon(20, 2, Operation="Created", Name=' "C"', Type="Command Line", Destination=' "calc.exe"')
BINDING = sysmon(
    21,
    3,
    Operation="Created",
    User=r"SHIRE\Bob",
    Consumer=r' "\\\\.\\ROOT\\subscription:CommandLineEventConsumer.Name=\"C\""',
    Filter=r' "__EventFilter.Name=\"F\""',
)
ACCOUNT = {"InitiatingProcessAccountDomain": "shire", "InitiatingProcessAccountName": "bob"}
FILTER_TEXT = "Binding EventFilter: \ninstance of __EventFilter\n{\n\tQuery = \"select * from X where a='b'\";\n};\n"
CONSUMER_TEXT = 'Perm. Consumer: \ninstance of CommandLineEventConsumer\n{\n\tCommandLineTemplate = "calc.exe";\n};\n'


def bindings(*records: Record) -> list[tuple[list[int], dict[str, Any], dict[str, Any]]]:
    """Of each row the records, what AdditionalFields say, and the account."""
    rows = map_records(records)
    return [
        (
            [record.number for record in row.records],
            json.loads(row.columns["AdditionalFields"]),
            {name: value for name, value in row.columns.items() if name in ACCOUNT},
        )
        for row in rows
    ]


def test_by_sysmon_in_any_order() -> None:
    said = {"Consumer": 'CommandLineEventConsumer="C"', "PossibleCause": FILTER_TEXT + CONSUMER_TEXT}
    assert bindings(FILTER, CONSUMER, BINDING) == [([3, 1, 2], said, ACCOUNT)]
    assert bindings(BINDING, CONSUMER, FILTER) == [([3, 1, 2], said, ACCOUNT)]


def test_what_was_not_seen_is_not_there() -> None:
    consumer = {"Consumer": 'CommandLineEventConsumer="C"'}
    assert bindings(BINDING) == [([3], consumer, ACCOUNT)]
    assert bindings(BINDING, FILTER) == [([3, 1], {**consumer, "PossibleCause": FILTER_TEXT}, ACCOUNT)]
    elsewhere = sysmon(19, 4, Computer="other", Name=' "F"', Query="x")
    deleted = sysmon(19, 5, Operation="Deleted", Name=' "F"', Query="x")
    assert bindings(BINDING, elsewhere, deleted) == [([3], consumer, ACCOUNT)]


def test_a_script() -> None:
    script = sysmon(20, 2, Name='"C"', Type="Script", Destination='"x = 1"')
    [(_, said, _)] = bindings(BINDING, script)
    assert (
        said["PossibleCause"]
        == 'Perm. Consumer: \ninstance of ActiveScriptEventConsumer\n{\n\tScriptText = "x = 1";\n};\n'
    )


def logged(consumer: str) -> Record:
    fields = {"Namespace": "//./root/subscription", "ESS": "F", "CONSUMER": consumer, "PossibleCause": "Binding …"}
    channel = "Microsoft-Windows-WMI-Activity/Operational"
    return record_of({"Channel": channel, "EventID": 5861, "Computer": "Host-1", **fields}, "file", 9)


def test_windows_own_log_tells_it_in_its_own_text() -> None:
    said = {
        "Namespace": "//./root/subscription",
        "ESS": "F",
        "PossibleCause": "Binding …",
        "Consumer": 'CommandLineEventConsumer="C"',
    }
    record = logged('CommandLineEventConsumer="C"')
    assert bindings(record) == [([9], said, {})]
    assert bindings(FILTER, BINDING, record) == [([9, 3, 1], said, {})]
    other = logged('CommandLineEventConsumer="D"')
    assert [numbers for numbers, *_ in bindings(BINDING, other)] == [[3], [9]]


def test_a_recorded_one_of_which_only_the_message_was_kept(corpus: Path) -> None:
    rows = map_records(corpus_records(corpus / "otrf" / "covenant_persistwmi.jsonl.gz"))
    [row] = [row for row in rows if row.columns["ActionType"] == "WmiBindEventFilterToConsumer"]
    said = json.loads(row.columns["AdditionalFields"])
    assert list(said) == ["Namespace", "ESS", "Consumer", "PossibleCause"]
    assert said["Consumer"] == 'CommandLineEventConsumer="Evil Persistence"'
    assert (
        'CommandLineTemplate = "powershell -Sta -Nop -Window Hidden -EncodedCommand <blah>";' in said["PossibleCause"]
    )
    assert [record.event_id for record in row.records] == [5861, 21, 19, 20]


def test_a_long_message_of_separators() -> None:
    message = "Namespace = " + "; Eventfilter = ; Consumer = " * 30_000
    record = record_of({"Channel": "Microsoft-Windows-WMI-Activity/Operational", "EventID": 5861, "Message": message})
    [(_, said, _)] = bindings(record)
    assert list(said) == ["Consumer"]
