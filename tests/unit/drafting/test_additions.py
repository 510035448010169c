from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.drafting.additions import with_entry, with_item
from sigma_xdr.errors import UsageError

PACK = Path(__file__).parents[3] / "sigma_rules"
FILE = Path("impact.yml")
SAID = {"questions": ["TODO: what?"]}
ENTRY = "    new:\n        questions:\n            - 'TODO: what?'\n"


BY_HAND = "\n  = add it by hand, as its other entries are written"
BLOCK = "rules:\n    old:\n        a: |\n            x\n"
COMMENTED = "rules:\n    old: # why\n        a: b # this\n        # and that\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules:\n    old: {a: b}\n", f"rules:\n    old: {{a: b}}\n{ENTRY}"),
        ("rules:\n    old: {a: b}", f"rules:\n    old: {{a: b}}\n{ENTRY}"),
        (BLOCK + "\n# the end\n", f"{BLOCK}{ENTRY}\n# the end\n"),
        (COMMENTED, COMMENTED + ENTRY),
        ("rules:\n    old: {a: b}\ntitle: x\n", f"rules:\n    old: {{a: b}}\n{ENTRY}title: x\n"),
        ("title: x\nrules:\n", f"title: x\nrules:\n{ENTRY}"),
        ("title: x\nrules: {}\n", f"title: x\nrules:\n{ENTRY}"),
        ("title: x\n", f"title: x\nrules:\n{ENTRY}"),
        ("rules:\r\n    old: {a: b}\r\n", f"rules:\r\n    old: {{a: b}}\r\n{ENTRY.replace(chr(10), chr(13) + chr(10))}"),
        ("rules:\n  old: {a: b}\n", "rules:\n  old: {a: b}\n  new:\n      questions:\n          - 'TODO: what?'\n"),
    ],
)  # fmt: skip
def test_an_entry_stands_behind_the_others_and_nothing_else_changes(before: str, after: str) -> None:
    assert with_entry(FILE, before, ("rules",), "new", SAID) == after


@pytest.mark.parametrize("family", sorted(path.name for path in (PACK / "playbook").glob("*.yml")))
def test_the_packs_own_playbooks_take_an_entry(family: str) -> None:
    text = (PACK / "playbook" / family).read_text("utf-8")
    assert with_entry(FILE, text, ("rules",), "new", SAID) == text + ENTRY


def test_an_item_stands_last_in_its_list() -> None:
    text = "ideas:\n    A01: {what: x, rules: [a, b]} # why\n    A02: {what: y, rules: []}\n"
    assert with_item(FILE, text, ("ideas", "A01", "rules"), "c/d") == text.replace("[a, b]", "[a, b, c/d]")
    assert with_item(FILE, text, ("ideas", "A02", "rules"), "c/d") == text.replace("[]", "[c/d]")


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("rules: {old: {a: b}}\n", "'new' can't be added to a file of this form" + BY_HAND),
        ("rules: [a]\n", "'rules' is no mapping, 'new' can't be added to it\n  = mend the file first"),
        ("rules:\n    new: {a: b}\n", "'new' has an entry already\n  = choose another name, or delete the entry"),
    ],
)  # fmt: skip
def test_what_can_not_be_added_is_left_to_a_person(before: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        with_entry(FILE, before, ("rules",), "new", SAID)
    assert str(error.value) == f"impact.yml: error[draft]: {message}"


def test_a_list_that_is_not_there() -> None:
    with pytest.raises(UsageError) as error:
        with_item(FILE, "ideas: {}\n", ("ideas", "A01", "rules"), "c/d")
    assert str(error.value) == "impact.yml: error[draft]: there is no list ideas.A01.rules\n  = write it first"


def test_a_file_that_is_no_yaml() -> None:
    with pytest.raises(UsageError, match=r"impact\.yml:2:1: error\[not-yaml\]"):
        with_entry(FILE, "a: [", ("rules",), "new", SAID)
