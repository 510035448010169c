"""What the evaluator refuses, and whose data it reads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.evaluator import EvaluatorError
from sigma_xdr.evaluator.problems import document_of, refusal


def test_a_refusal_is_an_error_of_the_package_with_its_place() -> None:
    error = refusal("regex", "it can't be run", "write it otherwise", ("detection", "selection", "Image|re", 0))
    assert isinstance(error, SigmaXdrError)
    assert str(error) == "error[regex]: it can't be run\n  = write it otherwise"
    assert error.diagnostics[0].keys == ("detection", "selection", "Image|re", 0)
    assert error.exit_code == 2


def test_a_rule_is_a_document_or_has_one() -> None:
    assert document_of({"title": "a"}) == {"title": "a"}
    assert document_of(SimpleNamespace(document={"title": "b"})) == {"title": "b"}
    with pytest.raises(EvaluatorError, match="a rule is a mapping of keys to values"):
        document_of("title: c")
