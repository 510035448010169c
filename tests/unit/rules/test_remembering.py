"""A rule file from the cache is the file itself."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.errors import Diagnostic, render_all
from sigma_xdr.rules import LoadedRule, RuleCache, load_bytes, load_rules
from sigma_xdr.rules.remembering import load_remembered, problems_as_data, problems_from_data

from .texts import RULE

GOOD = RULE.format(item="A: ['é', 1, true, null, 1.5]")
CORRELATION = """\
title: C
name: c
correlation: {type: event_count, rules: [a, b], timespan: 5m, condition: {gte: 2}}
"""
FILTER = """\
title: F
logsource: {product: windows}
filter: {rules: [a, b], selection: {A: 1}, condition: not selection}
"""
FILES = {
    "one rule": GOOD,
    "facts": f"{GOOD}id: 00000000-0000-4000-8000-00000000000A\nname: a\nlevel: HIGH\n",
    "three documents": f"{GOOD}---\n---\n{CORRELATION}---\n{FILTER}",
    "a byte order mark": f"\ufeff{GOOD}",
    "Windows lines": GOOD.replace("\n", "\r\n"),
    "keys that are numbers": f"{GOOD}fields: [A]\ncustom: {{1: a, true: b, null: c}}\n",
    "a large number": RULE.format(item=f"A: {10**60}"),
    "an alias": RULE.format(item="A: &a [1, 2]\n        B: *a"),
    "a warning": RULE.format(item="A: 'x\u200by'"),
    "an error": RULE.format(item="A|contians: 1"),
    "an error beside a rule": f"{GOOD}---\n{RULE.format(item='A|contians: 1')}",
    "no YAML": "a: [",
    "empty": "",
    "no mapping": "- 1\n",
}


def whole(rule: LoadedRule) -> dict[str, Any]:
    """All that a rule is, with its places."""
    told = {each.name: getattr(rule, each.name) for each in fields(rule) if each.name != "source"}
    return {**told, "text": rule.source.file.text, "index": rule.source.index, "place": rule.place("title", 0)}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_what_is_remembered_is_what_is_read(tmp_path: Path, text: str) -> None:
    path, relative, data = Path("rules/x/a.yml"), Path("x/a.yml"), text.encode()
    rules, problems = load_bytes(path, relative, data)
    with RuleCache(tmp_path / "c") as cache:
        first = load_remembered(path, relative, data, cache)
    with RuleCache(tmp_path / "c") as cache:
        again = load_remembered(path, relative, data, cache)
    for found, told in (first, again):
        assert repr([*map(whole, found)]) == repr([*map(whole, rules)])
        assert told == problems
        assert [each.keys for each in told] == [each.keys for each in problems]


def test_a_file_that_is_no_utf8(tmp_path: Path) -> None:
    for _ in range(2):
        with RuleCache(tmp_path / "c") as cache:
            rules, (problem,) = load_remembered(Path("x.yml"), Path("x.yml"), b"a: \xff", cache)
        assert rules == []
        assert problem.render() == (
            "x.yml:1:4: error[not-utf8]: the byte 0xff isn't UTF-8\n   1 | a: \ufffd\n     |    ^\n      = save the file as UTF-8"
        )


def test_a_remembered_rule_says_where_its_parts_are_and_makes_pysigmas_objects(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD, encoding="utf-8")
    for _ in range(2):
        with RuleCache(tmp_path / "c") as cache:
            [rule] = load_rules([tmp_path / "a.yml"], cache).rules
        assert str(rule.parse().title) == "Test"
        problem = rule.diagnostic("x", "y", None, "detection", "selection", "A", 1)
        assert (problem.line, problem.column, problem.length) == (7, 18, 1)


def test_the_same_bytes_elsewhere_have_their_own_names(tmp_path: Path) -> None:
    text = RULE.format(item="A|contians: 1")
    for name in ("a.yml", "b/c.yml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        with RuleCache(tmp_path / "cache") as cache:
            found = load_rules([path], cache)
        assert found.diagnostics == load_rules([path]).diagnostics
        assert [each.file for each in found.diagnostics] == [path.as_posix()]


def test_ids_that_are_taken_are_found_out_anew(tmp_path: Path) -> None:
    text = f"{GOOD}id: 00000000-0000-4000-8000-000000000001\n"
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    for _ in range(2):
        with RuleCache(tmp_path / "cache") as cache:
            assert load_rules([tmp_path / "a.yml"], cache).diagnostics == ()
            assert render_all(load_rules([tmp_path], cache).diagnostics) == render_all(
                load_rules([tmp_path]).diagnostics
            )


def test_problems_keep_their_places() -> None:
    problems = [
        Diagnostic("a", "b"),
        Diagnostic("a", "b", "c", "warning", "own.yml", 1, 2, "text\ud800", 3, ("x", 0)),
        Diagnostic("a", "b", None, "error", "other.yml", 1, 2, "text", 3),
    ]
    again = problems_from_data(problems_as_data(problems, "own.yml"), "own.yml")
    assert again == problems
    assert [each.keys for each in again] == [(), ("x", 0), ()]
    moved = problems_from_data(problems_as_data(problems, "own.yml"), "new.yml")
    assert [each.file for each in moved] == [None, "new.yml", "other.yml"]
