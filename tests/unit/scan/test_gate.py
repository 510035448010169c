"""The gate: a record that it stops has no row that a rule selects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigma_xdr.evaluator import EvaluatorError, Matcher
from sigma_xdr.rules import load_rules
from sigma_xdr.scan.gate import Gate, Need, gate
from sigma_xdr.scan.literals import Clause, Literal
from sigma_xdr.scan.scanner import Scanner
from sigma_xdr.scan.trees import tree_of
from sigma_xdr.telemetry import Row, map_records, row_event
from sigma_xdr.telemetry.mapping import FORETOLD, Foretold
from tests.unit.telemetry.mapping.test_foretelling import NAMES, VALUES
from tests.unit.telemetry.samples import corpus_rows, security, sysmon

from .random_rules import CONDITIONS, EXPRESSIONS

#: Of the recorded events every so many is looked at.
EVERY = int(os.environ.get("SIGMA_XDR_HUNT_EVERY", "7"))
FOLDERS = ("process_creation", "image_load", "file")
PROCESSES = FORETOLD["sysmon", 1].fields


def needs(*clauses: Mapping[str, str]) -> Need:
    """Clauses, each a literal of each of some fields."""
    return wanted(*(Clause(frozenset(Literal(name, text) for name, text in clause.items())) for clause in clauses))


def wanted(*clauses: Clause) -> Need:
    return Need(clauses, None, ())


def ruled(condition: str = "a", **items: Any) -> Need:
    """What a rule wants, whatever literals it has."""
    document = {"title": "Test", "logsource": {}, "detection": {"a": items, "condition": condition}}
    return Need((), tree_of(Matcher(document)), frozenset(PROCESSES))


def passes(made: Gate | None, **fields: Any) -> bool:
    assert made is not None
    return made(fields.get)


def test_what_a_rule_needs() -> None:
    made = gate([needs({"CommandLine": "shadowcopy"}, {"CommandLine": "delete"})], PROCESSES)
    assert passes(made, Image=r"C:\wmic.exe", CommandLine="wmic SHADOWCOPY delete")
    assert not passes(made, Image=r"C:\wmic.exe", CommandLine="wmic shadowcopy list")
    assert not passes(made, Image=r"C:\shadowcopy\delete.exe", CommandLine="wmic os get")
    assert not passes(made)


def test_one_of_several_literals_and_one_of_several_rules() -> None:
    made = gate([needs({"Image": "\\a.exe", "CommandLine": "a.exe "}), needs({"ParentImage": "\\b.exe"})], PROCESSES)
    known = {"ParentImage": r"C:\c.exe"}
    assert passes(made, **known, Image=r"C:\a.exe")
    assert passes(made, **known, CommandLine="a.exe -f")
    assert passes(made, ParentImage=r"C:\B.exe")
    assert not passes(made, **known, Image=r"C:\x.exe", CommandLine="x")


def test_what_other_records_may_fill_passes() -> None:
    made = gate([needs({"ParentImage": "\\b.exe"})], PROCESSES)
    for nothing in (None, "", "-", 7, [r"C:\x.exe"]):
        assert passes(made, ParentImage=nothing)


def test_what_the_row_shows_counts_and_not_what_the_record_says() -> None:
    made = gate([needs({"CommandLine": "\\bin"})], PROCESSES)
    assert not passes(made, Image=r"C:\bin\a.exe", CommandLine=r'"C:\bin\a.exe" -f')
    assert passes(made, Image=r"C:\bin\a.exe", CommandLine=r"a.exe C:\bin")
    escaped = gate([needs({"CommandLine": "a & b"})], PROCESSES)
    assert passes(escaped, CommandLine="a &amp; b")


def test_a_value_of_any_kind() -> None:
    made = gate([needs({"Image": "\\a.exe"}, {"CommandLine": "x"})], PROCESSES)
    for odd in (7, True, [r"C:\a.exe"], {"a": "b"}, float("nan")):
        assert passes(made, Image=odd, CommandLine="x")
        assert passes(made, Image=r"C:\a.exe", CommandLine=odd)


def test_no_gate_where_a_rule_needs_nothing_that_is_foretold() -> None:
    foretold = needs({"Image": "\\a.exe"})
    assert gate([foretold, needs()], PROCESSES) is None
    assert gate([foretold, needs({"User": "bob"})], PROCESSES) is None
    assert gate([needs({"User": "bob", "Image": "\\a.exe"})], PROCESSES) is None
    assert gate([wanted(Clause(frozenset((Literal("Image", 7),))))], PROCESSES) is None
    assert gate([wanted(Clause(frozenset((Literal(None, "a.exe"),))))], PROCESSES) is None


def test_what_is_not_foretold_is_left_aside() -> None:
    made = gate([needs({"User": "bob"}, {"Image": "\\a.exe"})], PROCESSES)
    assert passes(made, Image=r"C:\a.exe", User="alice")
    assert not passes(made, Image=r"C:\b.exe", User="bob")


def test_a_condition_on_what_is_foretold() -> None:
    """It is judged without any literal to look for."""
    made = gate([ruled("not a", **{"Image|endswith": "\\svchost.exe"})], PROCESSES)
    assert passes(made, Image=r"C:\a.exe")
    assert not passes(made, Image=r"C:\SVCHOST.exe")
    assert passes(made)  # there is no path in the row then
    assert passes(made, Image=[r"C:\svchost.exe"])


def test_case_is_the_rows() -> None:
    own, parents = (
        gate([ruled(**{f"{name}|endswith|cased": "\\A.exe"})], PROCESSES) for name in ("Image", "ParentImage")
    )
    assert passes(own, Image=r"C:\A.exe")
    assert not passes(own, Image=r"C:\a.exe")
    assert not passes(parents, ParentImage=r"C:\A.exe")  # it is in lower case there


def test_what_is_asked_of_other_fields_may_hold() -> None:
    made = gate([ruled(**{"User": "bob", "Image|endswith": "\\a.exe", "CommandLine|re": "b+"})], PROCESSES)
    assert passes(made, Image=r"C:\a.exe", CommandLine="abba")
    assert not passes(made, Image=r"C:\a.exe", CommandLine="x")
    assert gate([ruled("not a", User="bob")], PROCESSES) is None


def test_a_field_that_the_rule_does_not_see_so() -> None:
    """On a table of Defender's, ``Image`` is no column."""
    [asked] = [ruled("not a", **{"Image|endswith": "\\a.exe"})]
    assert not passes(gate([asked], PROCESSES), Image=r"C:\a.exe")
    names = FORETOLD["sysmon", 1].names_on({"service": "defender-xdr"})
    assert ("Image" in names, "FolderPath" in names) == (False, True)
    assert gate([Need((), asked.tree, names)], PROCESSES) is None


