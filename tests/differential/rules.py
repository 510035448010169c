"""Rules at random: log sources, fields, modifiers, values, selections, conditions and filters, as rule authors combine them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

from sigma_xdr.pipeline import LogSource, log_sources
from sigma_xdr.schema import xdr_schema

from .fields import Field, fields_of
from .samples import AWKWARD, HOSTILE, NETWORKS, NUMBERS, REGEXES

__all__ = ["SITE", "RandomRule", "detections", "rules"]

SITE: Mapping[str, tuple[str, ...]] = {"x": ("cmd", "a*"), "hosts": ("HOST", "srv0?", "host.corp.example"), "empty": ()}

#: Windows' log sources more often than Defender's own tables; not the tables of which nobody knows the ActionTypes.
_SOURCES = [
    name
    for name, source in log_sources().items()
    if xdr_schema().table(source.table).action_types
    for _ in range(3 if source.action_types else 1)
]


@dataclass(frozen=True)
class RandomRule:
    """A rule, the filters that are applied to it, and the pipeline's name of its log source."""

    document: dict[str, Any]
    filters: tuple[dict[str, Any], ...]
    source: str

    @property
    def text(self) -> str:
        """The file: the rule first."""
        return yaml.safe_dump_all([self.document, *self.filters], sort_keys=False, allow_unicode=True)


# -------------------------------------------------------------------------------------------------------------- values


_PLAIN_MODIFIERS = (
    *[""] * 6, *["contains"] * 4, *["startswith"] * 3, *["endswith"] * 4, "contains|all", "all", "cased", "contains|cased",
    "endswith|cased", "neq", "contains|neq", "re", "re|i", "re|s", "re|m", "re|neq", "re|all", "exists", "windash",
    "windash|contains", "contains|windash|all", "base64offset|contains", "base64|contains", "wide|base64offset|contains",
    "utf16|base64", "wide|contains", "utf16be|base64offset|contains", "expand", "contains|expand", "expand|cased", "fieldref",
    "fieldref|contains", "fieldref|endswith", "fieldref|startswith", "fieldref|neq", "lt", "cidr", "startswith|windash", "neq|all",
    "endswith|neq",
)  # fmt: skip
_MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "text": _PLAIN_MODIFIERS,
    "number": (
        *[""] * 5, "lt", "lte", "gt", "gte", "gte|neq", "re", "contains", "startswith", "neq", "exists", "fieldref", "all",
    ),
    "time": ("minute", "hour", "hour", "day", "week", "month", "year", "hour|neq", "exists", "", "gte", "fieldref"),
    "boolean": ("", "", "neq", "exists", "fieldref", "contains"),
    "address": (
        *["cidr"] * 4, "cidr|neq", "cidr|all", "", "", "startswith", "contains", "re", "fieldref", "exists", "endswith",
    ),
}  # fmt: skip
_TIME_PARTS = {"minute": 59, "hour": 23, "day": 31, "week": 53, "month": 12, "year": 2027}


@st.composite
def _pieces(draw: st.DrawFn, samples: Sequence[str], encoded: bool) -> str:
    """A piece of a sample with wildcards at its ends or inside, in some case, escaped or as authors write it."""
    if draw(st.integers(0, 11)) == 0:
        return draw(st.sampled_from(AWKWARD) | st.sampled_from(HOSTILE[:-1]))
    text = draw(st.sampled_from(samples))
    start = draw(st.integers(0, len(text))) if draw(st.booleans()) else 0
    end = draw(st.integers(start, len(text))) if draw(st.booleans()) else len(text)
    piece = text[start:end]
    if encoded:
        return piece if len(piece) > 1 else text + "abc"
    style = draw(st.sampled_from(("plain", "plain", "plain", "escaped", "many", "one", "upper", "lower", "swap")))
    cut = draw(st.integers(0, len(piece))) if style in ("many", "one") else 0
    match style:
        case "escaped":
            piece = "".join("\\" + char if char in "\\*?" else char for char in piece)
        case "many":
            piece = piece[:cut] + "*" + piece[draw(st.integers(cut, len(piece))) :]
        case "one":
            piece = piece[:cut] + "?" + piece[cut + 1 :]
        case "upper" | "lower" | "swap" if piece.isascii():
            piece = {"upper": piece.upper(), "lower": piece.lower(), "swap": piece.swapcase()}[style]
    open_start, open_end = draw(st.booleans()) and start > 0, draw(st.booleans()) and end < len(text)
    return "*" * open_start + piece + "*" * open_end


def _one_value(field: Field, modifiers: str, names: Sequence[str]) -> st.SearchStrategy[Any]:
    kind = modifiers.partition("|")[0]
    if kind in _TIME_PARTS:
        return st.integers(0, _TIME_PARTS[kind])
    match kind:
        case "exists":
            return st.booleans()
        case "fieldref":
            return st.sampled_from(names)
        case "lt" | "lte" | "gt" | "gte":
            return st.sampled_from(NUMBERS) | st.sampled_from((0.5, 79.5))
        case "cidr":
            return st.sampled_from(NETWORKS)
        case "re":
            return st.sampled_from(REGEXES)
    texts = _pieces(field.samples, "base64" in modifiers)
    if "expand" in modifiers:
        texts = st.sampled_from(("%x%", "%hosts%", "%x%.exe", "a%x%b%hosts%", "%empty%", "\\%x\\%", "50%"))
    if modifiers:
        return texts
    numbers = st.sampled_from(NUMBERS)
    match field.kind:
        case "number":
            return numbers | numbers | numbers.map(str) | numbers.map(hex) | texts | st.none()
        case "boolean":
            return st.sampled_from((True, False, "true", "False", "x", None))
        case "time":
            return st.none() | texts
    rare = st.sampled_from((None, "", "", True, 80, 1.5)) | numbers
    return st.integers(0, 9).flatmap(lambda roll: rare if roll == 0 else texts)


