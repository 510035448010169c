"""Hits for tests, made by hand and at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sigma_xdr.scan.hits import Hit, HuntedRule

WMIC = HuntedRule("4a0a4f0e-0000-4000-8000-000000000001", "WMIC Starts a Process", "high", "execution/wmic.yml")


def hit(rule: HuntedRule = WMIC, **changes: Any) -> Hit:
    """A hit on a device at a time, changed as told."""
    fields: dict[str, Any] = {
        "rule": rule,
        "table": "DeviceProcessEvents",
        "timestamp": "2026-01-01T12:00:00Z",
        "device": "WKS01",
        "file": "a.evtx",
        "record": 1,
        "row": {"FileName": "wmic.exe"},
        **changes,
    }
    fields.setdefault("records", (fields["record"],))
    return Hit(**fields)


#: Text with all that may stand in an event: control and bidi characters, half characters, starts of formulas, separators.
TEXTS = st.one_of(
    st.text(),
    st.text(st.sampled_from("=+-@'\";, \t\r\n\0\x1b\x9b\u202e\u200b\ud800\udfff\uff1d\uff20[]{}red/\\äaA1")),
    st.text(st.characters(codec=None, categories=["Cs", "Cc", "Cf", "Co", "Zl", "Zp", "Lu"])),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
COLUMNS = st.one_of(TEXTS, st.sampled_from(["FileName", "ProcessCommandLine", "AccountName", "RemoteIP"]))
TIMES = st.none() | st.datetimes().map(lambda time: time.isoformat() + "Z")
RULES = st.builds(
    HuntedRule,
    st.none() | TEXTS,
    TEXTS,
    st.sampled_from([None, "critical", "high", "medium", "low", "informational"]),
    TEXTS,
)
NUMBERS = st.lists(st.integers(1, 99), max_size=3).map(tuple)
HITS = st.builds(
    Hit,
    RULES,
    TEXTS,
    TIMES | TEXTS,
    TEXTS,
    TEXTS,
    st.integers(1, 9),
    NUMBERS,
    st.dictionaries(COLUMNS, VALUES, max_size=5),
    st.dictionaries(TEXTS, NUMBERS, max_size=2),
)
