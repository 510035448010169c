"""Rule test files as they are written: their cases, checked for form, each with its place.

A file has ``cases`` and, where a change of the rule makes no difference that any event shows, ``equivalent``: the names
of such mutants with the reason. What a case's columns mean is looked up later, when its rule is known
(:mod:`sigma_xdr.testing.trials`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules import Key
from sigma_xdr.rules.documents import MAX_BYTES, read_documents, source_file
from sigma_xdr.rules.places import RuleSource
from sigma_xdr.rules.todos import todos
from sigma_xdr.schema import nearest

__all__ = ["Case", "CaseFile", "read_case_file"]

_FILE_KEYS = ("cases", "equivalent", "rule")
_CASE_KEYS = ("name", "expect", "source", "event", "raw", "events", "each", "rule")
_KINDS = ("event", "raw", "events")
_EXPECTATIONS = {"match": True, "no_match": False}
#: The judges of each kind of case, in the order in which they are asked.
_JUDGES = {"event": ("evaluator", "kql"), "raw": ("raw", "evaluator", "kql"), "events": ("evaluator", "kql")}
#: Longest name of a case, in characters: it is part of a test's id.
_MAX_NAME = 150


@dataclass(frozen=True)
class Case:
    """One example as it is written.

    ``expect`` is whether the rule has to match. ``kind`` is ``event`` (a row of the rule's table; with ``each`` one row
    for each value), ``raw`` (Windows records) or ``events`` (rows for a correlation), and ``data`` what stands under it.
    ``rule`` names the rule that a filter's case is about. ``keys`` lead to the case in its file.
    """

    name: str
    expect: bool
    kind: str
    data: Any
    each: Mapping[str, list[Any]]
    source: str | None
    rule: str | None
    keys: tuple[Key, ...]

    @property
    def judges(self) -> tuple[str, ...]:
        """Who says whether the case matches: ``raw``, ``evaluator``, ``kql``."""
        return _JUDGES[self.kind]


@dataclass(frozen=True, eq=False)
class CaseFile:
    """A test file without errors of form. ``equivalent`` maps a mutant's name to the reason why no event shows it; ``todos`` are
    the places where a draft of it says TODO.
    """

    path: Path
    cases: tuple[Case, ...]
    equivalent: Mapping[str, str]
    source: RuleSource = field(repr=False)
    todos: tuple[Diagnostic, ...] = ()

    def diagnostic(self, message: str, hint: str | None, *keys: Key, code: str = "test-case") -> Diagnostic:
        """A problem of the file at the place that ``keys`` lead to."""
        return self.source.diagnostic(code, message, hint, *keys)


def read_case_file(path: Path) -> tuple[CaseFile | None, list[Diagnostic]]:
    """The cases of a test file, or None and all that is wrong with its form."""
    try:
        with path.open("rb") as stream:
            documents, problems = read_documents(source_file(path, stream.read(MAX_BYTES + 1)))
    except OSError as error:
        return None, [Diagnostic("test-file", f"it can't be read: {error.strerror}", file=path.as_posix())]
    except RuleError as error:
        return None, list(error.diagnostics)
    problems = [problem for problem in problems if problem.severity == "error"]  # a case may hold what hides
    if problems or not documents:
        return None, problems
    source, document = documents[0]
    reader = _Reader(source)
    found = reader.file(path, document)
    if len(documents) > 1:
        message = "a test file holds one document"
        reader.problems.append(documents[1][0].diagnostic("test-file", message, "put all cases into one list"))
    return (None if reader.problems else found), reader.problems


class _Reader:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, source: RuleSource) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []

    def problem(self, message: str, hint: str | None, *keys: Key) -> None:
        self.problems.append(self.source.diagnostic("test-file", message, hint, *keys))

    def file(self, path: Path, document: dict[Any, Any]) -> CaseFile:
        self.unknown_keys(document, _FILE_KEYS, "a test file")
        listed = document.get("cases")
        if not isinstance(listed, list) or not listed:
            self.problem("the file has no cases", "write cases: and under it a list of cases", "cases")
            listed = []
        rule = self.text(document, "rule")
        cases = tuple(self.cases(listed, rule))
        first: dict[str, Case] = {}
        for case in cases:
            if first.setdefault(case.name, case) is not case:
                hint = "give this one a name of its own"
                self.problem(f"two cases are called '{case.name}'", hint, *case.keys, "name")
        return CaseFile(path, cases, self.equivalent(document), self.source, tuple(todos(document, self.source)))

    def equivalent(self, document: dict[Any, Any]) -> dict[str, str]:
        listed = document.get("equivalent", {})
        if not isinstance(listed, dict):
            self.problem("'equivalent' maps mutants to reasons", "write 'NAME OF THE MUTANT': the reason", "equivalent")
            return {}
        for mutant, reason in listed.items():
            if not isinstance(mutant, str) or not isinstance(reason, str) or not reason.strip():
                message = f"the mutant '{str(mutant)[:_MAX_NAME]}' has no reason"
                self.problem(message, "say why no event shows the change", "equivalent", str(mutant))
        return {str(mutant): str(reason) for mutant, reason in listed.items()}

    def cases(self, listed: list[Any], rule: str | None) -> Iterator[Case]:
        for index, data in enumerate(listed):
            keys = ("cases", index)
            if not isinstance(data, dict):
                self.problem("a case is a mapping", "write name, expect and event under it", *keys)
                continue
            before = len(self.problems)
            self.unknown_keys(data, _CASE_KEYS, "a case", *keys)
            name, kind = self.name(data, keys), self.kind(data, keys)
            expect = data.get("expect")
            if not isinstance(expect, str) or expect not in _EXPECTATIONS:
                hint = "write expect: match, or expect: no_match"
                self.problem("the case doesn't say what to expect", hint, *keys, "expect")
            each = self.each(data, kind, keys)
            source = self.text(data, "source", *keys)
            own = self.text(data, "rule", *keys)
            if len(self.problems) == before:
                yield Case(name, _EXPECTATIONS[str(expect)], kind, data[kind], each, source, own or rule, keys)

    def name(self, data: dict[Any, Any], keys: tuple[Key, ...]) -> str:
        name = data.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            message = f"a case's name is one line of up to {_MAX_NAME} characters"
            self.problem(message, "say in it what happens: name: Word starts wmic", *keys, "name")
            return ""
        return name

    def kind(self, data: dict[Any, Any], keys: tuple[Key, ...]) -> str:
        kinds = [kind for kind in _KINDS if kind in data]
        if len(kinds) != 1:
            message = f"a case has either {' or '.join(kinds)}" if kinds else "the case has no event"
            self.problem(message, "event is a row, raw a Windows record, events the rows of a correlation", *keys)
            return "event"
        return kinds[0]

    def each(self, data: dict[Any, Any], kind: str, keys: tuple[Key, ...]) -> dict[str, list[Any]]:
        each = data.get("each")
        if each is None:
            return {}
        keys = (*keys, "each")
        if kind != "event":
            self.problem("'each' varies an event", "write the case with event", *keys)
        elif not isinstance(each, dict) or not each or not all(isinstance(value, list) for value in each.values()):
            self.problem("'each' maps a column to a list of its values", "each: {FileName: [a.exe, b.exe]}", *keys)
        elif len({len(values) for values in each.values()}) > 1 or not next(iter(each.values())):
            self.problem("the columns of 'each' need equally many values, at least one", None, *keys)
        else:
            return {str(column): values for column, values in each.items()}
        return {}

    def text(self, data: dict[Any, Any], key: str, *keys: Key) -> str | None:
        value = data.get(key)
        if value is not None and not isinstance(value, str):
            self.problem(f"'{key}' is text", f"quote it: '{str(value)[:60]}'", *keys, key)
            return None
        return value

    def unknown_keys(self, data: dict[Any, Any], known: tuple[str, ...], what: str, *keys: Key) -> None:
        for key in data:
            if key not in known:
                like = nearest(str(key), known, 1)
                hint = f"did you mean {like[0]}?" if like else f"it has {', '.join(known)}"
                self.problem(f"{what} has no '{str(key)[:60]}'", hint, *keys, str(key))
