"""The pack's lints: what compiles and deserves a change, or a reason.

A lint is a pure function from a rule, or from what became of one, to findings of its own code; all of them stand in
:data:`LINTS` and :data:`CHANGE_LINTS`. :func:`lint_pack` runs them beside SigmaHQ's validators, :func:`explain` has a page on each.
"""

from __future__ import annotations

from sigma_xdr.review.lints.changes import Change
from sigma_xdr.review.lints.finding import Finding
from sigma_xdr.review.lints.linted import LintedPack, LintedRule
from sigma_xdr.review.lints.linting import CHANGE_LINTS, CODES, LINTS, lint_pack
from sigma_xdr.review.lints.pages import explain
from sigma_xdr.review.lints.paths import LintedPaths, lint_paths
from sigma_xdr.review.lints.silences import Silence, load_silences, silences_beside

__all__ = [
    "CHANGE_LINTS",
    "CODES",
    "LINTS",
    "Change",
    "Finding",
    "LintedPack",
    "LintedPaths",
    "LintedRule",
    "Silence",
    "explain",
    "lint_pack",
    "lint_paths",
    "load_silences",
    "silences_beside",
]
