"""SigmaHQ's rules on events made of their own values: each branch satisfied, and just missed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from sigma_xdr.pipeline import LogSource, log_sources
from sigma_xdr.pipeline.fields import FilePath
from sigma_xdr.testing.as_rows import rows_with
from sigma_xdr.testing.candidates import candidates

from .fields import resolved
from .judges import Disagreement, Refused, RuleJudge
from .rows import rows_for
from .runs import Tally
from .slots import mended, whole_path

__all__ = ["judge_file", "rule_files"]

#: Most events of one rule: a rule with lists of hundreds of values has thousands.
_MOST_EVENTS = 300


def rule_files(folder: Path, one_in: int = 1) -> list[Path]:
    """The rule files of a folder; of ``one_in`` files one, always the same ones."""
    files = sorted(folder.rglob("*.yml"))
    return [path for path in files if zlib.crc32(path.name.encode()) % one_in == 0]


def judge_file(path: Path, rows: int, check: bool = False) -> Tally:
    """One rule on the rows that Defender would have of the events, and on some random rows that its values are in."""
    tally = Tally(rules=1)
    try:
        judge = RuleJudge.of(path.read_text("utf-8"), {}, check)
    except Refused as refusal:
        tally.refused[str(refusal)] += 1
        return tally
    document = judge.matcher.document
    source = judge.source
    random = Random(zlib.crc32(path.name.encode()))
    given = [*_mapped(document, log_sources()[source], random), *rows_for((document,), source, rows, random, {})]
    try:
        tally.matches = sum(judge.matches(given))
        tally.compared, tally.pairs = 1, len(given)
    except Disagreement as disagreement:
        tally.disagreements.append(f"{path}\n{disagreement}")
    return tally


def _mapped(document: dict[str, Any], source: LogSource, random: Random) -> Sequence[dict[str, Any]]:
    """The rows of events made of a rule's values, in both conventions of paths."""

    def rows() -> Iterator[dict[str, Any]]:
        for number, event in enumerate(candidates(document)):
            for row in rows_with(_with_whole_paths(event, source, random), document["logsource"], number % 3 > 0):
                yield mended(row.table, row.columns, random)

    return list(islice(rows(), _MOST_EVENTS))


def _with_whole_paths(event: dict[str, Any], source: LogSource, random: Random) -> dict[str, Any]:
    """The event with the pieces of paths that a rule asks for as whole paths, which is what Windows records."""
    return {
        name: whole_path(value, random)
        if isinstance(value, str) and value not in ("", "-") and isinstance(resolved(name, source), FilePath)
        else value
        for name, value in event.items()
    }
