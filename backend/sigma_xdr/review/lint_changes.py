"""What the lints newly find, and what is newly silenced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sigma_xdr.errors import SigmaXdrError, UsageError
from sigma_xdr.review.changes import Change
from sigma_xdr.review.lints import CODES, Finding, Silence, lint_pack, load_silences
from sigma_xdr.review.pack import Pack

__all__ = ["LintChange", "compare_lints"]

_FILE = "lint.yml"


@dataclass(frozen=True)
class LintChange:
    """The findings of the head that the base doesn't have, without and with a reason to live with them; files from the root of the
    repository on. ``note`` says what didn't run.
    """

    found: tuple[Finding, ...] = ()
    silenced: tuple[Finding, ...] = ()
    note: str | None = None

    def of(self, change: Change) -> tuple[Finding, ...]:
        """What is newly found in a changed rule."""
        rule = change.head.rule if change.head else None
        return tuple(each for each in self.found if rule is not None and _is_about(each, rule.id, change.state.path))


def compare_lints(base: Pack, head: Pack, today: date | None = None, sigmahq: bool = True) -> LintChange:
    """The new findings of all lints. ``today`` is the day that ages are counted to; ``sigmahq`` asks its validators, if they are
    installed.
    """
    try:
        old = _findings(base, None, today, sigmahq)
        new = _findings(head, base, today, sigmahq)
    except UsageError as error:
        if not sigmahq:
            raise
        found = compare_lints(base, head, today, sigmahq=False)
        return replace(found, note=error.diagnostics[0].message)
    known = {_identity(each) for each in old if each.silenced is None}
    silenced = {_identity(each) for each in old if each.silenced is not None}
    return LintChange(
        tuple(each for each in new if each.silenced is None and _identity(each) not in known),
        tuple(each for each in new if each.silenced is not None and _identity(each) not in silenced),
    )


def _findings(pack: Pack, base: Pack | None, today: date | None, sigmahq: bool) -> Sequence[Finding]:
    found = lint_pack(
        pack.suite,
        pack.playbooks or None,
        base.suite if base else None,
        _silences(pack),
        sigmahq=sigmahq,
        today=today,
    )
    return [replace(each, diagnostic=pack.from_root(each.diagnostic)) for each in found]


def _silences(pack: Pack) -> tuple[Silence, ...]:
    """The pack's silences; none where the file is wrong, which lint itself says."""
    path = pack.root / pack.layout.rules / _FILE
    try:
        return load_silences(path, CODES) if path.is_file() else ()
    except SigmaXdrError:
        return ()


def _identity(finding: Finding) -> tuple[str | None, str, str]:
    """A finding, wherever in the file it is."""
    return finding.rule, finding.code, finding.diagnostic.message


def _is_about(finding: Finding, rule: str | None, path: str) -> bool:
    return finding.rule == rule if finding.rule and rule else finding.diagnostic.file == path
