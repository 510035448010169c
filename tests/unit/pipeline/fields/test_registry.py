"""The registry: a path of Sysmon's over key and value name, and data as Defender stores it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.compiling import Case, CaseRows, Row, Rows, by_name, compiled_if_it_can_match, refused, where
from tests.unit.patterns import Part, fits, patterns, source

SID = "S-1-5-21-34-91-68-1001"
RUN = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
EXCLUSIONS = r"SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths"
ESS = r"SOFTWARE\Microsoft\WBEM\ESS"

# ------------------------------------------------------------------------------------- any pattern, every kind of row


def value_set(hive: str, key: str, name: str) -> tuple[str, Row]:
    """Sysmon's TargetObject, and Defender's row, of a value that was set."""
    return f"{hive}\\{key}\\{name or '(Default)'}", {
        "ActionType": "RegistryValueSet",
        "RegistryKey": f"{SPELT[hive]}\\{key}",
        "RegistryValueName": name,
    }


def value_deleted(hive: str, key: str, name: str) -> tuple[str, Row]:
    return f"{hive}\\{key}\\{name or '(Default)'}", {
        "ActionType": "RegistryValueDeleted",
        "PreviousRegistryKey": f"{SPELT[hive]}\\{key}",
        "PreviousRegistryValueName": name,
    }


def key_made(hive: str, key: str) -> tuple[str, Row]:
    return f"{hive}\\{key}", {"ActionType": "RegistryKeyCreated", "RegistryKey": f"{SPELT[hive]}\\{key}"}


def key_deleted(hive: str, key: str) -> tuple[str, Row]:
    return f"{hive}\\{key}", {"ActionType": "RegistryKeyDeleted", "PreviousRegistryKey": f"{SPELT[hive]}\\{key}"}


def key_renamed(hive: str, key: str, new: str) -> tuple[str, Row]:
    keys = {"PreviousRegistryKey": f"{SPELT[hive]}\\{key}", "RegistryKey": f"{SPELT[hive]}\\{new}"}
    return f"{hive}\\{key}", {"ActionType": "RegistryKeyRenamed", **keys}


SPELT = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_CURRENT_USER"}
EVENTS = [
    value_set("HKLM", EXCLUSIONS, r"C:\Users\Public"),
    value_set("HKLM", EXCLUSIONS, r"C:\x\Run"),
    value_set("HKLM", RUN, "Updater"),
    value_set("HKLM", RUN, ""),
    value_set("HKLM", RUN, "Run"),
    value_set("HKU", f"{SID}\\{RUN}", "OneDrive"),
    value_set("HKLM", r"SOFTWARE\Classes\.hta\shell\open\command", ""),
    value_set("HKLM", r"SYSTEM\Setup\W32Time", "ImagePath"),
    key_made("HKLM", RUN),
    key_made("HKLM", ESS),
    key_deleted("HKLM", RUN),
    key_deleted("HKLM", r"SOFTWARE\X"),
    value_deleted("HKLM", RUN, "Updater"),
    value_deleted("HKLM", EXCLUSIONS, r"C:\Users\Public"),
    value_deleted("HKLM", RUN, ""),
    key_renamed("HKLM", RUN, f"{RUN}Once"),
]
ACTIONS = {
    "registry_add": {"RegistryKeyCreated"},
    "registry_set": {"RegistryValueSet"},
    "registry_delete": {"RegistryKeyDeleted", "RegistryValueDeleted"},
    "registry_rename": {"RegistryKeyRenamed"},
    "registry_event": {row["ActionType"] for _, row in EVENTS},
}
STRANGERS = ["Run", "\\", "Run\\", "(Default)", "\\(Default)", "Paths\\C:", "Users", "\\Public", "(Def"]


@st.composite
def targets(draw: st.DrawFn) -> list[Part]:
    """A pattern over a path without its hive, or after a whole hive: pieces of a hive's name have no translation."""
    anywhere = patterns([path.partition("\\")[2] for path, _ in EVENTS], STRANGERS)
    parts = draw(anywhere)
    if not parts or not parts[0][0] or draw(st.booleans()):
        return parts
    with_hive = [(True, draw(st.sampled_from(["HKLM\\", "HKU\\", "hklm\\"])) + parts[0][1]), *parts[1:]]
    return [(False, "*"), *with_hive] if draw(st.booleans()) else with_hive


