"""What the two judges once differed about, by name: both now say the same, and what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
import yaml

from .correlation_judges import CorrelationJudge
from .judges import Refused, RuleJudge
from .slots import slots, whole_path
from .slots.registry import defender_key

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A rule of one selection, and rows of its table that fit and that don't; a row's ActionType is the case's own."""

    name: str
    detection: Any
    action: str
    match: Sequence[Row]
    no_match: Sequence[Row]
    log_source: Mapping[str, str]


def case(
    name: str, detection: Any, action: str, match: Sequence[Row], no_match: Sequence[Row], **log_source: str
) -> Any:
    return pytest.param(Case(name, detection, action, match, no_match, log_source), id=name)


def process(name: str, path: str) -> Row:
    """The process that acts."""
    return {"InitiatingProcessFileName": name, "InitiatingProcessFolderPath": path}


def account(name: str, domain: str, of: str = "") -> Row:
    return {f"{of}AccountName": name, f"{of}AccountDomain": domain}


ACTOR = "InitiatingProcess"
SID = r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-1001"
MD5, SHA1, SHA256 = "d6d0c756fb8abfb33e652a20e85b70bc", "ab" * 20, "cd" * 32
SET = {"category": "registry_set"}

CASES = [
    # ---- nothing
    case(
        "a regex that takes in the empty text doesn't find nothing",
        {"CommandLine|re": "^[^a]*$"},
        "ProcessCreated",
        [{"ProcessCommandLine": "cmd"}],
        [{}, {"ProcessCommandLine": ""}, {"ProcessCommandLine": "a"}],
        category="process_creation",
    ),
    case(
        "nor does a keyword",
        {"|re": "^$"},
        "ProcessCreated",
        [],
        [{}],
        category="process_creation",
    ),
    case(
        "an unknown account is nothing",
        {"User": "*"},
        "FileCreated",
        [account("eve", "corp", ACTOR)],
        [{}],
        category="file_event",
    ),
    case(
        "that Windows writes as a dash",
        {"User|contains": "-"},
        "FileCreated",
        [{}, account("eve", "corp-a", ACTOR)],
        [account("eve", "corp", ACTOR)],
        category="file_event",
    ),
    case(
        "the backslash between domain and name isn't there without them",
        {"User|re": r"\\"},
        "FileCreated",
        [account("eve", "corp", ACTOR)],
        [{}],
        category="file_event",
    ),
    case(
        "two unknown accounts aren't the same one, two without a domain may be",
        {"User|fieldref": "ParentUser"},
        "ProcessCreated",
        [
            {**account("eve", ""), **account("eve", "", ACTOR)},
            {**account("eve", "corp"), **account("eve", "corp", ACTOR)},
        ],
        [{}, {**account("eve", "corp"), **account("eve", "", ACTOR)}],
        category="process_creation",
    ),
    case(
        "a dash and one more character is no dash",
        {"User|contains": "-?"},
        "FileCreated",
        [account("eve-a", "corp", ACTOR)],
        [{}],
        category="file_event",
    ),
    case(
        "a new name that a key can't have is nothing",
        {"NewName": None},
        "RegistryValueDeleted",
        [{"PreviousRegistryKey": rf"{SID}\a"}],
        [],
        category="registry_event",
    ),
    # ---- paths
    case(
        "a process without a path, by its beginning",
        {"Image": "Regist*"},
        "FileCreated",
        [process("registry", ""), process("registry", "registry")],
        [process("registry", r"c:\x"), process("x", r"c:\registry")],
        category="file_event",
    ),
    case(
        "a process without a path, as another field",
        {"TargetFilename|fieldref": "Image"},
        "FileCreated",
        [{"FileName": "System", "FolderPath": "System", **process("system", path)} for path in ("", "system")],
        [{"FileName": "System", "FolderPath": "System", **process("system", "c:")}],
        category="file_event",
    ),
    case(
        "a file in a drive's root",
        {"Image": r"C:\x.exe"},
        "FileCreated",
        [process("x.exe", path) for path in (r"c:\x.exe", "c:", "c:\\")],
        [process("x.exe", r"c:\x"), process("x.exe", r"d:\x.exe")],
        category="file_event",
    ),
    case(
        "a file in a drive's root, by a regex",
        {"Image|re": r"^c:\\x\.exe$"},
        "FileCreated",
        [process("x.exe", path) for path in (r"c:\x.exe", "c:", "c:\\")],
        [process("x.exe", r"c:\x")],
        category="file_event",
    ),
    # ---- registry
    case(
        "a piece of a hive's long name",
        {"TargetObject|contains": "user"},
        "RegistryValueSet",
        [{"RegistryKey": rf"{SID}\a", "RegistryValueName": "UserName"}],
        [{"RegistryKey": rf"{SID}\a", "RegistryValueName": "x"}],
        **SET,
    ),
    case(
        "a piece of a hive's short name",
        {"TargetObject|contains": r"LM\SOFT"},
        "RegistryValueSet",
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\a", "RegistryValueName": "x"}],
        [{"RegistryKey": rf"{SID}\SOFTWARE\a", "RegistryValueName": "x"}],
        **SET,
    ),
    case(
        "a regex that the hive's long name alone fits",
        {"TargetObject|re": "_|E\\\\S"},
        "RegistryValueSet",
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\a_b", "RegistryValueName": "x"}],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\a", "RegistryValueName": "x"}],
        **SET,
    ),
    case(
        "a hive anywhere",
        {"TargetObject|contains": "HKLM"},
        "RegistryValueSet",
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\a", "RegistryValueName": "x"}],
        [{"RegistryKey": rf"{SID}\a", "RegistryValueName": "x"}],
        **SET,
    ),
    case(
        "the current user's hive begins behind the SID",
        {"TargetObject": r"HKCU\Run\x"},
        "RegistryValueSet",
        [{"RegistryKey": rf"{SID}\Run", "RegistryValueName": "x"}],
        [
            {"RegistryKey": rf"{SID}\a\Run", "RegistryValueName": "x"},
            {"RegistryKey": rf"{SID}_Classes\Run", "RegistryValueName": "x"},
        ],
        **SET,
    ),
    *(
        case(
            f"a path from {hive} on, in the middle of a key",
            {f"TargetObject|{modifier}": rf"{hive}\SOFTWARE\A"},
            "RegistryValueSet",
            [
                {"RegistryKey": rf"{stored}\SOFTWARE", "RegistryValueName": "A"},
                {"RegistryKey": rf"HKEY_LOCAL_MACHINE\SOFTWARE\x\{hive}\SOFTWARE", "RegistryValueName": "A"},
                {"RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE", "RegistryValueName": rf"x{hive}\SOFTWARE\A"},
            ],
            [
                {"RegistryKey": rf"{stored}\x\SOFTWARE", "RegistryValueName": "A"},
                {"RegistryKey": rf"{SID}_x\SOFTWARE", "RegistryValueName": "A"},
            ],
            **SET,
        )
        for modifier in ("contains", "endswith", "contains|cased")
        for hive, stored in (
            ("HKLM", "HKEY_LOCAL_MACHINE"),
            ("HKEY_LOCAL_MACHINE", "HKEY_LOCAL_MACHINE"),
            (r"\REGISTRY\MACHINE", "HKEY_LOCAL_MACHINE"),
            ("HKCU", SID),
            ("HKEY_CURRENT_USER", SID),
            (r"HKU\S-1-5-21-1-2-3-1001", SID),
            (r"HKEY_USERS\S-1-5-21-1-2-3-1001", SID),
            (r"\REGISTRY\USER\S-1-5-21-1-2-3-1001", SID),
            (r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-1001", SID),
            ("HKCR", r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes"),
            ("HKEY_CLASSES_ROOT", rf"{SID}\SOFTWARE\Classes"),
        )
    ),
    case(
        "wildcards behind the current user's hive",
        {"TargetObject": [r"HKCU*\a\\?", r"HKCU?b\\*"]},
        "RegistryValueSet",
        [
            {"RegistryKey": rf"{SID}\a", "RegistryValueName": "x"},
            {"RegistryKey": rf"{SID}\x\a", "RegistryValueName": "x"},
            {"RegistryKey": rf"{SID}\b", "RegistryValueName": "xyz"},
        ],
        [
            {"RegistryKey": rf"{SID}_Classes\a", "RegistryValueName": "x"},
            {"RegistryKey": rf"{SID}\x\b", "RegistryValueName": "xyz"},
        ],
        **SET,
    ),
    case(
        "hives are in upper case, where a rule minds that",
        {"TargetObject|contains|cased": [r"hku\s-1-5-21-1-2-3-1001_classes\cl", r"hkcr\clsid\{1-2}\iNPROC"]},
        "RegistryKeyRenamed",
        [{"PreviousRegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\hku\s-1-5-21-1-2-3-1001_classes\cl"}],
        [
            {"PreviousRegistryKey": r"HKEY_CURRENT_USER\s-1-5-21-1-2-3-1001_classes\cl"},
            {"PreviousRegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes\clsid\{1-2}\iNPROCx"},
        ],
        category="registry_rename",
    ),
    case(
        "and the places of classes in any",
        {"TargetObject|contains|cased": r"HKCR\cl"},
        "RegistryKeyRenamed",
        [{"PreviousRegistryKey": r"HKEY_CURRENT_USER\s-1-5-21-1-2-3-1001_classes\cl"}],
        [{"PreviousRegistryKey": r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-1001_Classes\CL"}],
        category="registry_rename",
    ),
    case(
        "classes are in their places alone",
        {"TargetObject|startswith": r"HKCR\.hta"},
        "RegistryValueSet",
        [
            {"RegistryKey": rf"{place}\.hta", "RegistryValueName": "x"}
            for place in (r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes", rf"{SID}_Classes", rf"{SID}\SOFTWARE\Classes")
        ],
        [
            {"RegistryKey": rf"{place}\.hta", "RegistryValueName": "x"}
            for place in (r"HKEY_LOCAL_MACHINE\SOFTWARE\x\SOFTWARE\Classes", r"HKEY_LOCAL_MACHINE\SOFTWARE\x_Classes")
        ],
        **SET,
    ),
    case(
        "one character before what is in a hive's name",
        {"TargetObject": [r"?KLM\SOFTWARE\a", r"*?KU\S-1-5-21-1-2-3-1001\b"]},
        "RegistryKeyRenamed",
        [{"PreviousRegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\a"}, {"PreviousRegistryKey": rf"{SID}\b"}],
        [{"PreviousRegistryKey": rf"{SID}\a"}],
        category="registry_rename",
    ),
    case(
        "the control set in use, and a piece of its name",
        {"TargetObject|contains": r"\CurrentControlSet\Services\x"},
        "RegistryValueSet",
        [
            {"RegistryKey": rf"HKEY_LOCAL_MACHINE\SYSTEM\{name}\Services\x"}
            for name in ("ControlSet001", "ControlSet002")
        ],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\Setup\Services\x"}],
        **SET,
    ),
    case(
        "a control set without a number is none that is in use",
        {"TargetObject|contains": r"\ControlSet\Services"},
        "RegistryValueSet",
        [],
        [{"RegistryKey": r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\x", "RegistryValueName": "y"}],
        **SET,
    ),
    case(
        "a number by what Sysmon shows of it",
        {"Details": "DWORD (0x0000000a)"},
        "RegistryValueSet",
        [{"RegistryValueData": "10", "RegistryValueType": kind} for kind in ("Dword", "QWord", "")],
        [{"RegistryValueData": "1", "RegistryValueType": "Dword"}, {"RegistryValueData": "a"}],
        **SET,
    ),
    case(
        "a number isn't shown as Sysmon shows it to a regex",
        {"Details|re": r"\s"},
        "RegistryValueSet",
        [{"RegistryValueData": "a b", "RegistryValueType": "String"}, {"RegistryValueType": "Binary"}],
        [{"RegistryValueData": "4294967295", "RegistryValueType": "Dword"}],
        **SET,
    ),
    case(
        "binary data by a piece of what Sysmon shows of it",
        {"Details|contains": "y D"},
        "RegistryValueSet",
        [{"RegistryValueType": "Binary"}, {"RegistryValueData": "any data", "RegistryValueType": "String"}],
        [{"RegistryValueData": "data", "RegistryValueType": "String"}],
        **SET,
    ),
    # ---- other fields
    case(
        "a number that Windows writes in hexadecimal",
        {"LogonId": "0x3e7"},
        "ProcessCreated",
        [{"LogonId": 999}],
        [{"LogonId": 3}, {}],
        category="process_creation",
    ),
    case(
        "a pipe by its short name, that begins as the long ones do",
        {"PipeName": r"\device\x"},
        "NamedPipeEvent",
        [{"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\device\\x"}'}],
        [{"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\x"}'}],
        category="pipe_created",
    ),
    case(
        "a pipe in a folder named as the pipes' own",
        {"PipeName": r"\device\namedpipe\x"},
        "NamedPipeEvent",
        [
            {"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\device\\namedpipe\\x"}'},
            {"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\x"}'},
        ],
        [{"AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\device\\x"}'}],
        category="pipe_created",
    ),
    case(
        "a consumer in Sysmon's quotes",
        {"Consumer": r"""*"CommandLineEventConsumer.Name=\"x*\"" """.strip()},
        "WmiBindEventFilterToConsumer",
        [{"AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"xy\""}'}],
        [{"AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"y\""}'}],
        category="wmi_event",
    ),
    case(
        "a consumer with one of the quotes",
        {"Consumer": r"""CommandLineEventConsumer.Name=\"x\"" """.strip()},
        "WmiBindEventFilterToConsumer",
        [],
        [{"AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"x\""}'}],
        category="wmi_event",
    ),
    case(
        "one character before a consumer isn't Sysmon's quote",
        {"Consumer|contains": r"?onsumer.Name=\"*"},
        "WmiBindEventFilterToConsumer",
        [{"AdditionalFields": r'{"Consumer": "Consumer=\"x\""}'}],
        [{"AdditionalFields": r'{"Consumer": "onsumer=\"x\""}'}],
        category="wmi_event",
    ),
    case(
        "hashes of which Sysmon may have taken some",
        {"Hashes": [f"MD5={MD5},SHA256={SHA256}"]},
        "ProcessCreated",
        [{"MD5": MD5, "SHA256": SHA256}, {"MD5": MD5, "SHA1": SHA1, "SHA256": SHA256}],
        [{"MD5": MD5, "SHA1": SHA1}],
        category="process_creation",
    ),
    case(
        "hashes in upper case, where a rule minds that",
        {"Hashes|endswith|cased": f"MD5={MD5.upper()},SHA256={SHA256.upper()}"},
        "ProcessCreated",
        [{"MD5": MD5, "SHA256": SHA256}],
        [{"MD5": MD5}],
        category="process_creation",
    ),
    case(
        "a piece of Sysmon's quotes is found in none of Defender's",
        {"Consumer|contains": r"x\""},
        "WmiBindEventFilterToConsumer",
        [],
        [{"AdditionalFields": r'{"Consumer": "CommandLineEventConsumer=\"x\""}'}],
        category="wmi_event",
    ),
    case(
        "a key of AdditionalFields, in one of Windows' log sources",
        {"AdditionalFields.X": "a"},
        "FileCreated",
        [{"AdditionalFields": '{"X": "A"}'}],
        [{"AdditionalFields": '{"x": "A"}'}, {"AdditionalFields": '{"X": '}, {}],
        category="file_event",
    ),
    case(
        "text that spells no decimal number isn't less than one",
        {"AdditionalFields.X|lt": 100},
        "FileCreated",
        [{"AdditionalFields": '{"X": "80"}'}, {"AdditionalFields": '{"X": 80.5}'}],
        [{"AdditionalFields": '{"X": "0x50"}'}, {"AdditionalFields": '{"X": "x"}'}, {}],
        category="file_event",
    ),
    case(
        "a file's path doesn't end in a backslash, though its directory alone may",
        {"Image": ["d:\\", "d:\\b.exe"]},
        "RegistryValueSet",
        [process("b.exe", "d:\\")],
        [process("a.exe", "d:\\")],
        category="registry_set",
    ),
]


@pytest.mark.parametrize("hive", ["hklm", "HKcu", r"\registry\machine"])
def test_no_path_begins_with_a_hive_in_lower_case(hive: str) -> None:
    detection = {"selection": {"TargetObject|startswith|cased": rf"{hive}\SOFTWARE"}, "condition": "selection"}
    with pytest.raises(Refused, match="compiler: never-matches"):
        RuleJudge.of(
            yaml.safe_dump({"title": "x", "logsource": {"product": "windows", **SET}, "detection": detection}), {}
        )


def test_hashes_in_lower_case_are_never_there() -> None:
    detection = {"selection": {"Hashes|contains|cased": f"MD5={MD5},SHA256={SHA256}"}, "condition": "selection"}
    log_source = {"product": "windows", "category": "file_delete"}
    with pytest.raises(Refused, match="compiler: never-matches"):
        RuleJudge.of(yaml.safe_dump({"title": "x", "logsource": log_source, "detection": detection}), {})


CORRELATION = """
title: image loads
name: image_loads
logsource: {product: windows, category: image_load}
detection: {selection: {CommandLine|contains: b}, condition: selection}
---
title: connections
name: connections
logsource: {product: windows, category: network_connection}
detection: {selection: {CommandLine|contains: a}, condition: selection}
---
title: of one device
name: of_one_device
correlation:
    type: event_count
    rules: [image_loads, connections]
    timespan: 7d
    group-by: [who]
    aliases: {who: {image_loads: Computer, connections: ActionType}}
    condition: {lte: 3}
"""


def test_a_device_id_beside_another_column_stays_as_it_stands() -> None:
    loads = [
        ("DeviceImageLoadEvents", {**row, "ActionType": "ImageLoaded", "InitiatingProcessCommandLine": "b"})
        for row in (
            {"Timestamp": datetime(2026, 8, 4, 12, tzinfo=UTC), "DeviceId": "D1", "ReportId": 4},
            {"Timestamp": datetime(2026, 8, 1, 0, 0, 3, tzinfo=UTC), "DeviceId": "d1", "ReportId": 3},
        )
    ]
    assert CorrelationJudge.of(CORRELATION, {}).alerts(loads) == 2


BY_ACCOUNT = """
title: processes
name: processes
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: a}, condition: selection}
---
title: of one account
name: of_one_account
correlation:
    type: event_count
    rules: [processes]
    timespan: 5m
    group-by: [User]
    condition: {gte: 2}
"""


def test_no_account_is_no_group() -> None:
    rows = [
        ("DeviceProcessEvents", {**row, "ActionType": "ProcessCreated", "ProcessCommandLine": "a", "ReportId": number})
        for number, row in enumerate(
            [
                {"Timestamp": datetime(2026, 8, 4, 12, tzinfo=UTC), "DeviceId": "d", **account(name, domain)}
                for name, domain in [("", ""), ("", ""), ("", "corp"), ("", "corp"), ("eve", "corp"), ("eve", "corp")]
            ]
        )
    ]
    assert CorrelationJudge.of(BY_ACCOUNT, {}).alerts(rows[:4]) == 0
    assert CorrelationJudge.of(BY_ACCOUNT, {}).alerts(rows) == 1


def test_no_hash_is_another_one_twice() -> None:
    slot = slots("DeviceProcessEvents")["SHA256"]
    assert slot.held(MD5, (), "", Random(0)) == {"MD5": MD5}
    assert MD5 not in slot.held(MD5 * 2, (), "", Random(0))["SHA256"]


@pytest.mark.parametrize("text", ["HKLM\n", "HKEY_CURRENT_USER\n", "HKLMx"])
def test_a_key_begins_with_a_whole_hive(text: str) -> None:
    keys = {defender_key(text, Random(seed)).partition("\\")[0] for seed in range(20)}
    assert keys <= {"HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_USERS"}


@pytest.mark.parametrize("name", ["c:", "C:\\", ":", "x:y"])
def test_no_file_has_a_colon_in_its_name(name: str) -> None:
    assert all(":" not in whole_path(name, Random(seed)).rpartition("\\")[2] for seed in range(20))


@pytest.mark.parametrize("known", CASES)
def test_both_judges_say_so(known: Case) -> None:
    document = {
        "title": known.name,
        "logsource": {"product": "windows", **known.log_source},
        "detection": {"selection": known.detection, "condition": "selection"},
    }
    judge = RuleJudge.of(yaml.safe_dump(document), {})
    rows = [{"ActionType": known.action, **row} for row in (*known.match, *known.no_match)]
    assert judge.matches(rows) == [True] * len(known.match) + [False] * len(known.no_match)
