"""Rule files to a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules
from sigma_xdr.scan.hits import HuntedRule
from sigma_xdr.scan.hunting import Plan
from sigma_xdr.scan.planning import plan_of

RULE = """\
title: {title}
id: 00000000-0000-4000-8000-00000000000{number}
name: {name}
level: high
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        {item}
    condition: selection
"""
CORRELATION = """\
title: {title}
id: 00000000-0000-4000-8000-00000000000{number}
name: {name}
level: medium
correlation:
    type: event_count
    rules:
        - {rules}
    group-by:
        - Computer
    timespan: 10m
    condition:
        gte: 2
"""


def written(folder: Path, **files: str) -> RuleSet:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return load_rules([folder])


def rule(name: str, number: int, item: str = "Image|endswith: '\\a.exe'") -> str:
    return RULE.format(title=name.title(), name=name, number=number, item=item)


def correlation(name: str, number: int, rules: str) -> str:
    return CORRELATION.format(title=name.title(), name=name, number=number, rules=rules)


def named(rules: RuleSet, *names: str) -> RuleSet:
    """Only those of the rules."""
    chosen = [tuple(each for each in kind if each.name in names) for kind in (rules.rules, rules.correlations)]
    return RuleSet(chosen[0], chosen[1], (), (), ())


def all_fit(_: LoadedRule) -> None:
    """No rule is refused."""


def told(plan: Plan) -> list[tuple[str, bool]]:
    """The rules and correlations, and whether they are reported."""
    return [(asked.rule.path, asked.reported) for asked in (*plan.rules, *plan.correlations)]


def test_a_rule_and_what_a_hit_says_of_it(tmp_path: Path) -> None:
    rules = written(tmp_path, one=rule("one", 1))
    plan, problems = plan_of(rules, rules, all_fit)
    [asked] = plan.rules
    assert asked.rule == HuntedRule("00000000-0000-4000-8000-000000000001", "One", "high", "one.yml")
    assert asked.document == rules.rules[0].document
    assert (told(plan), problems, plan.raw, plan.filters, plan.site) == ([("one.yml", True)], [], False, (), {})


def test_what_a_correlation_names_is_asked_and_not_reported(tmp_path: Path) -> None:
    rules = written(tmp_path, one=rule("one", 1), two=rule("two", 2), many=correlation("many", 3, "one"))
    assert told(plan_of(named(rules, "many"), rules, all_fit)[0]) == [("one.yml", False), ("many.yml", True)]
    assert told(plan_of(named(rules, "many", "one"), rules, all_fit)[0]) == [("one.yml", False), ("many.yml", True)]


def test_what_a_correlation_names_is_reported_where_it_says_so(tmp_path: Path) -> None:
    loud = correlation("many", 3, "one").replace("    timespan:", "    generate: true\n    timespan:")
    rules = written(tmp_path, one=rule("one", 1), many=loud)
    assert told(plan_of(rules, rules, all_fit)[0]) == [("one.yml", True), ("many.yml", True)]


def test_a_correlation_of_a_correlation(tmp_path: Path) -> None:
    rules = written(
        tmp_path, one=rule("one", 1), inner=correlation("inner", 2, "one"), outer=correlation("outer", 3, "inner")
    )
    assert told(plan_of(named(rules, "outer"), rules, all_fit)[0]) == [("one.yml", False), ("outer.yml", True)]


def test_a_rule_that_the_check_refuses(tmp_path: Path) -> None:
    def check(each: LoadedRule) -> None:
        if each.name == "one":
            raise RuleError(
                Diagnostic("lost-field", "nothing is kept of it"), Diagnostic("hint", "by the way", severity="warning")
            )

    rules = written(tmp_path, one=rule("one", 1), two=rule("two", 2))
    plan, problems = plan_of(rules, rules, check)
    assert told(plan) == [("two.yml", True)]
    assert [(each.code, each.message, each.file) for each in problems] == [
        ("lost-field", "nothing is kept of it", str(tmp_path / "one.yml"))
    ]


def test_a_rule_that_the_evaluator_cannot_judge(tmp_path: Path) -> None:
    rules = written(tmp_path, one=rule("one", 1, "Image|expand: '%tools%'"), two=rule("two", 2))
    plan, problems = plan_of(rules, rules, all_fit)
    assert told(plan) == [("two.yml", True)]
    assert [(each.file, "%tools%" in each.message) for each in problems] == [(str(tmp_path / "one.yml"), True)]
    site: dict[str, Any] = {"tools": ("a.exe",)}
    assert told(plan_of(rules, rules, all_fit, site=site)[0]) == [("one.yml", True), ("two.yml", True)]
    assert plan_of(rules, rules, all_fit, site=site)[0].site == site
