"""A review's forms: Markdown for a pull request, a terminal's, JSON.

Problems of any kind that have places become SARIF, and GitHub's annotations.
"""

from __future__ import annotations

from sigma_xdr.review.forms.github import github_annotations
from sigma_xdr.review.forms.json import json_review
from sigma_xdr.review.forms.markdown import MARKER, markdown
from sigma_xdr.review.forms.sarif import sarif
from sigma_xdr.review.forms.terminal import show

__all__ = ["MARKER", "github_annotations", "json_review", "markdown", "sarif", "show"]
