"""The queries of both sides of a review, each by its own side's compiler where that is safe.

Where the two sides have the same compiler, or none, the one that runs here compiles both. Where they differ, a change of the
compiler is part of what is reviewed, and the other side's code would have to run. Whose code may run is the caller's to say:

- The base was merged before: somebody read it, and tests and builds run it daily. It runs by default (``trust="base"``), in a
  process of its own that gets neither this one's environment nor its input.
- The head is what nobody has read yet. It runs only where the review runs it anyhow, because the head itself is installed (a pull
  request's own build, without secrets), or where the caller says so (``trust="both"``). A review with rights, one that may write
  a comment, installs the base and never says so.

That process isn't a sandbox. It keeps what is secret out of the environment, nothing more. Where a side's code may not run, the
compiler that runs here compiles both sides: what the head's rules mean is seen, what its compiler would make of them isn't, and
the review says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sigma_xdr.errors import Diagnostic, SigmaXdrError, visible
from sigma_xdr.review import queries as program
from sigma_xdr.review.changes import changed_filters
from sigma_xdr.review.pack import Pack
from sigma_xdr.review.queries import Query, key_of, queries_of
from sigma_xdr.review.revisions import BACKEND, Revision, fingerprint
from sigma_xdr.rules import LoadedRule

__all__ = ["TRUSTED", "Compiled", "compile_sides"]

#: Whose code a review may run that doesn't run already.
TRUSTED = ("none", "base", "both")
#: Longest that another revision's compiler may take for a pack, in seconds.
_PATIENCE = 120
#: What a program needs of this one's environment.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True)
class Compiled:
    """The queries of both sides by the rules' keys. ``own_compilers``: each side's own and different compilers made them;
    ``unseen``: the compilers differ, and that isn't in them.
    """

    base: Mapping[str, Query]
    head: Mapping[str, Query]
    own_compilers: bool = False
    unseen: bool = False


def compile_sides(sides: tuple[Revision, Revision], packs: tuple[Pack, Pack], trust: str = "base") -> Compiled:
    """The queries of both sides, with the filters put on that differ.

    Raises SigmaXdrError where a side's compiler fails as a whole.
    """
    old, new = changed_filters(*packs)
    prints = [side.backend for side in sides]
    if None in prints or prints[0] == prints[1]:
        return Compiled(_here(packs[0], old), _here(packs[1], new), unseen=prints[0] != prints[1])
    running = fingerprint(Path(program.__file__).parents[1])
    trusted = {"none": (False, False), "base": (True, False), "both": (True, True)}[trust]
    own = [prints[index] == running for index in (0, 1)]
    if not all(mine or allowed for mine, allowed in zip(own, trusted, strict=True)):
        return Compiled(_here(packs[0], old), _here(packs[1], new), unseen=True)
    found = [
        _here(pack, filters) if mine else _there(side, pack, filters)
        for mine, side, pack, filters in zip(own, sides, packs, (old, new), strict=True)
    ]
    return Compiled(found[0], found[1], own_compilers=True)


def _here(pack: Pack, filters: Sequence[LoadedRule]) -> Mapping[str, Query]:
    return queries_of(pack.rules, pack.site, filters) if filters else pack.queries


def _there(side: Revision, pack: Pack, filters: Sequence[LoadedRule]) -> Mapping[str, Query]:
    """The queries as the side's own compiler makes them. What is generated at installation it doesn't need: nothing is checked."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= {"PYTHONPATH": str(side.root / BACKEND.parent), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    call = [sys.executable, "-P", program.__file__, str(pack.root / pack.layout.rules), *map(key_of, filters)]
    try:
        done = subprocess.run(
            call,
            cwd=side.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        return {str(key): Query.of_data(each) for key, each in json.loads(done.stdout).items()}
    except subprocess.TimeoutExpired:
        why = f"it gives no answer in {_PATIENCE} seconds"
    except (ValueError, AttributeError, TypeError):
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        why = visible(last)[:300] or "what it says isn't understood"
    message = f"the compiler of {side.name} fails on its own rules: {why}"
    raise SigmaXdrError(Diagnostic("compiler", message, "review without its code: --trust none"))
