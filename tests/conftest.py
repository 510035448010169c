"""What tests of several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded events and of SigmaHQ's rules; tests that need it are skipped where it isn't."""
    named = os.environ.get("SIGMA_XDR_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"no recorded events in {folder}; SIGMA_XDR_CORPUS names their folder")
    return folder
