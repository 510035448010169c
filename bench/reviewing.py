"""``python -m bench.reviewing [EVENTS]``: how long a review of the pack takes in which 30 rules changed; EVENTS is a folder of
recorded events to try both versions on.

Of the 30 rules ten look for names within a value instead of at its end, ten have another level, and ten another description.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LEVELS = {"critical": "high", "high": "medium", "medium": "high", "low": "medium", "informational": "low"}


def main(arguments: list[str]) -> None:
    """Print the seconds of the whole command, and of the processor."""
    with tempfile.TemporaryDirectory() as scratch:
        before, after = Path(scratch, "before"), Path(scratch, "after")
        for side in (before, after):
            for folder in ("sigma_rules", "tests/rules", "docs"):
                shutil.copytree(ROOT / folder, side / folder)
        rules = sorted(path for path in (after / "sigma_rules").rglob("*_win_*.yml"))
        for edit, number in ((widen, 10), (grade, 10), (describe, 10)):
            for _ in range(number):
                rules = change_one(rules, edit)
        call = [
            sys.executable,
            "-m",
            "sigma_xdr",
            "review",
            "--base",
            "before",
            "--head",
            "after",
            "--format",
            "markdown",
        ]
        call += ["--corpus", str(Path(arguments[0]).resolve())] if arguments else []
        start, cpu = time.perf_counter(), _children()
        done = subprocess.run(call, cwd=scratch, capture_output=True, text=True, check=False)
        seconds, spent = time.perf_counter() - start, _children() - cpu
    print(done.stdout.splitlines()[1] if done.stdout else done.stderr)  # noqa: T201
    print(f"{seconds:.1f} s, {spent:.1f} s of processors")  # noqa: T201


def change_one(rules: list[Path], edit: Callable[[str], str]) -> list[Path]:
    """Change the first rule that there is something to change in; the rules that are left."""
    for index, path in enumerate(rules):
        text = path.read_text("utf-8")
        if (changed := edit(text)) != text:
            path.write_text(changed, "utf-8")
            return rules[:index] + rules[index + 1 :]
    sys.exit("the pack has no 30 rules that could be changed like that")


def widen(text: str) -> str:
    """Names that may stand anywhere."""
    return text.replace("Image|endswith:", "Image|contains:") if "Image|endswith: '" in text else text


def grade(text: str) -> str:
    """Another level."""
    return re.sub(r"^level: (\w+)$", lambda found: f"level: {_LEVELS[found[1]]}", text, flags=re.MULTILINE)


def describe(text: str) -> str:
    """Another description."""
    return text.replace("    Detects ", "    Finds ", 1)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
