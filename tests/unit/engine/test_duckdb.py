from __future__ import annotations

from datetime import datetime, timedelta, timezone

import duckdb
import pytest

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.errors import SchemaError


def test_what_a_row_leaves_out_is_empty_or_null() -> None:
    engine = KqlEngine({"DeviceNetworkEvents": [{"ReportId": 1}]})
    assert engine.run("DeviceNetworkEvents | project RemoteIP, RemotePort, Timestamp, E = isempty(RemoteIP)") == [
        {"RemoteIP": "", "RemotePort": None, "Timestamp": None, "E": True}
    ]


def test_columns_are_found_in_any_case_and_rows_may_have_different_ones() -> None:
    engine = KqlEngine({"devicenetworkevents": [{"remoteport": 135}, {"RemoteIP": "10.0.0.1", "RemotePort": 445}]})
    assert engine.run("DeviceNetworkEvents | where RemotePort > 135 | project RemoteIP") == [{"RemoteIP": "10.0.0.1"}]


def test_many_rows() -> None:
    engine = KqlEngine({"DeviceNetworkEvents": ({"ReportId": number} for number in range(25_000))})
    assert engine.run("DeviceNetworkEvents | summarize N = count(), Last = max(ReportId)") == [
        {"N": 25_000, "Last": 24_999}
    ]


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(SchemaError, match="'RemotePrt' is no column of DeviceNetworkEvents"):
        KqlEngine({"DeviceNetworkEvents": [{"RemotePrt": 1}]})


def test_a_table_without_rows_is_empty() -> None:
    assert KqlEngine({}).run("DeviceNetworkEvents | count") == [{"Count": 0}]


def test_rows_that_say_nothing_are_rows() -> None:
    assert KqlEngine({"DeviceNetworkEvents": [{}, {}]}).run("DeviceNetworkEvents | count") == [{"Count": 2}]


def test_engines_dont_see_each_others_rows() -> None:
    with (
        KqlEngine({"DeviceEvents": [{"FileName": "a"}]}) as one,
        KqlEngine({"DeviceEvents": [{"FileName": "b"}]}) as other,
    ):
        query = "DeviceEvents | project FileName"
        assert (one.run(query), other.run(query), KqlEngine({}).run(query)) == (
            [{"FileName": "a"}],
            [{"FileName": "b"}],
            [],
        )
    with pytest.raises(
        EngineError, match="the engine can't run the query: Connection Error: Connection already closed"
    ):
        one.run(query)


def test_a_result_is_pythons_data() -> None:
    [row] = KqlEngine({"DeviceEvents": [{"Timestamp": "2026-01-02T03:04:05Z"}]}).run(
        "DeviceEvents | summarize t = take_any(Timestamp), l = make_list(Timestamp), s = make_set(DeviceId), "
        "b = take_any(bag_pack('a', pack_array(1, 'x'))), n = take_any(ProcessId), p = make_list(pack_array(1))"
    )
    assert row == {
        "t": datetime(2026, 1, 2, 3, 4, 5),
        "l": [datetime(2026, 1, 2, 3, 4, 5)],
        "s": [""],
        "b": {"a": [1, "x"]},
        "n": None,
        "p": [[1]],
    }


@pytest.mark.parametrize(
    "now", [datetime(2026, 1, 2, 10), datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))]
)
def test_now_may_be_given(now: datetime) -> None:
    rows = [{"Timestamp": "2026-01-02T08:59:59Z", "ReportId": 1}, {"Timestamp": "2026-01-02T09:00:01Z", "ReportId": 2}]
    query = "DeviceEvents | where Timestamp > ago(1h) and Timestamp < now() | project ReportId"
    assert KqlEngine({"DeviceEvents": rows}, now=now).run(query) == [{"ReportId": 2}]
    assert KqlEngine({"DeviceEvents": rows}).run(query) == []


@pytest.mark.parametrize(
    ("kql", "message"),
    [
        ("DeviceNetworkEvents | where Nothing == 1", 'Binder Error: Referenced column "Nothing" not found in FROM clause!'),
        ("Nothing", "Catalog Error: Table with name Nothing does not exist!"),
        (
            "['/etc/x.csv']",
            'Permission Error: Cannot access file "/etc/x.csv" - file system operations are disabled by configuration',
        ),
        ("DeviceNetworkEvents | where RemoteIP matches regex '('", "Invalid Input Error: missing ): ("),
        ("print 1; print 2", "unsupported KQL construct 'multi-statement' (only a single query statement is supported)"),
    ],
)  # fmt: skip
def test_what_it_cannot_run_is_an_error(kql: str, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        KqlEngine({"DeviceNetworkEvents": [{}]}).run(kql)
    assert [each.message for each in caught.value.diagnostics] == [f"the engine can't run the query: {message}"]


def test_a_python_variable_is_no_table() -> None:
    secrets = duckdb.sql("SELECT 1 AS a").fetchnumpy()
    with pytest.raises(EngineError, match="Table with name secrets does not exist"):
        KqlEngine({}).run("secrets")
    assert secrets


def test_what_attackers_type_is_data() -> None:
    line = "a\u0000%_'; DROP TABLE DeviceProcessEvents; -- \u202e" + "x" * 1_000_000
    engine = KqlEngine({"DeviceProcessEvents": [{"ProcessCommandLine": line, "FileName": "\x00"}]})
    [row] = engine.run(
        r'DeviceProcessEvents | where ProcessCommandLine endswith "XXX" and ProcessCommandLine contains "\u0000%_" '
        r'and ProcessCommandLine matches regex "(x+x+)+y?$" and FileName != ""'
    )
    assert row["ProcessCommandLine"] == line


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"X":' * 1_000 + "1" + "}" * 1_000, '{"X":"\\ud800"}', "\x00", '{"X":1e999}']
)
def test_hostile_json_is_read_or_empty(text: str) -> None:
    engine = KqlEngine({"DeviceEvents": [{"AdditionalFields": text}]})
    [row] = engine.run(
        "DeviceEvents | project x = tostring(parse_json(AdditionalFields).X), "
        "y = tolong(parse_json(AdditionalFields).Y)"
    )
    assert isinstance(row["x"], str)
    assert row["y"] is None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/8")', ["10.1.2.3"]),
        ('ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16")', ["10.1.2.3", "192.168.1.1"]),
        ('ipv6_is_in_range(RemoteIP, "fe80::/10")', ["fe80::1"]),
        ('ipv6_is_in_any_range(RemoteIP, "::ffff:10.0.0.0/104", "fe80::/10")', ["10.1.2.3", "::ffff:10.9.9.9", "fe80::1"]),
        ('isnull(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"))', ["", "10.1.2.3 10.0.0.0/8", "::ffff:10.9.9.9", "fe80::1", "none"]),
        ('not(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"))', ["192.168.1.1"]),
        ('isnull(ipv4_is_in_range(RemoteIP, "10.0.0.0/33"))', None),
    ],
)  # fmt: skip
def test_networks_as_kusto_documents_them(condition: str, expected: list[str] | None) -> None:
    addresses = ["10.1.2.3", "192.168.1.1", "fe80::1", "::ffff:10.9.9.9", "none", "", "10.1.2.3 10.0.0.0/8"]
    engine = KqlEngine({"DeviceNetworkEvents": [{"RemoteIP": address} for address in addresses]})
    found = engine.run(f"DeviceNetworkEvents | where {condition} | project RemoteIP")
    assert sorted(row["RemoteIP"] for row in found) == sorted(addresses if expected is None else expected)
