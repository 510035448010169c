from __future__ import annotations

import pytest

from sigma_xdr.engine import KqlEngine

ROWS = [{"ActionType": "ProcessCreated", "FileName": "wmic.exe", "ProcessCommandLine": "wmic os get"}]
QUERY = """\
// a rule
DeviceProcessEvents
| where ActionType == "ProcessCreated"
| where FileName in~ (
    "wmic.exe",
    "{name}"
)
| where ProcessCommandLine contains "{text}"
| project Timestamp, FileName"""


@pytest.fixture(scope="module")
def engine() -> KqlEngine:
    return KqlEngine({"DeviceProcessEvents": ROWS})


@pytest.mark.parametrize(
    ("kql", "line"),
    [
        (QUERY.format(name="x", text="os"), None),
        (QUERY.format(name="x", text="/node"), 8),
        (QUERY.replace("wmic.exe", "cmd.exe").format(name="x", text="os"), 4),
        (QUERY.replace("ProcessCreated", "Other").format(name="x", text="os"), 3),
        (QUERY.replace("DeviceProcessEvents", "DeviceFileEvents").format(name="x", text="os"), 2),
        ('DeviceProcessEvents\n| where FileName == "x"\n| summarize N = count()', 2),
        ('let a = "x";\nDeviceProcessEvents\n| where FileName == a', None),
        ('DeviceProcessEvents | where FileName == "x"', None),
        ("DeviceProcessEvents\n| join kind=inner (DeviceInfo\n| where DeviceId == 'x') on DeviceId", None),
        ("", None),
        ("// nothing", None),
    ],
)
def test_the_first_line_after_which_no_row_is_left(engine: KqlEngine, kql: str, line: int | None) -> None:
    assert engine.deciding_line(kql) == line
