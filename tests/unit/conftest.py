"""What the tests of the compiler share."""

from __future__ import annotations

import pytest

from tests.unit.compiling import CaseRows


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> CaseRows:
    """The rows of a module's ``CASES`` in one engine."""
    return CaseRows(request.module.CASES)
