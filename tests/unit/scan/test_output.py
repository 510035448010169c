"""Hits as JSON lines and as CSV: valid, the same that was found, and harmless."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given

from sigma_xdr.errors import visible
from sigma_xdr.scan.hits import Hit
from sigma_xdr.scan.output import ROW_COLUMNS, CsvTable, HitWriter, JsonLines

from .hits_of import HITS, hit


def lines(*hits: Hit) -> bytes:
    stream = io.BytesIO()
    writer: HitWriter = JsonLines(stream)
    for each in hits:
        writer.write(each)
    return stream.getvalue()


def table(*hits: Hit) -> bytes:
    stream = io.BytesIO()
    writer: HitWriter = CsvTable(stream)
    for each in hits:
        writer.write(each)
    return stream.getvalue()


def cells(*hits: Hit) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(*hits).decode("utf-8-sig"), newline=""), strict=True))


def unmarked(cell: str) -> str:
    """What the docstring says: one mark less wherever one may be."""
    return re.sub(r"(?:\A|(?<=;))'", "", cell)


def said(value: Any) -> Any:
    """A value as JSON says it: it has no number beyond numbers, and two halves in a row are a character."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        case float() if not math.isfinite(value):
            return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
        case dict():
            return {said(name): said(each) for name, each in value.items()}
        case list():
            return [said(each) for each in value]
    return value


# ------------------------------------------------------------------------------------------------------------------- JSON


def test_a_line_of_json() -> None:
    assert lines(hit(row={"FileName": "wmic.exe", "ProcessCommandLine": 'a "ä\u202e\x1b[2J\n'}), hit(record=2)) == (
        b'{"rule_id":"4a0a4f0e-0000-4000-8000-000000000001","rule_title":"WMIC Starts a Process","level":"high",'
        b'"rule":"execution/wmic.yml","table":"DeviceProcessEvents","timestamp":"2026-01-01T12:00:00Z","device":"WKS01",'
        b'"file":"a.evtx","record":1,"records":[1],"row":{"FileName":"wmic.exe",'
        b'"ProcessCommandLine":"a \\"\\u00e4\\u202e\\u001b[2J\\n"}}\n'
        b'{"rule_id":"4a0a4f0e-0000-4000-8000-000000000001","rule_title":"WMIC Starts a Process","level":"high",'
        b'"rule":"execution/wmic.yml","table":"DeviceProcessEvents","timestamp":"2026-01-01T12:00:00Z","device":"WKS01",'
        b'"file":"a.evtx","record":2,"records":[2],"row":{"FileName":"wmic.exe"}}\n'
    )


@given(HITS)
def test_any_hit_is_a_line_that_reads_back_equal(found: Hit) -> None:
    written = lines(found)
    assert written.endswith(b"\n")
    assert re.fullmatch(rb"[ -~]+", written[:-1])
    read = json.loads(written, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read == said(found.as_data())
    assert list(read) == list(found.as_data())


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = [value]
    return value


def test_what_json_doesnt_have() -> None:
    row: Mapping[str, Any] = {
        "time": datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1))),
        "naive": datetime(2026, 1, 1, 12, 0, 0, 5),
        "number": Decimal("1.50"),
        "span": timedelta(hours=1),
        "huge": 16**5000,
        "inside": MappingProxyType({5: (1, float("nan"))}),
        "deep": nested(100_000),
    }
    read = json.loads(lines(hit(row=row)))["row"]
    deep, found = read.pop("deep"), 0
    while isinstance(deep, list):
        [deep] = deep
        found += 1
    assert (deep, found) == ("[nested too deeply]", 98)
    assert read.pop("huge") == "0x1" + "0" * 5000
    assert read == {
        "time": "2026-01-01T12:00:00Z",
        "naive": "2026-01-01T12:00:00.000005Z",
        "number": "1.50",
        "span": "1:00:00",
        "inside": {"5": [1, "NaN"]},
    }


# -------------------------------------------------------------------------------------------------------------------- CSV


