from __future__ import annotations

from pathlib import Path

from tests.unit.review.lints.packs import lint, render

RULE = """title: {title}
id: {number}{number}{number}{number}{number}{number}{number}{number}-1111-4111-8111-111111111111
{related}logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
        CommandLine|contains: '{text}'
    condition: selection
level: {level}
"""
CASE = "    - {{name: {0}, expect: match, event: {{FileName: wmic.exe, ProcessCommandLine: '{0}'}}}}\n"


def a_rule(name: str, number: int, text: str, level: str, lines: list[str], related: str = "") -> dict[str, str]:
    return {
        f"sigma_rules/impact/{name}.yml": RULE.format(
            title=name.title(), number=number, text=text, level=level, related=related
        ),
        f"tests/rules/impact/{name}.yml": "cases:\n" + "".join(map(CASE.format, lines)),
    }


DELETES = ["shadowcopy delete", "shadowcopy delete /x", "SHADOWCOPY DELETE"]
ALL = [*DELETES[:2], "shadowcopy list"]


def test_a_special_rule_that_says_no_more_than_the_general_one(tmp_path: Path) -> None:
    files = {
        **a_rule("general", 1, "shadowcopy", "high", ALL),
        **a_rule("special", 2, "shadowcopy delete", "medium", DELETES),
    }
    path = f"{tmp_path.as_posix()}/sigma_rules/impact/general.yml"
    [finding] = lint(tmp_path, files, "overlap")
    assert path in finding.diagnostic.message
    assert render(tmp_path, [finding]) == (
        "sigma_rules/impact/special.yml:1:8: warning[overlap]: all 3 true positives fire 'General' "
        "(sigma_rules/impact/general.yml) too, which is high\n"
        "   1 | title: Special\n"
        "     |        ^^^^^^^\n"
        "      = raise this one's level, drop it, or say under related: that it is a special case (type: derived)"
    )


def test_of_two_that_find_the_same_the_second_is_told(tmp_path: Path) -> None:
    files = {**a_rule("first", 1, "shadowcopy", "low", ALL), **a_rule("second", 2, "shadow", "low", DELETES)}
    [finding] = lint(tmp_path, files, "overlap")
    assert render(tmp_path, [finding]) == (
        "sigma_rules/impact/second.yml:1:8: warning[overlap]: all 3 true positives fire 'First' "
        "(sigma_rules/impact/first.yml) too, which is low; and all 3 of that fire this one\n"
        "   1 | title: Second\n"
        "     |        ^^^^^^\n"
        "      = make one rule of the two"
    )


def test_what_is_no_overlap(tmp_path: Path) -> None:
    general = a_rule("general", 1, "shadowcopy", "medium", ALL)
    related = "related:\n    - {id: 11111111-1111-4111-8111-111111111111, type: derived}\n"
    for number, special in enumerate(
        (
            a_rule("graver", 2, "shadowcopy delete", "high", DELETES),
            a_rule("on_purpose", 2, "shadowcopy delete", "medium", DELETES, related),
            a_rule("wider_and_lower", 2, "shadow", "low", [*DELETES, "shadow storage"]),
            a_rule("hardly_tested", 2, "shadowcopy delete", "medium", DELETES[:2]),
        )
    ):
        assert lint(tmp_path / str(number), {**general, **special}, "overlap") == [], sorted(special)


def test_a_rule_on_another_table_is_none(tmp_path: Path) -> None:
    other = a_rule("other", 2, "shadowcopy", "high", DELETES)
    other = {name: text.replace("process_creation", "image_load") for name, text in other.items()}
    files = {**a_rule("special", 1, "shadowcopy delete", "medium", DELETES), **other}
    assert lint(tmp_path, files, "overlap") == []
