"""What the README tells to write in Python does what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)


def printed(block: str) -> str:
    """What a block of the README prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block, "README.md", "exec"), {})
    return out.getvalue()


def test_the_pack_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = printed(BLOCKS[0])
    assert "WMIC Deletes Shadow Copies DeviceProcessEvents PT0S\n" in text  # near-real-time
    assert text.count("| project ") > 100


def test_a_rule_is_asked_and_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    before, _, records = BLOCKS[1].partition("for record in read_events")
    assert "record_event" in records
    assert printed(before).splitlines()[:3] == ["True", "✗ WMIC Deletes Shadow Copies", "  ✓ selection_wmic (any of 2)"]


def test_every_block_is_tried_here() -> None:
    assert len(BLOCKS) == 2
