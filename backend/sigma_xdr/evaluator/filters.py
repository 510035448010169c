"""Sigma filters: which of them apply to a rule. The verdict is then the rule's *and* the filter's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sigma_xdr.evaluator.conditions import condition_node
from sigma_xdr.evaluator.problems import document_of, refusal
from sigma_xdr.evaluator.selections import selections
from sigma_xdr.evaluator.transformations import Site
from sigma_xdr.evaluator.tree import Named

__all__ = ["filters_of"]


def filters_of(rule: Mapping[str, Any], filters: Iterable[Any], site: Site) -> list[Named]:
    """What the filters that apply to a rule ask of its events, in order.

    A filter applies if each part of the log source that it names is the rule's, and it names the rule's id or name, or
    ``any``. Raises EvaluatorError.
    """
    return [_condition(document, each, site) for each in filters if _applies(document := document_of(each), rule)]


def _condition(document: Mapping[str, Any], origin: Any, site: Site) -> Named:
    section, source = document["filter"], getattr(origin, "source", None)
    found = selections(section, ("condition", "rules"), site, ("filter",), source)
    condition = condition_node(section.get("condition"), found, ("filter", "condition"), source)
    return Named(condition, f"filter {document.get('title', '')}".rstrip())


def _applies(document: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    section, source = document.get("filter"), document.get("logsource")
    if not isinstance(section, Mapping) or not isinstance(source, Mapping):
        raise refusal("invalid-filter", "a filter has a 'filter' section and a log source", None, ("filter",))
    wanted, own = section.get("rules"), rule.get("logsource") or {}
    if not all(source.get(part) in (None, own.get(part)) for part in ("category", "product", "service")):
        return False
    if isinstance(wanted, str):
        return wanted.lower() == "any" or _names(wanted, rule)
    if not isinstance(wanted, list):
        message = "a filter says which rules it is for"
        raise refusal("invalid-filter", message, "list their ids or names, or write any", ("filter", "rules"))
    return not wanted or any(_names(str(each), rule) for each in wanted)


def _names(reference: str, rule: Mapping[str, Any]) -> bool:
    try:
        return UUID(reference) == UUID(str(rule.get("id")))
    except ValueError:
        return reference == rule.get("name")
