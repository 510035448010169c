"""The site file: its values, everything that is wrong with one, and which one belongs to which rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import SiteError, UsageError
from sigma_xdr.rules import load_site, load_site_of

ROOT = Path(__file__).parents[3]


def test_values_are_lists_of_text(tmp_path: Path) -> None:
    path = tmp_path / "site.yml"
    path.write_text(
        "admin_accounts: [adm-*, 7]\nserver: srv01\nscanner_networks: [10.0.0.0/8, 'fe80::/10']\n"
        "working_hours: Mon-Fri 07:00-19:00\ntime_zone: Europe/Berlin\n"
    )
    assert load_site(path) == {
        "admin_accounts": ("adm-*", "7"),
        "server": ("srv01",),
        "scanner_networks": ("10.0.0.0/8", "fe80::/10"),
        "working_hours": ("Mon-Fri 07:00-19:00",),
        "time_zone": ("Europe/Berlin",),
    }


def test_all_that_is_wrong_is_told_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.yml").write_text(
        "accounts: []\nnames: [a, true, '']\nscanner_networks: [10.0.0.1/8, 'fe80::1%eth0', host]\n"
        "working_hours: sometimes\n"
    )
    with pytest.raises(SiteError) as error:
        load_site(Path("site.yml"))
    assert [(each.line, each.column, each.message) for each in error.value.diagnostics] == [
        (1, 1, "'accounts' has no values: a rule that asks for it would find nothing"),
        (2, 12, "a value of 'names' is text or a number"),
        (2, 18, "a value of 'names' is text or a number"),
        (3, 20, "'10.0.0.1/8' is no network"),
        (3, 32, "'fe80::1%eth0' is no network"),
        (3, 48, "'host' is no network"),
        (4, 16, "'sometimes' is no span of working hours"),
        (4, 1, "working hours are local time, and the file doesn't say where"),
    ]
    assert error.value.diagnostics[0].render() == (
        "site.yml:1:1: error[site]: 'accounts' has no values: a rule that asks for it would find nothing\n"
        "   1 | accounts: []\n"
        "     | ^^^^^^^^\n"
        "      = give it a value, or remove it"
    )


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "a: 1\n---\nb: 2\n"])
def test_what_is_no_site_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "site.yml"
    path.write_text(text)
    if text.startswith("a: 1"):
        assert load_site(path) == {"a": ("1",), "b": ("2",)}
    else:
        with pytest.raises(SiteError):
            load_site(path)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        load_site(tmp_path / "none.yml")
    assert (
        str(error.value) == f"error[site]: can't read the site file {tmp_path / 'none.yml'}: No such file or directory"
    )


def test_rules_have_the_values_of_the_nearest_folder(tmp_path: Path) -> None:
    inner = tmp_path / "pack" / "family"
    inner.mkdir(parents=True)
    (tmp_path / "site.default.yml").write_text("who: far\n")
    assert load_site_of([inner / "rule.yml"]) == {"who": ("far",)}
    (tmp_path / "pack" / "site.default.yml").write_text("who: near\n")
    assert load_site_of([inner / "rule.yml"]) == load_site_of([str(inner)]) == {"who": ("near",)}
    own = tmp_path / "own.yml"
    own.write_text("who: me\n")
    assert load_site_of([inner], own) == {"who": ("me",)}
    assert load_site_of([]) == {}


def test_the_packs_own_file_is_right() -> None:
    assert "working_hours" in load_site_of([ROOT / "sigma_rules"])
