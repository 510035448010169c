"""The pack on recorded events, as Defender would see them: which records each rule's hits stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules import RuleSet, load_site_of
from sigma_xdr.scan.hits import Hit
from sigma_xdr.telemetry.sources import find_sources
from sigma_xdr.testing.files_hunt import files_hunt

__all__ = ["Sighting", "hits_in", "rule_name"]


@dataclass(frozen=True)
class Sighting:
    """A hit: the rule's place in the pack, and the records that the hit stands for, each as its file and number."""

    rule: str
    records: frozenset[tuple[str, int]]


def hits_in(paths: Iterable[Path], pack: Path, rules: RuleSet) -> tuple[list[Sighting], int]:
    """The hits of a pack's rules on the events of files and folders, and the number of these events.

    A correlation's hit stands for all records that contributed to it. Raises RuleError for a rule that can't be hunted with, and
    for events that can't be read: figures without them would be wrong.
    """
    with find_sources(paths) as sources:
        hunt, problems = files_hunt(sources, rules, rules, load_site_of([pack]))
        hits = [Sighting(rule_name(hit), frozenset(_records(hit))) for hit in hunt.hits()]
    account = hunt.summary.account
    problems += [Diagnostic("unreadable", reason) for reason in sorted(account.unreadable)]
    if problems:
        raise RuleError(*problems)
    return hits, account.records


def _records(hit: Hit) -> Iterable[tuple[str, int]]:
    for file, numbers in {hit.file: hit.records, **hit.elsewhere}.items():
        for number in numbers:
            yield file, number


def rule_name(hit: Hit) -> str:
    """The place of a hit's rule in the pack, without its ending."""
    return Path(hit.rule.path).with_suffix("").as_posix()
