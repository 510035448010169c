"""What a rule says about itself: the keys that rules, correlations and filters share, and the log source."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import Any

from sigma.rule import SigmaLevel, SigmaLogSource, SigmaRule, SigmaStatus

from sigma import exceptions as pysigma
from sigma_xdr.errors import Diagnostic
from sigma_xdr.rules.places import ItemLocation, RuleSource

__all__ = ["likely_typos", "log_source", "missing_key", "rule_arguments"]

#: The keys of the Sigma specification, and two that SigmaHQ adds.
_KEYS = frozenset(
    (
        *("title", "id", "name", "taxonomy", "related", "status", "description", "license", "references", "author"),
        *("date", "modified", "tags", "scope", "logsource", "detection", "fields", "falsepositives", "level"),
        *("correlation", "filter", "regression_tests_path", "simulation"),
    )
)
#: Most tags, and keys of a mapping that are looked at for a typo: comparing names takes time.
_LOOKED_AT = 100
_LOG_SOURCE_KEYS = ("category", "product", "service", "definition")

#: The key that each of pySigma's errors is about.
_KEY_OF_ERROR: dict[type[pysigma.SigmaError], str] = {
    pysigma.SigmaTypeError: "name",
    pysigma.SigmaNameError: "name",
    pysigma.SigmaTaxonomyError: "taxonomy",
    pysigma.SigmaRelatedError: "related",
    pysigma.SigmaDateError: "date",
    pysigma.SigmaModifiedError: "modified",
    pysigma.SigmaFieldsError: "fields",
    pysigma.SigmaFalsePositivesError: "falsepositives",
    pysigma.SigmaAuthorError: "author",
    pysigma.SigmaDescriptionError: "description",
    pysigma.SigmaReferencesError: "references",
    pysigma.SigmaTitleError: "title",
    pysigma.SigmaScopeError: "scope",
    pysigma.SigmaLicenseError: "license",
    pysigma.SigmaIdentifierError: "id",
    pysigma.SigmaLevelError: "level",
    pysigma.SigmaStatusError: "status",
    pysigma.SigmaTagError: "tags",
    pysigma.SigmaValueError: "tags",
}


def rule_arguments(document: dict[Any, Any], source: RuleSource) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The arguments that all of pySigma's rule classes take, and what is wrong with the metadata."""
    if document.get("id") is not None:
        document = {**document, "id": str(document["id"])}  # pySigma would crash on a number
    if isinstance(document.get("tags"), list) and len(document["tags"]) > _LOOKED_AT:
        problem = source.diagnostic("invalid-tags", f"a rule has up to {_LOOKED_AT} tags", "leave some out", "tags")
        return {}, [problem]
    arguments, errors = SigmaRule.from_dict_common_params(document, True, ItemLocation(source, ()))
    keyed = [(_KEY_OF_ERROR.get(type(error), "metadata"), error) for error in errors]
    problems = [_explained(key, error, document, source) for key, error in keyed if key != "tags"]
    return arguments, problems + _wrong_tags(document, source)


def likely_typos(document: dict[Any, Any], source: RuleSource) -> list[Diagnostic]:
    """A warning for each key that Sigma doesn't know and that looks like one that is missing. Other keys are custom."""
    problems = []
    for key in islice(document, _LOOKED_AT):
        nearest = [] if key in _KEYS else get_close_matches(str(key)[:60], _KEYS - document.keys(), 1, 0.75)
        if nearest:
            message = f"the key '{str(key)[:60]}' means nothing to Sigma"
            hint = f"did you mean {nearest[0]}?"
            problems.append(source.diagnostic("unknown-key", message, hint, str(key), severity="warning"))
    return problems


def missing_key(key: str, document: dict[Any, Any], source: RuleSource, hint: str, *keys: str) -> Diagnostic:
    """The problem that ``key`` isn't in the document, or in its section at ``keys``: at a key that looks like it."""
    typo = get_close_matches(
        key, [str(each)[:60] for each in islice(document, _LOOKED_AT) if each not in _KEYS], 1, 0.7
    )
    if typo:
        return source.diagnostic(
            f"missing-{key}", f"there is no '{key}'", f"is '{typo[0]}' meant to be it?", *keys, *typo
        )
    return source.diagnostic(f"missing-{key}", f"there is no '{key}'", hint, *keys)


def log_source(document: dict[Any, Any], source: RuleSource) -> tuple[SigmaLogSource | None, list[Diagnostic]]:
    """The log source of a rule or filter, or what is wrong with it."""
    section = document.get("logsource")
    if section is None:
        return None, [missing_key("logsource", document, source, "name its category and product")]
    if not isinstance(section, dict):
        hint = "write category, product and service under it"
        return None, [source.diagnostic("invalid-logsource", "'logsource' has to be a mapping", hint, "logsource", 0)]
    problems = []
    for key in islice(section, _LOOKED_AT):
        nearest = [] if key in _LOG_SOURCE_KEYS else get_close_matches(str(key)[:60], _LOG_SOURCE_KEYS, 1, 0.7)
        if nearest:  # pySigma would take it for a custom attribute, and the rule for one on every category
            message = f"a log source has no '{str(key)[:60]}'"
            hint = f"did you mean {nearest[0]}?"
            problems.append(source.diagnostic("unknown-key", message, hint, "logsource", str(key)))
    for key in _LOG_SOURCE_KEYS:
        if section.get(key) is not None and not isinstance(section[key], str):
            problems.append(
                source.diagnostic("invalid-logsource", f"'{key}' has to be text", None, "logsource", key, 0)
            )
    if not problems and all(section.get(key) is None for key in ("category", "product", "service")):
        hint = "name a category, a product or a service"
        problems.append(source.diagnostic("invalid-logsource", "the log source is empty", hint, "logsource"))
    location = ItemLocation(source, ("logsource",))
    return None if problems else SigmaLogSource.from_dict(section, location), problems


def _wrong_tags(document: dict[Any, Any], source: RuleSource) -> list[Diagnostic]:
    tags = document.get("tags")
    hint = "write a namespace and a name: attack.t1047"
    if tags is not None and not isinstance(tags, list):
        return [source.diagnostic("invalid-tags", "'tags' has to be a list", hint, "tags", 0)]
    wrong = ((index, tag) for index, tag in enumerate(tags or ()) if not isinstance(tag, str) or "." not in tag)
    return [
        source.diagnostic("invalid-tags", f"'{str(tag)[:60]}' is no tag", hint, "tags", index)
        for index, tag in islice(wrong, 5)
    ]


def _explained(key: str, error: pysigma.SigmaError, document: dict[Any, Any], source: RuleSource) -> Diagnostic:
    value = document.get(key)
    shown = str(value)[:60]
    match key:
        case "title" if value is None:
            return missing_key("title", document, source, "say in a few words what the rule finds")
        case "id":
            return source.diagnostic("invalid-id", f"the id '{shown}' is no UUID", "uuidgen makes one", "id", 0)
        case "level":
            return source.diagnostic(
                "unknown-level", f"there is no level '{shown}'", _one_of(value, SigmaLevel), key, 0
            )
        case "status":
            return source.diagnostic(
                "unknown-status", f"there is no status '{shown}'", _one_of(value, SigmaStatus), key, 0
            )
    return source.diagnostic(f"invalid-{key}", str(error.args[0]), None, key, 0)


def _one_of(value: object, allowed: type[SigmaLevel] | type[SigmaStatus]) -> str:
    names = [str(member) for member in allowed]
    nearest = get_close_matches(str(value)[:60].lower(), names, 1)
    return f"did you mean {nearest[0]}?" if nearest else f"it is one of {', '.join(names)}"
