"""A side of a review: the files of a git revision, of the work tree or of a folder, copied into a folder of its own.

What a pull request holds is hostile until somebody has looked at it. So nothing is checked out: git only lists names and prints
the bytes of objects, which runs no hook, no filter and no attribute of the repository. What becomes a file here are plain files
with plain names that a review reads; a symbolic link or a submodule is left out with a word about it, and a file that is
too large for what it is gets as large as it takes for its reader to refuse it. The work tree is only ever read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sigma_xdr.errors import Diagnostic, SigmaXdrError, UsageError, visible
from sigma_xdr.rules.documents import MAX_BYTES

__all__ = ["BACKEND", "Layout", "Revision", "open_sides"]

#: Where a repository keeps the compiler that its pack is compiled with, if it has one of its own.
BACKEND = PurePosixPath("backend/sigma_xdr")
_RULES, _TESTS, _DOCS = PurePosixPath("sigma_rules"), PurePosixPath("tests/rules"), PurePosixPath("docs")
#: What is generated there by the installation, and in no revision.
_GENERATED = BACKEND / "kql/checker/language_service"
#: Most files of a side, and most bytes of them. A pack of 1,000 rules has 3,000 files of 20 MB.
_MAX_FILES, _MAX_TOTAL = 50_000, 256 * 2**20
#: Longest that git may take for one answer, in seconds.
_PATIENCE = 120
_PLAIN_FILES = ("100644", "100664", "100755")


@dataclass(frozen=True)
class Layout:
    """Where in a repository the rules, their tests and the pack's papers are; paths from its root. Raises UsageError for others."""

    rules: PurePosixPath = _RULES
    tests: PurePosixPath = _TESTS
    docs: PurePosixPath = _DOCS

    def __post_init__(self) -> None:
        for folder in (self.rules, self.tests, self.docs):
            if not folder.parts or folder.is_absolute() or ".." in folder.parts:
                message = f"'{visible(str(folder))}' is no folder below the repository's root"
                raise UsageError(Diagnostic("usage", message, "name it from the root on: sigma_rules"))

    @property
    def folders(self) -> tuple[PurePosixPath, ...]:
        """All that a review reads."""
        return (self.rules, self.tests, self.docs, BACKEND)

    def wants(self, path: PurePosixPath) -> bool:
        """Whether a review reads a file: YAML of the pack, and the code that compiles it."""
        if any(part in ("", ".", "..", ".git", "__pycache__") for part in path.parts) or path.is_absolute():
            return False
        if path.is_relative_to(BACKEND):
            return path.suffix in (".py", ".js", ".json") and not path.is_relative_to(_GENERATED)
        is_ours = any(path.is_relative_to(folder) for folder in (self.rules, self.tests, self.docs))
        return is_ours and path.suffix.lower() in (".yml", ".yaml")


@dataclass(frozen=True)
class Revision:
    """A side. ``name`` is what the caller calls it, ``commit`` git's name of it (None: a folder); ``root`` holds copies of its
    files. ``left_out`` are warnings about what wasn't copied.
    """

    name: str
    commit: str | None
    root: Path
    left_out: tuple[Diagnostic, ...] = ()

    @property
    def title(self) -> str:
        """The side as a report names it."""
        return f"{self.name} ({self.commit[:12]})" if self.commit else self.name

    @property
    def backend(self) -> str | None:
        """A fingerprint of the side's own compiler; None where it has none."""
        return fingerprint(self.root / BACKEND)


def fingerprint(package: Path) -> str | None:
    """What tells one state of the package's sources from another; None if there are none. Generated files don't count."""
    found = hashlib.sha256()
    layout = Layout()
    names = sorted(
        (BACKEND / path.relative_to(package).as_posix(), path) for path in package.rglob("*") if path.is_file()
    )
    wanted = [(name, path) for name, path in names if layout.wants(name)]
    for name, path in wanted:
        found.update(b"%s\0%s\0" % (os.fsencode(name), hashlib.sha256(path.read_bytes()).digest()))
    return found.hexdigest() if wanted else None


