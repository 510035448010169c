"""A pack over recorded events: the hunt, for what measures rules by it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from sigma_xdr.errors import Diagnostic
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import LoadedRule, RuleCache, RuleSet
from sigma_xdr.scan.crew import Crew
from sigma_xdr.scan.planning import plan_of
from sigma_xdr.telemetry.sources import Sources

__all__ = ["files_hunt"]


def files_hunt(
    sources: Sources,
    asked: RuleSet,
    references: RuleSet,
    site: Mapping[str, tuple[str, ...]] | None = None,
    filters: Sequence[LoadedRule] = (),
    jobs: int | None = None,
    cache: RuleCache | None = None,
) -> tuple[Crew, list[Diagnostic]]:
    """A hunt through files, and the problems of the rules that aren't hunted with, because Defender couldn't be asked.

    ``jobs`` is the number of processes, by default one a core.
    """
    compiler = Compiler(references, site, filters, check=False)
    plan, problems = plan_of(asked, references, compiler.compile, filters, site, cache=cache)
    return Crew(plan, sources, jobs or os.cpu_count() or 1), problems
