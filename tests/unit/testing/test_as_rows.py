"""Made-up events as rows of Defender."""

from __future__ import annotations

from sigma_xdr.testing.as_rows import views_with

OWN = {"product": "windows", "category": "device_process_events", "service": "defender-xdr"}


def test_a_row_of_defenders_own_tables_has_an_action_type() -> None:
    fields = {"FileName": "a.exe", "NoColumn": "x"}
    assert list(views_with(fields, OWN)) == []
    [view] = views_with({**fields, "ActionType": "ProcessCreated"}, OWN)
    assert (view.fields["FileName"], "NoColumn" in view.fields) == ("a.exe", False)