@contextmanager
def open_sides(base: str, head: str | None, layout: Layout, here: Path = Path()) -> Iterator[tuple[Revision, Revision]]:
    """The two sides of a review; their folders are gone afterwards.

    ``base`` and ``head`` each name a revision of the repository around ``here``, else a folder; without a ``head`` it is the work
    tree. Of two revisions the base is where they parted: what others have merged since is no part of the change. Raises
    UsageError for what is neither, and where there are no rules; SigmaXdrError for what can't be read.
    """
    repository = _Repository.around(here)
    with tempfile.TemporaryDirectory(prefix="sigma-xdr-review-") as scratch:
        first, second = Path(scratch, "base"), Path(scratch, "head")
        base_commit = repository.commit(base) if repository else None
        head_commit = repository.commit(head or "HEAD") if repository else None
        if repository and base_commit and head_commit:
            base_commit = repository.fork_point(base_commit, head_commit)
        old = _side(repository, base, base_commit, here, first, layout)
        if head is None and repository is None:
            hint = "run it in the pack's repository, or give two folders: --base DIR --head DIR"
            raise UsageError(Diagnostic("no-repository", "there is no git repository here", hint))
        if head is None and repository is not None:
            new = _of_folder("work tree", repository.root, second, layout)
        else:
            new = _side(repository, head or "", head_commit, here, second, layout)
        for side in (old, new):
            if not (side.root / layout.rules).is_dir():
                message = f"'{visible(side.name)}' has no rules in {layout.rules}"
                raise UsageError(Diagnostic("no-pack", message, "say where they are: --rules DIR"))
        yield old, new


def _side(
    repository: _Repository | None, name: str, commit: str | None, here: Path, target: Path, layout: Layout
) -> Revision:
    if repository is not None and commit is not None:
        return _of_commit(repository, name, commit, target, layout)
    if name and (here / name).is_dir():
        return _of_folder(name, here / name, target, layout)
    if repository is None:
        message = f"'{visible(name)}' is no folder, and there is no git repository here"
        hint = "run it in the pack's repository, or give two folders: --base DIR --head DIR"
        raise UsageError(Diagnostic("no-repository", message, hint))
    message = f"'{visible(name)}' is no revision that git knows, and no folder"
    raise UsageError(Diagnostic("no-revision", message, "fetch it first: git fetch origin"))


# ------------------------------------------------------------------------------------------------------------------ git


