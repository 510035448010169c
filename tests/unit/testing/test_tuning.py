"""What hits have in common, and how many a value would silence. The filters made of it are tested with the command."""

from __future__ import annotations

from sigma_xdr.testing.tuning import Noise, Value
from tests.unit.scan.hits_of import hit


def noise() -> Noise:
    found = Noise()
    for device, parent, line in (
        ("WKS01", "CcmExec.exe", '"C:\\Tools\\a.exe" /x'),
        ("wks01", "CcmExec.exe", "a.exe"),
        ("WKS02", "explorer.exe", "a.exe /y"),
        ("", "explorer.exe", 'a.exe"glued"'),
    ):
        row = {"InitiatingProcessFileName": parent, "ProcessCommandLine": line}
        found.add(hit(device=device, row=row))
    return found


def test_values_are_those_of_most_hits_first_and_of_a_line_its_first_word() -> None:
    assert noise().candidates() == [
        Value("InitiatingProcessFileName", "ccmexec.exe"),
        Value("InitiatingProcessFileName", "explorer.exe"),
        Value("ProcessCommandLine", '"c:\\tools\\a.exe"', whole=False),
        Value("ProcessCommandLine", "a.exe", whole=False),
        Value("ProcessCommandLine", "a.exe"),
    ]


def test_several_values_silence_a_hit_once() -> None:
    found = noise()
    assert (found.hits, found.devices) == (4, {"wks01", "wks02"})
    ccm, whole = Value("InitiatingProcessFileName", "ccmexec.exe"), Value("ProcessCommandLine", "a.exe")
    assert [found.silenced_by(chosen) for chosen in ([], [ccm], [whole], [ccm, whole])] == [0, 2, 1, 2]
