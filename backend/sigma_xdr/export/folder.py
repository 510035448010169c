"""A folder of compiled rules that mirrors the folder of rules.

A manifest in it names what was written and from which rule. A later run removes what it wrote for a rule that is gone or fails now,
and touches nothing else. Files are written whole or not at all, and never outside the folder: their names come from
the rules' own file names, not from what a rule says of itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["MANIFEST", "OutputFolder"]

MANIFEST = "manifest.json"


class OutputFolder:
    """The folder ``path``, made where it is missing. Raises UsageError if it can't be one, or its manifest isn't ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(Diagnostic("output", f"can't write to {path}: {error.strerror}")) from None
        self._written = self._manifest()

    def _manifest(self) -> dict[str, str]:
        """What earlier runs wrote: the file's name in the folder, and the rule's path."""
        file = self.path / MANIFEST
        try:
            found = json.loads(file.read_bytes())["files"]
            return {str(name): str(rule) for name, rule in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                Diagnostic("output", f"{file} is no manifest of this tool", "delete it, or write to another folder")
            ) from None

    def write(self, files: Mapping[PurePosixPath, tuple[Path, str]], compiled: Iterable[Path]) -> list[str]:
        """Write the files, and remove what is out of date.

        ``files`` maps a name in the folder to the rule that it comes from and its text. ``compiled`` are all paths that were given
        or walked, whether a rule came of them or not: an earlier file of theirs that isn't written now is removed, as is one
        whose rule is no more. Returns the names that were removed, sorted.
        """
        for name, (_, text) in files.items():
            self._write(name, text)
        looked_at = {path.as_posix() for path in compiled}
        names = {name.as_posix() for name in files}
        stale = sorted(
            name
            for name, rule in self._written.items()
            if name not in names and (rule in looked_at or not Path(rule).is_file())
        )
        removed = [name for name in stale if self._remove(PurePosixPath(name))]
        kept = {name: rule for name, rule in self._written.items() if name not in stale}
        self._written = kept | {name.as_posix(): rule.as_posix() for name, (rule, _) in files.items()}
        manifest = {"about": "written by sigma-xdr compile; don't edit", "files": dict(sorted(self._written.items()))}
        self._write(PurePosixPath(MANIFEST), json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        return removed

    def _write(self, name: PurePosixPath, text: str) -> None:
        target = self._inside(name)
        if target is None:
            raise UsageError(Diagnostic("output", f"'{name}' would be written outside of {self.path}"))
        handle, temporary = -1, ""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise UsageError(Diagnostic("output", f"can't write {target}: {error.strerror}")) from None

    def _remove(self, name: PurePosixPath) -> bool:
        """Remove a file of an earlier run, and the folders that it leaves empty."""
        target = self._inside(name)
        if target is None or target.suffix not in (".kql", ".json") or not target.is_file():
            return False
        target.unlink()
        for folder in target.relative_to(self.path).parents:
            if folder == Path() or any((self.path / folder).iterdir()):
                break
            (self.path / folder).rmdir()
        return True

    def _inside(self, name: PurePosixPath) -> Path | None:
        """The path of a name in the folder; None where it, or a link on its way, leads out of it."""
        target = self.path / name
        inside = not name.is_absolute() and ".." not in name.parts
        return target if inside and target.parent.resolve().is_relative_to(self.path.resolve()) else None
