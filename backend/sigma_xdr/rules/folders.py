"""Folders and files of rules to one set: ids and names that are unique, references that lead somewhere."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import UUID

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.rules.cache import RuleCache
from sigma_xdr.rules.documents import MAX_BYTES
from sigma_xdr.rules.loaded import LoadedRule
from sigma_xdr.rules.remembering import load_remembered

__all__ = ["RuleSet", "load_rules", "load_with_pack"]

#: Folders of a pack whose YAML files are no rules, and the files beside the rules that are none: site.yml, site.<name>.yml, and
#: what the pack's lints are told to live with.
_OTHER_FOLDERS = frozenset(("playbook", "sites"))
#: Folders of a pack whose files name rules of the others.
_BESIDE_FAMILIES = frozenset(("correlations", "filters"))
_OTHER_FILE = re.compile(r"(?:site(\..*)?|lint)\.ya?ml", re.IGNORECASE)


@dataclass(frozen=True)
class RuleSet:
    """The rules of one call, in the order of their paths.

    ``diagnostics`` are the problems of all files, sorted by place; a document with an error is in none of the lists.
    ``paths`` are the rule files, as they were given or walked, whether they hold a rule or not.
    """

    rules: tuple[LoadedRule, ...]
    correlations: tuple[LoadedRule, ...]
    filters: tuple[LoadedRule, ...]
    diagnostics: tuple[Diagnostic, ...]
    paths: tuple[Path, ...]

    def resolve(self, reference: str) -> LoadedRule | None:
        """The rule or correlation that has this id, in any spelling of a UUID, or this name; None if there is none."""
        return self._by_reference.get(_normal(reference))

    def generates(self, rule: LoadedRule) -> bool:
        """Whether a rule or correlation of the set alerts by itself: one that correlations name does only if one of them says so
        (``generate: true``; the specification's default is false).
        """
        naming = self._naming.get(id(rule), ())
        return not naming or any(each.document["correlation"].get("generate") is True for each in naming)

    @cached_property
    def _naming(self) -> dict[int, list[LoadedRule]]:
        """The correlations that name a rule, by its identity."""
        naming: dict[int, list[LoadedRule]] = defaultdict(list)
        for correlation in self.correlations:
            for reference in correlation.references:
                named = self.resolve(reference)
                if named is not None:
                    naming[id(named)].append(correlation)
        return naming

    @cached_property
    def _by_reference(self) -> dict[str, LoadedRule]:
        return _index((*self.rules, *self.correlations))


def load_rules(paths: Iterable[Path | str], cache: RuleCache | None = None) -> RuleSet:
    """The rules of files and folders. Everything that is wrong with them is in the set's ``diagnostics``.

    A folder gives its ``*.yml`` and ``*.yaml`` files, sorted, without what begins with a dot, the folders ``playbook``
    and ``sites``, site files and ``lint.yml``. Symbolic links that leave the folder are not followed. A file that is reached twice
    counts once. ``cache`` remembers what is in a file, and changes nothing else. Raises UsageError for a path that is no file or
    folder.
    """
    problems: list[Diagnostic] = []
    files: dict[str, tuple[Path, Path]] = {}
    for given in map(Path, paths):
        for path, relative in _files(given, problems):
            files.setdefault(os.path.realpath(path), (path, relative))
    loaded: list[LoadedRule] = []
    for path, relative in files.values():
        rules, found = _load(path, relative, cache)
        loaded += rules
        problems += found
    loaded = _unique(loaded, problems)
    rules = [rule for rule in loaded if rule.kind == "rule"]
    correlations = _resolved(rules, [rule for rule in loaded if rule.kind == "correlation"], problems)
    filters = [rule for rule in loaded if rule.kind == "filter"]
    problems += _lost_filters(rules, filters)
    problems.sort(key=Diagnostic.sort_key)
    found_paths = tuple(path for path, _ in files.values())
    return RuleSet(tuple(rules), tuple(correlations), tuple(filters), tuple(problems), found_paths)


def load_with_pack(paths: Iterable[Path | str], cache: RuleCache | None = None) -> tuple[RuleSet, RuleSet]:
    """The rules of some paths, and the set in which their references are looked up.

    The two are one but where a folder ``correlations`` or ``filters``, or a file in it, is given by itself: then the folder
    above, the pack, is loaded as well, for the rules that it names.
    """
    given = [Path(path) for path in paths]
    beside = (path if path.is_dir() else path.parent for path in given if path.exists())
    packs = [folder.parent for folder in beside if folder.name in _BESIDE_FAMILIES]
    if not packs:
        rules = load_rules(given, cache)
        return rules, rules
    asked, pack = load_rules(given, cache), load_rules([*given, *packs], cache)
    names = {path.as_posix() for path in asked.paths}

    def own(loaded: tuple[LoadedRule, ...]) -> tuple[LoadedRule, ...]:
        return tuple(rule for rule in loaded if rule.source.file.name in names)

    problems = tuple(problem for problem in pack.diagnostics if problem.file in names)
    return RuleSet(own(pack.rules), own(pack.correlations), own(pack.filters), problems, asked.paths), pack


# ---------------------------------------------------------------------------------------------------------------- files


def _files(given: Path, problems: list[Diagnostic]) -> list[tuple[Path, Path]]:
    """The rule files under a path, each with its path from there."""
    if given.is_dir():
        return _walk(given, problems)
    if given.is_file():
        return [(given, Path(given.name))]
    what = "is no file or folder" if given.exists() else "doesn't exist"
    raise UsageError(Diagnostic("no-such-path", f"'{given}' {what}", "give a rule file, or a folder of them"))


def _walk(top: Path, problems: list[Diagnostic]) -> list[tuple[Path, Path]]:
    def unreadable(error: OSError) -> None:
        problems.append(_unreadable(Path(error.filename), error))

    found = []
    root = os.path.realpath(top)
    for folder, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _OTHER_FOLDERS]
        rule_files = [name for name in names if _is_rule_file(name)]
        for name in (*folders, *rule_files):
            path = Path(folder, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
                message, hint = "a link that leaves the folder isn't followed", "give what it leads to as well"
                problems.append(Diagnostic("link-outside", message, hint, "warning", path.as_posix()))
            elif name in rule_files:
                found.append((path, path.relative_to(top)))
    return sorted(found, key=lambda pair: pair[1].as_posix())


def _is_rule_file(name: str) -> bool:
    yaml = name.lower().endswith((".yml", ".yaml"))
    return yaml and not name.startswith(".") and not _OTHER_FILE.fullmatch(name)


def _load(path: Path, relative: Path, cache: RuleCache | None) -> tuple[list[LoadedRule], list[Diagnostic]]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(0, "it is no regular file")  # opening a pipe would wait for ever
        with path.open("rb") as stream:
            return load_remembered(path, relative, stream.read(MAX_BYTES + 1), cache)
    except OSError as error:
        return [], [_unreadable(path, error)]


def _unreadable(path: Path, error: OSError) -> Diagnostic:
    return Diagnostic("unreadable-file", f"it can't be read: {error.strerror}", file=path.as_posix())


# ----------------------------------------------------------------------------------------------------- ids and references


def _normal(reference: str) -> str:
    try:
        return str(UUID(reference))
    except ValueError:
        return reference


def _index(rules: Iterable[LoadedRule]) -> dict[str, LoadedRule]:
    """Rules by id and by name; an id goes before a name that looks like it."""
    rules = list(rules)
    return {rule.name: rule for rule in rules if rule.name} | {rule.id: rule for rule in rules if rule.id}


def _unique(loaded: list[LoadedRule], problems: list[Diagnostic]) -> list[LoadedRule]:
    """The rules whose id and name are nobody's before."""
    first: dict[tuple[str, str], LoadedRule] = {}
    unique = []
    for rule in loaded:
        known = len(problems)
        for key, value in (("id", rule.id), ("name", rule.name)):
            if value is None:
                continue
            other = first.setdefault((key, value), rule)
            if other is not rule:
                message = f"the {key} '{value}' is taken: {other.source.file.name}:{other.place(key, 0).line} has it"
                problems.append(rule.diagnostic(f"duplicate-{key}", message, f"give this one a new {key}", key, 0))
        if len(problems) == known:
            unique.append(rule)
    return unique


def _resolved(rules: list[LoadedRule], correlations: list[LoadedRule], problems: list[Diagnostic]) -> list[LoadedRule]:
    """The correlations that end in rules, through other correlations or not, in their order."""
    index = _index([*rules, *correlations])
    waiting: dict[LoadedRule, list[LoadedRule]] = defaultdict(list)
    missing = {rule: len(rule.references) for rule in correlations}
    for rule in correlations:
        for reference in rule.references:
            if (target := index.get(_normal(reference))) is not None:
                waiting[target].append(rule)
    ready = list(rules)
    while ready:
        for rule in waiting[ready.pop()]:
            missing[rule] -= 1
            if missing[rule] == 0:
                ready.append(rule)
    for rule in correlations:
        for number, reference in enumerate(rule.references if missing[rule] else ()):
            problems += _lost_reference(rule, number, reference, index, missing)
    return [rule for rule in correlations if not missing[rule]]


def _lost_reference(
    rule: LoadedRule, number: int, reference: str, index: dict[str, LoadedRule], missing: dict[LoadedRule, int]
) -> Iterable[Diagnostic]:
    target = index.get(_normal(reference))
    keys = ("correlation", "rules", number)
    if target is None:
        hint = "give its file too; a rule with errors doesn't count"
        yield rule.diagnostic("unknown-rule", f"there is no rule '{reference[:60]}'", hint, *keys)
    elif missing.get(target):
        message = f"'{reference[:60]}' leads to no rule: it lacks one itself, or comes back to this correlation"
        yield rule.diagnostic("unknown-rule", message, None, *keys)


def _lost_filters(rules: list[LoadedRule], filters: list[LoadedRule]) -> Iterable[Diagnostic]:
    """A warning for each rule that a filter names and that isn't there; none if the set has filters alone."""
    index = _index(rules)
    for rule in filters if rules else ():
        for number, reference in enumerate(rule.references):
            if _normal(reference) not in index:
                message = f"there is no rule '{reference[:60]}' to filter"
                hint = "a filter applies to rules, not to correlations"
                yield rule.diagnostic("unknown-rule", message, hint, "filter", "rules", number, severity="warning")
