"""SigmaHQ's own validators, as their CI runs them, without a download and without a cache.

The package with them is optional (``pip install sigma-xdr[lint]``): nothing else needs it, and its version is pinned, because newer
ones fetch their data while they work. This one fetches it when it is imported, and takes what is in its wheel if it gets none; so
it gets none. pySigma would fetch MITRE's data: techniques and tactics are in ``data/``.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from sigma.data import mitre_attack
from sigma.exceptions import SigmaRuleLocation
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetectionItem, SigmaRuleTag
from sigma.types import SigmaExists, SigmaType

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.review.lints.linted import LintedRule
from sigma_xdr.rules import ItemLocation, Key, LoadedRule

__all__ = ["about", "codes", "sigmahq_findings"]

_PACKAGE = "sigma.validators.sigmahq"
#: What SigmaHQ's CI leaves out, and what can't be asked here.
_LEFT_OUT = frozenset(
    (
        *("tlptag", "tlpv1_tag", "sigmahq_fieldname_cast", "sigmahq_filename_prefix", "sigmahq_logsource_unknown"),
        *("sigmahq_ofselection_condition", "sigmahq_sysmon_missing_eventid"),
        "d3_fendtag",  # MITRE's D3FEND isn't here
        "sigmahq_status_to_high",  # early-status asks the same, and knows the tests
    )
)
_SEVERITIES = {"HIGH": "error", "MEDIUM": "warning", "LOW": "warning"}
#: The key of a rule that a validator is about, by a word of its name.
_KEYS = {
    **{word: word for word in ("title", "description", "status", "author", "level", "date", "modified", "references")},
    **dict.fromkeys(("tags", "tag", "attacktag", "cartag", "cvetag"), "tags"),
    **dict.fromkeys(("falsepositives", "falsepositive"), "falsepositives"),
    **dict.fromkeys(("correlation", "group"), "correlation"),
    "identifier": "id",
    "fields": "fields",
    "link": "references",
    "condition": "detection",
    "logsource": "logsource",
}
#: What validators raise where a value isn't what they take for granted: an entry of a list that is null, or empty.
_UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
#: Tags of groups, software and the like, of which no list is here.
_OTHER_ATTACK = re.compile(r"attack\.(?:g|s|m|c|ds)\d{4}")


def sigmahq_findings(rules: tuple[LintedRule, ...]) -> Iterator[tuple[LoadedRule, Diagnostic]]:
    """What the validators find in rules and correlations, each with the rule. Raises UsageError where they aren't installed."""
    validators = {name: validator() for name, validator in _validators().items()}
    parsed: dict[int, LoadedRule] = {}
    kept: list[Any] = []  # what is known by its identity has to live
    with _attack_data():
        for linted in rules:
            rule = linted.rule.parse()
            if isinstance(rule, SigmaFilter):
                continue
            rule.source = SigmaRuleLocation(linted.rule.path)
            parsed[id(rule)] = linted.rule
            kept.append(rule)
            for name, validator in validators.items():
                try:
                    issues = validator.validate(rule)
                except _UNREADABLE:
                    yield linted.rule, _unreadable(linted.rule, name)
                    continue
                for issue in issues:
                    if name == "attacktag" and _OTHER_ATTACK.fullmatch(str(issue.tag)):
                        continue
                    yield linted.rule, _finding(linted.rule, name, issue)
        for name, validator in validators.items():
            for issue in validator.finalize():
                first, *others = issue.rules
                for other in others:
                    second = parsed[id(other)]
                    yield second, _finding(second, name, issue, f"{parsed[id(first)].source.file.name} has the same")


def codes() -> dict[str, str]:
    """What each validator says of itself, by the code of its findings; nothing where they aren't installed."""
    return {_code(name): _summary(validator) for name, validator in _validators().items()} if _installed() else {}


def about(code: str) -> str | None:
    """A page on a code of a validator; None if it is none of theirs."""
    said = codes().get(code)
    if said is None:
        return None
    source = "This is a check of SigmaHQ's, which its rules have to pass before they are taken in; the conventions are in the"
    return f"# {code}\n\n{said}\n\n{source} repository SigmaHQ/sigma-specification, under sigmahq.\n"


# ------------------------------------------------------------------------------------------------------------ validators


def _installed() -> bool:
    return find_spec(_PACKAGE) is not None


@cache
def _validators() -> dict[str, Any]:
    """The validators by their names, sorted: pySigma's own, and SigmaHQ's."""
    if not _installed():
        message = "SigmaHQ's validators aren't installed"
        hint = "pip install sigma-xdr[lint], or leave them out: --no-sigmahq"
        raise UsageError(Diagnostic("no-validators", message, hint))
    with _swapped(import_module("requests"), get=_no_download):
        found = {**import_module("sigma.validators.core").validators, **import_module(_PACKAGE).validators}
    return {name: found[name] for name in sorted(found) if name not in _LEFT_OUT}


