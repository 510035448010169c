from __future__ import annotations

from pathlib import Path

import pytest

from sigma_xdr.drafting.writing import write_all
from sigma_xdr.errors import UsageError


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_all_are_written(tmp_path: Path) -> None:
    (tmp_path / "old.yml").write_text("a\n")
    (tmp_path / "old.yml").chmod(0o640)
    write_all({tmp_path / "x/y/new.yml": "n\n"}, {tmp_path / "old.yml": (b"a\n", "b\n")})
    assert tree(tmp_path) == {"old.yml": "b\n", "x/y/new.yml": "n\n"}
    assert (tmp_path / "old.yml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "x/y/new.yml").stat().st_mode & 0o777 == 0o644


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "old.yml").write_text("a\n")
    (tmp_path / "there.yml").write_text("mine\n")
    with pytest.raises(UsageError) as error:
        write_all(
            {tmp_path / "x/new.yml": "n\n", tmp_path / "there.yml": "n\n"}, {tmp_path / "old.yml": (b"a\n", "b\n")}
        )
    assert str(error.value) == f"error[output]: {tmp_path}/there.yml is there already\n  = nothing is overwritten"
    assert tree(tmp_path) == {"old.yml": "a\n", "there.yml": "mine\n"}
    assert not (tmp_path / "x").exists()


def test_a_file_that_changed_since_it_was_read(tmp_path: Path) -> None:
    for name in ("one.yml", "two.yml"):
        (tmp_path / name).write_text("a\n")
    with pytest.raises(UsageError) as error:
        write_all(
            {tmp_path / "new.yml": "n\n"},
            {tmp_path / "one.yml": (b"a\n", "b\n"), tmp_path / "two.yml": (b"before\n", "b\n")},
        )
    assert str(error.value) == f"error[output]: {tmp_path}/two.yml was changed in the meantime\n  = run it again"
    assert tree(tmp_path) == {"one.yml": "a\n", "two.yml": "a\n"}


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file\n")
    with pytest.raises(UsageError) as error:
        write_all({tmp_path / "new.yml": "n\n", tmp_path / "x/new.yml": "n\n"}, {})
    assert str(error.value) == f"error[output]: {tmp_path}/x is there already\n  = nothing is overwritten"
    assert tree(tmp_path) == {"x": "a file\n"}


def test_a_name_that_no_disk_takes(tmp_path: Path) -> None:
    name = "x" * 300
    with pytest.raises(UsageError) as error:
        write_all({tmp_path / "new.yml": "n\n", tmp_path / name: "n\n"}, {})
    assert (
        str(error.value) == f"error[output]: can't write {tmp_path}/{name}: File name too long\n  = nothing was written"
    )
    assert tree(tmp_path) == {}
