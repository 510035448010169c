from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import sigma_xdr
from sigma_xdr.errors import SigmaXdrError
from sigma_xdr.review.compiling import Compiled, compile_sides
from sigma_xdr.review.pack import load_pack
from sigma_xdr.review.revisions import BACKEND, Layout, open_sides
from tests.unit.review.packs import ID, rule, write

RULE = {"sigma_rules/impact/a.yml": rule(field="OriginalFileName", value="a.exe")}
HERE = Path(sigma_xdr.__file__).parent
SOURCES = "pipeline/log_sources.py"
OLD_COLUMN = ("ProcessVersionInfoOriginalFileName", "ProcessVersionInfoInternalFileName")


def side(folder: Path, edit: tuple[str, str] | None = None, file: str = SOURCES) -> Path:
    """A pack, and the compiler that runs here, with an edit of its own."""
    write(folder, RULE)
    for path in HERE.rglob("*"):
        name = BACKEND / path.relative_to(HERE).as_posix()
        if path.is_file() and Layout().wants(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    if edit:
        text = (folder / BACKEND / file).read_text("utf-8")
        assert edit[0] in text
        (folder / BACKEND / file).write_text(text.replace(*edit), "utf-8")
    return folder


def compiled(root: Path, trust: str = "base") -> Compiled:
    with open_sides("old", "new", Layout(), root) as sides:
        return compile_sides(sides, (load_pack(sides[0].root), load_pack(sides[1].root)), trust)


def column(queries: object) -> str:
    assert isinstance(queries, dict)
    return next(word for word in OLD_COLUMN if word in queries[ID.format(1)].text)


def test_sides_without_a_compiler_are_compiled_by_the_one_that_runs_here(tmp_path: Path) -> None:
    write(tmp_path / "old", RULE)
    write(tmp_path / "new", RULE)
    found = compiled(tmp_path, "none")
    assert (found.own_compilers, found.unseen) == (False, False)
    assert found.base == found.head


def test_the_base_is_compiled_by_its_own_compiler(tmp_path: Path) -> None:
    side(tmp_path / "old", OLD_COLUMN)
    side(tmp_path / "new")
    found = compiled(tmp_path)
    assert (column(found.base), column(found.head)) == (OLD_COLUMN[1], OLD_COLUMN[0])
    assert (found.own_compilers, found.unseen) == (True, False)


def test_the_heads_compiler_doesnt_run_unless_the_caller_says_so(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    evil = f'import pathlib; pathlib.Path({str(ran)!r}).write_text("x")\n'
    side(tmp_path / "old")
    side(tmp_path / "new", ("from __future__ import annotations\n", f"from __future__ import annotations\n{evil}"))
    for trust in ("none", "base"):
        found = compiled(tmp_path, trust)
        assert (found.own_compilers, found.unseen) == (False, True)
        assert not ran.exists()
    assert compiled(tmp_path, "both").own_compilers
    assert ran.exists()


def test_nobody_elses_compiler_runs_with_trust_in_none(tmp_path: Path) -> None:
    side(tmp_path / "old", OLD_COLUMN)
    side(tmp_path / "new")
    found = compiled(tmp_path, "none")
    assert (column(found.base), column(found.head), found.unseen) == (OLD_COLUMN[0], OLD_COLUMN[0], True)


def test_a_compiler_gets_no_secret_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    spy = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(chr(10).join(os.environ))\n"
    side(tmp_path / "old", ("from __future__ import annotations\n", f"from __future__ import annotations\n{spy}"))
    side(tmp_path / "new")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    compiled(tmp_path)
    kept = {"PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8"}
    assert set(told.read_text().split("\n")) <= kept | {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
    assert "GITHUB_TOKEN" in os.environ


def test_a_compiler_that_fails_is_told_of(tmp_path: Path) -> None:
    side(tmp_path / "old", ("from __future__ import annotations\n", "raise RuntimeError('no \\x1b[31m more')\n"))
    side(tmp_path / "new")
    with pytest.raises(SigmaXdrError) as caught:
        compiled(tmp_path)
    assert str(caught.value) == (
        "error[compiler]: the compiler of old fails on its own rules: RuntimeError: no \\x1b[31m more\n"
        "  = review without its code: --trust none"
    )
