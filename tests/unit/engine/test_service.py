"""A service's own words."""

from __future__ import annotations

from sigma_xdr.engine import EngineError, ServiceError
from sigma_xdr.engine.service import TooMuch, one_line


def test_words_are_one_line_and_not_too_long() -> None:
    assert one_line(" a\r\n\tb ") == "a b"
    assert one_line("x" * 1_000_000) == "x" * 500 + "…"


def test_all_problems_are_the_engines() -> None:
    assert issubclass(ServiceError, EngineError)
    assert TooMuch("a", "b").diagnostics[0].render() == "error[engine]: a\n  = b"
    assert (ServiceError.exit_code, TooMuch("a").exit_code) == (3, 2)
