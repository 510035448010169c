"""The example changes: each takes a folder with the small pack in it, as of the branch main, and changes its files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import sigma_xdr
from sigma_xdr.review.forms import markdown
from sigma_xdr.review.reviewing import Review, review
from sigma_xdr.review.revisions import BACKEND, Layout

PACK = Path(__file__).with_name("pack")
REPORTS = Path(__file__).with_name("reports")
_COMMIT = re.compile(r"\([0-9a-f]{12}\)")
#: A history that is the same on every machine, whatever its owner's git is set to.
_GIT = {
    "GIT_AUTHOR_NAME": "author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_AUTHOR_DATE": "2026-01-05T12:00:00Z",
    "GIT_COMMITTER_NAME": "author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_COMMITTER_DATE": "2026-01-05T12:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}

OFFICE = "sigma_rules/execution/proc_creation_win_wmic_office_parent.yml"
SHELL = "sigma_rules/remote_execution/proc_creation_win_wmiprvse_shell.yml"
WMIC_COPIES = "sigma_rules/impact/proc_creation_win_wmic_shadowcopy_delete.yml"
POWERSHELL_COPIES = "sigma_rules/impact/proc_creation_win_powershell_shadowcopy_delete.yml"
BURST = "sigma_rules/correlations/correlation_wmic_recon_burst.yml"


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | _GIT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    """A repository with the small pack on the branch main, and a branch change that is as it is."""
    shutil.copytree(PACK, folder)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "the pack")
    git(folder, "checkout", "-q", "-b", "change")
    return folder


def commit(folder: Path, message: str) -> None:
    """All that lies in the folder, committed."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def changed(folder: Path, file: str, before: str, after: str) -> None:
    """Other text in a file."""
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after), "utf-8")


def moved(folder: Path, before: str, after: str) -> None:
    """A file in another place."""
    (folder / after).parent.mkdir(parents=True, exist_ok=True)
    (folder / before).rename(folder / after)


# ------------------------------------------------------------------------------------------------------------ the changes


def a_widened_wildcard(folder: Path) -> None:
    changed(folder, SHELL, r"ParentImage|endswith: '\WmiPrvSE.exe'", "ParentImage|contains: 'WmiPrvSE'")


def a_dropped_filter(folder: Path) -> None:
    changed(folder, SHELL, "    filter_main_ccm:\n        CommandLine|contains: '\\CCM\\SystemTemp\\'\n", "")
    changed(folder, SHELL, "all of selection_* and not 1 of filter_main_*", "all of selection_*")


def a_renamed_field(folder: Path) -> None:
    changed(folder, OFFICE, "- OriginalFileName: 'wmic.exe'", "- Product: 'wmic.exe'")


def a_rule_moved(folder: Path) -> None:
    moved(folder, SHELL, SHELL.replace("remote_execution", "execution"))
    moved(folder, _test(SHELL), _test(SHELL).replace("remote_execution", "execution"))


def a_threshold_lowered(folder: Path) -> None:
    changed(folder, BURST, "gte: 4", "gte: 3")
    changed(folder, _test(BURST), "three in a minute\n      expect: no_match", "three in a minute\n      expect: match")


def two_rules_merged(folder: Path) -> None:
    (folder / POWERSHELL_COPIES).unlink()
    (folder / _test(POWERSHELL_COPIES)).unlink()
    changed(folder, WMIC_COPIES, "title: WMIC Deletes Shadow Copies", "title: WMI Deletes Shadow Copies")
    both = "Image|endswith:\n            - '\\wmic.exe'\n            - '\\powershell.exe'"
    changed(folder, WMIC_COPIES, r"Image|endswith: '\wmic.exe'", both)
    changed(folder, "docs/coverage.yml", "[impact/proc_creation_win_powershell_shadowcopy_delete]", "[]")


def a_level_raised(folder: Path) -> None:
    changed(folder, WMIC_COPIES, "level: medium", "level: critical")


def a_rule_reformatted(folder: Path) -> None:
    changed(
        folder, WMIC_COPIES, "all:\n            - 'shadowcopy'\n            - 'delete'\n", "all: [delete, shadowcopy]\n"
    )


def a_value_that_no_case_shows(folder: Path) -> None:
    changed(
        folder, OFFICE, r"            - '\EXCEL.EXE'", "            - '\\EXCEL.EXE'\n            - '\\POWERPNT.EXE'"
    )


