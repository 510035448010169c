from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.review.lints import CODES, load_silences, silences_beside
from tests.unit.review.lints.packs import lint, render, rule

RULE = {"sigma_rules/impact/a.yml": rule("    selection:\n        CommandLine|contains: 'shadowcopy'")}
FILE = "sigma_rules/lint.yml"


def silence(code: str, number: str = "11111111-1111-4111-8111-111111111111", reason: str = "Known by its text.") -> str:
    return f"    - rule: {number}\n      code: {code}\n      reason: {reason}\n"


def test_what_is_silenced_is_still_there_with_its_reason(tmp_path: Path) -> None:
    [finding] = lint(tmp_path, {**RULE, FILE: f"silenced:\n{silence('scan')}"}, "scan")
    assert finding.silenced == "Known by its text."
    assert finding.as_data() == {
        "code": "scan",
        "severity": "warning",
        "rule": "11111111-1111-4111-8111-111111111111",
        "file": (tmp_path / "sigma_rules/impact/a.yml").as_posix(),
        "line": 9,
        "column": 5,
        "length": 9,
        "message": "the query searches the text of every row of ProcessCreated in DeviceProcessEvents: it asks for "
        "substrings alone",
        "hint": "ask for the program too (Image|endswith, OriginalFileName), or for values with a blank, dash or slash at "
        "both ends: those are looked up",
        "silenced": "Known by its text.",
    }


def test_a_silence_that_silences_nothing(tmp_path: Path) -> None:
    gone = "22222222-2222-4222-8222-222222222222"
    listed = f"silenced:\n{silence('plain-regex')}{silence('scan', gone)}{silence('id-changed')}{silence('sigma-any')}"
    assert render(tmp_path, lint(tmp_path, {**RULE, FILE: listed}, "unused-silence")) == (
        "sigma_rules/lint.yml:2:7: warning[unused-silence]: the silence of plain-regex silences nothing, the rule is right\n"
        "   2 |     - rule: 11111111-1111-4111-8111-111111111111\n"
        "     |       ^^^^\n"
        "      = delete it\n"
        "sigma_rules/lint.yml:5:7: warning[unused-silence]: the silence of scan silences nothing: there is no rule "
        f"{gone}\n"
        f"   5 |     - rule: {gone}\n"
        "     |       ^^^^\n"
        "      = delete it"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("silenced: 1\n", "1:1: error[lint-file]: 'silenced' is no list"),
        ("silence: []\n", "1:1: error[lint-file]: a lint file has no 'silence'"),
        ("silenced:\n    - rule: x\n", "2:7: error[lint-file]: a silence has rule, code and reason, all of them text"),
        (f"silenced:\n{silence('scann')}", "3:13: error[lint-file]: there is no lint 'scann'"),
        (f"silenced:\n{silence('scan', reason='ok')}", "4:15: error[lint-file]: the reason says nothing"),
        ("silenced: [\n", "2:1: error[not-yaml]: the file is no YAML: did not find expected node content"),
    ],
)
def test_a_wrong_file(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "lint.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SigmaXdrError) as error:
        load_silences(path, CODES)
    assert error.value.exit_code == 2
    assert f"{path.as_posix()}:{message}" in str(error.value)


def test_the_file_is_that_of_the_nearest_folder_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pack/impact").mkdir(parents=True)
    assert silences_beside([Path("pack/impact")]) is None
    (tmp_path / "pack/lint.yml").write_text("silenced: []\n", encoding="utf-8")
    assert silences_beside([Path("pack/impact")]) == Path("pack/lint.yml")
    assert load_silences(Path("pack/lint.yml"), CODES) == ()
