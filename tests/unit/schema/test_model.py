"""Asking for tables, columns and ActionTypes by name, and what a wrong name says."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.errors import SchemaError
from sigma_xdr.schema import ActionType, Column, ColumnType, Confidence, xdr_schema

SCHEMA = xdr_schema()
PROCESS = SCHEMA.table("DeviceProcessEvents")
EVENTS = SCHEMA.table("DeviceEvents")
LOWER_CASE = {name.lower() for name in PROCESS.columns}

HOSTILE = [
    "",
    " ",
    "FileName ",
    "\tFileName",
    "FileName\n| take 1",
    "FileName\x00",
    "['FileName']",
    "__class__",
    "\N{RIGHT-TO-LEFT OVERRIDE}emaNeliF",
    "FileName\ud800",
    "{0}%s",
]


def refusal(ask: Callable[[], object]) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        ask()
    return caught.value


@pytest.mark.parametrize("asked", ["DeviceProcessEvents", "deviceprocessevents", "DEVICEPROCESSEVENTS"])
def test_a_table_in_any_case(asked: str) -> None:
    assert SCHEMA.table(asked) is PROCESS


def test_a_column_in_any_case_comes_back_in_the_tables_own_spelling() -> None:
    column = Column("FileName", ColumnType.STRING, "File name the action was applied to")
    assert PROCESS.column("FileName") == PROCESS.column("FILENAME") == column
    assert SCHEMA.table("IdentityLogonEvents").column("ISP").name == "Isp"
    assert SCHEMA.table("IdentityDirectoryEvents").column("Isp").name == "ISP"


def test_an_action_type_in_any_case() -> None:
    assert PROCESS.action_type("processcreated").name == "ProcessCreated"
    assert SCHEMA.table("IdentityDirectoryEvents").action_type("WMI Execution").name == "Wmi execution"


def test_an_action_type_says_how_sure_it_is_and_why() -> None:
    assert EVENTS.action_type("ProcessCreatedUsingWmiQuery") == ActionType(
        name="ProcessCreatedUsingWmiQuery",
        table="DeviceEvents",
        confidence=Confidence.DOCUMENTED_DRAFT,
        additional_fields=("IsRemoteMachine", "Namespace", "ClassName", "MethodName"),
        note="Community ETW mapping: Microsoft-Windows-WMI-Activity 22/23. FileName, ProcessCommandLine, SHA1 and "
        "ProcessId are those of the created process, not always filled. Namespace, ClassName and MethodName may be "
        "missing.",
        sources=(
            "MicrosoftDocs/microsoft-365-docs microsoft-365/security/mtp/advanced-hunting-misc-events.md",
            "portal schema reference, third-party transcription",
            "LearningKijo/KQL KQL-XDR-Hunting/XDR-SIEM-Detection/XDR-SIEM-AttackTechniques-Query-Repository/"
            "20221018-MSSecurityBlog-PostRansomware-Impacket.md:18",
        ),
    )


def test_any_action_type_goes_where_the_set_is_open() -> None:
    cloud = SCHEMA.table("CloudAppEvents")
    assert cloud.action_types is None
    assert cloud.action_type("Add member to role.") == ActionType("Add member to role.", "CloudAppEvents", None)


@pytest.mark.parametrize(
    ("ask", "nearest", "message"),
    [
        (
            lambda: SCHEMA.table("DeviceProcesEvents"),
            ("DeviceProcessEvents", "DeviceEvents", "DeviceRegistryEvents"),
            "error[unknown-table]: 'DeviceProcesEvents' is no table of Defender XDR\n"
            "  = did you mean DeviceProcessEvents, DeviceEvents or DeviceRegistryEvents?",
        ),
        (
            lambda: PROCESS.column("CommandLine"),
            ("ProcessCommandLine",),
            "error[unknown-column]: 'CommandLine' is no column of DeviceProcessEvents\n"
            "  = did you mean ProcessCommandLine?",
        ),
        (
            lambda: PROCESS.column("OriginalFileName"),
            ("FileName", "ProcessVersionInfoOriginalFileName"),
            "error[unknown-column]: 'OriginalFileName' is no column of DeviceProcessEvents\n"
            "  = did you mean FileName or ProcessVersionInfoOriginalFileName?",
        ),
        (
            lambda: PROCESS.column("Hashes"),
            (),
            "error[unknown-column]: 'Hashes' is no column of DeviceProcessEvents",
        ),
        (
            lambda: EVENTS.action_type("WmiBindEventFilterToConsumerAction"),
            ("WmiBindEventFilterToConsumer",),
            "error[unknown-action-type]: 'WmiBindEventFilterToConsumerAction' is no ActionType of DeviceEvents\n"
            "  = did you mean WmiBindEventFilterToConsumer?",
        ),
        (
            lambda: PROCESS.action_type("processCreatedUsingWmiQuery"),
            ("ProcessCreated",),
            "error[unknown-action-type]: 'processCreatedUsingWmiQuery' is no ActionType of DeviceProcessEvents\n"
            "  = DeviceEvents has it",
        ),
        (
            lambda: EVENTS.action_type("LogonFailed"),
            (),
            "error[unknown-action-type]: 'LogonFailed' is no ActionType of DeviceEvents\n"
            "  = DeviceLogonEvents and IdentityLogonEvents have it",
        ),
        (
            lambda: SCHEMA.table("DeviceInfo").action_type("DeviceSeen"),
            (),
            "error[unknown-action-type]: 'DeviceSeen' is no ActionType of DeviceInfo\n"
            "  = DeviceInfo has no column ActionType",
        ),
    ],
)
def test_a_wrong_name_says_what_was_meant(ask: Callable[[], object], nearest: tuple[str, ...], message: str) -> None:
    error = refusal(ask)
    assert str(error) == message
    assert error.nearest == nearest


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_whole_and_shown_safely(name: str) -> None:
    for ask in (SCHEMA.table, PROCESS.column, EVENTS.action_type):
        error = refusal(lambda ask=ask: ask(name))  # type: ignore[misc]
        assert error.name == name
        assert str(error).replace("\n  = ", "").isprintable()


def test_a_letter_whose_lower_case_is_ascii_finds_nothing() -> None:
    assert "TasK".lower() == "task", "the first string ends with the Kelvin sign"
    error = refusal(lambda: EVENTS.action_type("Scheduled\N{LATIN CAPITAL LETTER T}as\N{KELVIN SIGN}Created"))
    assert error.nearest[0] == "ScheduledTaskCreated"


def test_a_very_long_name_is_cut_in_the_message_and_kept_in_the_error() -> None:
    name = "FileName" * 1_000_000
    error = refusal(lambda: PROCESS.column(name))
    assert error.name is name
    assert str(error) == f"error[unknown-column]: '{name[:100]}…' is no column of DeviceProcessEvents"


@given(st.sampled_from(sorted(PROCESS.columns)), st.randoms())
def test_every_column_is_found_in_any_mix_of_cases(name, random) -> None:  # type: ignore[no-untyped-def]
    mixed = "".join(random.choice((char.upper(), char.lower())) for char in name)
    assert PROCESS.column(mixed) is PROCESS.columns[name]


@given(st.text(max_size=30).filter(lambda name: not name.isascii() or name.lower() not in LOWER_CASE))
def test_any_other_text_is_refused_and_only_columns_are_suggested(name: str) -> None:
    error = refusal(lambda: PROCESS.column(name))
    assert error.name == name
    assert set(error.nearest) <= set(PROCESS.columns)


def test_numbers_are_told_from_the_rest() -> None:
    assert {type_ for type_ in ColumnType if type_.is_numeric} == {ColumnType.INT, ColumnType.LONG, ColumnType.REAL}


def test_columns_by_type_stand_in_the_tables_order() -> None:
    network = SCHEMA.table("DeviceNetworkEvents")
    assert network.columns_of(ColumnType.INT) == ("RemotePort", "LocalPort")
    assert network.columns_of(ColumnType.DATETIME, ColumnType.INT) == (
        "Timestamp",
        "RemotePort",
        "LocalPort",
        "InitiatingProcessCreationTime",
        "InitiatingProcessParentCreationTime",
    )
    assert SCHEMA.table("AlertInfo").string_columns == (
        "AlertId",
        "Title",
        "Category",
        "Severity",
        "ServiceSource",
        "DetectionSource",
        "AttackTechniques",
    )


def test_what_a_custom_detection_needs() -> None:
    directory, alerts = SCHEMA.table("IdentityDirectoryEvents"), SCHEMA.table("AlertEvidence")
    assert PROCESS.requires == ("Timestamp", "DeviceId", "ReportId")
    assert directory.requires == ("Timestamp", "ReportId")
    assert alerts.requires == ("Timestamp",)
    assert PROCESS.lacks == directory.lacks == alerts.lacks == ()
    assert SCHEMA.table("DeviceTvmInfoGathering").lacks == ("ReportId",)
    assert directory.impacted_assets == ("DeviceName", "AccountObjectId", "AccountSid", "AccountUpn")
    assert (PROCESS.near_real_time, directory.near_real_time) == (True, True)
    assert SCHEMA.table("AlertInfo").near_real_time is False


def test_nothing_can_be_assigned_and_everything_can_be_hashed_copied_and_pickled() -> None:
    with pytest.raises(FrozenInstanceError):
        PROCESS.name = "Other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        PROCESS.column("FileName").name = "Other"  # type: ignore[misc]
    assert len({SCHEMA, PROCESS, EVENTS, PROCESS.column("FileName"), EVENTS.action_type("NamedPipeEvent")}) == 5
    assert copy.deepcopy(PROCESS) == PROCESS != EVENTS
    assert pickle.loads(pickle.dumps(PROCESS)).column("filename") == PROCESS.column("FileName")
