from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.review.pack import load_pack
from tests.unit.review.packs import CASES, ID, pack, rule

PLAYBOOK = """title: Impact
questions: [Was it announced?]
check_first:
    - step: Look
actions: [Read]
escalate: [Always]
contain: [Isolate]
rules:
    a:
        questions: [And that?]
"""
CORRELATION = f"""title: Burst
id: {ID.format(9)}
correlation:
    type: event_count
    rules: [{ID.format(1)}]
    group-by: [Computer]
    timespan: 1m
    condition: {{gte: 2}}
level: low
"""


def test_all_that_a_pack_holds(tmp_path: Path) -> None:
    found = pack(
        tmp_path,
        {
            "sigma_rules/impact/a.yml": rule(value="%hosts%", field="Computer|expand"),
            "sigma_rules/correlations/burst.yml": CORRELATION,
            "sigma_rules/site.default.yml": "hosts: [ADM-01]\n",
            "sigma_rules/playbook/impact.yml": PLAYBOOK,
            "tests/rules/impact/a.yml": CASES,
            "docs/coverage.yml": 'ideas:\n    A1: {what: it, rules: [impact/a]}\nseeds:\n    "a line": [impact/a]\n',
        },
    )
    assert found.problems == ()
    assert [each.title for each in found.all_rules] == ["A", "Burst"]
    assert list(found.by_key) == [ID.format(1), ID.format(9)]
    assert found.site == {"hosts": ("ADM-01",)}
    assert found.guidance(found.rules.rules[0]).questions == ("And that?", "Was it announced?")
    assert found.guidance(found.rules.correlations[0]).questions == ()
    assert [case.name for case in found.tests[ID.format(1)].file.cases] == ["it", "another"]
    assert found.coverage.ideas == {"A1": ("it", ("impact/a",))}
    assert '"ADM-01"' in found.queries[ID.format(1)].text
    assert not found.queries[ID.format(1)].generates
    assert found.queries[ID.format(9)].tables == ("DeviceProcessEvents",)


def test_what_is_wrong_is_told_with_names_from_the_root_on(tmp_path: Path) -> None:
    found = pack(
        tmp_path,
        {
            "sigma_rules/a.yml": rule(),
            "sigma_rules/b.yml": rule(title="B"),
            "sigma_rules/c.yml": rule(3, field="Image|endwith"),
            "sigma_rules/playbook/impact.yml": "title: 1\n",
            "sigma_rules/site.default.yml": "hosts: []\n",
            "docs/coverage.yml": "ideas: {A: {what: x, rules: [{a: b}]}}\nseeds: {}\n",
        },
    )
    assert str(tmp_path) not in "".join(problem.render() for problem in found.problems)
    told = [(problem.file, problem.message) for problem in found.problems]
    assert told[:2] == [
        ("sigma_rules/b.yml", f"the id '{ID.format(1)}' is taken: sigma_rules/a.yml:2 has it"),
        ("sigma_rules/c.yml", "there is no modifier 'endwith'"),
    ]
    assert told[-2:] == [
        ("sigma_rules/site.default.yml", "'hosts' has no values: a rule that asks for it would find nothing"),
        ("docs/coverage.yml", "the file holds no coverage"),
    ]
    assert {file for file, _ in told[2:-2]} == {"sigma_rules/playbook/impact.yml"}
    assert [each.title for each in found.all_rules] == ["A"]


@pytest.mark.parametrize(
    "text",
    ["[]", "ideas: 1\nseeds: {}", "seeds: {}", "ideas: {A: {}}\nseeds: {}", "a: [", "ideas: {}\nseeds: {a: [1]}"],
)
def test_a_coverage_file_that_is_none(tmp_path: Path, text: str) -> None:
    found = pack(tmp_path, {"sigma_rules/a.yml": rule(), "docs/coverage.yml": text})
    assert {problem.file for problem in found.problems} == {"docs/coverage.yml"}
    assert found.coverage.ideas == {}


def test_a_rule_without_an_id_is_known_by_its_place(tmp_path: Path) -> None:
    text = rule().replace(f"id: {ID.format(1)}\n", "")
    found = pack(tmp_path, {"sigma_rules/impact/a.yml": f"{text}---\n{text.replace('title: A', 'title: B')}"})
    assert list(found.by_key) == ["impact/a.yml:1", "impact/a.yml:2"]


def test_a_folder_without_rules(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="doesn't exist"):
        load_pack(tmp_path)
