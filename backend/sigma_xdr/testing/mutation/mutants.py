"""All mutants of a rule: the operators in order."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.rules.parsing import parse
from sigma_xdr.rules.places import RuleSource, SourceFile
from sigma_xdr.testing.mutation.conditions import and_to_or, drop_operand, drop_selection, negate_dropped, or_to_and
from sigma_xdr.testing.mutation.correlations import (
    change_operator,
    change_threshold,
    change_timespan,
    change_type,
    drop_group,
    drop_rule,
    swap_alias,
    swap_words,
)
from sigma_xdr.testing.mutation.modifiers import strengthen_modifier, swap_field, weaken_modifier
from sigma_xdr.testing.mutation.mutant import Document, Mutant, items
from sigma_xdr.testing.mutation.structure import all_alternatives, any_item, drop_alternative, drop_item, drop_negation
from sigma_xdr.testing.mutation.values import (
    change_number,
    drop_piece,
    drop_value,
    drop_wildcard,
    flip_boolean,
    widen_network,
    widen_wildcard,
)

__all__ = ["OPERATORS", "MutationError", "mutants"]

#: Each takes a rule's document and yields it with one change; what is no Sigma is sorted out afterwards.
OPERATORS: tuple[Callable[[Document], Iterator[Mutant]], ...] = (
    drop_value,
    drop_item,
    drop_alternative,
    drop_selection,
    drop_operand,
    negate_dropped,
    drop_negation,
    and_to_or,
    any_item,
    or_to_and,
    all_alternatives,
    weaken_modifier,
    strengthen_modifier,
    drop_piece,
    drop_wildcard,
    widen_wildcard,
    widen_network,
    change_number,
    flip_boolean,
    swap_field,
    change_threshold,
    change_operator,
    change_timespan,
    change_type,
    drop_group,
    drop_rule,
    swap_alias,
    swap_words,
)

#: Most values and wildcards of a rule: each is left out once, and each mutant is a copy of all. Lists of hashes belong
#: elsewhere.
_MAX_VALUES = 1_000
#: Most mutants of a rule: nobody writes cases for more.
_MAX_MUTANTS = 2_000
#: A mutant has no file; that its rule is no Sigma is all that is asked.
_NOWHERE = RuleSource(SourceFile(Path("mutant.yml"), "{}"), 0)


class MutationError(SigmaXdrError):
    """A rule can't be mutated: it is too large, or fails its own cases."""


def mutants(document: Document) -> list[Mutant]:
    """Every mutant of a rule, correlation or filter, a plain document without errors: in a fixed order, with ids that are
    unique, no two alike, none like the rule itself, and each of them right Sigma.

    Raises MutationError for a rule of more than 1,000 values and wildcards, or of more than 2,000 mutants.
    """
    values = [value for item in items(document) for value in item.values]
    wildcards = sum(value.count("*") + value.count("?") for value in values if isinstance(value, str))
    if len(values) + wildcards > _MAX_VALUES:
        raise _too_many(f"the rule has more than {_MAX_VALUES:,} values and wildcards, too many to leave each out")
    known = {_content(document)}
    found = []
    for operator in OPERATORS:
        for mutant in operator(document):
            content = _content(mutant.document)
            if content not in known and parse(mutant.document, _NOWHERE)[0] is not None:
                known.add(content)
                found.append(mutant)
                if len(found) > _MAX_MUTANTS:
                    raise _too_many(f"the rule has more than {_MAX_MUTANTS:,} mutants")
    return _numbered(found)


def _too_many(message: str) -> MutationError:
    return MutationError(Diagnostic("too-many-mutants", message, "split the rule"))


def _content(document: Document) -> bytes:
    """A digest of all that a rule's verdicts depend on: that itself, once a mutant, could fill the memory."""
    content = json.dumps([document.get(key) for key in ("logsource", "detection", "correlation", "filter")])
    return hashlib.sha256(content.encode()).digest()


def _numbered(found: list[Mutant]) -> list[Mutant]:
    """The mutants with a number behind each id that another had before."""
    times: Counter[str] = Counter()
    numbered = []
    for mutant in found:
        times[mutant.id] += 1
        count = times[mutant.id]
        numbered.append(mutant if count == 1 else replace(mutant, id=f"{mutant.id} #{count}"))
    return numbered
