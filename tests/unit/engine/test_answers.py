"""What a service sends, in the types of its columns."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.engine import EngineError
from sigma_xdr.engine.answers import typed_answer


@pytest.mark.parametrize(
    ("graph", "kusto", "given", "expected"),
    [
        ("DateTime", "datetime", "2026-01-02T03:04:05.1234567Z", datetime(2026, 1, 2, 3, 4, 5, 123456)),
        ("DateTime", "datetime", "2026-01-02T05:04:05+02:00", datetime(2026, 1, 2, 3, 4, 5)),
        ("DateTime", "datetime", "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("DateTime", "datetime", None, None),
        ("String", "string", "a\ud800b", "a\ufffdb"),
        ("String", "string", None, ""),
        ("Guid", "guid", "74be27de-1e4e-49d9-b579-fe0b331d3642", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        ("Int64", "long", 9223372036854775807, 9223372036854775807),
        ("Int64", "long", "-12", -12),
        ("Int32", "int", 5.0, 5),
        ("Int32", "int", None, None),
        ("SByte", "bool", 1, True),
        ("SByte", "bool", False, False),
        ("SByte", "bool", None, None),
        ("Double", "real", 1, 1.0),
        ("Double", "real", "Infinity", float("inf")),
        ("SqlDecimal", "decimal", "0.1", Decimal("0.1")),
        ("TimeSpan", "timespan", "-1.02:03:04.0000015", -timedelta(1, 4, 1, hours=2, minutes=3)),
        ("TimeSpan", "timespan", "00:10:00", timedelta(minutes=10)),
        ("Object", "dynamic", {"a": ["\ud800"]}, {"a": ["\ufffd"]}),
        ("Object", "dynamic", '{"a": [1]}', {"a": [1]}),
        ("Object", "dynamic", "{no json", "{no json"),
        ("Object", "dynamic", None, None),
        ("Vector512", "vector512", "as it is", "as it is"),
    ],
)
def test_values_of_both_services(graph: str, kusto: str, given: Any, expected: Any) -> None:
    for type_ in (graph, kusto):
        assert typed_answer([("A", type_)], [[given]]).rows == [{"A": expected}]


def test_a_row_is_an_object_or_a_list() -> None:
    schema = [("A", "Int64"), ("B", "String")]
    answer = typed_answer(schema, [{"B": "x", "A@odata.type": "#Int64", "A": 1}, {}, [2, "y"]])
    assert answer.columns == ("A", "B")
    assert answer.rows == [{"A": 1, "B": "x"}, {"A": None, "B": ""}, {"A": 2, "B": "y"}]


@pytest.mark.parametrize(
    ("schema", "rows", "message"),
    [
        ([("A", "Int64")], [[1], ["x"]], "row 2: A is no Int64: 'x'"),
        ([("A", "Int64")], [[2**63]], "row 1: A is no Int64: 9223372036854775808"),
        ([("A", "Int64")], [[True]], "row 1: A is no Int64: True"),
        ([("A", "Int64")], [[10**5000]], "row 1: A is no Int64: a huge int"),
        ([("A", "String")], [[5]], "row 1: A is no String: 5"),
        ([("A", "SByte")], [["maybe"]], "row 1: A is no SByte: 'maybe'"),
        ([("A", "Double")], [[10**400]], f"row 1: A is no Double: {'1' + '0' * 17}...{'0' * 19}"),
        ([("A", "Decimal")], [["x"]], "row 1: A is no Decimal: 'x'"),
        ([("A", "DateTime")], [["yesterday"]], "row 1: A is no DateTime: 'yesterday'"),
        ([("A", "DateTime")], [["0001-01-01T00:00:00+10:00"]], "row 1: A is no DateTime: '0001-01-01T00:00:00+10:00'"),
        ([("A", "TimeSpan")], [["soon"]], "row 1: A is no TimeSpan: 'soon'"),
        ([("A", "Int64")], [[1, 2]], "row 1 doesn't have its columns"),
        ([("A", "Int64")], ["A"], "row 1 doesn't have its columns"),
        ([("A", "Int64")], {"A": 1}, "its rows are no list"),
        ([("A", 5)], [], "its columns are no list of different names with types"),
        ([("A", "Int64"), ("A", "Int64")], [], "its columns are no list of different names with types"),
    ],
)
def test_what_is_not_of_its_type_is_an_error(schema: Any, rows: Any, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        typed_answer(schema, rows)
    assert [each.message for each in caught.value.diagnostics] == [f"the service's answer can't be read: {message}"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"[-0-9.:TZ]+", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_TYPES = ["DateTime", "String", "Int64", "SByte", "Double", "Decimal", "TimeSpan", "Object", "?"]


@given(_JSON, st.sampled_from(_TYPES))
def test_whatever_comes_is_read_or_refused(value: Any, type_: str) -> None:
    try:
        [row] = typed_answer([("A", type_)], [[value]]).rows
    except EngineError:
        return
    assert list(row) == ["A"]