@dataclass(frozen=True)
class _Repository:
    """A git repository, asked by its own program."""

    root: Path

    @classmethod
    def around(cls, here: Path) -> _Repository | None:
        """The repository around a folder; None if there is none. Raises UsageError where git isn't there or refuses."""
        try:
            done = _git(here, "rev-parse", "--show-toplevel")
        except FileNotFoundError:
            message = "git isn't installed, or not on the PATH"
            raise UsageError(Diagnostic("no-git", message, "install it: the sides of a review are git's")) from None
        if done.returncode == 0:
            return cls(Path(os.fsdecode(done.stdout.rstrip(b"\n"))))
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not a git repository" in said:
            return None
        raise UsageError(Diagnostic("git", f"git can't read the repository: {_first_line(said)}"))

    def commit(self, revision: str) -> str | None:
        """The commit that a revision names; None where git knows none."""
        if "\0" in revision:
            return None
        done = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.stdout.decode("ascii").strip() if done.returncode == 0 else None

    def fork_point(self, base: str, head: str) -> str:
        """Where two commits parted; the base itself where git knows no such commit, as in a shallow clone."""
        done = _git(self.root, "merge-base", base, head)
        return done.stdout.decode("ascii").strip() if done.returncode == 0 else base

    def listing(self, commit: str, folders: Iterable[PurePosixPath]) -> Iterator[tuple[str, str, int, PurePosixPath]]:
        """Mode, object, size and path of each entry of a commit under some folders."""
        done = _git(self.root, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *map(str, folders))
        if done.returncode:
            raise _unreadable(done)
        for entry in done.stdout.split(b"\0")[:-1]:
            about, _, name = entry.partition(b"\t")
            mode, _, found, size = about.split()
            yield mode.decode(), found.decode(), int(size) if size.isdigit() else 0, PurePosixPath(os.fsdecode(name))

    def objects(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of objects, in order."""
        done = _git(self.root, "cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode("ascii"))
        rest = memoryview(done.stdout)
        for name in names:
            end = bytes(rest[:200]).find(b"\n")
            about = bytes(rest[:end]).split()
            if done.returncode or len(about) != 3:
                message = f"git doesn't have the object {name}: the clone is damaged or partial"
                raise SigmaXdrError(Diagnostic("git", message, "fetch all of it: git fetch --refetch"))
            size = int(about[2])
            yield bytes(rest[end + 1 : end + 1 + size])
            rest = rest[end + 1 + size + 1 :]


def _git(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """git's answer. It asks nobody, takes no lock, and takes names as they are."""
    ours = {
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    try:
        return subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            input=given,
            capture_output=True,
            check=False,
            env=os.environ | ours,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        message = f"git {arguments[0]} gives no answer in {_PATIENCE} seconds"
        raise SigmaXdrError(Diagnostic("git", message, "see whether the repository is whole: git fsck")) from None


def _unreadable(done: subprocess.CompletedProcess[bytes]) -> SigmaXdrError:
    said = _first_line(done.stderr.decode("utf-8", "replace"))
    return SigmaXdrError(Diagnostic("git", f"git can't read the revision: {said}", "fetch all of it: git fetch"))


def _first_line(said: str) -> str:
    return visible(said.strip().partition("\n")[0].removeprefix("fatal: "))[:300] or "it doesn't say why"


def _of_commit(repository: _Repository, name: str, commit: str, target: Path, layout: Layout) -> Revision:
    entries = []
    copy = _Copy(target)
    for mode, found, size, path in repository.listing(commit, layout.folders):
        if not layout.wants(path):
            continue
        if mode in _PLAIN_FILES:
            entries.append((found, size, path))
        else:
            copy.leave_out(path, "a symbolic link" if mode == "120000" else "no plain file")
    small = [(found, path) for found, size, path in entries if size <= MAX_BYTES]
    copy.check(len(entries), sum(min(size, MAX_BYTES) for _, size, _ in entries))
    for (_, path), data in zip(small, repository.objects([found for found, _ in small]), strict=True):
        copy.write(path, data)
    for _, size, path in entries:
        if size > MAX_BYTES:
            copy.write(path, b"", too_large=True)
    return Revision(visible(name), commit, target, tuple(copy.left_out))


# --------------------------------------------------------------------------------------------------------------- folders


def _of_folder(name: str, folder: Path, target: Path, layout: Layout) -> Revision:
    """A folder's own plain files, whatever links lie between them."""
    copy = _Copy(target)
    files: dict[PurePosixPath, Path] = {}
    for top in layout.folders:
        if link := next((part for part in (top, *top.parents) if (folder / part).is_symlink() and part.name), None):
            copy.leave_out(link, "a symbolic link")
            continue
        for where, folders, names in os.walk(folder / top):
            inside = PurePosixPath(Path(where).relative_to(folder).as_posix())
            folders[:] = sorted(each for each in folders if each not in (".git", "__pycache__"))
            for each in sorted(names):
                if layout.wants(inside / each):
                    files[inside / each] = Path(where, each)
    plain = {path: file for path, file in files.items() if _is_plain(file)}
    copy.check(len(plain), sum(min(file.lstat().st_size, MAX_BYTES) for file in plain.values()))
    for path, file in files.items():
        if path not in plain:
            copy.leave_out(path, "a symbolic link" if file.is_symlink() else "no plain file")
            continue
        try:
            handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            copy.leave_out(path, f"unreadable: {error.strerror}")
            continue
        copy.write(path, data, too_large=len(data) > MAX_BYTES)
    return Revision(visible(name), None, target, tuple(copy.left_out))


def _is_plain(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except OSError:
        return False


class _Copy:
    """Plain files in a new folder."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.left_out: list[Diagnostic] = []
        target.mkdir()

    def check(self, files: int, size: int) -> None:
        """Raises SigmaXdrError where there is more than a pack can be."""
        if files > _MAX_FILES or size > _MAX_TOTAL:
            message = f"the revision has {files:,} files of {size:,} bytes, more than a pack's {_MAX_FILES:,} or {_MAX_TOTAL:,}"
            raise SigmaXdrError(Diagnostic("too-large", message, "see what else lies among the rules"))

    def write(self, path: PurePosixPath, data: bytes, too_large: bool = False) -> None:
        """A new file. One that is too large gets empty bytes of that number: whoever reads it says so."""
        try:
            file = self._target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:
                if too_large:
                    stream.truncate(MAX_BYTES + 1)
                else:
                    stream.write(data)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is none that a file can have"
            self.leave_out(path, f"no file here: {reason}")

    def leave_out(self, path: PurePosixPath, why: str) -> None:
        """Note that a path isn't copied."""
        message = f"it is left out of the review: {why}"
        self.left_out.append(Diagnostic("left-out", message, severity="warning", file=os.fspath(path)))
