"""What ``sigma-xdr new`` left to a person."""

from __future__ import annotations

from collections.abc import Iterator

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.rules.playbook import Guidance
from sigma_xdr.rules.todos import TODO, todos

__all__ = ["todo"]


def todo(linted: LintedRule) -> Iterator[Diagnostic]:
    """The rule, its test file or its playbook entry still says TODO."""
    yield from todos(linted.rule.document, linted.rule.source)
    if linted.test is not None:
        yield from linted.test.file.todos
    playbook = (linted.pack.playbooks or {}).get(linted.rule.path.parent.name)
    said = playbook.rules.get(linted.rule.path.stem) if playbook else None
    if playbook and said and any(TODO in text.split(":")[0] for text in _texts(said)):
        message = f"what {playbook.path.as_posix()} says of the rule still says {TODO}"
        yield linted.finding("todo", message, "only a person knows it", "title", severity="error")


def _texts(said: Guidance) -> Iterator[str]:
    yield from (*said.questions, *said.actions, *said.escalate, *said.contain)
    yield from (text for check in said.check_first for text in (check.step, check.query or ""))
