"""What a rule says about itself: the keys that rules, correlations and filters share, and the log source."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from sigma.exceptions import SigmaError
from sigma.rule import SigmaLevel, SigmaLogSource, SigmaRule, SigmaStatus

from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.places import ItemLocation, RuleSource

__all__ = ["check_metadata", "log_source", "missing_key", "rule_arguments"]

#: The keys of the Sigma specification, and two that SigmaHQ adds.
_KEYS = frozenset(
    "title id name taxonomy related status description license references author date modified tags scope logsource"
    " detection fields falsepositives level correlation filter regression_tests_path simulation".split()
)
_LOG_SOURCE_KEYS = ("category", "product", "service", "definition")


def check_metadata(document: dict[Any, Any], source: RuleSource) -> list[Diagnostic]:
    """What is wrong with the metadata of a document, before pySigma reads it: wrong types crash it."""
    problems = [source.diagnostic(*problem) for problem in _wrong_metadata(document)]
    if document.get("title") is None:
        problems.append(missing_key("title", document, source, "give it a title: what it finds, in a few words"))
    for key in document.keys() - _KEYS:
        nearest = get_close_matches(str(key)[:60], _KEYS - document.keys(), 1, 0.75)
        if nearest and nearest[0] not in ("title", "logsource", "detection"):
            message = f"the key '{str(key)[:60]}' means nothing to Sigma"
            hint = f"did you mean {nearest[0]}?"
            problems.append(source.diagnostic("unknown-key", message, hint, str(key), severity="warning"))
    return problems


def _wrong_metadata(document: dict[Any, Any]) -> Iterable[tuple[str, str, str | None, str, int] | tuple[str, str, str | None, str]]:
    """Code, message, hint and keys of each problem that pySigma has no good words for."""
    identifier, level, status = document.get("id"), document.get("level"), document.get("status")
    if identifier is not None and not _is_uuid(identifier):
        yield "invalid-id", f"the id '{str(identifier)[:60]}' is no UUID", "make one with uuidgen", "id", 0
    if level is not None and str(level).upper() not in SigmaLevel.__members__:
        yield "unknown-level", f"there is no level '{str(level)[:60]}'", _one_of(level, SigmaLevel), "level", 0
    if status is not None and str(status).upper() not in SigmaStatus.__members__:
        yield "unknown-status", f"there is no status '{str(status)[:60]}'", _one_of(status, SigmaStatus), "status", 0
    tags = document.get("tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        if not isinstance(tag, str) or "." not in tag:
            hint = "a tag is a namespace and a name: attack.t1047"
            yield "invalid-tag", f"'{str(tag)[:60]}' is no tag", hint, "tags", index


def _is_uuid(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(UUID(text))
    except ValueError:
        return False
