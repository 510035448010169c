"""Folders of rules: what is found, what belongs together, what doesn't fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.rules import load_rules, load_with_pack

from .texts import RULE as ONE_RULE

RULE = ONE_RULE.format(item="A: 1")
IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(10)]
CORRELATION = "title: C\ncorrelation: {{type: event_count, rules: {rules}, timespan: 5m, condition: {{gte: 2}}}}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    others = [
        "playbook/a.yml",
        "sites/a.yml",
        "site.default.yml",
        "x/site.yml",
        "lint.yml",
        ".hidden.yml",
        ".git/a.yml",
        "a.json",
    ]
    mine = ["a.yml", "b/a.yaml", "b/c.YML", "filters/a.yml", "sitecore.yml"]
    write(tmp_path, dict.fromkeys([*others, *mine], RULE))
    found = load_rules([tmp_path])
    assert [rule.relative.as_posix() for rule in found.rules] == [
        "a.yml",
        "b/a.yaml",
        "b/c.YML",
        "filters/a.yml",
        "sitecore.yml",
    ]
    assert [rule.path for rule in found.rules] == [tmp_path / rule.relative for rule in found.rules]
    assert found.paths == tuple(rule.path for rule in found.rules)
    assert found.diagnostics == ()


def test_a_file_or_a_left_out_folder_that_is_given_itself(tmp_path: Path) -> None:
    write(tmp_path, {"playbook/a.yml": RULE, "site.yml": RULE})
    found = load_rules([str(tmp_path / "site.yml"), tmp_path / "playbook"])
    assert [rule.relative.as_posix() for rule in found.rules] == ["site.yml", "a.yml"]


def test_a_file_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.yml": f"{RULE}id: {IDS[0]}\n"})
    (tmp_path / "a/link.yml").symlink_to("b.yml")
    found = load_rules([tmp_path / "a/b.yml", tmp_path, tmp_path / "a", str(tmp_path / "a" / ".." / "a")])
    assert [rule.relative.as_posix() for rule in found.rules] == ["b.yml"]
    assert found.diagnostics == ()


def test_links_that_leave_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"pack/a.yml": RULE, "outside/b.yml": RULE})
    (tmp_path / "pack/link.yml").symlink_to("../outside/b.yml")
    (tmp_path / "pack/folder").symlink_to("../outside")
    (tmp_path / "pack/loop.yml").symlink_to("loop.yml")
    found = load_rules([tmp_path / "pack"])
    assert [rule.relative.as_posix() for rule in found.rules] == ["a.yml"]
    assert [(problem.severity, problem.code, problem.file) for problem in found.diagnostics] == [
        ("warning", "link-outside", (tmp_path / "pack/folder").as_posix()),
        ("warning", "link-outside", (tmp_path / "pack/link.yml").as_posix()),
        ("error", "unreadable-file", (tmp_path / "pack/loop.yml").as_posix()),
    ]


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yml")
    (problem,) = load_rules([tmp_path]).diagnostics
    assert (problem.code, problem.message) == ("unreadable-file", "it can't be read: it is no regular file")
    with pytest.raises(UsageError) as raised:
        load_rules([tmp_path / "a.yml"])
    assert raised.value.diagnostics[0].message == f"'{tmp_path / 'a.yml'}' is no file or folder"


def test_a_path_that_does_not_exist() -> None:
    with pytest.raises(UsageError) as raised:
        load_rules(["no/such/rules"])
    assert (
        str(raised.value)
        == "error[no-such-path]: 'no/such/rules' doesn't exist\n  = give a rule file, or a folder of them"
    )
    assert raised.value.exit_code == 3


def test_problems_of_all_files_and_the_good_rules(tmp_path: Path) -> None:
    write(tmp_path, {"a.yml": "- x\n", "b.yml": RULE, "c.yml": RULE.replace("A: 1", "A|x: 1"), "d.yml": "a: [\n"})
    found = load_rules([tmp_path])
    assert [rule.relative.as_posix() for rule in found.rules] == ["b.yml"]
    assert [(Path(problem.file or "").name, problem.code) for problem in found.diagnostics] == [
        ("a.yml", "not-a-mapping"),
        ("c.yml", "unknown-modifier"),
        ("d.yml", "not-yaml"),
    ]


# ----------------------------------------------------------------------------------------------------- ids and references


def test_ids_and_names_are_unique(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yml": f"{RULE}id: {IDS[0]}\nname: one\n",
            "b.yml": f"{RULE}id: {IDS[0].upper()}\n",
            "c.yml": f"{RULE}name: one\n",
            "d.yml": f"{RULE}name: One\n",
        },
    )
    found = load_rules([tmp_path])
    assert [rule.relative.name for rule in found.rules] == ["a.yml", "d.yml"]
    first = (tmp_path / "a.yml").as_posix()
    assert [problem.render() for problem in found.diagnostics] == [
        f"{tmp_path.as_posix()}/b.yml:9:5: error[duplicate-id]: the id '{IDS[0]}' is taken: {first}:9 has it\n"
        f"   9 | id: {IDS[0]}\n"
        f"     |     {'^' * 36}\n"
        "      = give this one a new id",
        f"{tmp_path.as_posix()}/c.yml:9:7: error[duplicate-name]: the name 'one' is taken: {first}:10 has it\n"
        "   9 | name: one\n"
        "     |       ^^^\n"
        "      = give this one a new name",
    ]


def test_resolving_a_reference(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yml": f"{RULE}id: {IDS[5].replace('5', 'a')}\nname: one\n",
            "c.yml": CORRELATION.format(rules="one") + "name: c\n",
        },
    )
    found = load_rules([tmp_path])
    rule, correlation = found.rules[0], found.correlations[0]
    assert found.resolve("one") is rule
    assert found.resolve(IDS[5].replace("5", "A")) is rule
    assert found.resolve(IDS[5].replace("5", "a").replace("-", "")) is rule
    assert found.resolve("c") is correlation
    assert found.resolve("One") is None


def test_correlations_that_lead_nowhere(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yml": f"{RULE}name: a\n",
            "b.yml": CORRELATION.format(rules="[a, d]") + "name: b\n",
            "c.yml": CORRELATION.format(rules="[a, missing]") + "name: c\n",
            "d.yml": CORRELATION.format(rules="[a]") + "name: d\n",
            "e.yml": CORRELATION.format(rules="[c]") + "name: e\n",
            "f.yml": CORRELATION.format(rules="[g]") + "name: f\n",
            "g.yml": CORRELATION.format(rules="[f, a]") + "name: g\n",
        },
    )
    found = load_rules([tmp_path])
    assert [rule.name for rule in found.correlations] == ["b", "d"]
    lost = "leads to no rule: it lacks one itself, or comes back to this correlation"
    assert [(Path(problem.file or "").name, problem.code, problem.message) for problem in found.diagnostics] == [
        ("c.yml", "unknown-rule", "there is no rule 'missing'"),
        ("e.yml", "unknown-rule", f"'c' {lost}"),
        ("f.yml", "unknown-rule", f"'g' {lost}"),
        ("g.yml", "unknown-rule", f"'f' {lost}"),
    ]
    assert found.diagnostics[0].text == CORRELATION.format(rules="[a, missing]").split("\n")[1]
    assert (found.diagnostics[0].line, found.diagnostics[0].column, found.diagnostics[0].length) == (2, 45, 7)


def test_filters_of_rules_that_are_not_there(tmp_path: Path) -> None:
    text = "title: F\nlogsource: {product: windows}\nfilter: {rules: [a, b], s: {A: 1}, condition: not s}\n"
    write(tmp_path, {"filters/f.yml": text, "rules/a.yml": f"{RULE}name: a\n"})
    found = load_rules([tmp_path])
    assert [rule.relative.as_posix() for rule in found.filters] == ["filters/f.yml"]
    assert [problem.render() for problem in found.diagnostics] == [
        f"{tmp_path.as_posix()}/filters/f.yml:3:21: warning[unknown-rule]: there is no rule 'b' to filter\n"
        "   3 | filter: {rules: [a, b], s: {A: 1}, condition: not s}\n"
        "     |                     ^\n"
        "      = a filter applies to rules, not to correlations"
    ]
    assert load_rules([tmp_path / "filters"]).diagnostics == ()


def test_a_correlation_by_itself_finds_its_rules_in_the_pack(tmp_path: Path) -> None:
    write(tmp_path, {"execution/a.yml": f"{RULE}name: a\n", "correlations/c.yml": CORRELATION.format(rules="a")})
    rules, pack = load_with_pack([tmp_path / "correlations/c.yml"])
    assert (len(rules.rules), len(rules.correlations), rules.diagnostics) == (0, 1, ())
    assert pack.resolve("a") is not None
