"""Rule files to a plan, with what was found out before: the plan and its problems are those of a fresh look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sigma_xdr.errors import render_all
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import LoadedRule, RuleCache, load_rules
from sigma_xdr.scan.planning import plan_of

RULE = """\
title: {name}
id: 00000000-0000-4000-8000-00000000000{number}
name: {name}
logsource: {{category: process_creation, product: windows}}
detection:
    selection:
        {item}
    condition: selection
"""
CORRELATION = """\
title: Burst
name: burst
correlation: {type: event_count, rules: [one], group-by: [User], timespan: 10m, condition: {gte: 2}}
"""
FILTER = """\
title: F
logsource: {{category: process_creation, product: windows}}
filter: {{rules: [one], selection: {{{item}}}, condition: not selection}}
"""


class Hunts:
    """Plans for the rules of a folder, each made twice: fresh, and with the cache.

    ``asked`` are the rules that the second looked at.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def plan(self, site: dict[str, tuple[str, ...]] | None = None, raw: bool = False) -> tuple[list[str], str]:
        fresh = self._told(None, site, raw)
        self.asked.clear()
        with RuleCache(self.folder / "cache") as cache:
            remembered = self._told(cache, site, raw)
        assert remembered == fresh
        plan, problems = remembered
        return [asked.rule.path for asked in (*plan["rules"], *plan["correlations"])], problems

    def _told(self, cache: RuleCache | None, site: Any, raw: bool) -> tuple[Any, str]:
        rules = load_rules([self.folder / "rules"], cache)
        filters = load_rules([self.folder / "filters"], cache).filters if (self.folder / "filters").is_dir() else ()
        compiler = Compiler(rules, site, filters, check=False)

        def check(rule: LoadedRule) -> None:
            self.asked.append(rule.relative.as_posix())
            if not raw:
                compiler.compile(rule)

        plan, problems = plan_of(rules, rules, check, filters, site, raw, cache)
        return _Whole(vars(plan)), render_all(problems)


class _Whole(dict[str, Any]):
    """A plan whose rules are compared by what they say."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and repr(dict(self)) == repr(dict(other))

    __hash__ = None  # type: ignore[assignment]


def rule(name: str, number: int, item: str = "Image|endswith: '\\a.exe'") -> str:
    return RULE.format(name=name, number=number, item=item)


def test_what_was_found_out_is_not_found_out_again(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__one=rule("one", 1), rules__two=rule("two", 2, "Nonsense: 1"), rules__burst=CORRELATION)
    told = hunts.plan()
    assert told[0] == ["one.yml", "burst.yml"]
    assert told[1] == (
        f"{tmp_path.as_posix()}/rules/two.yml:7:9: error[unknown-field]: 'Nonsense' is no field of process_creation\n"
        "   7 |         Nonsense: 1\n"
        "     |         ^^^^^^^^\n"
        "      = list them: sigma-xdr fields process_creation"
    )
    assert hunts.asked == ["one.yml", "two.yml", "burst.yml"]
    assert hunts.plan() == told
    assert hunts.asked == []


def test_a_changed_rule_is_looked_at_and_so_is_every_correlation(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__one=rule("one", 1), rules__two=rule("two", 2), rules__burst=CORRELATION)
    hunts.plan()
    hunts.write(rules__one=rule("one", 1, "Nonsense: 1"))
    assert hunts.plan()[0] == ["two.yml"]
    assert hunts.asked == ["one.yml", "burst.yml"]
    hunts.write(rules__one=rule("one", 1))
    assert hunts.plan()[0] == ["one.yml", "two.yml", "burst.yml"]
    assert hunts.asked == []


def test_a_changed_site_changes_what_a_rule_says(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__one=rule("one", 1, "Image|expand: '%tools%'"))
    assert hunts.plan()[0] == []
    assert hunts.plan({"tools": (r"C:\a.exe",)})[0] == ["one.yml"]
    assert hunts.plan({"others": (r"C:\a.exe",)})[0] == []
    assert hunts.asked == ["one.yml"]


def test_a_hunt_of_untouched_records_asks_for_less(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__one=rule("one", 1, "Nonsense: 1"))
    assert hunts.plan()[0] == []
    assert hunts.plan(raw=True)[0] == ["one.yml"]
    assert hunts.plan()[0] == []


def test_a_filters_problem_stands_in_the_filter(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__one=rule("one", 1), filters__f=FILTER.format(item="Image: a"))
    assert hunts.plan() == (["one.yml"], "")
    hunts.write(filters__f=FILTER.format(item="Nonsense: 1"))
    for _ in range(2):
        paths, problems = hunts.plan()
        assert paths == []
        assert problems.startswith(f"{tmp_path.as_posix()}/filters/f.yml:3:36: error[unknown-field]: ")
    (tmp_path / "filters/f.yml").rename(tmp_path / "filters/g.yml")
    assert hunts.plan()[1].startswith(f"{tmp_path.as_posix()}/filters/g.yml:3:36: ")


def test_the_same_text_in_two_files_has_each_its_own_place(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    text = "\n".join(line for line in rule("x", 1, "Nonsense: 1").splitlines() if not line.startswith(("id", "name")))
    hunts.write(rules__a=text, rules__b=text)
    for _ in range(2):
        problems = hunts.plan()[1]
        assert [name in problems for name in ("rules/a.yml:5:9: ", "rules/b.yml:5:9: ")] == [True, True]
    assert hunts.asked == []


def test_two_documents_of_one_file_are_two_rules(tmp_path: Path) -> None:
    hunts = Hunts(tmp_path)
    hunts.write(rules__a=f"{rule('one', 1)}---\n{rule('two', 2, 'Nonsense: 1')}")
    for _ in range(2):
        assert hunts.plan()[0] == ["a.yml"]
