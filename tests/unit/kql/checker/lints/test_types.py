"""Values of different types side by side."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked

WHERE = "DeviceProcessEvents | where "


@pytest.mark.parametrize(
    ("condition", "operator", "expected", "given", "text"),
    [
        ('ProcessId == "4"', "==", "long", "string", '"4"'),
        ('ProcessId != "0x3e7"', "!=", "long", "string", '"0x3e7"'),
        ("FileName == 4", "==", "string", "long", "4"),
        ("FileName == ProcessId", "==", "string", "long", "ProcessId"),
        ('ProcessId in (4, "80")', "in", "long", "string", '"80"'),
        ('ProcessId !in ("80")', "!in", "long", "string", '"80"'),
        ('ProcessId in (dynamic([4, "80"]))', "in", "long", "string", 'dynamic([4, "80"])'),
        ("ProcessId in ((DeviceInfo | project DeviceName))", "in", "long", "string", "DeviceInfo | project DeviceName"),
        (
            "ProcessId == toscalar(DeviceInfo | project DeviceName)",
            "==",
            "long",
            "string",
            "toscalar(DeviceInfo | project DeviceName)",
        ),
        ('FileName in~ (1, "a")', "in~", "string", "long", "1"),
        ("FileName has_any (dynamic([1]))", "has_any", "string", "long", "dynamic([1])"),
        ('IsInitiatingProcessRemoteSession == "true"', "==", "bool", "string", '"true"'),
        ('ProcessCreationTime == "2024-01-01"', "==", "datetime", "string", '"2024-01-01"'),
        ("dayofweek(Timestamp) == 0", "==", "timespan", "long", "0"),
        ("(ProcessId) == ('4')", "==", "long", "string", "'4'"),
    ],
)
def test_values_of_different_types_are_never_equal(
    condition: str, operator: str, expected: str, given: str, text: str
) -> None:
    assert marked(WHERE + condition) == [
        (
            "type-mismatch",
            "error",
            text,
            f"{operator} between {expected} and {given}",
            f"write it as {expected}, or cast",
        )
    ]


def test_a_list_with_a_name_is_looked_into() -> None:
    assert marked('let Ids = dynamic(["4"]); DeviceProcessEvents | where ProcessId in (Ids)') == [
        ("type-mismatch", "error", "Ids", "in between long and string", "write it as long, or cast")
    ]


def test_a_bool_against_a_number_is_doubtful() -> None:
    assert marked(WHERE + "IsInitiatingProcessRemoteSession == 1") == [
        ("type-mismatch", "warning", "1", "== between bool and long", "write true or false")
    ]


def test_where_microsofts_parser_speaks_the_lint_is_silent() -> None:
    assert codes(WHERE + 'ProcessId in~ ("80")') == ["KS107"]
    assert codes(WHERE + 'ProcessId > "80"') == ["KS106"]
    assert codes(WHERE + 'Nosuch == "80"') == ["KS142"]


@pytest.mark.parametrize(
    "condition",
    [
        'FileName == "4" and ProcessId == 4 and ProcessId == 4.5 and ProcessId != int(4)',
        'FileName in~ ("a", "b") and ProcessId in (4, 0x3e7)',
        "FileName in (dynamic(['a'])) and ProcessId in (dynamic([4, null]))",
        "FileName in ((DeviceInfo | project DeviceName))",
        "IsInitiatingProcessRemoteSession == true",
        "dayofweek(Timestamp) in (0d, 6d) and hourofday(Timestamp) in (1, 2)",
        "FileName == FolderPath",
        "tostring(ProcessId) == '4'",
        "FileName has_any (dynamic([datetime(2024-01-01)]))",
    ],
)
def test_values_of_one_type_are_let_pass(condition: str) -> None:
    assert codes(WHERE + condition) == []


@pytest.mark.parametrize("condition", ['F.X == "a"', 'F.X !~ "a"', 'F.X in~ ("a")', '"a" == F.X', "F.X == 1"])
def test_a_dynamic_is_cast_before_it_is_compared(condition: str) -> None:
    operator = condition.replace('"a"', "").replace("F.X", "").split()[0]
    assert marked(f"DeviceEvents | extend F = parse_json(AdditionalFields) | where {condition}") == [
        (
            "dynamic-operand",
            "warning",
            "F.X",
            f"{operator} with a dynamic depends on the type of each row's value",
            "cast it: tostring(…), tolong(…), tobool(…)",
        )
    ]


@pytest.mark.parametrize(
    "condition", ['tostring(F.X) == "a"', 'F has "a"', "FileName in (F.X)", "set_has_element(F.X, 'a')"]
)
def test_a_dynamic_may_be_searched_and_be_a_list(condition: str) -> None:
    assert codes(f"DeviceEvents | extend F = parse_json(AdditionalFields) | where {condition}") == []


@pytest.mark.parametrize(
    ("call", "text", "name", "types"),
    [
        ('iff(ProcessId > 4, "a", 1)', "1", "iff", ("string", "long")),
        ('iif(ProcessId > 4, 1, "a")', '"a"', "iif", ("long", "string")),
        ('iff(ProcessId > 4, parse_json(FileName), "")', '""', "iff", ("dynamic", "string")),
        ('case(ProcessId > 4, "a", ProcessId > 3, 2, "c")', "2", "case", ("string", "long")),
        ('case(ProcessId > 4, "a", 3)', "3", "case", ("string", "long")),
    ],
)
def test_branches_have_one_type(call: str, text: str, name: str, types: tuple[str, str]) -> None:
    assert marked(f"DeviceProcessEvents | project X = {call}") == [
        (
            "branch-types",
            "error",
            text,
            f"the branches of {name}() have different types, {types[0]} and {types[1]}",
            f"cast it to {types[0]}",
        )
    ]


@pytest.mark.parametrize(
    "call", ["iff(ProcessId > 4, 'a', 'b')", "iff(ProcessId > 4, 1, 2.5)", "case(ProcessId > 4, 1d, 2d)"]
)
def test_branches_of_one_type_are_let_pass(call: str) -> None:
    assert codes(f"DeviceProcessEvents | project X = {call}") == []
