"""One local engine for all tests of correlations."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from .rows import empty_engine


@pytest.fixture(scope="session")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with an empty DeviceProcessEvents; a test that runs queries fills it anew."""
    with empty_engine() as connection:
        yield connection
