"""Whatever a rule file holds: a message that says what, where, and what to do; nothing runs, hangs or leaves the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sigma_xdr.cli import main

CASES = yaml.safe_load((Path(__file__).parent / "bad_input.yml").read_text(encoding="utf-8"))
RULE = """\
title: A Rule
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        {item}
    condition: {condition}
"""


def compile_rules(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    """Exit code, standard output and standard error of a compile of the folder ``rules`` into ``out``."""
    with pytest.raises(SystemExit) as ended:
        main(["compile", "rules", "-o", "out", *args])
    return ended.value.code, *capsys.readouterr()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of rules, in the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    return tmp_path / "rules"


def written() -> list[str]:
    return sorted(path.as_posix() for path in Path("out").rglob("*.kql"))


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_message_is_whole(case: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in case["files"].items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    assert compile_rules(capsys) == (2, "", case["message"])
    assert written() == case.get("written", [])
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out", "rules"]


def test_a_file_of_five_megabytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yml").write_text("# " + "x" * 5_000_000, encoding="utf-8")
    assert compile_rules(capsys) == (
        2,
        "",
        "rules/a.yml: error[too-large]: the file is larger than 1,000,000 bytes, the limit for a file of rules\n"
        "  = split it: a file a rule\n\n"
        "1 error in 1 of 1 file; 0 compiled to out\n",
    )


def test_ten_thousand_values_that_no_list_operator_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = "".join(f"\n            - x{number}" for number in range(10_000))
    (folder / "a.yml").write_text(RULE.format(item=f"CommandLine|contains:{values}", condition="selection"))
    assert compile_rules(capsys) == (
        2,
        "",
        "rules/a.yml:10008:5: error[too-many-values]: 10,000 alternatives in one condition; "
        "Kusto's parser takes about 400\n"
        "   10008 |     condition: selection\n"
        "         |     ^^^^^^^^^\n"
        "          = use whole values (they make one in~ list), or split the rule\n\n"
        "1 error in 1 of 1 file; 0 compiled to out\n",
    )


def test_ten_thousand_values_that_one_list_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = "".join(f"\n            - '\\x{number}.exe'" for number in range(10_000))
    (folder / "a.yml").write_text(RULE.format(item=f"Image|endswith:{values}", condition="selection"))
    assert compile_rules(capsys) == (0, "", "1 rule compiled to out\n")
    assert Path("out/a.kql").read_text().count(".exe") == 10_000


def test_a_condition_of_three_thousand_brackets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    condition = "(" * 3000 + "selection" + ")" * 3000
    (folder / "a.yml").write_text(RULE.format(item="Image: x", condition=condition))
    assert compile_rules(capsys) == (
        2,
        "",
        "rules/a.yml:8:16: error[condition-syntax]: the condition nests deeper than 50 levels\n"
        f"   8 |     condition: {'(' * 145}\n"
        f"     |                {'^' * 145}\n"
        "      = split the rule\n\n"
        "1 error in 1 of 1 file; 0 compiled to out\n",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", "../../../tmp/pwned"),
        ("title", 'a"\n| union DeviceInfo //'),
        ("title", "\u202eevil\u200b"),
        ("name", "../../pwned"),
        ("author", "</script>`id`"),
    ],
)
def test_what_a_rule_says_of_itself_names_no_file_and_starts_no_line(
    key: str, value: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = yaml.safe_load(RULE.format(item="Image|endswith: '\\wmic.exe'", condition="selection"))
    (folder / "a.yml").write_text(yaml.safe_dump(rule | {key: value}), encoding="utf-8")
    code, _, message = compile_rules(capsys)
    assert (code, message.splitlines()[-1]) == (0, "1 rule compiled to out")
    assert written() == ["out/a.kql"]
    header, *query = Path("out/a.kql").read_text().splitlines()
    assert header.isascii()
    assert query[:3] == [
        "DeviceProcessEvents", '| where ActionType == "ProcessCreated"', '| where FileName =~ "wmic.exe"',
    ]  # fmt: skip


def test_an_id_that_is_a_path_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yml").write_text("id: ../../pwned\n" + RULE.format(item="Image: x", condition="selection"))
    code, _, message = compile_rules(capsys)
    assert (code, message.splitlines()[0]) == (2, "rules/a.yml:1:5: error[invalid-id]: the id '../../pwned' is no UUID")
    assert written() == []


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (r"a\b", r'@"a\b"'),
        ('say "x"', r'"say \"x\""'),
        ("""C:\\a "b" 'c'""", r'''"C:\\a \"b\" 'c'"'''),
        ('x" | union DeviceInfo //', r'"x\" | union DeviceInfo //"'),
        ("line\nbreak\ttab", r'"line\nbreak\ttab"'),
        ("zero\u200bwidth", r'"zero\u200Bwidth"'),
        ("nul\x00", r'"nul\u0000"'),
    ],
)
def test_no_value_leaves_its_string(value: str, literal: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = yaml.safe_load(RULE.format(item="CommandLine: x", condition="selection"))
    rule["detection"]["selection"] = {"CommandLine": value}
    (folder / "a.yml").write_text(yaml.safe_dump(rule), encoding="utf-8")
    code, _, message = compile_rules(capsys)
    assert (code, message.splitlines()[-1].startswith("1 rule compiled to out")) == (0, True), message
    assert Path("out/a.kql").read_text().splitlines()[3] == f"| where ProcessCommandLine =~ {literal}"
