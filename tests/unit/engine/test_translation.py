from __future__ import annotations

import pytest

from sigma_xdr.engine import EngineError
from sigma_xdr.engine.translation import translate


def test_a_query_is_translated_once() -> None:
    query = "DeviceEvents | where FileName == 'a' | project FileName"
    assert translate(query, None) is translate(query, None)


def test_the_tables_and_the_sql() -> None:
    translation = translate("DeviceInfo | where ExposureLevel has 'x' | project DeviceId", None)
    assert translation.tables == ("DeviceInfo",)
    assert translation.sql.startswith('WITH _s0 AS (SELECT * FROM "DeviceInfo"),\n')
    assert dict(translation.parameters) == {}


def test_what_duckdb_kql_refuses_has_its_place() -> None:
    with pytest.raises(EngineError) as caught:
        translate("DeviceEvents\n| summarize take_any(*)", None)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.message == "the engine can't run the query: unsupported KQL construct 'expression:Wildcard'"
    with pytest.raises(EngineError) as caught:
        translate('DeviceEvents\n| extend x = extract("a", 0, FileName, typeof(long))', None)
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.line, diagnostic.column) == (2, 40)