def test_nothing_matters_to_no_rule() -> None:
    assert not passes(gate([], PROCESSES), Image=r"C:\a.exe")


def test_many_values_and_long_ones_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigma_xdr.scan.gate._REMEMBERED", 3)
    monkeypatch.setattr("sigma_xdr.scan.gate._LONGEST", 20)
    asked: list[str] = []

    def counted(text: str) -> str:
        asked.append(text)
        return text

    made = gate([needs({"Image": "\\a.exe"})], {"Image": Foretold(("Image",), counted, True)})
    paths = [r"C:\a.exe", r"C:\b.exe", "C:\\" + "x" * 20 + "\\a.exe", r"D:\b.exe", r"E:\b.exe"]
    for _ in range(2):
        assert [passes(made, Image=path) for path in paths] == [True, False, True, False, False]
    assert asked.count(paths[2]) == 2
    for _ in range(3):
        passes(made, Image=paths[4])
    assert asked.count(paths[4]) <= 2


# ------------------------------------------------------------------------------------------------------- rules and rows


class Gated:
    """Rules on the rows of one table, each with a gate of its own, by kinds of records."""

    def __init__(self, documents: Sequence[Mapping[str, Any]], source: Mapping[str, Any], table: str) -> None:
        self.source = source
        self.table = table
        self.scanner = Scanner(documents)
        self.gates: dict[tuple[int, tuple[str, int]], Gate | None] = {}

    def stopped(self, row: Row) -> tuple[list[int], int]:
        """The rules that select a row whose record is stopped, which are none if all is well; and how many select it."""
        record = row.records[0]
        kind = record.log, record.event_id
        if kind not in FORETOLD or row.table != self.table:
            return [], 0
        event = row_event(row.table, row.columns, self.source)
        assert event is not None
        hits = self.scanner.scan(event)
        return [index for index in hits if not self.gate(index, kind)(record.surface.get)], len(hits)

    def gate(self, index: int, kind: tuple[str, int]) -> Gate:
        """A rule's gate; without one everything passes."""
        if (index, kind) not in self.gates:
            clauses, tree = self.scanner.needs[index]
            row = FORETOLD[kind]
            self.gates[index, kind] = gate([Need(clauses, tree, row.names_on(self.source))], row.fields)
        return self.gates[index, kind] or (lambda _: True)


