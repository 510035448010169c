"""All of one state of a pack: rules, test files, playbook, site, coverage, and what the rules are compiled to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sigma_xdr.errors import Diagnostic, SigmaXdrError
from sigma_xdr.export.catalogue import Coverage, load_coverage
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.review.queries import Query, key_of, queries_of
from sigma_xdr.review.revisions import Layout
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site
from sigma_xdr.rules.playbook import Guidance, Playbook, load_playbook
from sigma_xdr.testing.suite import RuleTest, Suite

__all__ = ["Pack", "load_pack"]


@dataclass(frozen=True, eq=False)
class Pack:
    """A pack as it lies in the folder ``root``.

    ``site`` are the values of its own ``site.default.yml``. ``suite`` pairs the rules with their test files; no filter is put on
    in it. ``problems`` is all that is wrong with rules, playbook, site and coverage, not with tests; its files are named from
    ``root`` on.
    """

    root: Path
    layout: Layout
    rules: RuleSet
    suite: Suite
    playbooks: Mapping[str, Playbook]
    site: Mapping[str, tuple[str, ...]]
    coverage: Coverage
    problems: tuple[Diagnostic, ...]

    @property
    def all_rules(self) -> tuple[LoadedRule, ...]:
        """Rules and correlations, in the order of their paths."""
        return (*self.rules.rules, *self.rules.correlations)

    @cached_property
    def by_key(self) -> Mapping[str, LoadedRule]:
        """Rules, correlations and filters by their ids, or by their places where they have none."""
        return {key_of(rule): rule for rule in (*self.all_rules, *self.rules.filters)}

    @cached_property
    def tests(self) -> Mapping[str, RuleTest]:
        """The test files, with their rules, by the rules' keys; a rule without a right one isn't in it."""
        return {key_of(test.rule): test for test in self.suite.tests}

    @cached_property
    def compiler(self) -> Compiler:
        """Compiles the rules of the pack with its site and without filters. Microsoft's checker isn't asked."""
        return Compiler(self.rules, self.site, check=False)

    @cached_property
    def queries(self) -> Mapping[str, Query]:
        """What each rule and correlation is compiled to, by its key, by the compiler that runs here; without filters."""
        return queries_of(self.rules, self.site)

    def guidance(self, rule: LoadedRule) -> Guidance:
        """What the playbook says of a rule's alerts: of the rule, then of its family."""
        playbook = self.playbooks.get(rule.relative.parent.name)
        return playbook.guidance(rule.relative.stem) if playbook else Guidance()

    def from_root(self, problem: Diagnostic) -> Diagnostic:
        """A problem with its files named from the pack's root on."""
        return from_root(self.root, problem)


def from_root(root: Path, problem: Diagnostic) -> Diagnostic:
    """A problem with its files named from a folder on."""
    if root == Path():
        return problem
    folder = f"{root.as_posix()}/"

    def short(text: str | None) -> str | None:
        return text and text.replace(folder, "")

    message, hint = short(problem.message) or "", short(problem.hint)
    return replace(problem, file=short(problem.file), message=message, hint=hint)


def _right(coverage: Coverage) -> Coverage:
    """A coverage whose names and places are text. Raises ValueError for another one."""
    listed = {**{idea: (what, *rules) for idea, (what, rules) in coverage.ideas.items()}, **coverage.seeds}
    if not all(isinstance(text, str) for name, texts in listed.items() for text in (name, *texts)):
        raise ValueError
    return coverage


def load_pack(root: Path, layout: Layout | None = None) -> Pack:
    """The pack in a folder. What is wrong with its files is in its ``problems``. Raises UsageError if there are no rules."""
    layout = layout or Layout()
    rules = load_rules([root / layout.rules])
    problems = [problem for problem in rules.diagnostics if problem.severity == "error"]
    playbooks, wrong = load_playbook(root / layout.rules / "playbook")
    problems += wrong
    site: Mapping[str, tuple[str, ...]] = {}
    coverage = Coverage({}, {})
    try:
        site_file = root / layout.rules / "site.default.yml"
        site = load_site(site_file) if site_file.is_file() else {}
    except SigmaXdrError as error:
        problems += error.diagnostics
    try:
        coverage_file = root / layout.docs / "coverage.yml"
        coverage = _right(load_coverage(coverage_file)) if coverage_file.is_file() else coverage
    except (SigmaXdrError, KeyError, TypeError, AttributeError, ValueError) as error:
        found = error.diagnostics if isinstance(error, SigmaXdrError) else ()
        message, hint = "the file holds no coverage", "it has ideas, each with what and rules, and seeds"
        problems += found or [Diagnostic("coverage", message, hint, file=coverage_file.as_posix())]
    suite = Suite(rules, rules, root / layout.tests, site, check=False)
    located = tuple(dict.fromkeys(from_root(root, problem) for problem in problems))
    return Pack(root, layout, rules, suite, playbooks, site, coverage, located)
