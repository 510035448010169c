from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.export import OutputFolder

RULES = Path("rules")


def files(**texts: str) -> dict[PurePosixPath, tuple[Path, str]]:
    return {PurePosixPath(f"{name}.kql"): (RULES / f"{name}.yml", text) for name, text in texts.items()}


def held(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_files_and_a_manifest_are_written(tmp_path: Path) -> None:
    OutputFolder(tmp_path / "out").write(
        {PurePosixPath("execution/a.kql"): (RULES / "execution" / "a.yml", "A\n")}, [RULES / "execution" / "a.yml"]
    )
    assert held(tmp_path / "out") == {"execution/a.kql": "A\n"}
    assert (tmp_path / "out" / "manifest.json").read_text() == (
        '{\n "about": "written by sigma-xdr compile; don\'t edit",\n "files": {\n'
        '  "execution/a.kql": "rules/execution/a.yml"\n }\n}\n'
    )


def test_what_a_rule_no_longer_gives_is_removed_with_its_empty_folder(tmp_path: Path) -> None:
    both = files(a="A", b="B") | {PurePosixPath("sub/deep/c.kql"): (RULES / "sub" / "c.yml", "C")}
    looked_at = [RULES / "a.yml", RULES / "b.yml", RULES / "sub" / "c.yml"]
    OutputFolder(tmp_path).write(both, looked_at)
    (tmp_path / "notes.kql").write_text("mine")
    removed = OutputFolder(tmp_path).write(files(a="A2"), looked_at)
    assert removed == ["b.kql", "sub/deep/c.kql"]
    assert held(tmp_path) == {"a.kql": "A2", "notes.kql": "mine"}
    assert not (tmp_path / "sub").exists()


def test_a_run_over_one_rule_leaves_the_others_that_still_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    RULES.mkdir()
    for name in ("a", "b", "c"):
        (RULES / f"{name}.yml").write_text("title: t")
    OutputFolder(Path("out")).write(files(a="A", b="B", c="C"), [RULES / f"{name}.yml" for name in "abc"])
    (RULES / "c.yml").unlink()
    assert OutputFolder(Path("out")).write(files(a="A2"), [RULES / "a.yml"]) == ["c.kql"]
    assert held(Path("out")) == {"a.kql": "A2", "b.kql": "B"}


def test_a_manifest_cannot_make_it_delete_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "victim.kql").write_text("keep")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other.txt").write_text("keep")
    manifest = {
        "files": {"../victim.kql": "gone.yml", str(tmp_path / "victim.kql"): "gone.yml", "other.txt": "gone.yml"}
    }
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
    assert OutputFolder(tmp_path / "out").write({}, []) == []
    assert (tmp_path / "victim.kql").read_text() == "keep"
    assert held(tmp_path / "out") == {"other.txt": "keep"}


@pytest.mark.parametrize("name", ["../up.kql", "/tmp/absolute.kql", "a/../../up.kql"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        OutputFolder(tmp_path / "out").write({PurePosixPath(name): (RULES / "a.yml", "A")}, [])
    assert (
        str(refused.value) == f"error[output]: '{PurePosixPath(name)}' would be written outside of {tmp_path / 'out'}"
    )
    assert held(tmp_path) == {}


def test_a_link_in_the_folder_is_not_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="would be written outside of"):
        OutputFolder(tmp_path / "out").write({PurePosixPath("sub/a.kql"): (RULES / "a.yml", "A")}, [])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    OutputFolder(tmp_path).write(files(a="old"), [RULES / "a.yml"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError) as refused:
        OutputFolder(tmp_path).write(files(a="new"), [RULES / "a.yml"])
    assert str(refused.value) == f"error[output]: can't write {tmp_path / 'a.kql'}: No space left on device"
    assert held(tmp_path) == {"a.kql": "old"}


def test_another_tools_manifest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(UsageError) as refused:
        OutputFolder(tmp_path)
    assert str(refused.value) == (
        f"error[output]: {tmp_path / 'manifest.json'} is no manifest of this tool\n"
        "  = delete it, or write to another folder"
    )


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match=r"can't write to .*out: File exists"):
        OutputFolder(tmp_path / "out")
