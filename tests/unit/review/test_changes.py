from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sigma_xdr.review.changes import Change, Difference, changed_filters, find_changes, unified_diff
from sigma_xdr.review.queries import queries_of
from tests.unit.review.packs import CASES, ID, rule, sides
from tests.unit.review.test_pack import CORRELATION
from tests.unit.review.test_queries import FILTER

A = "sigma_rules/impact/a.yml"


def changes(root: Path, before: dict[str, str], after: dict[str, str]) -> list[Change]:
    old, new = sides(root, before, after)
    return find_changes(old, new, old.queries, new.queries)


def kinds(found: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.title, change.kind, change.state.path) for change in found]


def test_nothing_changed(tmp_path: Path) -> None:
    files = {A: rule(), "tests/rules/impact/a.yml": CASES, "sigma_rules/filters/f.yml": FILTER}
    assert changes(tmp_path, files, files) == []


def test_new_gone_moved_and_wrong(tmp_path: Path) -> None:
    found = changes(
        tmp_path,
        {A: rule(), "sigma_rules/b.yml": rule(2, "B"), "sigma_rules/d.yml": rule(4, "D")},
        {
            "sigma_rules/other/a.yml": rule(),
            "sigma_rules/c.yml": rule(3, "C"),
            "sigma_rules/moved/d.yml": rule(4, "D", field="Image|endwith"),
        },
    )
    assert kinds(found) == [
        ("B", "gone", "sigma_rules/b.yml"),
        ("C", "new", "sigma_rules/c.yml"),
        ("D", "wrong", "sigma_rules/d.yml"),
        ("A", "moved", "sigma_rules/other/a.yml"),
    ]
    assert found[3].differences == (Difference("file", A, "sigma_rules/other/a.yml"),)
    assert found[0].sigma_diff.startswith("--- Sigma before\n+++ Sigma after\n@@ -1,10 +0,0 @@\n-title: B\n")


def test_another_id_in_the_same_place_is_the_same_rule(tmp_path: Path) -> None:
    [found] = changes(tmp_path, {A: rule(1)}, {A: rule(2)})
    assert found.kind == "changed"
    assert found.differences == (Difference("id", ID.format(1), ID.format(2)),)
    assert found.same_query


def test_facts_that_differ(tmp_path: Path) -> None:
    registry = rule(level="low", field="TargetObject|endswith").replace("process_creation", "registry_set")
    [found] = changes(tmp_path, {A: rule()}, {A: registry})
    differences = {each.what: (each.before, each.after) for each in found.differences}
    assert differences["level"] == ("high", "low")
    assert differences["log source"] == (
        "category process_creation, product windows",
        "category registry_set, product windows",
    )
    assert differences["tables"] == ("DeviceProcessEvents", "DeviceRegistryEvents")
    assert "entities" in differences


def test_a_rule_that_can_run_near_real_time_no_more(tmp_path: Path) -> None:
    [found] = changes(tmp_path, {A: rule()}, {A: rule(field="Image|re", value="a+[.]exe$")})
    assert found.differences == (
        Difference("schedule", "continuous", "every PT1H, looks back PT4H"),
        Difference("near-real-time", "yes", "no: matches regex"),
    )


def test_a_correlation_changes_with_the_rule_that_it_names(tmp_path: Path) -> None:
    burst = {"sigma_rules/correlations/burst.yml": CORRELATION}
    found = changes(tmp_path, {A: rule(), **burst}, {A: rule(value=r"\b.exe"), **burst})
    assert kinds(found) == [("Burst", "changed", "sigma_rules/correlations/burst.yml"), ("A", "changed", A)]
    assert found[0].causes == ("the rule 'A' that it names",)
    assert found[0].sigma_diff == ""
    assert found[1].causes == ()


def test_a_correlations_own_facts(tmp_path: Path) -> None:
    files = {A: rule(), "sigma_rules/correlations/burst.yml": CORRELATION}
    other = CORRELATION.replace("gte: 2", "gt: 5").replace("1m", "2m").replace("[Computer]", "[Computer, User]")
    [found] = changes(tmp_path, files, {**files, "sigma_rules/correlations/burst.yml": other})
    assert [each for each in found.differences if each.what in ("threshold", "timespan", "grouped by")] == [
        Difference("threshold", "gte 2", "gt 5"),
        Difference("timespan", "1m", "2m"),
        Difference("grouped by", "Computer", "Computer, User"),
    ]


def test_a_changed_filter_touches_its_rule(tmp_path: Path) -> None:
    path = "sigma_rules/filters/f.yml"
    old, new = sides(
        tmp_path, {A: rule(), path: FILTER}, {A: rule(), path: FILTER.replace("CommandLine: x", "CommandLine: y")}
    )
    filters = changed_filters(old, new)
    assert [[each.title for each in side] for side in filters] == [["Ordinary"], ["Ordinary"]]
    queries = [queries_of(pack.rules, pack.site, put_on) for pack, put_on in zip((old, new), filters, strict=True)]
    found = find_changes(old, new, *queries)
    assert [(change.title, change.is_filter, change.causes) for change in found] == [
        ("Ordinary", True, ()),
        ("A", False, ("the filter 'Ordinary'",)),
    ]
    assert found[1].base
    assert found[1].head
    assert '| where ProcessCommandLine !~ "x"' in found[1].base.kql
    assert '| where ProcessCommandLine !~ "y"' in found[1].head.kql


def test_a_site_value_touches_the_rule_that_asks_for_it(tmp_path: Path) -> None:
    asking = {A: rule(field="Computer|expand", value="%hosts%"), "sigma_rules/b.yml": rule(2)}
    site = "sigma_rules/site.default.yml"
    found = changes(tmp_path, {**asking, site: "hosts: [a]"}, {**asking, site: "hosts: [b]"})
    assert [(change.title, change.causes) for change in found] == [("A", ("the site's value of hosts",))]


def test_a_test_file_alone_changes(tmp_path: Path) -> None:
    test = "tests/rules/impact/a.yml"
    [found] = changes(tmp_path, {A: rule(), test: CASES}, {A: rule(), test: CASES.replace("another", "other")})
    assert (found.kind, found.differences, found.sigma_diff, found.kql_diff) == ("changed", (), "", "")


def test_another_compiler_is_the_cause_where_the_rule_is_the_same(tmp_path: Path) -> None:
    old, new = sides(tmp_path, {A: rule()}, {A: rule()})
    other = {key: replace(query, text="DeviceProcessEvents") for key, query in new.queries.items()}
    [found] = find_changes(old, new, old.queries, other, compilers_differ=True)
    assert found.causes == ("the compiler",)


def test_a_diff_of_equal_texts_is_empty() -> None:
    assert unified_diff("a\nb", "a\nb\n", "KQL") == ""
