"""A rule file's rules and problems as plain data for the cache, and back: as if the file had been read anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules.cache import RuleCache
from sigma_xdr.rules.documents import source_file
from sigma_xdr.rules.loaded import LoadedRule, load_bytes
from sigma_xdr.rules.parsing import kind_of
from sigma_xdr.rules.places import RuleSource

__all__ = ["load_remembered", "problems_as_data", "problems_from_data"]


def load_remembered(
    path: Path, relative: Path, data: bytes, cache: RuleCache | None
) -> tuple[list[LoadedRule], list[Diagnostic]]:
    """What ``load_bytes`` says of the bytes of a file, from the cache if they were read before."""
    if cache is None:
        return load_bytes(path, relative, data)
    entry = cache.get(b"file", data)
    if entry is not None:
        return _from_data(path, relative, data, entry)
    rules, problems = load_bytes(path, relative, data)
    cache.put([[*map(_as_data, rules)], problems_as_data(problems, path.as_posix())], b"file", data)
    return rules, problems


def _as_data(rule: LoadedRule) -> list[Any]:
    return [rule.source.index, rule.document, rule.id, rule.name, rule.title, rule.level, list(rule.references)]


def _from_data(path: Path, relative: Path, data: bytes, entry: Any) -> tuple[list[LoadedRule], list[Diagnostic]]:
    rules, problems = entry
    found = problems_from_data(problems, path.as_posix())
    if not rules:
        return [], found
    try:
        file = source_file(path, data)
    except RuleError as error:  # then it had no rules
        return [], list(error.diagnostics)
    return [
        LoadedRule(
            path, relative, document, kind_of(document), own, name, title, level, tuple(named), RuleSource(file, index)
        )
        for index, document, own, name, title, level, named in rules
    ], found


def problems_as_data(problems: Iterable[Diagnostic], file: str) -> list[Any]:
    """Problems with their places; those of the file of this name wherever it will lie."""
    return [
        [
            *(each.code, each.message, each.hint, each.severity),
            True if each.file == file else each.file,
            *(each.line, each.column, each.text, each.length),
            list(each.keys),
        ]
        for each in problems
    ]


def problems_from_data(data: Iterable[Any], file: str) -> list[Diagnostic]:
    """The problems again, of the file of this name."""
    return [
        Diagnostic(
            code, message, hint, severity, file if place is True else place, line, column, text, length, tuple(keys)
        )
        for code, message, hint, severity, place, line, column, text, length, keys in data
    ]
