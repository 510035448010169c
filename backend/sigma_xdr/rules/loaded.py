"""A rule as it was loaded: its data, its places, and a fresh pySigma object whenever one is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sigma.correlations import SigmaCorrelationRule
from sigma.filters import SigmaFilter

from sigma_xdr.errors import Diagnostic, RuleError, SigmaXdrError
from sigma_xdr.rules.correlations import referenced_rules
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.parsing import Parsed, kind_of, parse
from sigma_xdr.rules.places import Key, Place, RuleSource

__all__ = ["LoadedRule", "load_bytes"]

#: Problems after which a file isn't read further.
_MAX_PROBLEMS = 200


@dataclass(frozen=True, eq=False)
class LoadedRule:
    """One document of a rule file, without errors.

    ``path`` is the file as it was given, ``relative`` the same from the folder that was given, or the bare name of a
    file given by itself. ``document`` is plain data and never changes. ``kind`` is ``rule``, ``correlation`` or
    ``filter``; ``id`` is in lower case. ``references`` are the ids and names that a correlation or a filter names;
    ``any`` is none.
    """

    path: Path
    relative: Path
    document: dict[str, Any]
    kind: str
    id: str | None
    name: str | None
    title: str
    level: str | None
    references: tuple[str, ...]
    source: RuleSource = field(repr=False)

    def parse(self) -> Parsed:
        """A fresh pySigma object: whoever transforms it changes no other one."""
        parsed, problems = parse(self.document, self.source)
        if parsed is None:
            raise RuleError(*problems)
        return parsed

    def place(self, *keys: Key, within: str | None = None, nth: int = 0) -> Place:
        """The place in the file that ``keys`` lead to; see :meth:`RuleSource.place`."""
        return self.source.place(*keys, within=within, nth=nth)

    def diagnostic(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        *keys: Key,
        within: str | None = None,
        severity: str = "error",
    ) -> Diagnostic:
        """A problem of this rule at the place that ``keys`` lead to, narrowed to the word ``within``."""
        return self.source.diagnostic(code, message, hint, *keys, within=within, severity=severity)

    def locate(self, problem: Diagnostic) -> Diagnostic:
        """A problem that only has ``keys``, with the place in this rule that they lead to."""
        return self.source.locate(problem)

    def with_places(self, error: SigmaXdrError) -> SigmaXdrError:
        """An error that is about this rule, its problems with their places."""
        return SigmaXdrError(*(self.locate(each) if each.file is None else each for each in error.diagnostics))


def load_bytes(path: Path, relative: Path, data: bytes) -> tuple[list[LoadedRule], list[Diagnostic]]:
    """The rules in the bytes of one file, and its problems. A document with errors is left out, the others aren't."""
    try:
        file = source_file(path, data)
    except RuleError as error:
        return [], list(error.diagnostics)
    rules = []
    documents, problems = read_documents(file)
    for source, document in documents:
        if len(problems) >= _MAX_PROBLEMS:
            message, hint = "the rest of the file isn't read: it has too many problems", "repair those above first"
            problems.append(source.diagnostic("too-many-problems", message, hint))
            break
        parsed, found = parse(document, source)
        problems += found
        if parsed is not None:
            rules.append(_loaded(relative, document, source, parsed))
    return rules, problems


def _loaded(relative: Path, document: dict[str, Any], source: RuleSource, parsed: Parsed) -> LoadedRule:
    match parsed:
        case SigmaCorrelationRule():
            references = tuple(referenced_rules(parsed))
        case SigmaFilter() if isinstance(parsed.filter.rules, list):
            references = tuple(reference.reference for reference in parsed.filter.rules)
        case _:
            references = ()
    return LoadedRule(
        path=source.file.path,
        relative=relative,
        document=document,
        kind=kind_of(document),
        id=str(parsed.id) if isinstance(parsed.id, UUID) else None,
        name=parsed.name,
        title=parsed.title,
        level=str(parsed.level) if parsed.level is not None else None,
        references=references,
        source=source,
    )
