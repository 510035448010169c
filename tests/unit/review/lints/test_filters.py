from __future__ import annotations

from pathlib import Path

from tests.unit.review.lints.packs import lint, render, rule

RULE = "sigma_rules/impact/a.yml"
FILTER = "sigma_rules/filters/agent.yml"
SELECTION = (
    "    selection:\n        Image|endswith: ['\\wmic.exe', '\\vssadmin.exe']\n        CommandLine|contains: 'delete'"
)
CASES = """cases:
    - {name: one, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: delete a, AccountName: svc-a}}
    - {name: two, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: delete b, AccountName: svc-b}}
    - {name: three, expect: no_match, event: {FileName: other.exe, ProcessCommandLine: delete b, AccountName: bob}}
"""


def sigma_filter(item: str, rules: str = "any") -> str:
    return (
        f"title: An Agent\nlogsource:\n    category: process_creation\n    product: windows\nfilter:\n    rules: {rules}\n"
        f"    selection:\n        {item}\n    condition: not selection\n"
    )


def test_a_not_that_takes_away_what_is_asked_for(tmp_path: Path) -> None:
    detection = f"{SELECTION}\n    filter_system:\n        Image|endswith: '.exe'"
    assert render(tmp_path, lint(tmp_path, {RULE: rule(detection, "selection and not filter_system")}, CODE)) == (
        "sigma_rules/impact/a.yml:12:30: error[filter-empties-rule]: the filter on FileName takes away every event that "
        "the selections find: the rule never alerts\n"
        "   12 |     condition: selection and not filter_system\n"
        "      |                              ^^^\n"
        "       = narrow what stands after not"
    )


CODE = "filter-empties-rule"


def test_a_not_that_takes_away_one_of_two_is_a_filter(tmp_path: Path) -> None:
    for item in ("Image|endswith: '\\wmic.exe'", "Image|endswith: '.exe'\n        User: 'x'", "CommandLine: null"):
        detection = f"{SELECTION}\n    filter_some:\n        {item}"
        assert lint(tmp_path, {RULE: rule(detection, "selection and not filter_some")}, CODE) == [], item


def test_each_of_several_selections_swallowed(tmp_path: Path) -> None:
    detection = (
        "    selection_a:\n        CommandLine|contains: 'shadowcopy'\n    selection_b:\n        CommandLine|contains: 'copy x'"
        "\n    filter_copy:\n        CommandLine|contains: 'copy'"
    )
    found = lint(tmp_path, {RULE: rule(detection, "1 of selection_* and not 1 of filter_*")}, CODE)
    assert [finding.diagnostic.message for finding in found] == [
        "the filter on ProcessCommandLine takes away every event that the selections find: the rule never alerts"
    ]
    assert (
        lint(tmp_path, {RULE: rule(detection, "1 of selection_* and not all of filter_* or selection_a")}, CODE) == []
    )


def test_a_sigma_filter_that_takes_away_what_the_rule_asks_for(tmp_path: Path) -> None:
    files = {RULE: rule(SELECTION), FILTER: sigma_filter("Image|endswith: '.exe'")}
    assert render(tmp_path, lint(tmp_path, files, CODE)) == (
        "sigma_rules/filters/agent.yml:6:5: error[filter-empties-rule]: the filter leaves nothing of 'A Rule': it takes away "
        "every event that the rule asks for\n"
        "   6 |     rules: any\n"
        "     |     ^^^^^\n"
        "      = compare more fields, or whole values: what it silences nobody looks at"
    )


def test_a_sigma_filter_that_is_the_rule_itself(tmp_path: Path) -> None:
    files = {
        RULE: rule("    selection:\n        Image|endswith: '\\wmic.exe'"),
        FILTER: sigma_filter("Image|endswith: '\\wmic.exe'", "\n        - 11111111-1111-4111-8111-111111111111"),
    }
    [finding] = lint(tmp_path, files, CODE)
    assert (finding.diagnostic.line, finding.diagnostic.message) == (
        7,
        "the filter leaves nothing of 'A Rule': what the rule asks for and the filter takes away are the same",
    )


def test_a_sigma_filter_that_takes_away_all_true_positives_of_the_tests(tmp_path: Path) -> None:
    files = {RULE: rule(SELECTION), "tests/rules/impact/a.yml": CASES}
    [finding] = lint(tmp_path, {**files, FILTER: sigma_filter("User|contains: 'svc-'")}, CODE)
    assert finding.diagnostic.message == (
        "the filter leaves nothing of 'A Rule': it takes away all 2 true positives of its tests"
    )
    assert lint(tmp_path, {**files, FILTER: sigma_filter("User|contains: 'svc-a'")}, CODE) == []


def test_a_filter_of_another_rule_or_another_log_source(tmp_path: Path) -> None:
    files = {RULE: rule(SELECTION), "tests/rules/impact/a.yml": CASES}
    other = sigma_filter("Image|endswith: '.exe'", "\n        - 22222222-2222-4222-8222-222222222222")
    assert lint(tmp_path, {**files, FILTER: other}, CODE) == []
    elsewhere = sigma_filter("Image|endswith: '.exe'").replace("process_creation", "image_load")
    assert lint(tmp_path, {**files, FILTER: elsewhere}, CODE) == []
