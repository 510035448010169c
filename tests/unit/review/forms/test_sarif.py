from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from sigma_xdr.errors import Diagnostic
from sigma_xdr.review.forms.sarif import sarif
from tests.unit.review.forms.made import near_miss, review_of
from tests.unit.review.forms.test_markdown import HOSTILE
from tests.unit.review.packs import rule

#: From the npm package @microsoft/jest-sarif 1.0.0-beta.0 (MIT).
SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text("utf-8"))
PROBLEM = Diagnostic("scan", "it searches", "ask for less", "warning", "sigma_rules/a b.yml", 3, 5, "    x: y", 2)


def valid(text: str) -> Any:
    data = json.loads(text)
    assert list(Draft4Validator(SCHEMA).iter_errors(data)) == []
    return data


def test_a_problem_with_its_place() -> None:
    assert valid(sarif([PROBLEM])) == {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "sigma-xdr",
                        "version": version("sigma-xdr"),
                        "rules": [{"id": "scan", "shortDescription": {"text": "scan"}}],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "scan",
                        "ruleIndex": 0,
                        "level": "warning",
                        "message": {"text": "it searches (ask for less)"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "sigma_rules/a%20b.yml"},
                                    "region": {"startLine": 3, "startColumn": 5, "endColumn": 7},
                                }
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_no_problem() -> None:
    assert valid(sarif([]))["runs"][0]["results"] == []


def test_a_page_on_a_code_and_a_reason_to_live_with_it() -> None:
    run = valid(sarif([], [(PROBLEM, "it is so")], {"scan": "# scan: a page"}.get))["runs"][0]
    assert run["tool"]["driver"]["rules"][0]["help"] == {"text": "# scan: a page", "markdown": "# scan: a page"}
    assert run["results"][0]["suppressions"] == [{"kind": "external", "justification": "it is so"}]


@pytest.mark.parametrize("text", [*HOSTILE, "\udcff", ""])
def test_whatever_the_text_the_file_is_right(text: str) -> None:
    problem = Diagnostic("x", text, text, "error", text, 1, 1, text, 0)
    written = sarif([problem, Diagnostic("y", text, severity="note")], [(problem, text)])
    assert written.isascii()
    assert "##[" not in written
    [first, *_] = valid(written)["runs"][0]["results"]
    assert "](" not in first["message"]["text"].replace(r"\]", "")


def test_a_review_as_findings(tmp_path: Path) -> None:
    path = "sigma_rules/impact/a.yml"
    gone = review_of(tmp_path / "gone", {path: rule(), "sigma_rules/b.yml": rule(2, "B")}, {path: rule()})
    found = review_of(tmp_path, {path: rule()}, {path: rule(value=".exe")}, (near_miss(),))
    results = valid(sarif([*gone.findings(), *found.findings()]))["runs"][0]["results"]
    assert [(each["ruleId"], each["level"], each["locations"][0]["physicalLocation"]) for each in results] == [
        ("review-gone", "error", {"artifactLocation": {"uri": "sigma_rules/b.yml"}}),
        (
            "review-near-misses-gained",
            "error",
            {"artifactLocation": {"uri": path}, "region": {"startLine": 6, "startColumn": 1, "endColumn": 10}},
        ),
    ]
