"""A rule's verdict: the same as its explanation's, as that of a plain reading, and fast enough to be asked a million times."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.evaluator import Event, Matcher, explain
from tests.unit.evaluator.asking import refused, rule


def test_a_rule_is_a_document_or_a_loaded_rule() -> None:
    assert Matcher(SimpleNamespace(document=rule({"F": "a"}))).matches({"F": "A"}) is True


def test_a_correlation_is_no_rule_of_this_kind() -> None:
    said = "no-detection: the rule has no detection section = a correlation is for CorrelationMatcher @ detection"
    assert refused({"correlation": {}}) == said


def test_an_event_may_be_asked_again() -> None:
    event = Event({"F": "a", "G": 1})
    assert [Matcher(rule({key: value})).matches(event) for key, value in {"F": "a", "G": "1", "H": "x"}.items()] == [
        True,
        True,
        False,
    ]


def test_explain_is_the_matchers_own() -> None:
    assert explain(rule({"F": "a"}), {"F": "a"}) == Matcher(rule({"F": "a"})).explain({"F": "a"})


def test_filters_stand_beside_the_rules_own_conditions() -> None:
    allowed = {"rules": "any", "admins": {"User": "admin"}, "condition": "not admins"}
    filters = [{"title": "Admins", "logsource": {"product": "windows"}, "filter": allowed}]
    document = {**rule({"F": "a"}), "logsource": {"product": "windows"}}
    assert Matcher(document, filters).explain({"F": "a", "User": "admin"}).render() == "\n".join(
        [
            "✗ Test",
            "  ✓ selection",
            "    ✓ F = 'a'   was 'a'",
            "  ✗ filter Admins",
            "    ✓ User = 'admin'   was 'admin'",
        ]
    )


# ------------------------------------------------------------------------------------------------- against a plain reading

TEXTS = ["", "a", "A", "ab", "b*", "a\\b", "7", "0x7", "true", "äÄ"]
ITEMS = st.one_of(
    st.tuples(
        st.sampled_from(["", "|contains", "|startswith", "|endswith", "|cased", "|cased|contains", "|re", "|re|i"]),
        st.lists(
            st.sampled_from(["", "a", "AB", "a*", "?b", r"\*", r"a\\b", "7", "Ä", "tru*"]), min_size=1, max_size=3
        ),
    ),
    st.tuples(st.just(""), st.lists(st.sampled_from([None, 7, True, "", "a"]), min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["|gt", "|lte"]), st.lists(st.sampled_from([0, 6.5, 7]), min_size=1, max_size=2)),
    st.tuples(st.just("|exists"), st.lists(st.booleans(), min_size=1, max_size=1)),
)
VALUES = st.sampled_from([*TEXTS, None, 7, 7.0, True, False])
EVENTS = st.dictionaries(st.sampled_from(["F", "G"]), VALUES | st.lists(VALUES, max_size=2), max_size=2)


@settings(max_examples=500)
@given(ITEMS, st.sampled_from(["", "|all", "|neq", "|all|neq"]), EVENTS, st.booleans())
def test_an_item_is_judged_as_a_plain_reading_judges_it(
    item: tuple[str, list[Any]], joined: str, fields: dict[str, Any], one_nothing: bool
) -> None:
    modifiers, values = item
    if modifiers.startswith("|re"):
        values = [value.replace("*", "").replace("?", ".").replace("\\", "") for value in values]
    verdicts = [plainly(modifiers, value, fields, one_nothing) for value in values]
    verdict = all(verdicts) if "all" in joined else any(verdicts)
    event = Event(fields, one_nothing)
    matcher = Matcher(rule({f"F{modifiers}{joined}": values}))
    assert matcher.matches(event) is (verdict is not ("neq" in joined))
    assert matcher.explain(event).passed is matcher.matches(event)


def plainly(modifiers: str, asked: Any, fields: Mapping[str, Any], one_nothing: bool) -> bool:
    """One value under some modifiers, read as the specification writes it: for each of the field's values."""
    held = fields.get("F")
    values = held if isinstance(held, list) else [held]
    nothing = [value for value in values if value is None or (one_nothing and value == "")]
    something = [value for value in values if value not in nothing or isinstance(value, bool | int | float)]
    if modifiers == "|exists":
        return ("F" in fields if not one_nothing else bool(something)) is asked
    if asked is None or (asked == "" and modifiers in ("", "|cased") and one_nothing):
        return bool(nothing) or not values
    return any(_fits(modifiers, asked, value, one_nothing) for value in something)


def _fits(modifiers: str, asked: Any, value: Any, row: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if modifiers in ("|gt", "|lte"):
        if not number and not re.fullmatch("7" if row else "7|0x7", text):
            return False
        size = value if number else 7
        return bool(size > asked if modifiers == "|gt" else size <= asked)
    if isinstance(asked, bool):
        return text.lower() == str(asked).lower()
    if isinstance(asked, int):
        return value == asked if number else text in (str(asked), *([] if row else [hex(asked)]))
    if modifiers.startswith("|re"):
        return re.search(asked, text, re.IGNORECASE if modifiers == "|re|i" else 0) is not None
    if number and modifiers in ("", "|cased") and asked == "7":
        return bool(value == 7)
    cased = "cased" in modifiers
    pattern = asked if cased else asked.lower()
    glob = pattern.replace(r"\*", "[*]").replace("\\\\", "\\")
    glob = f"*{glob}" if modifiers.endswith(("contains", "endswith")) else glob
    glob = f"{glob}*" if modifiers.endswith(("contains", "startswith")) else glob
    return fnmatch.fnmatchcase(text if cased else text.lower(), glob)
