"""What a rule says about itself, right and wrong."""

from __future__ import annotations

import pytest
from sigma.rule import SigmaRule

from .texts import load, only, told

RULE = """\
title: Test
logsource: {product: windows}
detection: {s: {A: 1}, condition: s}
"""


def test_everything_that_sigma_has() -> None:
    rule = only(
        """\
title: Everything
id: 929A690E-BEF0-4204-A928-EF5E620D6FCC
name: everything
related: [{id: 08fbc97d-0a2f-491c-ae21-8ffcfd3174e9, type: derived}]
taxonomy: sigma
status: Experimental
description: d
license: MIT
references: [https://example.com]
author: a
date: 2024-01-31
modified: 2024/2/1
tags: [attack.execution, attack.t1047]
scope: [server]
logsource: {category: process_creation, product: windows, definition: d, custom: x}
fields: [A]
falsepositives: [None]
level: HIGH
detection: {s: {A: 1}, condition: s}
regression_tests_path: somewhere
custom: {a: 1}
"""
    )
    assert (rule.id, rule.name, rule.title, rule.level) == (
        "929a690e-bef0-4204-a928-ef5e620d6fcc",
        "everything",
        "Everything",
        "high",
    )
    parsed = rule.parse()
    assert isinstance(parsed, SigmaRule)
    assert {"date": str(parsed.date), "modified": str(parsed.modified), "status": str(parsed.status)} == {
        "date": "2024-01-31",
        "modified": "2024-02-01",
        "status": "experimental",
    }
    assert parsed.custom_attributes == {"regression_tests_path": "somewhere", "custom": {"a": 1}}
    assert parsed.logsource.custom_attributes == {"custom": "x"}


@pytest.mark.parametrize(
    ("line", "problem", "column", "hint"),
    [
        ("id: 5", "invalid-id: the id '5' is no UUID", 5, "uuidgen makes one"),
        ("id: not-a-uuid", "invalid-id: the id 'not-a-uuid' is no UUID", 5, "uuidgen makes one"),
        ("level: hihg", "unknown-level: there is no level 'hihg'", 8, "did you mean high?"),
        (
            "level: 5",
            "unknown-level: there is no level '5'",
            8,
            "it is one of informational, low, medium, high, critical",
        ),
        ("status: expermental", "unknown-status: there is no status 'expermental'", 9, "did you mean experimental?"),
        ("date: 2024-1-31", "invalid-date: Rule date '2024-1-31' is invalid, use yyyy-mm-dd", 7, None),
        ("modified: soon", "invalid-modified: Rule modified 'soon' is invalid, use yyyy-mm-dd", 11, None),
        (
            "tags: [attack.t1047, t1047]",
            "invalid-tags: 't1047' is no tag",
            22,
            "write a namespace and a name: attack.t1047",
        ),
        (
            "tags: attack.t1047",
            "invalid-tags: 'tags' has to be a list",
            7,
            "write a namespace and a name: attack.t1047",
        ),
        ("author: [a]", "invalid-author: Sigma rule author must be a string", 10, None),
        ("name: 5", "invalid-name: Sigma rule name must be a string", 7, None),
        ("related: [{id: 5}]", "invalid-related: Sigma related must have a type field", 11, None),
        ("references: x", "invalid-references: Sigma rule references must be a list", 13, None),
    ],
)
def test_wrong(line: str, problem: str, column: int, hint: str | None) -> None:
    _, (found,) = load(f"{RULE}{line}\n")
    assert (f"{found.code}: {found.message}", found.line, found.column, found.hint) == (problem, 4, column, hint)


def test_every_problem_is_told() -> None:
    _, problems = load(f"{RULE}level: hihg\nstatus: 5\ntags: [a, b.c, 5]\nid: x\n")
    assert sorted((problem.line, problem.code) for problem in problems) == [
        (4, "unknown-level"),
        (5, "unknown-status"),
        (6, "invalid-tags"),
        (6, "invalid-tags"),
        (7, "invalid-id"),
    ]


def test_missing_keys_are_told_at_what_looks_like_them() -> None:
    assert told("titel: Test\nlog_source: {product: windows}\ndetecton: {s: {A: 1}, condition: s}\n") == (
        "rule.yml:1:1: error[missing-title]: there is no 'title'\n"
        "   1 | titel: Test\n"
        "     | ^^^^^\n"
        "      = is 'titel' meant to be it?\n"
        "rule.yml:2:1: error[missing-logsource]: there is no 'logsource'\n"
        "   2 | log_source: {product: windows}\n"
        "     | ^^^^^^^^^^\n"
        "      = is 'log_source' meant to be it?\n"
        "rule.yml:3:1: error[missing-detection]: there is no 'detection'\n"
        "   3 | detecton: {s: {A: 1}, condition: s}\n"
        "     | ^^^^^^^^\n"
        "      = is 'detecton' meant to be it?"
    )


def test_missing_keys_without_a_trace() -> None:
    _, problems = load("author: a\n")
    assert [(problem.message, problem.hint) for problem in problems] == [
        ("there is no 'title'", "say in a few words what the rule finds"),
        ("there is no 'logsource'", "name its category and product"),
        ("there is no 'detection'", "say under it what the rule looks for"),
    ]


def test_a_likely_typo_of_an_optional_key_is_a_warning() -> None:
    rules, problems = load(f"{RULE}reference: [x]\nmy_own: x\n")
    assert len(rules) == 1
    assert [problem.render() for problem in problems] == [
        "rule.yml:4:1: warning[unknown-key]: the key 'reference' means nothing to Sigma\n"
        "   4 | reference: [x]\n"
        "     | ^^^^^^^^^\n"
        "      = did you mean references?"
    ]


@pytest.mark.parametrize(
    ("log_source", "problem", "column", "hint"),
    [
        (
            "{product: windows, categry: x}",
            "unknown-key: a log source has no 'categry'",
            31,
            "did you mean category?",
        ),
        (
            "{}",
            "invalid-logsource: the log source is empty",
            1,
            "name a category, a product or a service",
        ),
        (
            "windows",
            "invalid-logsource: 'logsource' has to be a mapping",
            12,
            "write category, product and service under it",
        ),
        ("{product: [windows]}", "invalid-logsource: 'product' has to be text", 23, None),
    ],
)
def test_wrong_log_sources(log_source: str, problem: str, column: int, hint: str | None) -> None:
    _, (found,) = load(RULE.replace("{product: windows}", log_source))
    assert (f"{found.code}: {found.message}", found.line, found.column, found.hint) == (problem, 2, column, hint)


def test_too_many_tags() -> None:
    _, (problem,) = load(f"{RULE}tags: [{'a.b, ' * 101}]\n")
    assert (problem.code, problem.message) == ("invalid-tags", "a rule has up to 100 tags")
