from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from sigma_xdr.review import queries
from sigma_xdr.review.queries import Query
from tests.unit.review.packs import ID, pack, rule

FILTER = f"""title: Ordinary
id: {ID.format(8)}
logsource:
    category: process_creation
    product: windows
filter:
    rules: [{ID.format(1)}]
    selection:
        CommandLine: x
    condition: not selection
"""


def test_a_query_and_what_deploying_it_needs(tmp_path: Path) -> None:
    found = pack(tmp_path, {"sigma_rules/a.yml": rule()}).queries[ID.format(1)]
    assert found.text.splitlines()[:3] == [
        "DeviceProcessEvents",
        '| where ActionType == "ProcessCreated"',
        '| where FileName =~ "a.exe"',
    ]
    assert (found.tables, found.frequency, found.near_real_time) == (("DeviceProcessEvents",), "PT0S", True)
    assert found.entities[0] == "host: deviceId DeviceId, name DeviceName"
    assert found.problem is None


def test_a_rule_that_cant_be_compiled_says_why(tmp_path: Path) -> None:
    found = pack(tmp_path, {"sigma_rules/a.yml": rule(field="Imag")}).queries[ID.format(1)]
    assert found == Query(problem="'Imag' is no field of process_creation")


def test_the_program_gives_what_the_function_does(tmp_path: Path) -> None:
    made = pack(tmp_path, {"sigma_rules/a.yml": rule(), "sigma_rules/filters/f.yml": FILTER})

    def printed(*filters: str) -> dict[str, Query]:
        call = [sys.executable, queries.__file__, str(tmp_path / "sigma_rules"), *filters]
        done = subprocess.run(call, capture_output=True, check=True)
        return {key: Query.of_data(data) for key, data in json.loads(done.stdout).items()}

    assert printed() == made.queries
    filtered = queries.queries_of(made.rules, made.site, made.rules.filters)
    assert printed(ID.format(8)) == filtered
    assert filtered[ID.format(1)].text != made.queries[ID.format(1)].text


def test_a_query_survives_json() -> None:
    query = Query("T", ("T",), ("a",), "PT1H", "PT4H", False, ("x",), ("host: a",), True, ("w",), None)
    assert Query.of_data(json.loads(json.dumps(asdict(query)))) == query
