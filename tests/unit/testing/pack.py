"""A small pack with tests, written into a folder."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CASES", "RULE", "write_pack"]

RULE = """\
title: WMIC Lists Shadow Copies
id: 11111111-1111-4111-8111-111111111111
status: test
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\wmic.exe'
        CommandLine|contains: 'shadowcopy'
    condition: selection
level: low
"""
CASES = """\
cases:
    - {name: lists, expect: match, event: {FileName: wmic.exe, ProcessCommandLine: wmic shadowcopy list}}
    - {name: in capitals, expect: match, event: {FileName: WMIC.EXE, ProcessCommandLine: WMIC SHADOWCOPY LIST}}
    - name: two folders
      expect: match
      event: {ProcessCommandLine: wmic shadowcopy}
      each: {FolderPath: ['C:\\a\\wmic.exe', 'D:\\wmic.exe']}
    - {name: another program, expect: no_match, event: {FileName: vssadmin.exe, ProcessCommandLine: shadowcopy}}
    - {name: another class, expect: no_match, event: {FileName: wmic.exe, ProcessCommandLine: wmic os}}
    - name: a record
      expect: no_match
      raw: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\\wmic.exe.bak', CommandLine: shadowcopy}
"""


def write_pack(root: Path, cases: str | None = CASES, rule: str = RULE) -> Path:
    """The rule ``sigma_rules/discovery/shadow.yml`` under ``root``, and its cases unless they are None; the pack's folder."""
    for folder, text in (("sigma_rules", rule), ("tests/rules", cases)):
        if text is not None:
            path = root / folder / "discovery" / "shadow.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return root / "sigma_rules"
