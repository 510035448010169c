"""Rules by their paths to findings: their pack, its tests, its playbook and its silences are found beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sigma_xdr.errors import Diagnostic, SigmaXdrError, UsageError
from sigma_xdr.review.lints.finding import Finding
from sigma_xdr.review.lints.linting import CODES, lint_pack
from sigma_xdr.review.lints.silences import load_silences, silences_beside
from sigma_xdr.review.pack import load_pack
from sigma_xdr.review.revisions import Layout, open_sides
from sigma_xdr.rules import LoadedRule, load_rules, load_site_of
from sigma_xdr.rules.playbook import load_playbook
from sigma_xdr.rules.site import site_beside
from sigma_xdr.testing.suite import FINDINGS, Suite, case_file_of, folder_of_cases, from_here

__all__ = ["LintedPaths", "lint_paths"]


@dataclass(frozen=True)
class LintedPaths:
    """What was found in some rules. ``findings`` are sorted by place, ``problems`` what is wrong with files; ``rules`` is how
    many rules, correlations and filters were looked at.
    """

    findings: tuple[Finding, ...]
    problems: tuple[Diagnostic, ...]
    rules: int


def lint_paths(
    given: Sequence[Path],
    base: str | None = None,
    tests: Path | None = None,
    site: Path | None = None,
    sigmahq: bool = True,
) -> LintedPaths:
    """The findings of rules, files or folders, which are compared with the rest of the pack that they belong to.

    ``base`` is a git revision, or a folder, with the pack as it was. ``tests`` is the folder of test files, ``site`` the file with
    the values of placeholders; by default both are the pack's own. Raises UsageError for a path, a revision or a lint that isn't
    there, SigmaXdrError for a wrong lint.yml or site file.
    """
    asked = {os.path.realpath(path) for path in load_rules(given).paths}
    root = _root(given)
    pack = load_rules([root, *given] if root else given)
    folder = tests or _cases(given)
    suite = Suite(pack, pack, folder or Path(os.devnull), load_site_of(given, site), check=False)
    own = [rule for rule in suite.asked if os.path.realpath(rule.path) in asked]
    is_whole = root is not None and os.path.realpath(root) in map(os.path.realpath, given)
    listed = silences_beside(given)
    silences = load_silences(listed, CODES) if listed else ()
    playbooks, problems = load_playbook(root / "playbook") if root and (root / "playbook").is_dir() else (None, [])
    problems = [*(problems if is_whole else ()), *_problems(suite, own, folder, asked)]
    if base is None:
        findings = lint_pack(suite, playbooks, None, silences, sigmahq=sigmahq)
    else:
        with _before(base, root or next(filter(Path.is_dir, given), None), folder) as before:
            findings = lint_pack(suite, playbooks, before, silences, sigmahq=sigmahq)
    ids = {rule.id for rule in own}
    mine = [each for each in findings if _is_of(each, asked, ids, is_whole)]
    return LintedPaths(tuple(mine), tuple(dict.fromkeys(problems)), len(own))


def _root(given: Sequence[Path]) -> Path | None:
    """The folder of the pack that rules belong to: the one with its lint.yml or its site file; None if there is none."""
    beside = silences_beside(given) or site_beside(given)
    return beside.parent if beside else None


def _cases(given: Sequence[Path]) -> Path | None:
    try:
        return folder_of_cases(given)
    except UsageError:
        return None


def _problems(suite: Suite, own: Sequence[LoadedRule], folder: Path | None, asked: set[str]) -> Iterator[Diagnostic]:
    """What is wrong with the files of the rules that were asked for, and of their tests; why rules don't compile."""
    cases = {os.path.realpath(path) for rule in own if folder and (path := case_file_of(rule, folder))}
    for problem in suite.problems:
        if problem.code not in FINDINGS and os.path.realpath(problem.file or "") in asked | cases:
            yield problem
    for rule in own:
        if rule.kind == "filter":
            continue
        try:
            suite.subject(rule, ()).compiled  # noqa: B018 - compiled here
        except SigmaXdrError as error:
            yield from error.diagnostics


def _is_of(finding: Finding, asked: set[str], ids: set[str | None], is_whole: bool) -> bool:
    """Whether a finding is about a rule that was asked for, or about the pack where all of it was."""
    file = os.path.realpath(finding.diagnostic.file or "")
    return is_whole or file in asked or (finding.code == "unused-silence" and finding.rule in ids)


@contextmanager
def _before(base: str, root: Path | None, tests: Path | None) -> Iterator[Suite]:
    """The pack as it was, from where its folders are now, seen from the working folder."""
    layout = Layout(_inside(root, Layout().rules), _inside(tests, Layout().tests))
    head = "." if Path(base).is_dir() else None  # a folder needs no repository
    with open_sides(base, head, layout) as (old, _):
        yield load_pack(old.root, layout).suite


def _inside(folder: Path | None, default: PurePosixPath) -> PurePosixPath:
    """A folder's path from the working folder on; the default for one that lies elsewhere."""
    here = default if folder is None else from_here(folder.absolute())
    return default if here.is_absolute() or ".." in here.parts else PurePosixPath(here.as_posix())
