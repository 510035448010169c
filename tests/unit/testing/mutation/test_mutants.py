"""All mutants of a rule: right Sigma, no two alike, named by unique ids."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import yaml

from sigma_xdr.rules import LoadedRule, load_bytes, load_rules
from sigma_xdr.testing.mutation import MutationError, mutants
from tests.unit.testing.mutation.rules import document

PACK = load_rules([Path(__file__).parents[4] / "sigma_rules"])
RULES = [*PACK.rules, *PACK.correlations, *PACK.filters]


def test_all_mutants_of_a_small_rule() -> None:
    rule = document(
        r"""
        selection:
            Image|endswith: '\wmic.exe'
            CommandLine|contains: [create, '/node:']
        filter:
            User: SYSTEM
        condition: selection and not filter
        """
    )
    before = copy.deepcopy(rule)
    assert [mutant.id for mutant in mutants(rule)] == [
        "drop-value selection/CommandLine|contains='create'",
        "drop-value selection/CommandLine|contains='/node:'",
        "drop-item selection/Image|endswith",
        "drop-item selection/CommandLine|contains",
        "drop-selection not filter",
        "drop-filter selection",
        "drop-negation selection and filter",
        "and-to-or selection or not filter",
        "and-to-or selection/Image|endswith, CommandLine|contains",
        "weaken-modifier selection/Image|endswith -> contains",
        "weaken-modifier filter/User -> contains",
        "weaken-modifier filter/User -> startswith",
        "weaken-modifier filter/User -> endswith",
        "strengthen-modifier selection/Image|endswith -> no modifier",
        "strengthen-modifier selection/Image|endswith -> endswith|cased",
        "strengthen-modifier selection/CommandLine|contains -> startswith",
        "strengthen-modifier selection/CommandLine|contains -> endswith",
        "strengthen-modifier selection/CommandLine|contains -> no modifier",
        "strengthen-modifier selection/CommandLine|contains -> contains|all",
        "strengthen-modifier selection/CommandLine|contains -> contains|cased",
        "strengthen-modifier filter/User -> cased",
        "swap-field selection/Image|endswith -> ParentImage",
        "swap-field selection/CommandLine|contains -> ParentCommandLine",
        "swap-field filter/User -> ParentUser",
    ]
    assert rule == before


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.relative.stem)
def test_every_mutant_of_the_pack_is_a_rule_of_its_own(rule: LoadedRule) -> None:
    found = mutants(rule.document)
    assert len(found) == len({mutant.id for mutant in found})
    written = [yaml.safe_dump(mutant.document, sort_keys=False, allow_unicode=True).encode() for mutant in found]
    assert (
        len({*written, yaml.safe_dump(rule.document, sort_keys=False, allow_unicode=True).encode()}) == len(found) + 1
    )
    for data in written:
        loaded, problems = load_bytes(Path("mutant.yml"), Path("mutant.yml"), data)
        assert [len(loaded), [problem for problem in problems if problem.severity == "error"]] == [1, []]
    for mutant in found:
        assert rule.place(*mutant.keys).line > 1


def test_ids_that_would_be_the_same_are_numbered() -> None:
    rule = document("s: [{A|re: x}, {A|re: y}, {B|re: z}]\ncondition: s\n")
    assert [mutant.id for mutant in mutants(rule)] == [
        "drop-alternative s/A|re",
        "drop-alternative s/A|re #2",
        "drop-alternative s/B|re",
    ]


def test_two_operators_that_do_the_same_give_one_mutant() -> None:
    ids = [mutant.id for mutant in mutants(document("s: {A|contains: ['/a*/a']}\ncondition: s\n"))]
    assert [each for each in ids if each.endswith("'/a'")] == ["drop-piece s/A|contains='/a*/a' -> '/a'"]


@pytest.mark.parametrize(
    "value", ["[" + ", ".join(f"v{number}" for number in range(1_001)) + "]", f"'{'?a*' * 500}a?'"]
)
def test_a_rule_of_too_many_values_is_refused(value: str) -> None:
    with pytest.raises(MutationError) as error:
        mutants(document(f"s: {{A: {value}}}\ncondition: s\n"))
    assert str(error.value) == (
        "error[too-many-mutants]: the rule has more than 1,000 values and wildcards, too many to leave each out\n"
        "  = split the rule"
    )


def test_a_rule_of_too_many_mutants_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[mutants.__module__], "_MAX_MUTANTS", 20)
    fields = ", ".join(f"F{number}|contains: v" for number in range(4))
    with pytest.raises(MutationError) as error:
        mutants(document(f"s: {{{fields}}}\ncondition: s\n"))
    assert str(error.value) == "error[too-many-mutants]: the rule has more than 20 mutants\n  = split the rule"
