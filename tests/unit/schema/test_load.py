"""The schema as it is loaded, against the data files, and the data files against themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import sigma_xdr.schema
from sigma_xdr.schema import ColumnType, Confidence, xdr_schema

DATA = Path(sigma_xdr.schema.__file__).parent / "data"
FILES = sorted(DATA.glob("*.json"))
SCHEMA = xdr_schema()
IDENTIFIER = re.compile(r"[A-Z][A-Za-z0-9]*")


def read(stem: str) -> dict[str, Any]:
    (file,) = DATA.glob(f"{stem}.*.json")
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


def texts(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """json keeps the last of two equal keys without a word."""
    assert [key for key, count in Counter(key for key, _ in pairs).items() if count > 1] == []
    return dict(pairs)


def test_the_whole_schema_counted() -> None:
    assert SCHEMA.dated == "2026-08"
    assert len(SCHEMA.tables) == 34
    assert Counter(column.type.value for table in SCHEMA.tables.values() for column in table.columns.values()) == {
        "string": 673,
        "datetime": 54,
        "long": 53,
        "dynamic": 47,
        "bool": 32,
        "int": 18,
        "real": 2,
    }
    assert {name: len(table.action_types) for name, table in SCHEMA.tables.items() if table.action_types} == {
        "DeviceProcessEvents": 3,
        "DeviceEvents": 218,
        "DeviceNetworkEvents": 21,
        "DeviceRegistryEvents": 5,
        "DeviceImageLoadEvents": 1,
        "DeviceFileEvents": 7,
        "DeviceLogonEvents": 5,
        "IdentityLogonEvents": 2,
        "IdentityQueryEvents": 4,
        "IdentityDirectoryEvents": 49,
    }


def test_every_type_of_column_and_every_level_of_confidence_occurs() -> None:
    tables = SCHEMA.tables.values()
    assert {column.type for table in tables for column in table.columns.values()} == set(ColumnType)
    levels = {action.confidence for table in tables for action in (table.action_types or {}).values()}
    assert levels == set(Confidence) == set(map(Confidence, read("action_types")["confidence"]))


def test_names_of_tables_and_columns_are_kusto_identifiers_that_differ_by_more_than_case() -> None:
    for names in (SCHEMA.tables, *(table.columns for table in SCHEMA.tables.values())):
        assert [name for name in names if not IDENTIFIER.fullmatch(name)] == []
        assert len({name.lower() for name in names}) == len(names)


def test_every_name_is_the_key_that_it_is_found_under() -> None:
    for name, table in SCHEMA.tables.items():
        assert table.name == name
        assert [column.name for column in table.columns.values()] == list(table.columns)
        for key, action_type in (table.action_types or {}).items():
            assert (action_type.name, action_type.table) == (key, name)


def test_action_types_stand_on_tables_with_that_column_and_differ_by_more_than_case() -> None:
    for table in SCHEMA.tables.values():
        assert ("ActionType" in table.columns) == (table.action_types is None or bool(table.action_types)), table.name
        names = list(table.action_types or ())
        assert len({name.lower() for name in names}) == len(names)
        assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*", name)] == []


def test_every_table_of_the_action_types_is_there_or_left_out_on_purpose() -> None:
    facts = read("action_types")
    assert set(facts["tables"]) | set(facts["open"]) <= set(SCHEMA.tables)
    assert set(facts["open"]) == {name for name, table in SCHEMA.tables.items() if table.action_types is None}
    assert set(facts["left_out"]).isdisjoint(SCHEMA.tables)


def test_an_action_types_confidence_is_the_level_of_its_surest_source() -> None:
    levels = list(Confidence)
    for action_types in read("action_types")["tables"].values():
        for name, facts in action_types.items():
            ranks = [levels.index(Confidence(level)) for level in facts["sources"]]
            assert ranks == sorted(ranks), name
            assert levels[ranks[0]] == facts["confidence"], name


def test_the_text_that_amsi_was_given_has_two_spellings_and_both_are_there() -> None:
    events = SCHEMA.table("DeviceEvents")
    scan, content = events.action_type("AmsiScriptContent"), events.action_type("ScriptContent")
    assert (scan.confidence, content.confidence) == (Confidence.MICROSOFT_QUERIES, Confidence.DOCUMENTED_DRAFT)
    assert "ScriptContent" in scan.additional_fields
    assert "ScriptContent" in content.additional_fields


def test_what_rules_on_wmi_rely_on() -> None:
    events, registry = SCHEMA.table("DeviceEvents"), SCHEMA.table("DeviceRegistryEvents")
    assert [name for name in events.columns if name.startswith("ProcessVersionInfo")] == []
    assert "AdditionalFields" not in registry.columns
    for name, table in SCHEMA.tables.items():
        if table.near_real_time and "ReportId" in table.columns:
            device = name.startswith("Device")
            assert table.column("ReportId").type == (ColumnType.LONG if device else ColumnType.STRING), name
            if "AdditionalFields" in table.columns:
                assert table.column("AdditionalFields").type == (ColumnType.STRING if device else ColumnType.DYNAMIC)


def test_custom_detections_speak_of_known_tables_and_columns() -> None:
    facts = read("custom_detections")
    assert {name for name, table in SCHEMA.tables.items() if table.near_real_time} == set(facts["near_real_time"])
    assert [table.name for table in SCHEMA.tables.values() if table.near_real_time and table.lacks] == []
    assert [name for name, table in SCHEMA.tables.items() if table.lacks] == [
        name for name in SCHEMA.tables if name.startswith(("DeviceTvm", "DeviceBaseline"))
    ]


def test_every_table_names_its_page_and_a_day_of_the_past() -> None:
    for name, table in SCHEMA.tables.items():
        assert table.source == f"defender-xdr/advanced-hunting-{name.lower()}-table.md"
        assert date.fromisoformat(table.dated).isoformat() == table.dated
        assert table.dated[:7] <= SCHEMA.dated
        assert table.description


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_data_file_is_dated_sourced_and_tidy(file: Path) -> None:
    facts = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=unique)
    assert file.name.split(".")[1] == facts["dated"]
    assert facts["source"]
    assert [text for text in texts(facts) if text != " ".join(text.split()) or not text.isprintable()] == []


def test_a_column_has_a_line_of_its_own() -> None:
    (file,) = DATA.glob("tables.*.json")
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if re.match(r'    "\w+": \["\w+", ', line)]
    assert len(lines) == 879


def test_the_schema_is_loaded_once() -> None:
    assert xdr_schema() is xdr_schema()


def test_nothing_is_read_at_import() -> None:
    program = (
        "import sys\n"
        "read = []\n"
        "sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == 'open' else None)\n"
        "from sigma_xdr.schema import xdr_schema\n"
        "at_import = sum(path.endswith('.json') for path in read)\n"
        "xdr_schema()\n"
        "print(at_import, sum(path.endswith('.json') for path in read))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "0 4\n"


def test_every_shown_column_exists() -> None:
    assert [(t.name, c) for t in SCHEMA.tables.values() for c in t.shown if c not in t.columns] == []
    assert SCHEMA.table("DeviceImageLoadEvents").shown[:4] == (
        "FileName", "FolderPath", "SHA256", "InitiatingProcessAccountDomain",
    )  # fmt: skip