def test_a_table_of_one_hit() -> None:
    row = {"FileName": "wmic.exe", "ProcessCommandLine": 'wmic "a;b", c', "LogonId": 5}
    assert table(hit(row=row, record=7, records=(3, 7), elsewhere={"b.evtx": (1, 2), "c": (4,)})) == (
        b'\xef\xbb\xbf"level","rule_id","rule_title","rule","table","timestamp","device","file","record","records",'
        b'"elsewhere","ActionType","AccountName","FileName","FolderPath","ProcessCommandLine","InitiatingProcessAccountName",'
        b'"InitiatingProcessFileName","InitiatingProcessCommandLine","InitiatingProcessParentFileName","RegistryKey",'
        b'"RegistryValueName","RegistryValueData","RemoteIP","SHA256","row"\r\n'
        b'"high","4a0a4f0e-0000-4000-8000-000000000001","WMIC Starts a Process","execution/wmic.yml","DeviceProcessEvents",'
        b'"2026-01-01T12:00:00Z","WKS01","a.evtx","7","3 7","b.evtx: 1 2; c: 4","","","wmic.exe","","wmic ""a;b"", c",'
        b'"","","","","","","","","",'
        b'"{""FileName"":""wmic.exe"",""ProcessCommandLine"":""wmic \\""a\\u003bb\\"", c"",""LogonId"":5}"\r\n'
    )


def test_the_columns_of_the_row_can_be_chosen() -> None:
    stream = io.BytesIO()
    CsvTable(stream, ["Image", "User"]).write(hit(row={"Image": "a"}))
    [read] = csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""))
    assert (read["Image"], read["User"], read["row"], len(read)) == ("a", "", '{"Image":"a"}', 14)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-node:x", "'-node:x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("\n=1", "\\n=1"),
        ("\0=1", "\\x00=1"),
        ("\ufeff=1", "\\ufeff=1"),
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ("＝1", "'＝1"),
        ("＠x", "'＠x"),
        ("−1", "'−1"),
        ("a;=1", "a;'=1"),
        ('a; "" =1', 'a;\' "" =1'),
        ("a;;=1", "a;;'=1"),
        ("'quoted'", "''quoted'"),
        ("a;'=1", "a;''=1"),
        ("a = 1 + 2, -3", "a = 1 + 2, -3"),
        ("C:\\new;C:\\old", "C:\\new;C:\\old"),
        (-5, "-5"),
        (float("-inf"), '"-Infinity"'),
        (False, "false"),
        (None, ""),
        ("", ""),
        (["=1", ";=2"], '["=1",";\'=2"]'),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_cell_is_no_formula(text: Any, cell: str) -> None:
    assert cells(hit(row={"FileName": text}))[0]["FileName"] == cell


@given(HITS)
@example(hit(row={"FileName": "''=;'"}))
def test_any_hit_is_a_line_of_cells_that_read_back_equal(found: Hit) -> None:
    written = table(found)
    assert "".join(visible(text) for text in written.decode("utf-8-sig").split("\r\n")) == "".join(
        written.decode("utf-8-sig").split("\r\n")
    )
    [read] = cells(found)
    assert json.loads(read["row"]) == said(dict(found.row))
    assert ";" not in read["row"]
    data = {**found.as_data(), **{name: found.row.get(name) for name in ROW_COLUMNS}}
    del data["row"]
    data.pop("elsewhere", None)
    data["records"] = " ".join(map(str, found.records))
    for name, value in data.items():
        assert not re.search(r"(\A|;)[ \"]*[=+\-@＝＋－＠]", read[name]) or isinstance(value, (int, float))
        if isinstance(value, str):
            assert unmarked(read[name]) == visible(value)
        elif isinstance(value, (list, dict)):
            assert json.loads(unmarked(read[name])) == said(value)
        else:
            assert read[name] == ("" if value is None else json.dumps(said(value)))


def test_what_doesnt_fit_into_a_cell_says_so() -> None:
    script = "ä;" * 20_000
    [read] = cells(hit(row={"FileName": "x", "ProcessCommandLine": script}))
    assert read["ProcessCommandLine"] == "ä;" * 10_909 + " [18,182 more characters]"
    assert json.loads(read["row"]) == {
        "FileName": "x",
        "ProcessCommandLine": "ä;" * 1024 + " [37,952 more characters]",
    }
    assert all(len(cell.encode()) <= 32_767 for cell in read.values())


def test_a_row_of_too_many_columns_says_so() -> None:
    row = {f"field{number}": "x" * 50 for number in range(5_000)}
    [read] = cells(hit(row=row))
    assert read["row"] == '{"":"the row is too long for a cell, it has 5,000 columns: see --format jsonl"}'
    deep = {f"field{number}": ["x" * 500] for number in range(100)}
    assert json.loads(cells(hit(row=deep))[0]["row"])["field7"] == '["' + "x" * 126 + " [376 more characters]"
