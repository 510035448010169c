"""Which mutants of a rule its cases kill, which survive, and whether those listed as equivalent are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sigma_xdr.errors import Diagnostic
from sigma_xdr.schema import nearest
from sigma_xdr.testing.mutation.mutant import Document, Mutant
from sigma_xdr.testing.mutation.mutants import MutationError, mutants

__all__ = ["MutationScore", "Survivor", "score"]

Case = TypeVar("Case")
Fields = Mapping[str, Any]

#: Most survivors for which an event is looked for: that takes long for a rule of many values.
_MOST_SEARCHED = 50


@dataclass(frozen=True)
class Survivor:
    """A mutant that no case kills, and an event that would, in Sigma's field names; None where none was found, or none was
    looked for (``searched``).
    """

    mutant: Mutant
    event: Fields | None = None
    searched: bool = True


@dataclass(frozen=True)
class MutationScore:
    """What became of a rule's mutants.

    ``killed`` maps the id of each killed one to the 0-based number of the first case that kills it, ``equivalent`` the ids
    that the test file rightly lists to their reasons. ``problems`` are the entries that are wrong; their ``keys`` lead to
    them in the test file.
    """

    mutants: tuple[Mutant, ...]
    killed: Mapping[str, int]
    survivors: tuple[Survivor, ...]
    equivalent: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether each mutant is killed or equivalent, and every entry right."""
        return not self.survivors and not self.problems

    def as_data(self) -> dict[str, Any]:
        """The score as plain data."""
        return {
            "mutants": len(self.mutants),
            "killed": len(self.killed),
            "equivalent": dict(self.equivalent),
            "survivors": [
                {
                    "id": survivor.mutant.id,
                    "operator": survivor.mutant.operator,
                    "description": survivor.mutant.description,
                    "event": None if survivor.event is None else dict(survivor.event),
                    "searched": survivor.searched,
                }
                for survivor in self.survivors
            ],
            "problems": [problem.render() for problem in self.problems],
        }


def score(
    document: Document,
    cases: Sequence[Case],
    expected: Sequence[bool],
    verdicts: Callable[[Document, Sequence[Case]], Sequence[bool]],
    equivalent: Mapping[str, str] | None = None,
    tell: Callable[[Mutant], Fields | None] = lambda mutant: None,
    name: Callable[[Case], str] = str,
) -> MutationScore:
    """The score of a rule's plain document on its cases.

    ``expected`` says of each case whether it has to match, ``verdicts`` whether a document matches each. ``equivalent`` maps
    ids to reasons. ``tell`` looks for an event that tells a mutant apart: of the first 50 survivors, and of each that is listed
    as equivalent. ``name`` is a case's name in messages. Raises MutationError where the rule itself fails a case, or is too
    large.
    """
    listed = equivalent or {}
    ours = zip(verdicts(document, cases), expected, strict=True)
    failed = [index for index, (verdict, wanted) in enumerate(ours) if verdict != wanted]
    if failed:
        message = f"the rule itself fails {len(failed)} of its {len(cases)} cases, first '{name(cases[failed[0]])}'"
        hint = "mend the rule or the case: mutants say nothing before"
        raise MutationError(Diagnostic("failing-case", message, hint, keys=("cases", failed[0], "name")))
    found = mutants(document)
    killed: dict[str, int] = {}
    survivors: list[Survivor] = []
    rightly: dict[str, str] = {}
    problems = [_unknown(each, [mutant.id for mutant in found]) for each in _missing(listed, found)]
    for mutant in found:
        said = zip(verdicts(mutant.document, cases), expected, strict=True)
        killer = next((index for index, (verdict, wanted) in enumerate(said) if verdict != wanted), None)
        searched = mutant.id in listed or len(survivors) < _MOST_SEARCHED
        event = tell(mutant) if killer is None and searched else None
        if killer is not None:
            killed[mutant.id] = killer
        elif mutant.id not in listed:
            survivors.append(Survivor(mutant, event, searched))
        elif event is None:
            rightly[mutant.id] = listed[mutant.id]
        if mutant.id in listed and killer is not None:
            problems.append(_killed(mutant, name(cases[killer])))
        elif mutant.id in listed and event is not None:
            problems.append(_told_apart(mutant, event))
    return MutationScore(tuple(found), killed, tuple(survivors), rightly, tuple(problems))


# ------------------------------------------------------------------------------------------------------- wrong entries


def _missing(listed: Mapping[str, str], found: Sequence[Mutant]) -> list[str]:
    known = {mutant.id for mutant in found}
    return [each for each in listed if each not in known]


def _unknown(listed: str, known: Sequence[str]) -> Diagnostic:
    like = nearest(listed, known, 1)
    hint = f"did you mean {like[0]}?" if like else "delete it: the rule has changed since"
    return Diagnostic("unknown-mutant", f"the rule has no mutant '{listed}'", hint, keys=("equivalent", listed))


def _killed(mutant: Mutant, case: str) -> Diagnostic:
    message = f"the mutant '{mutant.id}' isn't equivalent: the case '{case}' kills it"
    return Diagnostic("killed-equivalent", message, "delete the entry", keys=("equivalent", mutant.id))


def _told_apart(mutant: Mutant, event: Fields) -> Diagnostic:
    message = f"the mutant '{mutant.id}' isn't equivalent: an event tells it from the rule"
    shown = json.dumps(event, ensure_ascii=False, default=str)
    return Diagnostic("told-equivalent", message, f"make a case of it: {shown}", keys=("equivalent", mutant.id))
