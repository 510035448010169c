"""Whatever a rule file holds: a message that says what, where, and what to do; nothing runs, hangs or leaves the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.cli import main

HEAD = """\
title: A Rule
logsource:
    category: process_creation
    product: windows
detection:
    selection:
"""
TAIL = "    condition: selection\n"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **rules: str) -> str:
    """What a compile of these files says; it ends with exit code 2, and the good ones are written."""
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    for name, text in rules.items():
        (Path("rules") / f"{name}.yml").write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "compile", "rules", "-o", "out")
    assert (code, out) == (2, "")
    return err


def selection(*lines: str) -> str:
    return HEAD + "".join(f"        {line}\n" for line in lines) + TAIL


ONE_LINE = {
    "an unknown field": (
        selection("ParentComandLine|contains: 'cmd'"),
        "rules/a.yml:7:9: error[unknown-field]: 'ParentComandLine' is no field of process_creation\n"
        "   7 |         ParentComandLine|contains: 'cmd'\n"
        "     |         ^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "      = did you mean ParentCommandLine (column InitiatingProcessCommandLine of DeviceProcessEvents)?\n",
    ),
}
