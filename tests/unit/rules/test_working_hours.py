"""Working hours as a site says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.errors import SiteError
from sigma_xdr.rules import load_site
from sigma_xdr.rules.working_hours import Span, WorkingHours, working_hours, wrong_hours

SITE = """\
time_zone: Europe/Berlin
working_hours: [Mon-Fri 07:00-19:00, Sat 08:00-12:30]
scanner_networks: [10.1.0.0/16, fe80::/10]
"""


def test_a_week(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(SITE)
    site = load_site(tmp_path / "site.yml")
    assert working_hours(site) == WorkingHours(
        "Europe/Berlin", (Span((0, 1, 2, 3, 4), 420, 1140), Span((5,), 480, 750))
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Mon-Fri 07:00-19:00", None),
        ("Sun 00:00-24:00", None),
        ("Mon-Fri 7-19", "'Mon-Fri 7-19' is no span of working hours"),
        ("Fri-Mon 07:00-19:00", "'Fri-Mon 07:00-19:00' ends on a day before it begins: Monday comes first"),
        ("Mon 22:00-06:00", "'Mon 22:00-06:00' ends before it begins: write a span over midnight as two"),
        ("Mon 22:00-29:00", "'Mon 22:00-29:00' ends before it begins: write a span over midnight as two"),
    ],
)
def test_what_is_wrong(text: str, wrong: str | None) -> None:
    assert wrong_hours(text) == wrong


@pytest.mark.parametrize("site", [{}, {"working_hours": ("Mon 07:00-19:00",)}, {"time_zone": ("Europe/Berlin",)}])
def test_both_are_needed(site: dict[str, tuple[str, ...]]) -> None:
    assert working_hours(site) is None


def test_a_site_file_with_wrong_values(tmp_path: Path) -> None:
    path = tmp_path / "site.yml"
    path.write_text("time_zone: Berlin\nworking_hours: [Mon 9-5]\nscanner_networks: [10.1.0.0/16, 10.1.0.1/16]\n")
    with pytest.raises(SiteError) as raised:
        load_site(path)
    assert [problem.render().replace(tmp_path.as_posix(), "DIR") for problem in raised.value.diagnostics] == [
        "DIR/site.yml:1:12: error[site]: 'Berlin' is no time zone of IANA's database\n"
        "   1 | time_zone: Berlin\n     |            ^^^^^^\n      = write Europe/Berlin, or the like",
        "DIR/site.yml:2:17: error[site]: 'Mon 9-5' is no span of working hours\n"
        "   2 | working_hours: [Mon 9-5]\n     |                 ^^^^^^^\n      = write Mon-Fri 07:00-19:00",
        "DIR/site.yml:3:33: error[site]: '10.1.0.1/16' is no network\n"
        "   3 | scanner_networks: [10.1.0.0/16, 10.1.0.1/16]\n     |                                 ^^^^^^^^^^^\n"
        "      = write 10.0.0.0/8 or fe80::/10, a single address as 10.0.0.1/32",
    ]
    path.write_text("working_hours: Mon 09:00-17:00\n")
    with pytest.raises(SiteError, match="working hours are local time, and the file doesn't say where"):
        load_site(path)
