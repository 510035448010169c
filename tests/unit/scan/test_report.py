"""A hunt's end in a terminal and in a file."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.errors import Diagnostic
from sigma_xdr.scan.hits import Hit, HuntedRule
from sigma_xdr.scan.report import HuntReport
from sigma_xdr.scan.summary import Account, HuntSummary

from .hits_of import HITS, TEXTS, hit

IMPACKET = HuntedRule("1", "Impacket WMIExec Semi-Interactive Shell", "critical", "remote_execution/wmiexec.yml")
OTHER = HuntedRule(None, "[red]Other[/]", None, "my rules/other.yml")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal of whoever runs the tests decides how a report looks."""
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def found() -> HuntSummary:
    summary = HuntSummary()
    for number in range(14):
        at = f"2020-09-21T04:{14 + number // 7}:0{number % 7}Z"
        summary.add(hit(IMPACKET, timestamp=at, file="a b.evtx" if number < 2 else "c.evtx", record=number + 3))
    summary.add(hit(OTHER, timestamp=None, device=""))
    return summary


def text(summary: HuntSummary, **options: bool | int | None) -> str:
    stream = io.StringIO()
    report = HuntReport(stream, **options)  # type: ignore[arg-type]
    report.hits(summary)
    report.account(summary)
    return stream.getvalue()


def test_hits_by_rule_and_where_they_are() -> None:
    stream = io.StringIO()
    HuntReport(stream).hits(found())
    assert [line.rstrip() for line in stream.getvalue().splitlines()] == [
        "rule                                     level     hits  devices  first (UTC)       last (UTC)",
        "Impacket WMIExec Semi-Interactive Shell  critical    14        1  2020-09-21 04:14  2020-09-21 04:15",
        "[red]Other[/]                                         1        0",
        "",
        "  remote_execution/wmiexec.yml: a b.evtx record 3, 4; c.evtx record 5; and 11 more hits",
        "  my rules/other.yml: a.evtx record 1",
        "  why: sigma-xdr explain RULE FILE --record N",
        "",
    ]


def test_what_a_service_found_cant_be_explained_from_a_file() -> None:
    stream = io.StringIO()
    HuntReport(stream).hits(found(), explainable=False)
    assert "sigma-xdr explain" not in stream.getvalue()


def test_no_hit_has_no_table() -> None:
    assert text(HuntSummary()) == "0 records of 0 files: no hit\n"


def test_a_narrow_terminal_gets_no_times_and_loses_no_number() -> None:
    shown = text(found(), width=50).splitlines()
    assert [line.rstrip() for line in shown[:4]] == [
        "rule                       level     hits  devices",
        "Impacket WMIExec           critical    14        1",
        "Semi-Interactive Shell",
        "[red]Other[/]                           1        0",
    ]
    assert max(map(len, shown)) <= 50


def test_colour_is_for_terminals() -> None:
    assert "\x1b" not in text(found())
    assert "\x1b[1;31mcritical\x1b[0m" in text(found(), styled=True, width=120)


def test_the_account_of_files() -> None:
    account = Account(2, 1000, 1_035_142)
    account.unreadable.update({"the record is no JSON": 2, "it has no EventID": 1})
    account.unmapped.update({f"Security {number}": number for number in range(1, 8)})
    account.left_out.update({"DeviceEvents.Odd": 3})
    account.refused = [Diagnostic("lost-field", f"field {name}", file=f"{name}.yml") for name in "cabdefg"]
    account.refused += [Diagnostic("sigma", "the rule has no condition", "write one", file="broken.yml")]
    summary = HuntSummary(account)
    summary.add(hit(IMPACKET))
    stream = io.StringIO()
    HuntReport(stream).account(summary, 9.8)
    assert stream.getvalue().splitlines() == [
        "1,035,142 records of 2 files in 9.8 s (105,627/s): 1 hit of 1 rule on 1 device",
        "3 records could not be read: the record is no JSON (2), it has no EventID (1)",
        "28 records have no table in Defender: Security 7 (7), Security 6 (6), Security 5 (5), Security 4 (4), "
        "Security 3 (3), and 2 more reasons",
        "1 column of rows is none of their table's: DeviceEvents.Odd (3)",
        "8 rules are not evaluated:",
        "  a field that Defender doesn't record: a.yml, b.yml, c.yml, d.yml, e.yml, and 2 more rules",
        "  the rule has no condition: broken.yml",
        "    = write one",
    ]
    everything = io.StringIO()
    HuntReport(everything, most=None).account(summary)
    assert "Security 2 (2), Security 1 (1)\n" in everything.getvalue()
    assert "e.yml, f.yml, g.yml\n" in everything.getvalue()


def test_the_account_of_a_service() -> None:
    account = Account(asked=Counter({"tenant": 1}), interrupted=True)
    account.incomplete = [Diagnostic("engine", f"reason {name}", file="a.yml") for name in "abcdefg"]
    assert text(HuntSummary(account)).splitlines() == [
        "interrupted: this is what was found before",
        "1 query of tenant: no hit",
        "1 rule is without a whole answer:",
        *(f"  reason {name}: a.yml" for name in "abcde"),
        "  and 2 more reasons",
    ]


def test_a_stream_without_all_characters_gets_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    summary = HuntSummary()
    summary.add(hit(HuntedRule(None, "Größe", "high", "ü.yml"), file="\U0001f600.evtx"))
    HuntReport(stream).hits(summary)
    stream.flush()
    assert rb"Gr\xf6\xdfe" in raw.getvalue()
    assert rb"  \xfc.yml: \U0001f600.evtx record 1" in raw.getvalue()


COUNTS = st.dictionaries(TEXTS, st.integers(1, 3), max_size=3).map(Counter)
PROBLEMS = st.lists(st.builds(Diagnostic, st.sampled_from(["x", "kql"]), TEXTS, file=TEXTS | st.none()), max_size=3)
ACCOUNTS = st.builds(
    lambda asked, bad, unmapped, left, refused, part: Account(
        asked=asked, unreadable=bad, unmapped=unmapped, left_out=left, refused=refused, incomplete=part
    ),
    *[COUNTS] * 4,
    *[PROBLEMS] * 2,
)


@settings(max_examples=60)
@given(ACCOUNTS, st.lists(HITS, max_size=3), st.sampled_from([None, 20, 60, 120]), st.booleans())
def test_nothing_drives_the_terminal(account: Account, hits: list[Hit], width: int | None, styled: bool) -> None:
    """Whatever stands in events, names and rules: but for the styles of the report itself there is nothing but text."""
    summary = HuntSummary(account)
    for each in hits:
        summary.add(each)
    shown = text(summary, width=width, styled=styled)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", shown) if styled else shown
    assert all(char.isprintable() for char in bare.replace("\n", ""))
    bare.encode("utf-8")
    assert bare.splitlines() == bare.removesuffix("\n").split("\n")
