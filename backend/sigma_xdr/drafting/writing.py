"""Several files at one go: all of them are written, or none is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sigma_xdr.errors import Diagnostic, UsageError

__all__ = ["write_all"]


def write_all(new: Mapping[Path, str], changed: Mapping[Path, tuple[bytes, str]]) -> None:
    """Write new files, and files that were read before (what was read, and what is to be written).

    Raises UsageError, and leaves everything as it was: a new file is there already, one that was read has changed since, or the
    disk refuses.
    """
    staged: dict[Path, str] = {}
    undo: list[tuple[Path, bytes | None]] = []
    folders: list[Path] = []
    try:
        for path, text in (*new.items(), *((path, text) for path, (_, text) in changed.items())):
            folders += _missing_folders(path.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
            staged[path] = _staged(path, text)
        for path in new:
            os.link(staged[path], path)  # refuses to overwrite, whoever was faster
            undo.append((path, None))
        for path, (before, _) in changed.items():
            if path.read_bytes() != before:
                raise UsageError(Diagnostic("output", f"{path} was changed in the meantime", "run it again"))
            os.chmod(staged[path], path.stat().st_mode & 0o777)
            undo.append((path, before))
            os.replace(staged[path], path)
    except FileExistsError as error:
        _undo(undo, folders, staged)
        name = error.filename2 or error.filename
        raise UsageError(Diagnostic("output", f"{name} is there already", "nothing is overwritten")) from None
    except OSError as error:
        _undo(undo, folders, staged)
        message = f"can't write {error.filename2 or error.filename}: {error.strerror}"
        raise UsageError(Diagnostic("output", message, "nothing was written")) from None
    except BaseException:
        _undo(undo, folders, staged)
        raise
    for temporary in staged.values():
        Path(temporary).unlink(missing_ok=True)


def _staged(path: Path, text: str) -> str:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    return temporary


def _missing_folders(folder: Path) -> list[Path]:
    """The folders that have to be made for this one, the deepest first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing


def _undo(undo: list[tuple[Path, bytes | None]], folders: list[Path], staged: Mapping[Path, str]) -> None:
    for path, before in reversed(undo):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
    for temporary in staged.values():
        Path(temporary).unlink(missing_ok=True)
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
