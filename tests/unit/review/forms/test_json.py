from __future__ import annotations

import json
from pathlib import Path

from sigma_xdr.review.forms.json import ascii_json, json_review
from sigma_xdr.review.verdict import Remark
from tests.unit.review.forms.made import near_miss, review_of
from tests.unit.review.packs import ID, rule

A = "sigma_rules/impact/a.yml"


def test_a_review_as_data(tmp_path: Path) -> None:
    found = review_of(tmp_path, {A: rule()}, {A: rule(value=".exe")}, (near_miss(),), (Remark("x", "yellow", "said"),))
    data = json.loads(json_review(found))
    assert data["counts"] == {"red": 1, "yellow": 0, "white": 0}
    assert data["remarks"] == [{"code": "x", "colour": "yellow", "text": "said", "keys": ["title"]}]
    [only] = data["rules"]
    assert (only["id"], only["kind"], only["type"], only["colour"]) == (ID.format(1), "changed", "rule", "red")
    assert only["file"] == {"before": A, "after": A}
    assert only["events"]["sided"][0]["deciding"] == ["after: ✓ x"]
    assert only["tests"]["score"]["mutants"] == 5
    assert only["query"]["after"].startswith("DeviceProcessEvents\n")
    assert "+        Image|endswith: '.exe'" in only["sigma_diff"].splitlines()


def test_no_text_is_a_command_to_a_runner() -> None:
    text = ascii_json({"a": "##[error]\n::error::x"})
    assert json.loads(text) == {"a": "##[error]\n::error::x"}
    assert "##[" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())
