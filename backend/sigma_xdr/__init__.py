"""Sigma rules to Microsoft Defender XDR, and the proof that they do what they say.

A Python caller needs a few names::

    from sigma_xdr import compile_rules, load_rules, load_site_of

    for compiled in compile_rules(load_rules(["sigma_rules"]), load_site_of(["sigma_rules"])):
        print(compiled.rule.title, compiled.table)
        print(compiled.kql)

``Matcher(rule).matches(event)`` and ``explain(rule, event)`` give Sigma's own verdict on an event, ``KqlEngine(rows).run(kql)`` the
rows that a query selects, and ``read_events(path)`` the records of a file.

They are loaded on first use, so that importing one room doesn't cost what all of them import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigma_xdr.engine import KqlEngine
    from sigma_xdr.evaluator import Matcher, explain
    from sigma_xdr.kql.compiler import CompiledRule, compile_rules
    from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site_of
    from sigma_xdr.telemetry import read_events

__all__ = [
    "CompiledRule",
    "KqlEngine",
    "LoadedRule",
    "Matcher",
    "RuleSet",
    "compile_rules",
    "explain",
    "load_rules",
    "load_site_of",
    "read_events",
]

_HOMES = {
    "CompiledRule": "sigma_xdr.kql.compiler",
    "KqlEngine": "sigma_xdr.engine",
    "LoadedRule": "sigma_xdr.rules",
    "Matcher": "sigma_xdr.evaluator",
    "RuleSet": "sigma_xdr.rules",
    "compile_rules": "sigma_xdr.kql.compiler",
    "explain": "sigma_xdr.evaluator",
    "load_rules": "sigma_xdr.rules",
    "load_site_of": "sigma_xdr.rules",
    "read_events": "sigma_xdr.telemetry",
}


def __getattr__(name: str) -> Any:
    """A public name, from the room that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sigma_xdr' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
