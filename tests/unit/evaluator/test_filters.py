"""Filters: which rules they are for, and what they leave."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sigma_xdr.evaluator import EvaluatorError, Matcher
from tests.unit.evaluator.asking import refused

ID = "4a0a4f0e-0c4c-4f0e-9b3e-5d3b0f3a1c11"
RULE = {
    "title": "WMIC",
    "id": ID,
    "name": "wmic",
    "logsource": {"category": "process_creation", "product": "windows"},
    "detection": {"selection": {"Image": "wmic.exe"}, "condition": ["selection", "selection and not selection"]},
}
EVENT = {"Image": "wmic.exe", "User": "admin"}


def filtering(rules: Any = "any", condition: str = "not selection", **logsource: str) -> dict[str, Any]:
    section = {"rules": rules, "selection": {"User": "admin"}, "condition": condition}
    return {"title": "Admins", "logsource": logsource or {"product": "windows"}, "filter": section}


def matches(*filters: Any, event: dict[str, Any] = EVENT) -> bool:
    return Matcher(RULE, filters).matches(event)


def test_the_verdict_is_the_rules_and_the_filters() -> None:
    assert matches() is True
    assert matches(filtering()) is False
    assert matches(filtering(), event={"Image": "wmic.exe", "User": "other"}) is True
    assert matches(filtering(condition="selection")) is True
    assert matches(filtering(condition="selection"), filtering()) is False
    assert matches(SimpleNamespace(document=filtering())) is False


@pytest.mark.parametrize(
    ("rules", "applies"),
    [
        ("any", True),
        ("Any", True),
        ([], True),
        ([ID], True),
        ([ID.upper()], True),
        (ID, True),
        (["wmic"], True),
        (["other", "wmic"], True),
        (["other"], False),
        ("WMIC", False),
        (["4a0a4f0e-0c4c-4f0e-9b3e-5d3b0f3a1c12"], False),
    ],
)
def test_a_filter_names_its_rules(rules: Any, applies: bool) -> None:
    assert matches(filtering(rules)) is not applies


@pytest.mark.parametrize(
    ("logsource", "applies"),
    [
        ({"product": "windows"}, True),
        ({"product": "windows", "category": "process_creation"}, True),
        ({"product": "linux"}, False),
        ({"product": "windows", "service": "sysmon"}, False),
        ({"category": "network_connection"}, False),
    ],
)
def test_a_filter_is_for_a_log_source_and_all_within_it(logsource: dict[str, str], applies: bool) -> None:
    assert matches(filtering(**logsource)) is not applies


def test_a_filters_selections_are_its_own() -> None:
    document = filtering(condition="not 1 of them")
    document["filter"]["_hidden"] = {"Image": "wmic.exe"}
    assert matches(document, event={"Image": "wmic.exe"}) is True


def test_the_place_of_a_mistake_is_in_the_filter() -> None:
    wrong = SimpleNamespace(document=filtering(condition="not x"), source="the filter's file")
    with pytest.raises(EvaluatorError) as caught:
        Matcher(RULE, [wrong])
    (problem,) = caught.value.diagnostics
    assert (problem.message, problem.keys, problem.origin) == (
        "there is no selection 'x'",
        ("filter", "condition"),
        "the filter's file",
    )


def test_what_is_no_filter() -> None:
    said = "invalid-filter: a filter has a 'filter' section and a log source = None @ filter"
    assert refused(RULE, filters=[{"title": "x"}]) == said
    said = "invalid-filter: a filter says which rules it is for = list their ids or names, or write any @ filter rules"
    assert refused(RULE, filters=[filtering(rules=None)]) == said
