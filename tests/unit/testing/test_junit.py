"""The report for build servers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from sigma_xdr.testing.case_files import Case
from sigma_xdr.testing.junit import write_junit
from sigma_xdr.testing.suite import Result


def test_names_that_xml_cant_hold(tmp_path: Path) -> None:
    case = Case("a", True, "event", {}, {}, None, None, ())
    write_junit(tmp_path / "r.xml", [Result("f\x1b\udcff/rule", case, "kql")], [])
    [suite] = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert (suite.get("name"), [test.get("name") for test in suite]) == ("f��/rule", ["a[kql]"])
