"""Sigma rules from YAML files, each with the places of its lines.

``load_rules(paths)`` gives a :class:`RuleSet` of what is right and the diagnostics of what is not; ``load_bytes`` does
one file's bytes. A :class:`LoadedRule` knows where each part of it stands and makes fresh pySigma objects, whose items
carry an :class:`ItemLocation`. ``apply_filters(rule, filters)`` puts Sigma filters on a rule, ``load_site(file)`` reads
the values of placeholders.
"""

from __future__ import annotations

from sigma_xdr.rules.cache import RuleCache
from sigma_xdr.rules.filters import apply_filters
from sigma_xdr.rules.folders import RuleSet, load_rules, load_with_pack
from sigma_xdr.rules.loaded import LoadedRule, load_bytes
from sigma_xdr.rules.places import ItemLocation, Key, Place
from sigma_xdr.rules.site import load_site, load_site_of

__all__ = [
    "ItemLocation",
    "Key",
    "LoadedRule",
    "Place",
    "RuleCache",
    "RuleSet",
    "apply_filters",
    "load_bytes",
    "load_rules",
    "load_site",
    "load_site_of",
    "load_with_pack",
]