def a_weakened_test(folder: Path) -> None:
    test = _test(SHELL)
    changed(folder, SHELL, "CommandLine|contains: '\\CCM\\SystemTemp\\'", "CommandLine|contains: '-enc'")
    changed(
        folder,
        test,
        "name: an encoded command\n      expect: match",
        "name: an encoded command\n      expect: no_match",
    )
    text = (folder / test).read_text("utf-8")
    start, end = text.index("    - name: Configuration"), text.index("    - name: a person")
    (folder / test).write_text(text[:start] + text[end:], "utf-8")


def a_filter_of_the_site(folder: Path) -> None:
    path = folder / "sigma_rules/filters/scanner.yml"
    path.parent.mkdir()
    path.write_text(
        """title: The Scanner's Own Account
id: 0d9f2f4a-6a8e-4b0e-9a51-5f1d6a0c1e07
description: Leaves out what the scanner does.
logsource:
    category: process_creation
    product: windows
filter:
    rules:
        - 0d9f2f4a-6a8e-4b0e-9a51-5f1d6a0c1e02
    selection:
        CommandLine|startswith: 'cmd.exe /Q /c'
    condition: not selection
""",
        "utf-8",
    )


def a_rule_that_is_wrong(folder: Path) -> None:
    changed(folder, OFFICE, "ParentImage|endswith", "ParentImage|endwith")
    changed(folder, WMIC_COPIES, "CommandLine|contains|all", "ComandLine|contains|all")


def a_pipeline_field_remapped(folder: Path) -> None:
    """The head is the compiler that runs here; what was merged before had another column."""
    package = folder / BACKEND
    here = Path(sigma_xdr.__file__).parent
    for path in sorted(here.rglob("*")):
        name = BACKEND / path.relative_to(here).as_posix()
        if path.is_file() and Layout().wants(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    sources = package / "pipeline" / "log_sources.py"
    today = sources.read_text("utf-8")
    column = '"OriginalFileName": Column("ProcessVersionInfoOriginalFileName")'
    assert column in today
    sources.write_text(
        today.replace(column, '"OriginalFileName": Column("ProcessVersionInfoInternalFileName")'), "utf-8"
    )
    git(folder, "checkout", "-q", "main")
    commit(folder, "the compiler")
    git(folder, "checkout", "-q", "-B", "change")
    sources.write_text(today, "utf-8")


def a_hostile_title(folder: Path) -> None:
    title = (
        "title: '</summary><script>alert(1)</script> | @someone fixes #1 and GH-2 <!-- `` ![x](https://evil.example/x.png) "
        "[click](javascript:alert(1)) $x$ **bold** www.evil.example %0A::error::x'"
    )
    changed(folder, WMIC_COPIES, "title: WMIC Deletes Shadow Copies", title)
    changed(
        folder, WMIC_COPIES, "            - 'shadowcopy'", "            - 'shadowcopy' # ``` </details> @someone ~~~~"
    )
    changed(folder, WMIC_COPIES, r"Image|endswith: '\wmic.exe'", "Image|contains: 'wmic'")
    name = 'name: "other programs"'
    hostile = "name: '@someone </details> ``` #1 | **x**'"
    changed(folder, _test(WMIC_COPIES), name.replace('"', ""), hostile)


CHANGES: tuple[Callable[[Path], None], ...] = (
    a_widened_wildcard,
    a_dropped_filter,
    a_renamed_field,
    a_rule_moved,
    a_threshold_lowered,
    two_rules_merged,
    a_level_raised,
    a_rule_reformatted,
    a_value_that_no_case_shows,
    a_weakened_test,
    a_filter_of_the_site,
    a_rule_that_is_wrong,
    a_pipeline_field_remapped,
    a_hostile_title,
)


def _test(rule: str) -> str:
    return rule.replace("sigma_rules/", "tests/rules/")


# ------------------------------------------------------------------------------------------------------------ the reports


def reviewed(change: Callable[[Path], None], folder: Path) -> Review:
    """The review of a change, made in a new folder."""
    repository(folder)
    change(folder)
    commit(folder, "the change")
    return review("main", "change", here=folder, today=date(2026, 1, 6), sigmahq=False)


def report(found: Review) -> str:
    """The comment; the names of commits are another's each time that the pack is."""
    return _COMMIT.sub("(commit)", markdown(found))


def report_file(change: Callable[[Path], None]) -> Path:
    """Where the report of a change is kept."""
    return REPORTS / f"{change.__name__}.md"
