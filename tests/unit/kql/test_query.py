"""A rule's query as a whole: its text, what it says of itself, and the rules that have none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql.query import fresh, header, rule_query
from sigma_xdr.pipeline import xdr_pipeline
from sigma_xdr.schema import xdr_schema
from tests.unit.compiling import compiled, refused, sigma_rule

OFFICE_STARTS_WMIC = {
    "selections": {
        "selection_office": {"ParentImage|endswith": [r"\WINWORD.EXE", r"\EXCEL.EXE", r"\OUTLOOK.EXE"]},
        "selection_wmic": [{"Image|endswith": r"\wmic.exe"}, {"OriginalFileName": "wmic.exe"}],
    }
}


def test_a_query_reads_as_an_expert_writes_it() -> None:
    query = compiled(OFFICE_STARTS_WMIC, "all of selection_*")
    assert (
        query.text
        == """\
DeviceProcessEvents
| where ActionType == "ProcessCreated"
| where InitiatingProcessFileName in~ ("WINWORD.EXE", "EXCEL.EXE", "OUTLOOK.EXE")
| where FileName =~ "wmic.exe" or ProcessVersionInfoOriginalFileName =~ "wmic.exe"
| project Timestamp, DeviceId, ReportId, DeviceName, AccountDomain, AccountName, AccountSid, FileName, FolderPath, \
SHA256, ProcessId, ProcessCommandLine, InitiatingProcessFileName, InitiatingProcessCommandLine, \
InitiatingProcessParentFileName, ProcessVersionInfoOriginalFileName"""
    )
    assert query.table is xdr_schema().table("DeviceProcessEvents")
    assert (query.log_source, query.action_types, query.warnings) == ("process_creation", ("ProcessCreated",), ())


def test_the_whole_query_runs() -> None:
    query = compiled(OFFICE_STARTS_WMIC, "all of selection_*")
    word = {"ActionType": "ProcessCreated", "FileName": "WMIC.exe", "InitiatingProcessFileName": "WINWORD.EXE"}
    engine = KqlEngine({"DeviceProcessEvents": [word, {**word, "InitiatingProcessFileName": "cmd.exe"}]})
    [row] = engine.run(query.text)
    assert tuple(row) == query.columns
    assert (row["FileName"], row["InitiatingProcessFileName"]) == ("WMIC.exe", "WINWORD.EXE")


def test_several_action_types_are_shown() -> None:
    query = compiled({"DestinationPort": 135}, category="network_connection")
    assert query.action_types == ("ConnectionSuccess", "InboundConnectionAccepted")
    assert "ActionType" in query.columns
    assert (
        "ActionType" not in compiled({"DestinationPort": 135, "Initiated": True}, category="network_connection").columns
    )


def test_the_rule_may_be_mapped_in_a_copy() -> None:
    rule = sigma_rule({"Image|endswith": r"\wmic.exe", "CommandLine|contains": "x"})
    first = rule_query(fresh(rule), xdr_pipeline()).text
    assert rule.to_dict()["detection"]["selection"] == {"Image|endswith": r"\wmic.exe", "CommandLine|contains": "x"}
    assert rule_query(fresh(rule), xdr_pipeline()).text == first


def test_one_pipeline_maps_many_rules() -> None:
    pipeline = xdr_pipeline()
    rules = [
        sigma_rule({"CommandLine": "x"}),
        sigma_rule({"EventID": 4624}, service="security"),
        sigma_rule({"Image": "System"}),
    ]
    tables = [rule_query(rule, pipeline).table.name for rule in rules]
    assert tables == ["DeviceProcessEvents", "DeviceLogonEvents", "DeviceProcessEvents"]


COMPILE = """
from tests.unit.pipeline.fields import test_paths, test_registry
from tests.unit.pipeline import test_mapping, test_log_sources
for module in (test_paths, test_registry, test_log_sources):
    for case in module.CASES: print(case.compiled().text)