@pytest.fixture(scope="module")
def registry() -> Rows:
    return Rows("DeviceRegistryEvents", [row for _, row in EVENTS])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(targets(), min_size=1, max_size=2),
    st.sampled_from(["registry_event", *ACTIONS]),
    st.sampled_from(["selection", "not selection"]),
)
def test_a_pattern_means_what_it_means_on_key_and_name(
    registry: Rows, asked: list[list[Part]], category: str, condition: str
) -> None:
    expected = {
        number
        for number, (path, row) in enumerate(EVENTS)
        if row["ActionType"] in ACTIONS[category]
        if any(fits(pattern, path) for pattern in asked) == (condition == "selection")
    }
    detection = {"TargetObject": [source(pattern) for pattern in asked]}
    query = compiled_if_it_can_match(detection, condition, category=category)
    if query is None:
        assert not all(any(fits(pattern, path) for path, _ in EVENTS) for pattern in asked)
    else:
        assert registry.selected(query) == expected, where(query)


# ---------------------------------------------------------------------------------------------------- how it is written

MACHINE_RUN = {"RegistryKey": f"HKEY_LOCAL_MACHINE\\{RUN}", "RegistryValueName": "Updater"}
USER_RUN = {"RegistryKey": f"HKEY_CURRENT_USER\\{SID}\\{RUN}", "RegistryValueName": "Updater"}
EXCLUDED = {"RegistryKey": f"HKEY_LOCAL_MACHINE\\{EXCLUSIONS}", "RegistryValueName": r"C:\Users\Public"}
DEFAULT = {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\.hta\shell\open\command"}


def in_services(control_set: str) -> Row:
    return {
        "RegistryKey": rf"HKEY_LOCAL_MACHINE\SYSTEM\{control_set}\Services\W32Time",
        "RegistryValueName": "ImagePath",
    }


JOINED = r'strcat(RegistryKey, "\\", iff(isempty(RegistryValueName), "(Default)", RegistryValueName))'
#: The same with Sysmon's names of hives.
BY_SYSMON = JOINED.replace(
    "strcat(RegistryKey,",
    'strcat(replace_regex(replace_regex(RegistryKey, "(?i)^HKEY_LOCAL_MACHINE", "HKLM"), '
    '"(?i)^HKEY_(?:CURRENT_USER|USERS)", "HKU"),',
)

CASES = [
    Case(
        "a value by its whole path",
        {"TargetObject": rf"HKLM\{RUN}\Updater"},
        r"""
        (RegistryValueName =~ "Updater"
                and RegistryKey =~ @"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run")
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) =~ @"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Updater")
        """,  # noqa: E501
        [MACHINE_RUN, {**MACHINE_RUN, "RegistryValueName": "UPDATER"}],
        [USER_RUN, {**MACHINE_RUN, "RegistryValueName": "Updater2"}],
        category="registry_set",
    ),
    Case(
        "a key between backslashes",
        {"TargetObject|contains": "\\CurrentVersion\\Run\\"},
        r"""
        RegistryKey has @"\CurrentVersion\Run\"
            or RegistryKey endswith @"\CurrentVersion\Run"
            or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) has @"\CurrentVersion\Run\"
        """,
        [MACHINE_RUN, USER_RUN, {**MACHINE_RUN, "RegistryValueName": ""}],
        [{"RegistryKey": f"HKEY_LOCAL_MACHINE\\{RUN}Once", "RegistryValueName": "x"}],
        category="registry_set",
    ),
    Case(
        "an end that is a value's name",
        {"TargetObject|endswith": [r"\Run\Updater", r"\RunOnce\Updater"]},
        r"""
        RegistryValueName =~ "Updater" and (RegistryKey endswith @"\Run" or RegistryKey endswith @"\RunOnce")
            or (RegistryValueName contains @"\"
                and (strcat(RegistryKey, "\\", RegistryValueName) endswith @"\Run\Updater"
                    or strcat(RegistryKey, "\\", RegistryValueName) endswith @"\RunOnce\Updater"))
        """,
        [MACHINE_RUN, USER_RUN],
        [{"RegistryKey": f"HKEY_LOCAL_MACHINE\\{RUN}\\Updater", "RegistryValueName": "x"}],
        category="registry_set",
    ),
    Case(
        "a key and the start of a name",
        {"TargetObject|contains": r"\Run\Up"},
        r"""
        RegistryKey contains @"\Run\Up"
            or RegistryValueName startswith "Up" and RegistryKey endswith @"\Run"
            or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) contains @"\Run\Up"
        """,
        [MACHINE_RUN],
        [{**MACHINE_RUN, "RegistryValueName": "xUp"}],
        category="registry_set",
    ),
    Case(
        "a piece of a key or a name",
        {"TargetObject|contains": "pdate"},
        'RegistryKey contains "pdate" or RegistryValueName contains "pdate"',
        [MACHINE_RUN, {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Updates", "RegistryValueName": "x"}],
        [EXCLUDED],
        category="registry_set",
    ),
    Case(
        "text that is in a hive's long name",
        {"TargetObject|contains": "LOCAL"},
        f'{BY_SYSMON} contains "LOCAL"',
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\X", "RegistryValueName": "LocalPort"}],
        [MACHINE_RUN, USER_RUN],
        category="registry_set",
    ),
    Case(
        "a new name is a renamed key's",
        {"NewName|endswith": r"\MiniNt"},
        r"""
        ActionType == "RegistryKeyRenamed"
        RegistryKey endswith @"\MiniNt"
        """,
        [
            {
                "ActionType": "RegistryKeyRenamed",
                "RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\MiniNt",
            }
        ],
        [
            {
                "ActionType": "RegistryKeyCreated",
                "RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\MiniNt",
            }
        ],
        category="registry_event",
    ),
    Case(
        "a value's name that is a path",
        {"TargetObject|endswith": r"\Exclusions\Paths\C:\Users\Public"},
        r"""
        RegistryValueName =~ "Public" and RegistryKey endswith @"\Exclusions\Paths\C:\Users"
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) endswith @"\Exclusions\Paths\C:\Users\Public")
        """,
        [EXCLUDED],
        [MACHINE_RUN],
        category="registry_set",
    ),
    Case(
        "a wildcard between key and name",
        {"TargetObject": rf"HKLM\{EXCLUSIONS}\\*\Public"},
        rf'{JOINED} matches regex @"(?is)^HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths\\.*\\Public$"',  # noqa: E501
        [EXCLUDED],
        [MACHINE_RUN],
        category="registry_set",
    ),
    Case(
        "the unnamed value",
        {"TargetObject|endswith": r"\shell\open\command\(Default)"},
        r"""
        (RegistryValueName =~ "(Default)" or isempty(RegistryValueName)) and RegistryKey endswith @"\shell\open\command"
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) endswith @"\shell\open\command\(Default)")
        """,
        [DEFAULT, {**DEFAULT, "RegistryValueName": "(Default)"}],
        [{**DEFAULT, "RegistryValueName": "DelegateExecute"}],
        category="registry_set",
    ),
    Case(
        "a user's hive as Sysmon writes it",
        {"TargetObject": rf"HKU\{SID}\{RUN}\Updater"},
        r"""
        (RegistryValueName =~ "Updater"
                and RegistryKey in~ (
                        @"HKEY_CURRENT_USER\S-1-5-21-34-91-68-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run",
                        @"HKEY_USERS\S-1-5-21-34-91-68-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
                    ))
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) in~ (
                        @"HKEY_CURRENT_USER\S-1-5-21-34-91-68-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Updater",
                        @"HKEY_USERS\S-1-5-21-34-91-68-1001\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\Updater"
                    ))
        """,
        [USER_RUN],
        [MACHINE_RUN],
        category="registry_set",
    ),
    Case(
        "a user's hive without the user",
        {"TargetObject|startswith": rf"HKCU\{RUN}"},
        rf'{JOINED} matches regex @"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"',  # noqa: E501
        [USER_RUN],
        [MACHINE_RUN, {"RegistryKey": rf"HKEY_CURRENT_USER\{SID}\X\{RUN}"}],
        category="registry_set",
    ),
    Case(
        "all of a user's hive",
        {"TargetObject|startswith": "HKCU"},
        rf'{JOINED} matches regex @"(?is)^HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+(?:\\|$)"',
        [USER_RUN],
        [MACHINE_RUN, {"RegistryKey": rf"HKEY_CURRENT_USER\{SID}_Classes\X"}],
        category="registry_set",
    ),
    Case(
        "a user's hive as Defender writes it",
        {"TargetObject|startswith": rf"HKEY_CURRENT_USER\{SID}\SOFTWARE"},
        r"""
        RegistryKey startswith @"HKEY_CURRENT_USER\S-1-5-21-34-91-68-1001\SOFTWARE"
            or RegistryKey =~ @"HKEY_CURRENT_USER\S-1-5-21-34-91-68-1001" and RegistryValueName startswith "SOFTWARE"
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) startswith @"HKEY_CURRENT_USER\S-1-5-21-34-91-68-1001\SOFTWARE")
        """,
        [USER_RUN],
        [MACHINE_RUN],
        category="registry_set",
    ),
    Case(
        "classes",
        {"TargetObject|startswith": r"HKCR\.hta\shell"},
        rf'{JOINED} matches regex @"(?is)^(?:HKEY_LOCAL_MACHINE\\SOFTWARE\\|HKEY_(?:CURRENT_USER|USERS)\\S-1-[0-9-]+(?:\\SOFTWARE\\|_))Classes\\\.hta\\shell"',  # noqa: E501
        [DEFAULT, {"RegistryKey": rf"HKEY_CURRENT_USER\{SID}_Classes\.hta\shell\open\command"}],
        [
            {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\.hta\shell"},
            {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\X\SOFTWARE\Classes\.hta\shell"},
        ],
        category="registry_set",
    ),
    Case(
        "the control set that is in use",
        {"TargetObject": r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\ImagePath"},
        r"""
        (RegistryValueName =~ "ImagePath"
                and RegistryKey in~ (
                        @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W32Time",
                        @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\W32Time",
                        @"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\W32Time"
                    ))
            or (RegistryValueName contains @"\"
                and strcat(RegistryKey, "\\", RegistryValueName) in~ (
                        @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W32Time\ImagePath",
                        @"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet002\Services\W32Time\ImagePath",
                        @"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\W32Time\ImagePath"
                    ))
        """,
        [in_services("ControlSet001"), in_services("ControlSet002"), in_services("CurrentControlSet")],
        [in_services("CurrentControlSet001")],
        category="registry_set",
    ),
    Case(
        "a control set after a wildcard",
        {"TargetObject|endswith": r"ControlSet\Services\W32Time\ImagePath"},
        r"""
        (RegistryValueName =~ "ImagePath"
                and (RegistryKey endswith @"ControlSet001\Services\W32Time"
                    or RegistryKey endswith @"ControlSet002\Services\W32Time"
                    or RegistryKey endswith @"CurrentControlSet\Services\W32Time"))
            or (RegistryValueName contains @"\"
                and (strcat(RegistryKey, "\\", RegistryValueName) endswith @"ControlSet001\Services\W32Time\ImagePath"
                    or strcat(RegistryKey, "\\", RegistryValueName) endswith @"ControlSet002\Services\W32Time\ImagePath"
                    or strcat(RegistryKey, "\\", RegistryValueName) endswith @"CurrentControlSet\Services\W32Time\ImagePath"))
        """,
        [in_services("ControlSet001")],
        [in_services("X")],
        category="registry_set",
    ),
    Case(
        "any control set",
        {"TargetObject": r"HKLM\SYSTEM\\*ControlSet*\Services\W32Time\ImagePath"},
        rf'{JOINED} matches regex @"(?is)^HKEY_LOCAL_MACHINE\\SYSTEM\\.*ControlSet.*\\Services\\W32Time\\ImagePath$"',
        [in_services("ControlSet001"), in_services("ControlSet003")],
        [in_services("X")],
        category="registry_set",
    ),
    Case(
        "the control set before a wildcard",
        {"TargetObject|contains": r"\SYSTEM\CurrentControlSet"},
        r"""
        RegistryKey contains @"\SYSTEM\ControlSet001"
            or RegistryKey contains @"\SYSTEM\ControlSet002"
            or RegistryKey contains @"\SYSTEM\CurrentControlSet"
            or RegistryValueName startswith "ControlSet001" and RegistryKey endswith @"\SYSTEM"
            or RegistryValueName startswith "ControlSet002" and RegistryKey endswith @"\SYSTEM"
            or RegistryValueName startswith "CurrentControlSet" and RegistryKey endswith @"\SYSTEM"
            or (RegistryValueName contains @"\"
                and (strcat(RegistryKey, "\\", RegistryValueName) contains @"\SYSTEM\ControlSet001"
                    or strcat(RegistryKey, "\\", RegistryValueName) contains @"\SYSTEM\ControlSet002"
                    or strcat(RegistryKey, "\\", RegistryValueName) contains @"\SYSTEM\CurrentControlSet"))
        """,
        [in_services("ControlSet001")],
        [in_services("X")],
        category="registry_set",
    ),
    Case(
        "a key that was made",
        {"TargetObject|endswith": r"\WBEM\ESS"},
        r'RegistryKey endswith @"\WBEM\ESS"',
        [{"RegistryKey": rf"HKEY_LOCAL_MACHINE\{ESS}"}],
        [{"RegistryKey": rf"HKEY_LOCAL_MACHINE\{ESS}\x"}],
        category="registry_add",
    ),
    Case(
        "a key or a value that was deleted",
        {"TargetObject|endswith": r"\Run\Updater"},
        r"""
        ActionType in ("RegistryKeyDeleted", "RegistryValueDeleted")
        ActionType == "RegistryKeyDeleted" and PreviousRegistryKey endswith @"\Run\Updater"
            or (ActionType == "RegistryValueDeleted"
                and (PreviousRegistryValueName =~ "Updater" and PreviousRegistryKey endswith @"\Run"
                    or (PreviousRegistryValueName contains @"\"
                        and strcat(PreviousRegistryKey, "\\", PreviousRegistryValueName) endswith @"\Run\Updater")))
        """,
        [
            {"ActionType": "RegistryKeyDeleted", "PreviousRegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}\Updater"},
            {
                "ActionType": "RegistryValueDeleted",
                "PreviousRegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}",
                "PreviousRegistryValueName": "Updater",
            },
        ],
        [{"ActionType": "RegistryKeyDeleted", "RegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}\Updater"}],
        category="registry_delete",
    ),
    Case(
        "a key that was renamed, by its old name and its new one",
        {"TargetObject|endswith": r"\Run", "NewName": rf"HKLM\{RUN}Once"},
        r"""
        ActionType == "RegistryKeyRenamed"
        RegistryKey =~ @"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce"
        PreviousRegistryKey endswith @"\Run"
        """,
        [{"PreviousRegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}", "RegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}Once"}],
        [{"PreviousRegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}Once", "RegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}"}],
        category="registry_rename",
    ),
    Case(
        "an event type is an ActionType",
        {"EventType": "DeleteValue", "TargetObject|endswith": r"\Updater"},
        r"""
        ActionType == "RegistryValueDeleted"
        PreviousRegistryValueName =~ "Updater"
            or (PreviousRegistryValueName contains @"\"
                and strcat(PreviousRegistryKey, "\\", PreviousRegistryValueName) endswith @"\Updater")
        """,
        [
            {
                "PreviousRegistryKey": rf"HKEY_LOCAL_MACHINE\{RUN}",
                "PreviousRegistryValueName": "Updater",
            }
        ],
        [{"ActionType": "RegistryValueSet", **MACHINE_RUN}],
        category="registry_event",
    ),
    Case(
        "a regex",
        {"TargetObject|re": r"\\Run\\U[a-z]+$"},
        rf'{BY_SYSMON} matches regex @"\\Run\\U[a-z]+$"',
        [MACHINE_RUN],
        [EXCLUDED],
        category="registry_set",
    ),
    Case(
        "a regex on a hive by Sysmon's name",
        {"TargetObject|re": r"^HKLM\\SOFTWARE|^HKU\\S-1-5-21-.*Updater$"},
        rf'{BY_SYSMON} matches regex @"^HKLM\\SOFTWARE|^HKU\\S-1-5-21-.*Updater$"',
        [MACHINE_RUN, USER_RUN],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\X"}],
        category="registry_set",
    ),
    Case(
        "a regex that a hive's long name alone fits",
        {"TargetObject|re": r"_|USER\\S-1|E\\S"},
        rf'{BY_SYSMON} matches regex @"_|USER\\S-1|E\\S"',
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\X_"}],
        [MACHINE_RUN, USER_RUN],
        category="registry_set",
    ),
    Case(
        "a pattern that begins in the middle of a hive's name",
        {"TargetObject|contains": r"LM\SOFT"},
        rf'{BY_SYSMON} contains @"LM\SOFT"',
        [MACHINE_RUN],
        [USER_RUN, {"RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\X"}],
        category="registry_set",
    ),
    Case(
        "the beginning of a hive's name",
        {"TargetObject|startswith": "HKL"},
        f'{BY_SYSMON} startswith "HKL"',
        [MACHINE_RUN],
        [USER_RUN],
        category="registry_set",
    ),
    Case(
        "a hive anywhere",
        {"TargetObject|contains": "HKLM"},
        f'{JOINED} matches regex "(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)"',
        [MACHINE_RUN, {**USER_RUN, "RegistryValueName": "hklm"}],
        [USER_RUN],
        category="registry_set",
    ),
    Case(
        "a path from its hive on, anywhere",
        {"TargetObject|contains": r"HKLM\SOFTWARE\X"},
        rf'{JOINED} matches regex @"(?is)(?:^HKEY_LOCAL_MACHINE|HKLM)\\SOFTWARE\\X"',
        [
            {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\X"},
            {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\ClickToRunStore\HKLM\SOFTWARE\X"},
        ],
        [MACHINE_RUN, {"RegistryKey": rf"HKEY_CURRENT_USER\{SID}\SOFTWARE\X"}],
        category="registry_set",
    ),
    Case(
        "no path",
        {"TargetObject": ["", r"HKLM\X\Y"]},
        r"""
        isempty(RegistryKey)
            or RegistryValueName =~ "Y" and RegistryKey =~ @"HKEY_LOCAL_MACHINE\X"
            or RegistryValueName contains @"\" and strcat(RegistryKey, "\\", RegistryValueName) =~ @"HKEY_LOCAL_MACHINE\X\Y"
        """,
        [{}, {"RegistryKey": r"HKEY_LOCAL_MACHINE\X", "RegistryValueName": "Y"}],
        [MACHINE_RUN],
        category="registry_set",
    ),
    Case(
        "some path",
        {"TargetObject|exists": True},
        "isnotempty(RegistryKey)",
        [MACHINE_RUN],
        [{}],
        category="registry_set",
    ),
    Case(
        "numbers in decimal",
        {"Details": ["DWORD (0x00000001)", "DWORD (0x0000000a)", "QWORD (0x00000001-0x00000002)"]},
        'RegistryValueData in~ ("1", "10", "4294967298")',
        [{"RegistryValueData": "1"}, {"RegistryValueData": "10"}, {"RegistryValueData": "4294967298"}],
        [{"RegistryValueData": "DWORD (0x00000001)"}, {"RegistryValueData": "11"}],
        category="registry_set",
    ),
    Case(
        "a piece of a number's text that holds it whole",
        {"Details|contains": "(0x00000002)"},
        'RegistryValueData =~ "2" or RegistryValueData has "(0x00000002)"',
        [{"RegistryValueData": "2"}],
        [{"RegistryValueData": "22"}],
        category="registry_set",
    ),
    Case(
        "the type of a value",
        {"Details|startswith": ["DWORD", "Binary Data"]},
        'RegistryValueType in~ ("DWORD", "Binary")',
        [{"RegistryValueType": "Dword", "RegistryValueData": "1"}, {"RegistryValueType": "Binary"}],
        [{"RegistryValueType": "String", "RegistryValueData": "DWORD"}],
        category="registry_set",
    ),
    Case(
        "a piece of what binary data is shown as",
        {"Details|contains": "y D"},
        'RegistryValueData contains "y D" or RegistryValueType =~ "Binary"',
        [{"RegistryValueType": "Binary"}, {"RegistryValueType": "String", "RegistryValueData": "any data"}],
        [{"RegistryValueType": "String", "RegistryValueData": "data"}],
        category="registry_set",
    ),
    Case(
        "a regex that binary data fits too",
        {"Details|re": "^[A-Z][a-z]+ "},
        'RegistryValueData matches regex "^[A-Z][a-z]+ " or RegistryValueType =~ "Binary"',
        [{"RegistryValueType": "Binary"}, {"RegistryValueType": "String", "RegistryValueData": "Any data"}],
        [{"RegistryValueType": "String", "RegistryValueData": "Any"}],
        category="registry_set",
    ),
    Case(
        "text and no text",
        {"Details": ["(Empty)", "0", r"*\Temp\\*"]},
        r"""
        RegistryValueData =~ "0"
            or RegistryValueData has @"\Temp\"
            or isempty(RegistryValueData) and RegistryValueType !~ "Binary"
        """,
        [{"RegistryValueData": r"C:\Temp\a.exe"}, {"RegistryValueData": "0"}, {}],
        [{"RegistryValueData": "00"}],
        category="registry_set",
    ),
    Case(
        "a number that is no text",
        {"Details": 4},
        'RegistryValueData =~ "4"',
        [{"RegistryValueData": "4"}],
        [{"RegistryValueData": "14"}],
        category="registry_set",
    ),
    Case(
        "a regex on data",
        {"Details|re": "(?i)rundll32.*,#[0-9]+"},
        'RegistryValueData matches regex "(?i)rundll32.*,#[0-9]+"',
        [{"RegistryValueData": "RunDLL32 x.dll,#1"}],
        [{"RegistryValueData": "x.dll,#1"}],
        category="registry_set",
    ),
    Case(
        "no data",
        {"Details": None},
        """
        isempty(RegistryValueData)
        RegistryValueType !~ "Binary"
        """,
        [{}],
        [{"RegistryValueData": "0"}],
        category="registry_set",
    ),
]


@by_name(CASES)
def test_text(case: Case) -> None:
    assert where(case.compiled()) == case.text


@by_name(CASES)
def test_rows(case: Case, rows: CaseRows) -> None:
    assert rows.selected(case) == case.fitting


# ----------------------------------------------------------------------------------------------------- what can't be said


@pytest.mark.parametrize(
    ("detection", "problem"),
    [
        (
            {"TargetObject": "Updater"},
            (
                "never-matches",
                "'TargetObject' is a whole path; 'Updater' alone never equals it",
                r"write '*\Updater', or |endswith: '\Updater'",
            ),
        ),
        (
            {"TargetObject": r"\REGISTRY\MACHINE"},
            (
                "never-matches",
                r"'TargetObject' is a whole path; '\REGISTRY\MACHINE' alone never equals it",
                r"write '*\\REGISTRY\MACHINE', or |endswith: '\\REGISTRY\MACHINE'",
            ),
        ),
        (
            {"TargetObject|startswith|cased": r"hklm\SOFTWARE"},
            (
                "never-matches",
                "no path of 'TargetObject' begins with 'hklm': hives are written in upper case",
                "write HKLM, or leave cased out",
            ),
        ),
        (
            {"TargetObject|re": r"^HKCU\\SOFTWARE"},
            (
                "value-form",
                "the regular expression on 'TargetObject' names a hive or control set that Defender spells otherwise",
                "use contains or endswith for that part: their hives and control sets are translated",
            ),
        ),
        ({"TargetObject": 1}, ("type-mismatch", "'TargetObject' can't be compared with a number", None)),
        (
            {"TargetObject|fieldref": "Details"},
            ("fieldref", "'TargetObject' can't be compared with 'Details': it is no single column", None),
        ),
        (
            {"Details|contains": "(0x0000000"},
            (
                "value-form",
                "'*(0x0000000*' is a piece of how Sysmon shows a number; Defender stores numbers as decimal text",
                "name the whole number: DWORD (0x00000001)",
            ),
        ),
        (
            {"Details": "DWORD (0x00000001)?"},
            (
                "value-form",
                "'DWORD (0x00000001)?' is a piece of how Sysmon shows a number; Defender stores numbers as decimal text",
                "name the whole number: DWORD (0x00000001)",
            ),
        ),
        (
            {"Details|re": r"DWORD \(0x0000000[1-5]\)"},
            (
                "value-form",
                "the regular expression on 'Details' reads numbers as Sysmon shows them; Defender stores decimal text",
                None,
            ),
        ),
        (
            {"NewName": "x"},
            (
                "lost-field",
                "Defender's DeviceRegistryEvents has no 'NewName': only a renamed key has a new name",
                None,
            ),
        ),
        ({"Details|gt": 1}, ("type-mismatch", "RegistryValueData is a string, 'gt' compares numbers", None)),
    ],
)
def test_refusals(detection: dict[str, object], problem: tuple[str, str, str | None]) -> None:
    assert refused(detection, category="registry_set") == [problem]


def test_a_regex_on_a_new_name_in_another_spelling_is_refused() -> None:
    assert refused({"NewName|re": r"^HKEY_USERS\\S"}, category="registry_rename") == [
        (
            "value-form",
            "the regular expression on 'NewName' names a hive or control set that Defender spells otherwise",
            "use contains or endswith for that part: their hives and control sets are translated",
        )
    ]