def judged(documents: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for document in documents:
        try:
            Matcher(document)
        except EvaluatorError:
            continue
        yield document


def test_recorded_events_and_sigmahqs_rules(corpus: Path) -> None:
    rules = [
        each.document
        for each in load_rules([corpus / "sigmahq" / "rules" / "windows" / name for name in FOLDERS]).rules
    ]
    asked = []
    for category, table in (
        ("process_creation", "DeviceProcessEvents"),
        ("image_load", "DeviceImageLoadEvents"),
        ("file_event", "DeviceFileEvents"),
    ):
        source = {"category": category, "product": "windows"}
        asked.append(
            Gated(list(judged(each for each in rules if source.items() <= each["logsource"].items())), source, table)
        )
    selected = 0
    for row in islice(corpus_rows(corpus), 0, None, EVERY):
        for each in asked:
            wrong, hits = each.stopped(row)
            assert wrong == [], row.records[0].data
            selected += hits
    assert selected > 50
    made = [each for gated in asked for each in gated.gates.values()]
    assert len(made) - made.count(None) > 30


FIELDS = ["Image", "CommandLine", "ParentImage", "ParentCommandLine", "OriginalFileName", "FileName", "User"]
WORDS = ["cmd", ".exe", "\\a.exe", "C:\\", "a b", "&", "amp;", '"', "-f", "ß", "ſ", "\\", " ", "x", "\ufffd"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
ITEMS = st.tuples(
    st.sampled_from(FIELDS), st.sampled_from(["", "|contains", "|startswith", "|endswith", "|contains|all", "|cased"])
)


@st.composite
def rule(draw: st.DrawFn) -> dict[str, Any]:
    detection: dict[str, Any] = {}
    for name in "abc":
        chosen = [draw(ITEMS) for _ in range(draw(st.integers(1, 2)))]
        detection[name] = {
            field + modifiers: draw(st.lists(TEXTS, min_size=1, max_size=2)) for field, modifiers in chosen
        }
        if draw(st.booleans()):
            detection[name]["CommandLine|re"] = draw(EXPRESSIONS)
    detection["condition"] = draw(st.sampled_from(CONDITIONS))
    return {"title": "Random", "logsource": {"category": "process_creation"}, "detection": detection}


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(rule(), min_size=1, max_size=3),
    st.sampled_from([("sysmon", 1), ("security", 4688)]),
    st.dictionaries(st.sampled_from(NAMES), VALUES),
    st.booleans(),
)
def test_random_events_and_random_rules(
    rules: list[dict[str, Any]], kind: tuple[str, int], fields: Mapping[str, Any], with_parent: bool
) -> None:
    log, event_id = kind
    made = (sysmon if log == "sysmon" else security)(event_id, 2, ProcessGuid="{2}", ParentProcessGuid="{1}", **fields)
    parent = sysmon(1, 1, ProcessGuid="{1}", Image=r"C:\cmd.exe", CommandLine="cmd -f", ProcessId=9)
    gated = Gated(list(judged(rules)), {"category": "process_creation", "product": "windows"}, "DeviceProcessEvents")
    for row in map_records([parent, made] if with_parent else [made]):
        assert gated.stopped(row)[0] == []
