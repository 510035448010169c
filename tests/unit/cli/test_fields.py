from __future__ import annotations

import json

import pytest

from sigma_xdr.cli import main
from sigma_xdr.pipeline import log_sources


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["fields", *args])
    return ended.value.code, *capsys.readouterr()


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that breaks no line."""
    monkeypatch.setenv("COLUMNS", "200")


def test_a_log_source_with_its_fields_its_own_columns_and_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "network_connection")
    lines = [line.rstrip() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[:3] == [
        "network_connection: DeviceNetworkEvents, ActionType ConnectionSuccess, InboundConnectionAccepted",
        "Initiated is the ActionType; a destination's name is RemoteUrl, where Defender knows one",
        "EventID 3",
    ]
    shown = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[5:]}
    assert shown["DestinationPort"] == "RemotePort, LocalPort int"
    assert shown["Image"] == "InitiatingProcessFileName, InitiatingProcessFolderPath string"
    assert shown["ProcessGuid"] == "not in Defender: process and logon GUIDs are Sysmon's own"
    assert shown["RemoteIPType"] == "RemoteIPType string"


def test_all_log_sources(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys)
    lines = [line.split()[:2] for line in out.splitlines()[1:]]
    assert lines == [[source.name, source.table] for source in log_sources().values()]


def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "wmi_event", "--format", "json")
    facts = json.loads(out)
    assert (facts["table"], facts["action_types"], facts["event_ids"]["21"]) == (
        "DeviceEvents",
        ["WmiBindEventFilterToConsumer"],
        ["WmiBindEventFilterToConsumer"],
    )
    fields = {field["field"]: field for field in facts["fields"]}
    assert fields["Consumer"]["columns"] == [{"name": "AdditionalFields.Consumer", "type": "string"}]
    assert fields["Query"]["lost"].startswith("filters and consumers by themselves")


@pytest.mark.parametrize(
    ("category", "message"),
    [
        (
            "netwok_connection",
            "error[unknown-log-source]: 'netwok_connection' is no log source that Defender's tables answer\n"
            "  = did you mean network_connection?\n",
        ),
        (
            "ps_script",
            "error[lost-log-source]: Defender can't answer 'ps_script': "
            "the text of script blocks (PowerShell 4104) is not in the hunting tables\n",
        ),
    ],
)
def test_what_it_does_not_have(category: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, category) == (3, "", message)
