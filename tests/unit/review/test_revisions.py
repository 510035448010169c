from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from sigma_xdr.errors import SigmaXdrError, UsageError
from sigma_xdr.review.revisions import BACKEND, Layout, fingerprint, open_sides
from sigma_xdr.rules.documents import MAX_BYTES
from tests.review.examples.histories import commit, git
from tests.unit.review.packs import rule, write

RULE = "sigma_rules/impact/a.yml"


def repository(folder: Path) -> Path:
    write(folder, {RULE: rule()})
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    return folder


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def wrong(base: str, head: str | None, here: Path, layout: Layout | None = None) -> str:
    with pytest.raises(SigmaXdrError) as caught, open_sides(base, head, layout or Layout(), here):
        pass
    return f"{caught.value.exit_code}: {caught.value}"


def test_a_revision_and_the_work_tree(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    write(here, {RULE: rule(level="low"), "sigma_rules/impact/new.yml": rule(2), "README.md": "x", "tests/x.yml": "x"})
    with open_sides("main", None, Layout(), here) as (old, new):
        assert files(old.root) == [RULE]
        assert (old.root / RULE).read_text() == rule()
        assert files(new.root) == [RULE, "sigma_rules/impact/new.yml"]
        assert (new.root / RULE).read_text() == rule(level="low")
        assert old.title == f"main ({git(here, 'rev-parse', 'main')[:12]})"
        assert (new.title, old.left_out, new.left_out) == ("work tree", (), ())
        kept = old.root
    assert not kept.exists()


def test_nothing_of_the_work_tree_is_touched(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    (here / RULE).write_text("changed")
    before = git(here, "status", "--porcelain"), sorted(os.listdir(here / ".git"))
    with open_sides("main", "main", Layout(), here):
        pass
    assert (git(here, "status", "--porcelain"), sorted(os.listdir(here / ".git"))) == before


def test_the_base_is_where_the_two_parted(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    git(here, "checkout", "-q", "-b", "change")
    write(here, {"sigma_rules/impact/mine.yml": rule(2)})
    commit(here, "mine")
    git(here, "checkout", "-q", "main")
    write(here, {"sigma_rules/impact/theirs.yml": rule(3)})
    commit(here, "theirs")
    with open_sides("main", "change", Layout(), here) as (old, new):
        assert files(old.root) == [RULE]
        assert files(new.root) == [RULE, "sigma_rules/impact/mine.yml"]


def test_without_a_common_past_the_base_is_taken_as_it_is(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    git(here, "checkout", "-q", "--orphan", "other")
    write(here, {"sigma_rules/impact/other.yml": rule(2)})
    commit(here, "other")
    with open_sides("main", "other", Layout(), here) as (old, _):
        assert files(old.root) == [RULE]


def test_two_folders_need_no_git(tmp_path: Path) -> None:
    write(tmp_path / "old", {RULE: rule()})
    write(tmp_path / "new", {RULE: rule(level="low")})
    with open_sides("old", "new", Layout(), tmp_path) as (old, new):
        assert (old.title, new.title) == ("old", "new")
        assert (new.root / RULE).read_text() == rule(level="low")


def test_a_repository_is_found_from_a_folder_in_it(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    with open_sides("main", None, Layout(), here / "sigma_rules" / "impact") as (_, new):
        assert files(new.root) == [RULE]


def test_other_folders_can_be_the_packs(tmp_path: Path) -> None:
    write(tmp_path / "old", {"detections/a.yml": rule(), RULE: rule()})
    layout = Layout(PurePosixPath("detections"), PurePosixPath("checks"))
    with open_sides("old", "old", layout, tmp_path) as (old, _):
        assert files(old.root) == ["detections/a.yml"]


# ----------------------------------------------------------------------------------------------------------- wrong calls


@pytest.mark.parametrize("folder", ["/etc", "../elsewhere", ".", "a/../../b"])
def test_folders_outside_of_the_repository(folder: str) -> None:
    with pytest.raises(UsageError) as caught:
        Layout(PurePosixPath(folder))
    assert str(caught.value) == (
        f"error[usage]: '{folder}' is no folder below the repository's root\n  = name it from the root on: sigma_rules"
    )


def test_an_unknown_revision(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    said = (
        "3: error[no-revision]: '{}' is no revision that git knows, and no folder\n  = fetch it first: git fetch origin"
    )
    for name in ("nowhere", "", "--help", "-x", "main..main", "main:sigma_rules", "@{", "a\nb"):
        assert wrong(name, None, here) == said.format(name.replace("\n", "\\n"))
    assert wrong("main", "nowhere", here) == said.format("nowhere")
    assert wrong("a\0b", None, here) == said.format("a\\x00b")


def test_no_repository(tmp_path: Path) -> None:
    hint = "\n  = run it in the pack's repository, or give two folders: --base DIR --head DIR"
    said = f"3: error[no-repository]: 'main' is no folder, and there is no git repository here{hint}"
    assert wrong("main", None, tmp_path) == said
    write(tmp_path / "old", {RULE: rule()})
    assert wrong("old", None, tmp_path) == f"3: error[no-repository]: there is no git repository here{hint}"


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "3: error[no-git]: git isn't installed, or not on the PATH\n  = install it: the sides of a review are git's"
    assert wrong("main", None, tmp_path) == said


def test_a_side_without_a_pack(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    git(here, "rm", "-q", "-r", "sigma_rules")
    git(here, "commit", "-q", "--allow-empty", "-m", "none")
    said = "3: error[no-pack]: '{}' has no rules in sigma_rules\n  = say where they are: --rules DIR"
    assert wrong("main~1", None, here) == said.format("work tree")
    git(here, "checkout", "-q", "-b", "change")
    write(here, {RULE: rule()})
    commit(here, "again")
    assert wrong("main", "change", here) == said.format("main")


def test_an_object_that_is_missing(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    found = git(here, "rev-parse", f"main:{RULE}")
    (here / ".git" / "objects" / found[:2] / found[2:]).unlink()
    said = f"2: error[git]: git doesn't have the object {found}: the clone is damaged or partial"
    assert wrong("main", None, here) == f"{said}\n  = fetch all of it: git fetch --refetch"


# -------------------------------------------------------------------------------------------------------- hostile revisions


def test_links_and_submodules_are_left_out(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    secret = tmp_path / "secret.yml"
    secret.write_text("a secret")
    (here / "sigma_rules/impact/link.yml").symlink_to(secret)
    (here / "sigma_rules/folder").symlink_to(tmp_path)
    commit(here, "links")
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{git(here, 'rev-parse', 'main')},sigma_rules/module.yml")
    git(here, "commit", "-q", "-m", "module")
    with open_sides("main", None, Layout(), here) as (old, new):
        assert files(old.root) == files(new.root) == [RULE]
        shown = [problem.render() for problem in old.left_out]
        assert shown == [
            "sigma_rules/impact/link.yml: warning[left-out]: it is left out of the review: a symbolic link",
            "sigma_rules/module.yml: warning[left-out]: it is left out of the review: no plain file",
        ]
        assert [problem.render() for problem in new.left_out] == shown[:1]


def test_a_pack_that_is_a_link_is_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    (here / "sigma_rules").rename(tmp_path / "elsewhere")
    (here / "sigma_rules").symlink_to(tmp_path / "elsewhere")
    said = "3: error[no-pack]: 'work tree' has no rules in sigma_rules\n  = say where they are: --rules DIR"
    assert wrong("main", None, here) == said


def test_a_pipe_doesnt_make_it_wait(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    os.mkfifo(here / "sigma_rules/pipe.yml")
    with open_sides("main", None, Layout(), here) as (_, new):
        assert files(new.root) == [RULE]
        assert [problem.message for problem in new.left_out] == ["it is left out of the review: no plain file"]


def test_a_tree_with_names_that_lead_elsewhere_stays_in_its_folder(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    blob = git(here, "rev-parse", f"main:{RULE}")

    def tree(*entries: tuple[str, str, str]) -> str:
        data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(found) for mode, name, found in entries)
        done = subprocess.run(
            ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
            cwd=here,
            input=data,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    up = tree(("100644", "evil.yml", blob))
    rules = tree(("40000", "..", up), ("40000", ".git", up), ("100644", "a.yml", blob), ("100644", "a.yml", blob))
    top = tree(("40000", "..", up), ("40000", "sigma_rules", rules))
    hostile = git(here, "commit-tree", top, "-m", "hostile")
    with open_sides(hostile, hostile, Layout(), here) as (old, _):
        assert files(old.root) == ["sigma_rules/a.yml"]
        assert files(old.root.parent) == ["base/sigma_rules/a.yml", "head/sigma_rules/a.yml"]
        said = "it is left out of the review: no file here: File exists"
        assert [problem.message for problem in old.left_out] == [said]


def test_odd_names_are_taken_as_they_are(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    names = ["sigma_rules/a b.yml", "sigma_rules/a\nb.yml", "sigma_rules/:(top)x.yml", 'sigma_rules/"q".yml']
    write(here, dict.fromkeys(names, "x"))
    Path(os.fsdecode(os.fsencode(here) + b"/sigma_rules/\xff.yml")).write_text("x")
    commit(here, "names")
    with open_sides("main", None, Layout(), here) as (old, new):
        assert files(old.root) == files(new.root) == sorted([RULE, *names, os.fsdecode(b"sigma_rules/\xff.yml")])


def test_a_huge_file_is_as_large_as_it_takes_to_be_refused(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    (here / "sigma_rules/huge.yml").write_bytes(b"a" * (20 * MAX_BYTES))
    commit(here, "huge")
    with open_sides("main", None, Layout(), here) as (old, new):
        for side in (old, new):
            assert (side.root / "sigma_rules/huge.yml").stat().st_size == MAX_BYTES + 1


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    blob = git(here, "rev-parse", f"main:{RULE}")
    index = "".join(f"100644 {blob}\tsigma_rules/{number}.yml\n" for number in range(50_001))
    subprocess.run(["git", "update-index", "--index-info"], cwd=here, input=index, text=True, check=True)
    git(here, "commit", "-q", "-m", "many")
    said = wrong("main", "main", here)
    assert said.startswith("2: error[too-large]: the revision has 50,002 files of ")


def test_filters_and_hooks_of_the_repository_dont_run(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    trace = tmp_path / "ran"
    write(here, {".gitattributes": "*.yml filter=evil export-subst\n"})
    commit(here, "attributes")
    git(here, "config", "filter.evil.smudge", f"touch {trace}; cat")
    git(here, "config", "filter.evil.clean", f"touch {trace}; cat")
    git(here, "config", "core.fsmonitor", f"touch {trace}")
    with open_sides("main", None, Layout(), here) as (old, _):
        assert (old.root / RULE).read_text() == rule()
    assert not trace.exists()


# -------------------------------------------------------------------------------------------------------- fingerprints


def test_a_compilers_fingerprint_is_of_its_sources(tmp_path: Path) -> None:
    sources = {"kql/a.py": "a", "schema/data/t.json": "{}", "kql/checker/outline.js": "x"}
    one, two = (write(tmp_path / name, sources) for name in ("one", "two"))
    write(
        two, {"kql/checker/language_service/bridge.min.js": "generated", "kql/__pycache__/a.pyc": "x", "note.txt": "x"}
    )
    assert fingerprint(one) == fingerprint(two)
    write(two, {"kql/a.py": "b"})
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(tmp_path / "none") is None


def test_a_side_has_the_fingerprint_of_its_own_compiler(tmp_path: Path) -> None:
    here = repository(tmp_path / "r")
    write(here / BACKEND, {"kql/a.py": "a", "kql/checker/language_service/x.js": "generated"})
    commit(here, "compiler")
    (here / BACKEND / "kql/a.py").write_text("b")
    with open_sides("main", None, Layout(), here) as (old, new):
        assert new.backend == fingerprint(here / BACKEND)
        assert old.backend not in (None, new.backend)
    shutil.rmtree(here / BACKEND)
    with open_sides("main", None, Layout(), here) as (_, new):
        assert new.backend is None
