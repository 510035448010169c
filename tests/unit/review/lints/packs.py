"""Small packs written into a folder, and what the lints find in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sigma_xdr.review.lints import CODES, Finding, lint_pack, load_silences
from sigma_xdr.rules import load_rules
from sigma_xdr.rules.playbook import load_playbook
from sigma_xdr.testing.suite import Suite

__all__ = ["TODAY", "lint", "render", "rule", "write"]

TODAY = date(2026, 11, 23)


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _suite(root: Path) -> Suite:
    rules = load_rules([root / "sigma_rules"])
    assert [problem.render() for problem in rules.diagnostics if problem.severity == "error"] == []
    return Suite(rules, rules, root / "tests" / "rules", check=False)


def lint(root: Path, files: Mapping[str, str], code: str | None = None, sigmahq: bool = False) -> list[Finding]:
    """The findings of a pack of these files, by default of the lints of ``code``; files under ``base/`` are those before."""
    write(root, files)
    playbook = root / "sigma_rules" / "playbook"
    playbooks = load_playbook(playbook)[0] if playbook.is_dir() else None
    base = _suite(root / "base") if (root / "base").is_dir() else None
    silences = root / "sigma_rules" / "lint.yml"
    kept = load_silences(silences, CODES) if silences.is_file() else ()
    found = lint_pack(_suite(root), playbooks, base, kept, sigmahq=sigmahq, today=TODAY)
    return [finding for finding in found if code in (None, finding.code)]


def render(root: Path, findings: list[Finding]) -> str:
    """What a person reads of findings, with the files named from the pack's root on."""
    return "\n".join(finding.diagnostic.render().replace(f"{root.as_posix()}/", "") for finding in findings)


def rule(detection: str, condition: str = "selection", category: str = "process_creation", more: str = "") -> str:
    """A rule with this detection, whose text begins in line 7."""
    return (
        f"title: A Rule\nid: 11111111-1111-4111-8111-111111111111\nlogsource:\n    category: {category}\n"
        f"    product: windows\ndetection:\n{detection}\n    condition: {condition}\n{more}"
    )
