"""Whatever a rule asks of whatever log source: it is a query that the engine runs, or a refusal from the closed list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql.characters import is_invisible
from sigma_xdr.kql.query import rule_query
from sigma_xdr.pipeline import LogSource, log_sources, xdr_pipeline
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.rules import load_bytes
from sigma_xdr.schema import xdr_schema

SOURCES = list(log_sources().values())
MODIFIERS = st.sampled_from(
    [
        *[""] * 8,
        *("|contains", "|startswith", "|endswith", "|all", "|contains|all", "|contains|neq", "|exists", "|cidr"),
        *("|cased", "|endswith|cased", "|re", "|re|i", "|lt", "|gte", "|hour", "|week", "|expand", "|windash|contains"),
        *("|base64offset|contains", "|wide|base64", "|fieldref", "|fieldref|contains"),
    ]
)
AWKWARD = st.sampled_from(
    [
        *("", "*", "?", "**?", "-", "0x10", "S-1-5-18", "HKLM\\X", "HKCU", "HKCR\\\\*", "\\", "a\\b", "*\\x.exe"),
        *("C:\\\\*", "%x%", "(Empty)", "DWORD (0x00000001)", "SHA1=" + "0" * 40, "true", "10.0.0.0/8", "[a-z]+"),
        *("(?=x)", "ControlSet", "System", '" | union x //', "\n", "HKU\\S-1-5-18\\\\*", "Binary Data", "user"),
        *("lsass.exe", "Wmi execution", "9" * 30),
    ]
)
VALUES = (
    AWKWARD
    | st.text(max_size=6)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.lists(AWKWARD | st.integers(), max_size=3)
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    source: LogSource = draw(st.sampled_from(SOURCES))
    table = xdr_schema().table(source.table)
    fields = st.sampled_from([*source.fields, *table.columns, "EventID", "AdditionalFields.X", "Nothing", ""])
    selection: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 3))):
        modifiers = draw(MODIFIERS)
        selection[draw(fields) + modifiers] = draw(fields if "fieldref" in modifiers else VALUES)
    log_source = {"product": "windows", "category": source.name}
    if not source.action_types:
        log_source["service"] = "defender-xdr"
        selection["ActionType"] = draw(st.sampled_from(sorted(table.action_types or ["Any"])))
    elif source.name == "security":
        log_source = {"product": "windows", "service": "security"}
        selection["EventID"] = 4624
    elif source.name == "process_access":
        selection["TargetImage|endswith"] = "\\lsass.exe"
    condition = draw(st.sampled_from(["selection", "selection", "not selection", "selection or not selection"]))
    return {"title": "A Rule", "logsource": log_source, "detection": {"selection": selection, "condition": condition}}


@pytest.fixture(scope="module")
def engine() -> KqlEngine:
    return KqlEngine({source.table: [{}] for source in SOURCES})


@settings(max_examples=100, deadline=None)
@given(rules())
def test_any_rule_is_a_query_or_a_refusal(engine: KqlEngine, rule: dict[str, Any]) -> None:
    path = Path("rule.yml")
    loaded, problems = load_bytes(path, path, yaml.safe_dump(rule).encode())
    if not loaded:
        assert problems
        return
    parsed = loaded[0].parse()
    assert isinstance(parsed, SigmaRule)
    try:
        query = rule_query(parsed, xdr_pipeline({"x": ("a", "b*")}))
    except RuleError as error:
        codes = {problem.code for problem in error.diagnostics}
        assert codes <= set(REFUSALS)
    else:
        assert len(engine.run(query.text)) <= 1
        assert not any(map(is_invisible, query.text.replace("\n", "")))
