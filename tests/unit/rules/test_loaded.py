"""A file's bytes to loaded rules."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.rules import load_bytes

from .texts import RULE, load, only


def test_what_a_loaded_rule_knows() -> None:
    text = RULE.format(item="A: 1") + "id: 929A690E-BEF0-4204-A928-EF5E620D6FCC\nlevel: low\n"
    (rule,), problems = load_bytes(Path("rules/a/b.yml"), Path("a/b.yml"), text.encode())
    assert problems == []
    assert (rule.path, rule.relative, rule.kind, rule.id, rule.name, rule.title, rule.level, rule.references) == (
        Path("rules/a/b.yml"),
        Path("a/b.yml"),
        "rule",
        "929a690e-bef0-4204-a928-ef5e620d6fcc",
        None,
        "Test",
        "low",
        (),
    )
    assert rule.document["detection"] == {"selection": {"A": 1}, "condition": "selection"}


def test_good_documents_of_a_file_with_a_bad_one() -> None:
    good = RULE.format(item="A: 1")
    rules, (problem,) = load(f"{good}---\n{good.replace('condition: selection', 'condition: x')}---\n{good}")
    assert [rule.source.index for rule in rules] == [0, 2]
    assert (problem.code, problem.line) == ("unknown-selection", 17)


def test_a_file_of_problems_is_not_read_to_its_end() -> None:
    bad = "title: T\nlogsource: {}\ndetection: {}\n---\n"
    _, problems = load(bad * 400)
    assert len(problems) == 202
    assert (
        problems[-1]
        .render()
        .startswith(
            "rule.yml:269:1: error[too-many-problems]: the rest of the file isn't read: it has too many problems\n"
        )
    )


def test_a_file_that_cannot_be_decoded() -> None:
    rules, (problem,) = load_bytes(Path("x.yml"), Path("x.yml"), b"\xff")
    assert rules == []
    assert problem.code == "not-utf8"


def test_parsing_changes_nothing() -> None:
    rule = only(RULE.format(item="A|contains|windash: [' -a', b]"))
    before = repr(rule.document)
    rule.parse()
    assert repr(rule.document) == before
