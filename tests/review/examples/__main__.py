"""``python -m tests.review.examples``: write the reports anew, on purpose; git shows what became of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .histories import CHANGES, REPORTS, report, report_file, reviewed

REPORTS.mkdir(exist_ok=True)
for change in CHANGES:
    with tempfile.TemporaryDirectory() as folder:
        report_file(change).write_text(report(reviewed(change, Path(folder, "repository"))), "utf-8")
