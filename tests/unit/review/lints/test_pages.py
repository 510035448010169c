from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.review.lints import CODES, explain
from sigma_xdr.review.lints.pages import examples
from tests.unit.review.lints.packs import lint, render


@pytest.mark.parametrize("code", CODES)
def test_the_lint_finds_something_in_the_first_example_of_its_page_and_nothing_in_the_second(
    code: str, tmp_path: Path
) -> None:
    found, right = tmp_path / "found", tmp_path / "right"
    example = examples(code)
    assert len(lint(found, example.bad, code)) == 1
    assert render(right, [each for each in lint(right, example.good, code) if each.silenced is None]) == ""


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_it_is_about_how_grave_it_is_and_why(code: str, tmp_path: Path) -> None:
    page = explain(code)
    title, _, why = page.partition("\n\n")
    assert title.startswith(f"# {code}: ")
    [finding] = lint(tmp_path, examples(code).bad, code)
    article = {"error": "An error. ", "warning": "A warning. "}[finding.severity]
    assert why.startswith(article)
    assert max(map(len, page.splitlines())) <= 160


def test_all_pages_are_listed() -> None:
    lines = explain("all").splitlines()
    assert [line.split()[0] for line in lines[: len(CODES)]] == list(CODES)
    assert lines[CODES.index("scan")].split(maxsplit=1)[1] == "a query that looks nothing up"
    assert "sigmahq-title-case                           Checks if a rule has a title with invalid casing." in lines


def test_a_check_of_sigmahqs_says_what_it_says_of_itself() -> None:
    assert explain("sigmahq-title-case") == (
        "# sigmahq-title-case\n\nChecks if a rule has a title with invalid casing.\n\nThis is a check of SigmaHQ's, which its "
        "rules have to pass before they are taken in; the conventions are in the repository SigmaHQ/sigma-specification, "
        "under sigmahq.\n"
    )


def test_a_code_that_nobody_knows() -> None:
    with pytest.raises(UsageError) as error:
        explain("scann")
    assert str(error.value) == "error[unknown-lint]: there is no lint 'scann'\n  = did you mean scan?"
