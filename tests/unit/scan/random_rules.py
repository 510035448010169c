"""Random rules and events that have much to do with one another: few words, written in many ways."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sigma_xdr.evaluator import Event, Whole

#: One field whose values are remembered, one whose values aren't, one inside another, and keywords ("").
FIELDS = ["Image", "CommandLine", "Outer.Inner", "Other"]
WORDS = [
    "cmd",
    "CMD",
    "net",
    " -e ",
    "/enc",
    "\\a.exe",
    "Kiss",
    "straße",
    "ΑΣ",
    "İx",
    "😀",
    "42",
    "0x2a",
    "{",
    "n\0t",
    "",
]
PIECES = [*WORDS, "ſ", "\u212a", "–e", "i", "ας", "\ud800", ".", " "]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)

PLAIN = [
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|cased",
    "|contains|cased",
    "|windash|contains",
    "|endswith|windash",
]
PATTERNS = st.lists(st.sampled_from([*WORDS, "*", "?", "-"]), min_size=1, max_size=4).map("".join)
EXPRESSIONS = st.sampled_from(
    [
        "net",
        "kis+",
        "(cmd|net)x?",
        r"\\a\.exe$",
        "^c",
        "[eE]nc",
        "[^a]",
        "(?:n|N)et",
        "n.t|cmd",
        "x*",
        "K{1,2}is",
        r"[[:alpha:]]42",
    ]
)
ITEMS: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.sampled_from(PLAIN), st.lists(PATTERNS, min_size=1, max_size=3)),
    st.tuples(st.just("|contains"), st.lists(PATTERNS, min_size=12, max_size=14)),
    st.tuples(st.sampled_from(["|re", "|re|i", "|re|i|m"]), st.lists(EXPRESSIONS, min_size=1, max_size=2)),
    st.tuples(st.just(""), st.lists(st.sampled_from([None, "", 42, 4.5, True, "42", "cmd"]), min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["|gt", "|lte"]), st.just([41])),
    st.tuples(st.just("|exists"), st.sampled_from([[True], [False]])),
    st.tuples(st.just("|fieldref"), st.just(["Other"])),
    st.tuples(st.just("|cidr"), st.just(["10.0.0.0/8"])),
    st.tuples(st.just("|base64offset|contains"), st.just(["cmd"])),
    st.tuples(st.just("|wide|base64offset|contains"), st.just(["net"])),
)


@st.composite
def _items(draw: st.DrawFn) -> dict[str, Any]:
    chosen = {}
    for _ in range(draw(st.integers(1, 3))):
        modifiers, values = draw(ITEMS)
        linking = draw(st.sampled_from(["", "", "|all", "|neq"]))
        chosen[f"{draw(st.sampled_from(FIELDS))}{modifiers}{linking}"] = values
    return chosen


SELECTIONS = st.one_of(
    _items(),
    st.lists(_items(), min_size=1, max_size=3),
    st.lists(st.sampled_from([word for word in WORDS if word]), min_size=1, max_size=3),
)
CONDITIONS = [
    "a",
    "not a",
    "a and b",
    "a or b",
    "a and not b",
    "not (a or b)",
    "a and not 1 of b*",
    "1 of them",
    "all of them",
    "a or (b and not c)",
    "not a or not b",
]


@st.composite
def _rule(draw: st.DrawFn) -> dict[str, Any]:
    selections = {name: draw(SELECTIONS) for name in "abc"}
    condition = draw(st.sampled_from(CONDITIONS))
    return {"title": "Random", "detection": {**selections, "condition": condition}}


RULES = st.lists(_rule(), min_size=1, max_size=4)

SCALARS = st.one_of(
    TEXTS,
    TEXTS,
    TEXTS,
    st.sampled_from([None, "", 42, 42.0, 4.5, True, False, "10.1.2.3", "Y21k", "bgBlAHQA"]),
    st.sampled_from([Whole("cmd"), Whole("42")]),
)
VALUES = st.one_of(SCALARS, SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.just("Inner"), SCALARS))
EVENTS = st.builds(
    Event,
    st.fixed_dictionaries({}, optional={**dict.fromkeys(FIELDS, VALUES), "Outer": VALUES}),
    st.booleans(),
    st.none() | st.lists(TEXTS, max_size=2).map(tuple),
)