for case in (*test_mapping.MODIFIERS, *test_mapping.PLAIN): print(case.compiled().text)
"""


def test_the_text_is_the_same_in_every_process() -> None:
    """Python's hashes differ from process to process; the order of columns, lists and clauses may not."""
    root = Path(__file__).parents[3]
    texts = {
        subprocess.run(
            [sys.executable, "-c", COMPILE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    [text] = texts
    assert text.count(b"\n| project ") > 100


# ----------------------------------------------------------------------------------------------------- rules without one

NEVER = ("never-matches", "the condition contradicts itself: it selects no row", None)


@pytest.mark.parametrize(
    ("detection", "condition"),
    [
        ({"CommandLine": "x"}, "selection and not selection"),
        ({"CommandLine|all": ["a", "b"]}, "selection"),
        ({"EventID": 1, "ProcessId|all": [4, 5]}, "selection"),
    ],
)
def test_a_contradiction_is_refused(detection: dict[str, object], condition: str) -> None:
    assert refused(detection, condition) == [NEVER]


def test_contradicting_action_types_are_refused() -> None:
    detection = {"selections": {"a": {"EventID": 4624}, "b": {"EventID": 4625}}}
    assert refused(detection, "a and b", service="security") == [NEVER]


def test_a_rule_that_asks_for_nothing_is_refused() -> None:
    detection = {"selections": {"a": {"ActionType": "RemoteWmiOperation"}}}
    assert refused(detection, "a or not a", category="device_events", service="defender-xdr") == [
        ("always-matches", "the condition asks for nothing: it selects every row", None)
    ]


NO_ACTION_TYPE = (
    "no-action-type",
    "the rule reads DeviceEvents and names no ActionType",
    "add ActionType to a selection that every condition needs",
)


@pytest.mark.parametrize("condition", ["b", "a or b", "not a", "b and not a"])
def test_a_rule_that_names_no_action_type_is_refused(condition: str) -> None:
    detection = {"selections": {"a": {"ActionType": "RemoteWmiOperation"}, "b": {"FileName": "x"}}}
    assert refused(detection, condition, category="device_events", service="defender-xdr") == [NO_ACTION_TYPE]


@pytest.mark.parametrize("condition", ["a", "a and b", "a and not b", "(a and b) or (a and not b and a)"])
def test_a_rule_that_names_an_action_type_is_not(condition: str) -> None:
    detection = {"selections": {"a": {"ActionType": "RemoteWmiOperation"}, "b": {"FileName": "x"}}}
    query = compiled(detection, condition, category="device_events", service="defender-xdr")
    assert query.action_types == ("RemoteWmiOperation",)


def test_too_many_values_are_refused() -> None:
    values = [f"value {number}" for number in range(401)]
    assert refused({"CommandLine|contains": values}) == [
        (
            "too-many-values",
            "401 alternatives in one condition; Kusto's parser takes about 400",
            "use whole values (they make one in~ list), or split the rule",
        )
    ]
    assert compiled({"CommandLine": values}).conditions[-1].count("value") == 401


def test_a_character_that_no_string_can_hold_is_refused() -> None:
    assert refused({"CommandLine|contains": "a\U000e0067"}) == [
        ("character", "U+E0067 can't be written in a KQL string", None)
    ]


def test_a_rule_without_the_pipeline_is_refused() -> None:
    with pytest.raises(RuleError) as error:
        rule_query(sigma_rule({"CommandLine": "x"}), ProcessingPipeline())
    assert str(error.value) == (
        "error[no-table]: no pipeline gave the rule a table\n  = use the pipeline sigma_xdr (-p sigma_xdr)"
    )


HOSTILE = [
    '" | union DeviceEvents //',
    '\\" or 1==1 //',
    "\n| project x\n",
    "x\u2028| take 1",
    "'; drop",
    "`{}` ${x}",
    "</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_leaves_its_literal(text: str) -> None:
    """The row that holds the text is found, another isn't, and the query has no line that the rule wrote."""
    query = compiled({"CommandLine|contains": text.replace("\\", "\\\\").replace("*", "\\*")})
    assert len(query.text.split("\n")) == len(compiled({"CommandLine|contains": "x y"}).text.split("\n"))
    rows = [{"ActionType": "ProcessCreated", "ProcessCommandLine": line} for line in (f"a{text}b", "ab")]
    assert [row["ProcessCommandLine"] for row in KqlEngine({"DeviceProcessEvents": rows}).run(query.text)] == [
        f"a{text}b"
    ]


# --------------------------------------------------------------------------------------------------------------- header


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            ("A Rule", "4a0a4f0e-0000-4000-8000-000000000001", "high"),
            "// A Rule | high | 4a0a4f0e-0000-4000-8000-000000000001",
        ),
        (("A Rule", None, None), "// A Rule"),
        (("A\nDeviceEvents", "x", ""), "// A\\nDeviceEvents | x"),
        (("Ünsichtbar\u200b", None, "low"), "// \\xdcnsichtbar\\u200b | low"),
    ],
)
def test_the_header_is_one_line_of_visible_ascii(facts: tuple[str, str | None, str | None], line: str) -> None:
    assert header(*facts) == line


def test_a_rule_of_pysigmas_own_loading_compiles() -> None:
    rule = SigmaRule.from_yaml(
        r"""
        title: WMIC
        logsource: {category: process_creation, product: windows}
        detection:
            selection: {Image|endswith: '\wmic.exe'}
            condition: selection
        """
    )
    assert rule_query(rule, xdr_pipeline()).conditions[2] == '| where FileName =~ "wmic.exe"'
