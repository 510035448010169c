"""The text that says why."""

from __future__ import annotations

from sigma_xdr.evaluator import Event, Explanation, Matcher
from sigma_xdr.evaluator.explanation import quoted
from tests.unit.evaluator.asking import rule

RULE = {
    "title": "WMIC Starts a Process on Another Host",
    "detection": {
        "selection_img": [{"Image|endswith": r"\wmic.exe"}, {"OriginalFileName": "wmic.exe", "Company": None}],
        "selection_cli": {"CommandLine|contains|all": ["call", "create", "/node:"]},
        "filter_user": {"User": ["SYSTEM", "NETWORK SERVICE"], "LogonId|neq": 999},
        "keywords": ["secret", 4624],
        "condition": "all of selection_* and not filter_user and (keywords or 1 of filter_*)",
    },
}
EVENT = {
    "Image": r"C:\Windows\System32\wbem\WMIC.exe",
    "CommandLine": 'wmic process call create "cmd /c whoami"',
    "User": "",
    "LogonId": "0x3e7",
}


def test_the_whole_explanation() -> None:
    explained = Matcher(RULE).explain(EVENT)
    assert (
        explained.render()
        == r"""
✗ WMIC Starts a Process on Another Host
  ✗ all of selection_*
    ✓ selection_img (any of 2)
      ✓ Image endswith '\\wmic.exe'   was 'C:\\Windows\\System32\\wbem\\WMIC.exe'
      ✗ all of
        ✗ OriginalFileName = 'wmic.exe'   was missing
        ✓ Company = null                  was missing
    ✗ selection_cli (all of 3)
      ✓ CommandLine contains 'call'     at 13: 'wmic process »call« create "cmd /c whoami"'
      ✓ CommandLine contains 'create'   at 18: 'wmic process call »create« "cmd /c whoami"'
      ✗ CommandLine contains '/node:'   was 'wmic process call create "cmd /c whoami"'
  ✓ not filter_user
    ✗ User any of 2
      ✗ User = 'SYSTEM'            was ''
      ✗ User = 'NETWORK SERVICE'   was ''
    ✗ not LogonId = 999   was '0x3e7'
  ✗ keywords or 1 of filter_*
    ✗ keywords (any of 2)
      ✗ any text contains 'secret'   in none of 4 texts
      ✗ any text contains 4624       in none of 4 texts
    ✗ 1 of filter_*
      ✗ filter_user
        ✗ User any of 2
          ✗ User = 'SYSTEM'            was ''
          ✗ User = 'NETWORK SERVICE'   was ''
        ✗ not LogonId = 999   was '0x3e7'
""".strip().replace("\\\\", "\\")
    )


def test_as_data() -> None:
    explained = Matcher(rule({"F": "a"})).explain({"F": ["b", None]})
    item = {"passed": False, "text": "F = 'a'", "found": "was 'b'", "children": []}
    selection = {"passed": False, "text": "selection", "found": None, "children": [item]}
    assert explained.as_data() == {"passed": False, "text": "Test", "found": None, "children": [selection]}


def test_of_many_values_those_that_decide_are_shown() -> None:
    values = [f"v{number}" for number in range(500)]
    missed = Matcher(rule({"F": values})).explain({"F": "x"}).render().splitlines()
    assert missed[-2:] == ["    ✗ F = 'v9'   was 'x'", "    … and 490 more"]
    assert len(missed) == 13
    assert Matcher(rule({"F": values})).explain({"F": "V77"}).render() == "\n".join(
        ["✓ Test", "  ✓ selection (any of 500)", "    ✓ F = 'v77'   was 'V77'", "    … and 499 more"]
    )


def test_values_are_quoted_cut_and_can_drive_no_terminal() -> None:
    assert quoted("a\x1b[31m\ud800") == r"'a\x1b[31m\ud800'"
    assert quoted("x" * 101) == f"'{'x' * 100}…'"
    assert quoted("x" * 500 + "call" + "y" * 500, 500, 504) == f"'…{'x' * 30}»call«{'y' * 66}…'"
    assert quoted("call" + "y" * 500, 0, 4) == f"'»call«{'y' * 96}…'"
    assert quoted("x" * 500, 100, 400) == f"'…{'x' * 30}»{'x' * 100}«…'"
    assert quoted("x" * 500 + "end", 500, 503) == f"'…{'x' * 97}»end«'"
    assert (quoted(None), quoted(7), quoted(True)) == ("null", "7", "True")


def test_what_a_field_held() -> None:
    def found(value: object, one_nothing: bool = False) -> str | None:
        root = Matcher(rule({"F": "?"})).explain(Event({"F": value} if value != "missing" else {}, one_nothing))
        return root.children[0].children[0].found

    assert found("missing") == "was missing"
    assert found(None) == "was null"
    assert found({"a": 1}) == "was a mapping"
    assert found([None]) == "was null"
    assert found("", one_nothing=True) == "was nothing"
    assert found(["ab", 7, True, 8, 9]) == "was 'ab', 7, True and 2 more"


def test_a_part_without_parts_is_one_line() -> None:
    assert Explanation(True, "a", "b").render() == "✓ a   b"


def test_a_rule_can_drive_no_terminal() -> None:
    document = {"title": "a\x1b[2J\nb", "detection": {"s\x9b": {"F\x1b": "x"}, "condition": "1 of s*"}}
    assert Matcher(document).explain({}).render().splitlines() == [
        r"✗ a\x1b[2J\nb",
        "  ✗ 1 of s*",
        r"    ✗ s\x9b",
        r"      ✗ F\x1b = 'x'   was missing",
    ]