@st.composite
def _items(draw: st.DrawFn, source: str) -> tuple[str, Any]:
    known, columns, odd = fields_of(source)
    pools = (*[known] * 12, columns, columns, columns, odd)
    field = draw(st.sampled_from(draw(st.sampled_from(pools))))
    modifiers = draw(st.sampled_from(_MODIFIERS[field.kind]))
    names = [other.name for other in known if other.samples is field.samples and other.kind == field.kind] or ["Image"]
    value = _one_value(field, modifiers, names)
    values = draw(st.lists(value, min_size=1, max_size=4) if draw(st.booleans()) else value)
    return (f"{field.name}|{modifiers}" if modifiers else field.name), values


@st.composite
def _keywords(draw: st.DrawFn, source: str) -> list[Any] | dict[str, Any]:
    known, columns, _ = fields_of(source)
    field = draw(st.sampled_from((*known, *columns)))
    words = st.lists(_pieces(field.samples or ("x",), False), min_size=1, max_size=3)
    style = draw(st.integers(0, 7))
    if style == 0:
        return {"|re": draw(st.lists(st.sampled_from(REGEXES), min_size=1, max_size=2))}
    if style == 1:
        return {draw(st.sampled_from(("|all", "|contains", "|cased", "|neq"))): draw(words)}
    return draw(words) if style > 2 else draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2))


# ------------------------------------------------------------------------------------------------- selections, conditions


def _selections(source: str) -> st.SearchStrategy[Any]:
    items = st.lists(_items(source), min_size=1, max_size=3).map(dict)
    nested = st.lists(items | st.lists(items, min_size=1, max_size=2), min_size=1, max_size=2)
    return st.integers(0, 13).flatmap(
        lambda roll: _keywords(source) if roll == 0 else nested if roll in (1, 2) else items
    )


_NAMES = ("selection", "selection_a", "filter_b")


def _conditions(names: Sequence[str]) -> st.SearchStrategy[str]:
    """A condition with brackets over selections of these names, and over patterns of them."""
    patterns = ["1 of them", "any of them", "all of them", "1 of sel*", "all of sel*", "all of *"]

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.tuples(inner, st.sampled_from((" and ", " and not ", " or ")), inner)
        return inner.map(lambda each: f"not ({each})") | joined.map(lambda three: f"({''.join(three)})")

    return st.recursive(st.sampled_from([*names, *names, *patterns]), larger, max_leaves=4)


@st.composite
def detections(draw: st.DrawFn, source: str) -> dict[str, Any]:
    """A detection section over the fields of a log source."""
    names = _NAMES[: draw(st.sampled_from((1, 1, 1, 2, 2, 3)))]
    section: dict[str, Any] = {name: draw(_selections(source)) for name in names}
    first, last = names[0], names[-1]
    simple = st.sampled_from(
        (first, first, f"not {first}", " and ".join(names), " or ".join(names), f"{first} and not {last}")
    )
    condition = draw(simple | _conditions(names) if len(names) > 1 else simple)
    return {**section, "condition": condition if draw(st.integers(0, 19)) else [condition, first]}


def _log_source(source: LogSource, section: dict[str, Any], draw: st.DrawFn) -> dict[str, str]:
    """The log source as a rule names it; the section gets what a rule of that log source has to ask for."""
    name = source.name
    needed: dict[str, Any] = {}
    log_source = {"product": "windows", "category": name}
    if not source.action_types:
        log_source["service"] = "defender-xdr"
        needed = {"ActionType": draw(st.sampled_from(_actions(source)))}
    elif name == "security":
        log_source = {"product": "windows", "service": "security"}
        needed = {"EventID": draw(st.sampled_from((4624, 4625, [4624, 4625], "4624")))}
    elif name == "process_access":
        needed = {"TargetImage|endswith": "\\lsass.exe"}
    elif source.events and draw(st.integers(0, 11)) == 0 and not name.startswith("registry_"):
        event = next(iter(source.events))
        if int(event) < 100:
            log_source, needed = {"product": "windows", "service": "sysmon"}, {"EventID": int(event)}
    if needed:
        conditions = section["condition"] if isinstance(section["condition"], list) else [section["condition"]]
        section |= {"needed": needed, "condition": [f"needed and ({condition})" for condition in conditions]}
    return log_source


def _actions(source: LogSource) -> Sequence[str]:
    return sorted(xdr_schema().table(source.table).action_types or ())


@st.composite
def _filters(draw: st.DrawFn, source: str, log_source: Mapping[str, str]) -> dict[str, Any]:
    section = {"selection": draw(st.lists(_items(source), min_size=1, max_size=2).map(dict))}
    rules = draw(st.sampled_from(("any", ["a_rule"], ["another_rule"])))
    narrower = {key: value for key, value in log_source.items() if draw(st.integers(0, 3))} or dict(log_source)
    condition = draw(st.sampled_from(("not selection", "not selection", "selection", "not 1 of them")))
    return {
        "title": "A Filter",
        "logsource": narrower,
        "filter": {"rules": rules, **section, "condition": condition},
    }


@st.composite
def rules(draw: st.DrawFn) -> RandomRule:
    """A rule, now and then with filters."""
    name = draw(st.sampled_from(_SOURCES))
    section = draw(detections(name))
    log_source = _log_source(log_sources()[name], section, draw)
    document = {"title": "A Rule", "name": "a_rule", "logsource": log_source, "detection": section}
    filters = draw(st.lists(_filters(name, log_source), max_size=2)) if draw(st.integers(0, 7)) == 0 else []
    return RandomRule(document, tuple(filters), name)
