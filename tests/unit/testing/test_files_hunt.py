"""A pack over files, as a measure of its rules hunts with it."""

from __future__ import annotations

import json
from pathlib import Path

from sigma_xdr.rules import load_rules
from sigma_xdr.telemetry.sources import find_sources
from sigma_xdr.testing.files_hunt import files_hunt

RULE = """
title: {title}
logsource: {{product: windows, category: process_creation}}
detection: {{selection: {{{field}: wmic}}, condition: selection}}
level: low
"""


def test_what_is_found_and_what_can_not_be_asked(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "wmic.yml").write_text(RULE.format(title="wmic", field="CommandLine|contains"))
    (rules / "lost.yml").write_text(RULE.format(title="lost", field="CurrentDirectory"))
    event = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Computer": "h", "CommandLine": "wmic os"}
    (tmp_path / "e.jsonl").write_text(json.dumps(event | {"Image": "C:\\wmic.exe"}) + "\n")
    pack = load_rules([rules])
    hunt, problems = files_hunt(find_sources([tmp_path / "e.jsonl"]), pack, pack, jobs=1)
    assert [(hit.rule.title, hit.record) for hit in hunt.hits()] == [("wmic", 1)]
    assert [(problem.code, Path(problem.file or "").name) for problem in problems] == [("lost-field", "lost.yml")]
