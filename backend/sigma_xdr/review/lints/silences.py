"""What a pack lives with: ``lint.yml`` beside its rules, with a reason for each finding that is silenced.

::

    silenced:
        - rule: 2f9960d0-fee5-478e-871e-512f2ecf255f
          code: overlap
          reason: The general rule is off in most tenants.

A silence holds for all findings of that code in the rule. One that silences nothing is a finding itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError, SigmaXdrError
from sigma_xdr.review.lints.finding import Finding
from sigma_xdr.rules.documents import MAX_BYTES, read_documents, source_file
from sigma_xdr.rules.places import RuleSource

__all__ = ["SIGMAHQ_CODES", "Silence", "applied", "load_silences", "silences_beside"]

_FILE = "lint.yml"
_KEYS = ("rule", "code", "reason")
#: How the codes of SigmaHQ's validators begin, pySigma's own among them.
SIGMAHQ_CODES = ("sigma-", "sigmahq-")
#: Fewest characters of a reason.
_LEAST = 10


@dataclass(frozen=True)
class Silence:
    """A rule, by its id, and the code of what is not told about it. ``keys`` lead to it in its file."""

    rule: str
    code: str
    reason: str
    keys: tuple[str | int, ...]
    source: RuleSource = field(repr=False, compare=False)


def silences_beside(rules: Iterable[Path]) -> Path | None:
    """The ``lint.yml`` of the pack that rules, files or folders, belong to: in the nearest folder that has one, their own or one
    above; None where there is no such file.
    """
    for given in rules:
        for folder in (given.absolute(), *given.absolute().parents):
            if (found := folder / _FILE).is_file():
                return found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found
    return None


def load_silences(path: Path, codes: Collection[str]) -> tuple[Silence, ...]:
    """The silences of a file. ``codes`` are the lints of the pack's own; SigmaHQ's are taken as they are spelt, so that a file
    reads the same where they aren't installed. Raises SigmaXdrError with all that is wrong with it.
    """
    try:
        with path.open("rb") as stream:
            documents, problems = read_documents(source_file(path, stream.read(MAX_BYTES + 1)))
    except OSError as error:
        message = f"it can't be read: {error.strerror}"
        raise SigmaXdrError(Diagnostic("lint-file", message, file=path.as_posix())) from None
    except RuleError as error:
        raise SigmaXdrError(*error.diagnostics) from None
    found: list[Silence] = []
    for source, document in documents:
        found += _listed(source, document, codes, problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise SigmaXdrError(*errors)
    return tuple(found)


def _listed(
    source: RuleSource, document: dict[Any, Any], codes: Collection[str], problems: list[Diagnostic]
) -> Iterator[Silence]:
    def problem(message: str, hint: str | None, *keys: str | int) -> None:
        problems.append(source.diagnostic("lint-file", message, hint, *keys))

    listed = document.get("silenced")
    for key in document:
        if key != "silenced":
            problem(f"a lint file has no '{str(key)[:60]}'", "it has silenced, and under it a list", str(key))
    if not isinstance(listed, list):
        problem("'silenced' is no list", "write under it entries with rule, code and reason", "silenced")
        return
    for number, entry in enumerate(listed):
        keys = ("silenced", number)
        if not isinstance(entry, dict) or set(entry) != set(_KEYS) or not all(map(_is_text, entry.values())):
            problem("a silence has rule, code and reason, all of them text", None, *keys)
        elif entry["code"] not in codes and not entry["code"].startswith(SIGMAHQ_CODES):
            problem(
                f"there is no lint '{entry['code'][:60]}'", "list them: sigma-xdr lint --explain all", *keys, "code", 0
            )
        elif len(entry["reason"].strip()) < _LEAST:
            problem("the reason says nothing", "say why the rule is right as it is", *keys, "reason", 0)
        else:
            yield Silence(entry["rule"].lower(), entry["code"], " ".join(entry["reason"].split()), keys, source)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def applied(
    findings: Iterable[Finding],
    silences: Iterable[Silence],
    rules: Collection[str],
    codes: Collection[str],
) -> Iterator[Finding]:
    """The findings, those that are silenced with the reason, and one for each silence that silences nothing.

    ``rules`` are the ids of the pack's, ``codes`` the lints that ran: of others a silence may be right.
    """
    by_place = {(silence.rule, silence.code): silence for silence in silences}
    used: set[tuple[str, str]] = set()
    for finding in findings:
        key = (finding.rule or "", finding.code)
        if key in by_place:
            used.add(key)
            yield replace(finding, silenced=by_place[key].reason)
        else:
            yield finding
    for key, silence in by_place.items():
        if key not in used and silence.code in codes:
            gone = silence.rule not in rules
            message = f"the silence of {silence.code} silences nothing"
            message += f": there is no rule {silence.rule[:60]}" if gone else ", the rule is right"
            diagnostic = silence.source.diagnostic(
                "unused-silence", message, "delete it", *silence.keys, severity="warning"
            )
            yield Finding(silence.rule, diagnostic)
