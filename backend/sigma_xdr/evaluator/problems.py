"""What the evaluator can't judge exactly, it refuses to judge."""

from __future__ import annotations

from typing import Any

from sigma_xdr.errors import Diagnostic, SigmaXdrError

__all__ = ["EvaluatorError", "Key", "ValueProblem", "document_of", "refusal"]

#: A step on the way to a place in a rule's YAML: a key of a mapping, or an index of a list.
Key = str | int


class EvaluatorError(SigmaXdrError):
    """A rule that can't be evaluated exactly. Its diagnostics carry the ``keys`` of the place in the rule."""


class ValueProblem(Exception):
    """What is wrong with one value, before it is known where in the rule the value stands."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def refusal(
    code: str, message: str, hint: str | None = None, keys: tuple[Key, ...] = (), origin: Any = None
) -> EvaluatorError:
    """The error for what stands at ``keys`` in the document that ``origin`` tells (None: the rule's own)."""
    return EvaluatorError(Diagnostic(code, message, hint, keys=keys, origin=origin))


def document_of(rule: Any) -> dict[str, Any]:
    """The plain data of a rule: a mapping as loaded from YAML, or the ``document`` of a loaded rule.

    Raises EvaluatorError for anything else.
    """
    document = getattr(rule, "document", rule)
    if not isinstance(document, dict):
        raise refusal("not-a-mapping", "a rule is a mapping of keys to values", "load it from YAML")
    return document