class _Nothing:
    """An answer that holds nothing."""

    def raise_for_status(self) -> None:
        """Nothing is wrong with it."""

    def json(self) -> None:
        """Nothing is in it."""


def _no_download(*_: object, **__: object) -> _Nothing:
    return _Nothing()


@contextmanager
def _attack_data() -> Iterator[None]:
    """pySigma's data on ATT&CK, for as long as the validators work."""
    given = json.loads((Path(__file__).parent / "data" / "attack.18.json").read_text("utf-8"))
    techniques = given["techniques"]
    values: dict[str, dict[str, Any]] = {
        "mitre_attack_tactics": given["tactics"],
        "mitre_attack_techniques": dict.fromkeys(techniques, ""),
        "mitre_attack_techniques_tactics_mapping": techniques,
        "mitre_attack_intrusion_sets": {},
        "mitre_attack_software": {},
        "mitre_attack_datasources": {},
        "mitre_attack_mitigations": {},
    }
    with _swapped(mitre_attack, **values):
        yield


@contextmanager
def _swapped(module: ModuleType, **values: object) -> Iterator[None]:
    """A module with other values under some of its names."""
    before = {name: vars(module)[name] for name in values if name in vars(module)}
    vars(module).update(values)
    try:
        yield
    finally:
        for name in values:
            del vars(module)[name]
        vars(module).update(before)


# -------------------------------------------------------------------------------------------------------------- findings


def _code(name: str) -> str:
    name = name.replace("_", "-")
    return name if name.startswith("sigmahq-") else f"sigma-{name}"


def _summary(validator: type) -> str:
    return " ".join((inspect.getdoc(validator) or "").split())


def _finding(rule: LoadedRule, name: str, issue: Any, more: str = "") -> Diagnostic:
    details = {field.name: getattr(issue, field.name) for field in fields(issue) if field.name != "rules"}
    shown = [text for value in details.values() if (text := _shown(value))]
    said = issue.description.rstrip(".")
    message = said[:1].lower() + said[1:] if said[1:2].islower() else said
    message += f": {', '.join(shown)}" if shown else ""
    severity = _SEVERITIES[issue.severity.name]
    hint = more or f"sigma-xdr lint --explain {_code(name)}"
    keys, within = _place(rule, name, details)
    return rule.diagnostic(_code(name), message, hint, *keys, within=within, severity=severity)


def _unreadable(rule: LoadedRule, name: str) -> Diagnostic:
    keys, _ = _place(rule, name, {})
    message = "SigmaHQ's check can't read what stands here: a value is empty, or no text"
    return rule.diagnostic(_code(name), message, "write each entry as text", *keys)


def _shown(value: object) -> str:
    match value:
        case SigmaDetectionItem():
            return value.field or "keywords"
        case SigmaExists():
            return f"exists: {str(value.exists).lower()}"
        case list() | set() | tuple():
            return ", ".join(sorted(map(str, value)))
        case SigmaType() | SigmaRuleTag() | str() | int():
            text = str(value)
            return f"'{text if len(text) <= 100 else text[:100] + '…'}'"
    return ""


def _place(rule: LoadedRule, name: str, details: Mapping[str, Any]) -> tuple[tuple[Key, ...], str | None]:
    """The way to what an issue is about, as far as it says."""
    for value in details.values():
        if isinstance(value, SigmaDetectionItem) and isinstance(value.source, ItemLocation):
            return value.source.keys, None
    texts = {str(value) for value in details.values()}
    if details.keys() & {"field", "string", "value"} and "detection" in rule.document:
        names = "field" in details or "hash" in name
        texts |= {"Hashes", "Hash"} if "hash" in name else set()
        found = (keys for keys, text in _scalars(rule.document["detection"], names) if _is_text(text, texts))
        return ("detection", *next(found, ())), None
    key = next((_KEYS[word] for word in name.split("_") if word in _KEYS), None)
    if key is None or key not in rule.document:
        return ("title",), None
    listed = rule.document[key]
    if isinstance(listed, list):
        number = next((index for index, each in enumerate(listed) if _is_about(str(each), texts)), None)
        return ((key,) if number is None else (key, number)), None
    if key == "detection":
        return (key, "condition"), None
    word = next((text for text in sorted(texts) if text in str(listed).split()), None)
    return ((key, 0) if isinstance(listed, str) else (key,)), word


def _scalars(part: Any, names: bool) -> Iterator[tuple[tuple[Key, ...], str]]:
    """The values of a detection with the keys that lead to them; with ``names`` the fields' names instead."""
    if isinstance(part, dict):
        for key, value in part.items():
            if names:
                yield (str(key),), str(key).partition("|")[0]
            yield from (((str(key), *keys), text) for keys, text in _scalars(value, names))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from (((index, *keys), text) for keys, text in _scalars(value, names))
    elif not names:
        yield (0,), str(part)


def _is_text(text: str, texts: set[str]) -> bool:
    return text.strip("*") in {each.strip("*") for each in texts}


def _is_about(entry: str, texts: set[str]) -> bool:
    return entry in texts or bool(texts & set(entry.split()))
