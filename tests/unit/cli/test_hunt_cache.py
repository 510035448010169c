"""A hunt says the same with a cache, without one, and with one that is broken."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sigma_xdr.cli import main
from tests.unit.testing.pack import RULE, write_pack

EVENTS = [
    {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Computer": "c",
        "Image": image,
        "CommandLine": line,
    }
    | {"UtcTime": f"2026-01-01 00:00:0{second}.000"}
    for second, (image, line) in enumerate(
        [(r"C:\wmic.exe", "wmic shadowcopy list"), (r"C:\a.exe", "a shadowcopy"), (r"C:\WMIC.exe", "shadowcopy")]
    )
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    write_pack(tmp_path)
    more = RULE.replace("11111111-1111", "21111111-1111").replace("Image|endswith", "Nonsense|endswith")
    Path("sigma_rules/discovery/refused.yml").write_text(more, encoding="utf-8")
    Path("events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in EVENTS), encoding="utf-8")


def hunt(capfdbinary: pytest.CaptureFixture[bytes], *args: str) -> tuple[object, bytes, bytes]:
    with pytest.raises(SystemExit) as ended:
        main(["hunt", "events.jsonl", *args])
    out, error = capfdbinary.readouterr()
    return ended.value.code, out, re.sub(rb"in [0-9.]+ s \([0-9,]+/s[^)]*\)", b"in 0.0 s", error)


@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_the_same_with_and_without(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, form: str) -> None:
    fresh = hunt(capfdbinary, "--no-cache", "--format", form)
    assert not (tmp_path / "cache").exists()
    assert fresh[0] == 0
    assert b"1 rule is not evaluated" in fresh[2]
    assert fresh[1].count(b"WMIC Lists Shadow Copies") == (2 if form == "jsonl" else 1)
    assert hunt(capfdbinary, "--format", form) == fresh
    [file] = (tmp_path / "cache").rglob("rules.sqlite")
    whole = file.read_bytes()
    assert hunt(capfdbinary, "--format", form) == fresh
    assert file.read_bytes() == whole
    for broken in (b"", whole[:5000], whole[:100] + bytes(len(whole) - 100), b"x" * 4096):
        file.write_bytes(broken)
        assert hunt(capfdbinary, "--format", form) == fresh
        assert hunt(capfdbinary, "--format", form) == fresh


def test_a_changed_rule_is_hunted_with_at_once(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert hunt(capfdbinary, "--format", "jsonl")[1].count(b"\n") == 2
    path = Path("sigma_rules/discovery/shadow.yml")
    path.write_text(path.read_text("utf-8").replace("'shadowcopy'", "'shadowcopy list'"), encoding="utf-8")
    assert hunt(capfdbinary, "--format", "jsonl")[1].count(b"\n") == 1
