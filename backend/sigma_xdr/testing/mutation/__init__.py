"""Rule mutation: each small change of a rule that would be a bug has to make some case of its test file fail.

``mutants(document)`` gives the changed rules. ``score(…)`` asks a judge about each of them on the rule's cases: a mutant is
killed by a case that comes out otherwise than expected; those that no case kills are the survivors, each with an event
that tells it from the rule, where an ``EventSearch`` finds one. A change that no event can show is listed in the test
file as equivalent, with the reason; what is listed wrongly is a problem.
"""

from __future__ import annotations

from sigma_xdr.testing.mutation.mutant import Mutant
from sigma_xdr.testing.mutation.mutants import OPERATORS, MutationError, mutants
from sigma_xdr.testing.mutation.scoring import MutationScore, Survivor, score
from sigma_xdr.testing.mutation.telling import EventSearch

__all__ = [
    "OPERATORS",
    "EventSearch",
    "Mutant",
    "MutationError",
    "MutationScore",
    "Survivor",
    "mutants",
    "score",
]
