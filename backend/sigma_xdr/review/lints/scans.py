"""Queries that read more than they need: what Defender can't look up, it reads row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sigma_xdr.errors import Diagnostic
from sigma_xdr.kql.predicate import And, Op, Or, Predicate, Test
from sigma_xdr.kql.query import RuleQuery
from sigma_xdr.kql.text import list_operator
from sigma_xdr.review.lints.linted import LintedRule

__all__ = ["no_selective_condition", "scan"]

#: ActionTypes of DeviceEvents that are as many as a table of their own; each other one is rare, and selects by itself.
_MASSES = frozenset(
    (
        *("DnsQueryRequest", "DnsQueryResponse", "DriverLoad", "GetAsyncKeyStateApiCall", "GetClipboardData"),
        *("LdapSearch", "NamedPipeEvent", "NtAllocateVirtualMemoryApiCall", "OpenProcessApiCall", "PowerShellCommand"),
        *(
            "ProcessCreatedUsingWmiQuery",
            "ProcessPrimaryTokenModified",
            "ReadProcessMemoryApiCall",
            "SensitiveFileRead",
        ),
    )
)
_RARE_TABLE = "DeviceEvents"
#: Texts that are in nearly every row of the columns that rules ask for.
_EVERYWHERE = frozenset(
    (
        *(".exe", ".dll", "exe", "dll", "\\", "/", " ", ":", ".", "-", "c:", "c:\\", ":\\", "\\windows", "\\windows\\"),
        *("c:\\windows", "c:\\windows\\", ":\\windows\\", "windows", "system32", "\\system32\\", "hklm", "hklm\\"),
    )
)
_WHOLE = (Op.EQUALS, Op.EQUALS_CS, Op.STARTSWITH, Op.STARTSWITH_CS)
_TEXTS = (*_WHOLE, Op.ENDSWITH, Op.ENDSWITH_CS, Op.CONTAINS, Op.CONTAINS_CS)


def scan(linted: LintedRule) -> Iterator[Diagnostic]:
    """A query that looks nothing up by Kusto's index of terms: every row's text is searched for substrings."""
    query = linted.query
    if query is None or _is_rare(query) or not _some(query, _selects) or _some(query, _is_looked_up):
        return
    actions = f" of {' or '.join(query.action_types)}" if query.action_types else ""
    which = "one of its alternatives" if _any(query.predicate, _is_looked_up) else "it"
    message = (
        f"the query searches the text of every row{actions} in {query.table.name}: {which} asks for substrings alone"
    )
    hint = (
        "ask for the program too (Image|endswith, OriginalFileName), or for values with a blank, dash or slash at both ends:"
        " those are looked up"
    )
    yield linted.finding("scan", message, hint, "detection", "condition")


def no_selective_condition(linted: LintedRule) -> Iterator[Diagnostic]:
    """A query that nearly every row passes: it only excludes, or asks for what is everywhere."""
    query = linted.query
    if query is None or _is_rare(query) or _some(query, _selects):
        return
    message = f"nearly every row of {query.table.name} passes: the rule only excludes, or asks for what is everywhere"
    hint = "ask for something that few events have"
    yield linted.finding("no-selective-condition", message, hint, "detection", "condition", severity="error")


def _is_rare(query: RuleQuery) -> bool:
    """Whether the ActionTypes alone select few rows."""
    actions = query.action_types
    return query.table.name == _RARE_TABLE and bool(actions) and _MASSES.isdisjoint(actions)


def _some(query: RuleQuery, holds: Callable[[Test], bool]) -> bool:
    """Whether a test of that kind holds for every row that the query selects."""

    def every_row(predicate: Predicate) -> bool:
        match predicate:
            case And(args):
                return any(map(every_row, args))
            case Or(args):
                return all(map(every_row, args))
            case Test():
                return predicate.expression != "ActionType" and holds(predicate)
        return False

    return every_row(query.predicate)


def _any(predicate: Predicate, holds: Callable[[Test], bool]) -> bool:
    """Whether a test of that kind stands anywhere that isn't excluded."""
    if isinstance(predicate, (And, Or)):
        return any(_any(arg, holds) for arg in predicate.args)
    return isinstance(predicate, Test) and predicate.expression != "ActionType" and holds(predicate)


def _is_looked_up(test: Test) -> bool:
    """Whether Kusto finds the rows by its index: whole texts, their beginnings, terms, numbers."""
    if test.op in _WHOLE:
        return True
    return test.op is Op.CONTAINS and list_operator(test) is not None  # written as has


def _selects(test: Test) -> bool:
    """Whether few rows pass a test, as far as one can tell from the rule."""
    if test.op is Op.EMPTY or test.op in (Op.LT, Op.LTE, Op.GT, Op.GTE):
        return False
    if test.op in _TEXTS and test.type == "string":
        return not any(str(value).lower() in _EVERYWHERE or len(str(value)) < 2 for value in test.values)
    return True
