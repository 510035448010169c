"""The pytest plugin, run as its users run it: pytest in a process of its own on a small pack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .pack import CASES, RULE, write_pack

FILE = "tests/rules/discovery/shadow.yml"


def pytest_on(root: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of pytest in a folder with a pack."""
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "sigma_xdr.testing.plugin", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_item_for_each_case_and_judge_on_several_processes(tmp_path: Path) -> None:
    write_pack(tmp_path)
    code, output = pytest_on(tmp_path, "-v", "-n", "2", "--dist", "loadfile")
    passed = sorted(re.findall(r"PASSED (.*?) *$", output, re.MULTILINE))
    two = [f"{FILE}::{case}[{judge}]" for case in ("another class", "another program", "in capitals", "lists", "two folders")
           for judge in ("evaluator", "kql")]  # fmt: skip
    three = [f"{FILE}::a record[{judge}]" for judge in ("evaluator", "kql", "raw")]
    assert passed == sorted(["::every rule has a test file", f"{FILE}::the file", *two, *three])
    assert code == 0


def test_one_case_is_asked_for_by_its_words_or_its_id(tmp_path: Path) -> None:
    write_pack(tmp_path)
    code, output = pytest_on(tmp_path, "-v", "-k", "capitals and kql")
    assert (code, re.findall(r"(\S+::.*) PASSED", output)) == (0, [f"{FILE}::in capitals[kql]"])
    code, output = pytest_on(tmp_path, "-v", f"{FILE}::two folders[evaluator]")
    assert (code, re.findall(r"(\S+::.*) PASSED", output)) == (0, [f"{FILE}::two folders[evaluator]"])


def test_a_failure_is_told_without_a_traceback_and_x_stops_there(tmp_path: Path) -> None:
    write_pack(tmp_path, CASES.replace("ProcessCommandLine: wmic os", "ProcessCommandLine: wmic shadowcopy"))
    code, output = pytest_on(tmp_path, "-x")
    assert code == 1
    told = output.partition("= FAILURES =")[2].partition("= short test summary info =")[0]
    assert [line.strip("_") for line in told.strip("=\n").splitlines()] == [
        " discovery/shadow::another class[evaluator] ",
        "expected no match, the rule matches the row",
        "evaluator: match   kql: match   → they agree: it is the rule, or the case's expectation",
        "event: DeviceProcessEvents ActionType=ProcessCreated, FolderPath=C:\\Windows\\System32\\wmic.exe, FileName=wmic.exe, "
        "ProcessCommandLine=wmic shadowcopy",
        "✓ WMIC Lists Shadow Copies",
        "  ✓ selection",
        "    ✓ Image endswith '\\wmic.exe'          was 'C:\\Windows\\System32\\wmic.exe'",
        "    ✓ CommandLine contains 'shadowcopy'   at 5: 'wmic »shadowcopy«'",
    ]
    assert f"FAILED {FILE}::another class[evaluator]" in output
    assert "another class[kql]" not in output


def test_wrong_files_and_missing_ones_fail(tmp_path: Path) -> None:
    write_pack(tmp_path, "cases:\n    - {name: a, expect: match, evnt: {}}\n")
    (tmp_path / "tests/rules/discovery/other.yml").write_text(CASES, encoding="utf-8")
    (tmp_path / "sigma_rules/discovery/untested.yml").write_text(RULE.replace("1111-", "2222-"), encoding="utf-8")
    (tmp_path / "sigma_rules/discovery/broken.yml").write_text("title: [", encoding="utf-8")
    code, output = pytest_on(tmp_path, "-rf")
    assert code == 1
    failed = re.findall(r"^FAILED (.*)$", output, re.MULTILINE)
    assert failed[0].startswith("::every rule has a test file")
    assert any(each.startswith(f"{FILE}::the file") for each in failed)
    assert any(each.startswith("tests/rules/discovery/other.yml::lists[kql]") for each in failed)
    for text in (
        "\nsigma_rules/discovery/untested.yml:1:1: error[no-test-file]: the rule has no test file",
        "\ntests/rules/discovery/other.yml: error[no-rule]: the test file has no rule",
        "\nsigma_rules/discovery/broken.yml:2:1: error[not-yaml]: the file is no YAML",
        "\ntests/rules/discovery/shadow.yml:2:32: error[test-file]: a case has no 'evnt'",
    ):
        assert text in output
    assert "Traceback" not in output


def test_losses_are_counted(tmp_path: Path) -> None:
    record = "raw: {SourceName: Microsoft-Windows-Sysmon, EventID: 1, Image: 'C:\\x\\wmic.exe', CommandLine: 'C:\\x\\wmic.exe'}"
    cases = f"cases:\n    - name: lost\n      expect: no_match\n      {record}\n"
    write_pack(tmp_path, cases, RULE.replace("'shadowcopy'", "'x\\wmic'"))
    _, output = pytest_on(tmp_path, "-k", "lost")
    assert "raw records that differ from their rows by a listed loss: argv0-directory 1\n" in output
