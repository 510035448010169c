"""Small rules compiled, and their queries run on rows: what the tests of the compiler share."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sigma.rule import SigmaRule

from sigma_xdr.engine import KqlEngine
from sigma_xdr.errors import RuleError
from sigma_xdr.kql.query import RuleQuery, rule_query
from sigma_xdr.pipeline import xdr_pipeline

Row = Mapping[str, Any]
Site = Mapping[str, tuple[str, ...]]


def sigma_rule(detection: Any, condition: str | list[str] = "selection", **log_source: str | None) -> SigmaRule:
    """A Windows rule on process creation, or on the log source given; several selections as ``{"selections": {…}}``."""
    source = {key: value for key, value in log_source.items() if value is not None} or {"category": "process_creation"}
    many = isinstance(detection, dict) and "selections" in detection
    selections = detection["selections"] if many else {"selection": detection}
    return SigmaRule.from_dict(
        {
            "title": "A Rule",
            "logsource": {"product": "windows", **source},
            "detection": {**selections, "condition": condition},
        }
    )


def compiled(
    detection: Any, condition: str | list[str] = "selection", site: Site | None = None, **log_source: str | None
) -> RuleQuery:
    """The query of such a rule."""
    return rule_query(sigma_rule(detection, condition, **log_source), xdr_pipeline(site))


def compiled_if_it_can_match(
    detection: Any, condition: str = "selection", **log_source: str | None
) -> RuleQuery | None:
    """The query; None where the rule is refused because one of its values can never fit."""
    try:
        return compiled(detection, condition, **log_source)
    except RuleError as error:
        if {problem.code for problem in error.diagnostics} != {"never-matches"}:
            raise
        return None


def whole(query: RuleQuery) -> str:
    """The table and all conditions of a query."""
    return "\n".join(query.conditions)


def where(query: RuleQuery) -> str:
    """The conditions of a query without its table, its ActionTypes and the word where: a line a clause."""
    table, *clauses = query.conditions
    assert table == query.table.name
    texts = [clause.removeprefix("| where ") for clause in clauses]
    return "\n".join(text for text in texts if text not in _ACTIONS)


#: The first clause of rules on Windows' log sources of one ActionType.
_ACTIONS = {
    f'ActionType == "{action}"'
    for action in (
        "ProcessCreated",
        "ImageLoaded",
        "FileCreated",
        "RegistryValueSet",
        "RegistryKeyCreated",
        "OpenProcessApiCall",
        "NamedPipeEvent",
        "WmiBindEventFilterToConsumer",
        "CreateRemoteThreadApiCall",
    )
}


def refused(
    detection: Any, condition: str | list[str] = "selection", site: Site | None = None, **log_source: str | None
) -> list[tuple[str, str, str | None]]:
    """Code, message and hint of all problems for which a rule isn't compiled."""
    with pytest.raises(RuleError) as error:
        compiled(detection, condition, site, **log_source)
    return [(problem.code, problem.message, problem.hint) for problem in error.value.diagnostics]


def warned(query: RuleQuery) -> list[tuple[str, str, str | None, str]]:
    """Code, message, hint and severity of what a query warns of."""
    return [(warning.code, warning.message, warning.hint, warning.severity) for warning in query.warnings]


@dataclass(frozen=True)
class Case:
    """A rule, its conditions as :func:`where` shows them, and rows of its table that fit and that don't.

    The text may be indented. A row without an ActionType has the query's first one.
    """

    name: str
    detection: Any
    kql: str
    match: Sequence[Row] = ()
    no_match: Sequence[Row] = ()
    condition: str | list[str] = "selection"
    category: str | None = None
    service: str | None = None
    site: Site | None = None

    @property
    def text(self) -> str:
        """The conditions without the indentation."""
        return inspect.cleandoc(self.kql)

    @property
    def fitting(self) -> list[int]:
        """The numbers of the rows that fit."""
        return list(range(len(self.match)))

    def compiled(self) -> RuleQuery:
        """The rule's query."""
        return compiled(self.detection, self.condition, self.site, category=self.category, service=self.service)


def by_name(cases: Iterable[Case]) -> pytest.MarkDecorator:
    """Parametrizes a test with the cases."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


class CaseRows:
    """The rows of many cases in one engine, numbered by ReportId: to start an engine is what costs."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._numbers: dict[str, range] = {}
        rows: dict[str, list[Row]] = defaultdict(list)
        count = 0
        for case in cases:
            query = case.compiled()
            action = {"ActionType": query.action_types[0]} if query.action_types else {}
            given = (*case.match, *case.no_match)
            self._numbers[case.name] = range(count, count + len(given))
            rows[query.table.name] += [{**action, **row, "ReportId": str(count + i)} for i, row in enumerate(given)]
            count += len(given)
        self._engine = KqlEngine(rows)

    def selected(self, case: Case) -> list[int]:
        """Which of the case's own rows its query selects, counted from 0."""
        own = self._numbers[case.name]
        found = self._engine.run("\n".join((*case.compiled().conditions, "| project ReportId")))
        numbers = sorted(int(row["ReportId"]) for row in found)
        return [number - own.start for number in numbers if number in own]


class Rows:
    """Rows of one table, numbered by ReportId, that many queries are run on."""

    def __init__(self, table: str, rows: Iterable[Row]) -> None:
        self._engine = KqlEngine({table: [{**row, "ReportId": str(index)} for index, row in enumerate(rows)]})

    def selected(self, query: RuleQuery) -> set[int]:
        """The numbers of the rows that a query selects."""
        return self.found("\n".join((*query.conditions, "| project ReportId")))

    def found(self, kql: str) -> set[int]:
        """The numbers of the rows in a query's result."""
        return {int(row["ReportId"]) for row in self._engine.run(kql)}
