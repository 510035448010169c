"""What tests of several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A run of the tests always looks at the same examples; HYPOTHESIS_PROFILE=random looks at new ones.
settings.register_profile("same", derandomize=True, deadline=None)  # how long a test takes proves nothing
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded events and of SigmaHQ's rules; tests that need it are skipped where it isn't."""
    named = os.environ.get("SIGMA_XDR_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"no recorded events in {folder}; SIGMA_XDR_CORPUS names their folder")
    return folder
