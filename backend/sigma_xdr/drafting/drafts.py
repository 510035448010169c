"""The texts of a new rule: its file, its test file, and what its family's playbook and the list of ideas say of it.

What can be known is written, so that SigmaHQ's validators and the pack's lints have nothing to say of it; what only a person
knows says TODO, which ``sigma-xdr test`` and ``sigma-xdr lint`` name with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

from sigma_xdr.drafting.additions import with_entry, with_item
from sigma_xdr.drafting.fixtures import Fixture
from sigma_xdr.drafting.layout import block, scalar
from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.pipeline import REFUSED, LogSource, Lost, log_sources
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.loaded import load_bytes
from sigma_xdr.rules.todos import TODO
from sigma_xdr.schema import nearest

__all__ = ["LEVELS", "Draft", "DraftRequest", "category_of", "draft_rule", "families"]

LEVELS = ("informational", "low", "medium", "high", "critical")
#: Folders of a pack whose files no draft is made of.
_OTHERS = ("correlations", "filters", "playbook", "sites")
#: How the names of files begin, by log source, as SigmaHQ has them.
_PREFIXES = {
    "process_creation": "proc_creation_win_",
    "network_connection": "net_connection_win_",
    "process_access": "proc_access_win_",
    "image_load": "image_load_win_",
    "pipe_created": "pipe_created_win_",
    "wmi_event": "sysmon_wmi_",
    "security": "win_security_",
    "registry_rename": "registry_event_rename_",
}
#: The longest name of a rule's file, without its ending: SigmaHQ's limit.
_LONGEST = 86
_TITLE = 110
#: Words that SigmaHQ's titles keep small.
_SMALL = frozenset(("a an and as at by for from in new of on or over the through to via with without").split())  # noqa: SIM905
_IDEA = re.compile(r"([A-Z][0-9]{2})(?::\s*(\S.*))?")
#: Fields that a draft's selection begins with, the first that the log source has, and what their values look like.
_FIRST = (
    ("Image", "endswith", "\\{}.exe"),
    ("SourceImage", "endswith", "\\{}.exe"),
    ("TargetFilename", "endswith", "\\{}"),
)
#: For log sources whose rules are about something else than the process.
_OBJECTS = {
    "registry": ("TargetObject", "endswith", "\\{}"),
    "image_load": ("ImageLoaded", "endswith", "\\{}.dll"),
    "driver_load": ("ImageLoaded", "endswith", "\\{}.sys"),
    "file": ("TargetFilename", "endswith", "\\{}"),
    "pipe_created": ("PipeName", "endswith", "\\{}"),
    "dns_query": ("QueryName", "endswith", ".{}"),
    "process_creation": ("CommandLine", "contains", "{}"),
    "process_access": ("TargetImage", "endswith", "\\lsass.exe"),  # the only one that Defender records
    "create_remote_thread": ("TargetImage", "endswith", "\\{}.exe"),
    "wmi_event": ("Consumer", "contains", "{}"),
}


@dataclass(frozen=True)
class DraftRequest:
    """What a person says of a new rule. ``technique`` is like T1047 or T1059.001; ``idea`` is the id of one in docs/coverage.yml
    (``C05``), or a new one with what it is (``C31: WMI writes a scheduled task``). ``name`` is the file's name behind its prefix;
    without one it is made of the title. ``pack`` is the folder of rules, ``tests`` that of their test files.
    """

    family: str
    category: str
    title: str
    author: str
    level: str
    technique: str
    pack: Path
    tests: Path
    day: date
    id: UUID
    idea: str | None = None
    name: str | None = None
    fixture: Fixture | None = None


@dataclass(frozen=True)
class Draft:
    """The texts, not yet written: new files, and files that were read and change. ``rule`` is the rule's path."""

    rule: Path
    new: Mapping[Path, str] = field(default_factory=dict)
    changed: Mapping[Path, tuple[bytes, str]] = field(default_factory=dict)


def families(pack: Path) -> list[str]:
    """The families of a pack: its folders of rules."""
    folders = (path for path in pack.iterdir() if path.is_dir()) if pack.is_dir() else ()
    return sorted(path.name for path in folders if path.name not in _OTHERS and not path.name.startswith("."))


def category_of(fixture: Fixture) -> str | None:
    """The log source that an event is of, if one alone is likely."""
    for name, source in log_sources().items():
        if source.table == fixture.table and fixture.row.get("ActionType") in source.action_types:
            return name
    return next(
        (name for name, source in log_sources().items() if source.table == fixture.table and not source.action_types),
        None,
    )


def draft_rule(request: DraftRequest) -> Draft:
    """The texts of a new rule. Raises UsageError with all that is wrong with the request, or with what is there already."""
    problems = list(_problems(request))
    if problems:
        raise UsageError(*problems)
    source = log_sources()[request.category]
    name = _file_name(request)
    rule, cases = (folder / request.family / f"{name}.yml" for folder in (request.pack, request.tests))
    for path in (rule, cases):
        if path.exists():
            raise UsageError(Diagnostic("draft", f"{path.as_posix()} is there already", "choose another name: --name"))
    rule_text, cases_text = _rule_text(request, source), _cases_text(request, source)
    _check(rule, cases, rule_text, cases_text)
    changed = {}
    playbook = request.pack / "playbook" / f"{request.family}.yml"
    said = {"questions": [f"{TODO}: what does an analyst ask first about this alert?"]}
    changed[playbook] = _changed(playbook, lambda text: with_entry(playbook, text, ("rules",), name, said))
    if request.idea:
        coverage = request.pack.parent / "docs" / "coverage.yml"
        changed[coverage] = _changed(coverage, lambda text: _with_idea(coverage, text, request, name))
    return Draft(rule, {rule: rule_text, cases: cases_text}, changed)


# ------------------------------------------------------------------------------------------------------------ what is wrong


def _problems(request: DraftRequest) -> Iterator[Diagnostic]:
    known = families(request.pack)
    if request.family not in known:
        like = nearest(request.family, known, 1)
        hint = f"did you mean {like[0]}?" if like else f"they are {', '.join(known)}"
        yield _wrong(f"the pack has no family '{_shown(request.family)}'", hint)
    elif not (request.pack / request.family).resolve().is_relative_to(request.pack.resolve()):
        yield _wrong(f"the family '{request.family}' is a link that leaves the pack", "put its rules into the pack")
    if request.category in REFUSED:
        yield _wrong(
            f"Defender can't answer '{request.category}': {REFUSED[request.category]}",
            "list the others: sigma-xdr fields",
        )
    elif request.category not in log_sources():
        like = nearest(request.category, log_sources(), 1)
        hint = f"did you mean {like[0]}?" if like else "list them: sigma-xdr fields"
        yield _wrong(f"'{_shown(request.category)}' is no log source that Defender's tables answer", hint)
    else:
        yield from _wrong_fixture(request, log_sources()[request.category])
    yield from _wrong_title(request.title)
    if request.level not in LEVELS:
        yield _wrong(f"there is no level '{_shown(request.level)}'", f"it is one of {', '.join(LEVELS)}")
    if request.technique.upper() not in _techniques():
        yield _wrong(f"ATT&CK has no technique '{_shown(request.technique)}'", "write it like T1047 or T1059.001")
    if not request.author.strip() or not request.author.isprintable():
        yield _wrong("the author is one line of text", "say who wrote it: --author")
    if request.name is not None and not re.fullmatch(r"[a-z0-9_]{3,60}", request.name):
        yield _wrong(f"'{_shown(request.name)}' is no name of a rule's file", "up to 60 small letters, digits and _")
    if request.idea is not None and not _IDEA.fullmatch(request.idea):
        yield _wrong(
            f"'{_shown(request.idea)}' is no idea",
            "give its id, C05, or a new one with what it is: 'C31: WMI does this'",
        )


def _wrong_title(title: str) -> Iterator[Diagnostic]:
    if not title.strip() or not title.isprintable() or len(title) > _TITLE or title != title.strip():
        yield _wrong(f"a title is one line of up to {_TITLE} characters", "say in a few words what happens")
        return
    if title.lower().startswith(("detect ", "detects ")):
        yield _wrong("a title doesn't begin with 'Detects'", f"write: {title.partition(' ')[2]}")
    if title.endswith("."):
        yield _wrong("a title has no full stop", f"write: {title.rstrip('.')}")
    cased = " ".join(map(_cased, title.split(" ")))
    if cased != title:
        yield _wrong("a title is in Title Case", f"write: {cased}")


def _cased(word: str) -> str:
    plain = word.islower() and word not in _SMALL and not any(char in word for char in "._/") and not word[0].isdigit()
    return word[:1].upper() + word[1:] if plain else word


def _wrong_fixture(request: DraftRequest, source: LogSource) -> Iterator[Diagnostic]:
    fixture = request.fixture
    if fixture is None:
        return
    if fixture.kind == "raw" and _is_defenders(request.category):
        yield _wrong(
            f"rules on {request.category} read rows, the event is a record of Windows", "give a row, or a hit of a hunt"
        )
    elif fixture.table != source.table:
        what = f"is of {fixture.table}" if fixture.table else "becomes no row of Defender's"
        like = category_of(fixture)
        yield _wrong(
            f"the event {what}, {request.category} is {source.table}", f"did you mean {like}?" if like else None
        )


def _wrong(message: str, hint: str | None) -> Diagnostic:
    return Diagnostic("draft", message, hint)


def _shown(text: str) -> str:
    return text[:60]


@cache
def _techniques() -> Mapping[str, list[str]]:
    """The tactics of each of ATT&CK's techniques."""
    text = files("sigma_xdr.review").joinpath("lints/data/attack.18.json").read_text("utf-8")
    techniques: dict[str, list[str]] = json.loads(text)["techniques"]
    return techniques


# -------------------------------------------------------------------------------------------------------------------- texts


def _file_name(request: DraftRequest) -> str:
    prefix = _PREFIXES.get(request.category)
    if prefix is None:
        windows = _is_defenders(request.category) or request.category.startswith("registry_")
        prefix = f"{request.category}_" if windows else f"{request.category}_win_"
    words = request.name or re.sub(r"[^a-z0-9]+", "_", request.title.lower()).strip("_")
    while len(prefix) + len(words) > _LONGEST:
        words = words.rpartition("_")[0] or words[: _LONGEST - len(prefix)]
    return prefix + words


def _is_defenders(category: str) -> bool:
    return category.endswith("_events")


def _rule_text(request: DraftRequest, source: LogSource) -> str:
    tactics = _techniques()[request.technique.upper()]
    own = request.family.replace("_", "-")
    tactic = own if own in tactics else tactics[0]
    log_source = {"category": request.category, "product": "windows"}
    if request.category == "security":
        log_source = {"product": "windows", "service": "security"}
    elif _is_defenders(request.category):
        log_source = {**log_source, "service": "defender-xdr"}
    lines = [
        f"title: {scalar(request.title)}",
        f"id: {request.id}",
        "status: experimental",
        "description: |",
        f"    Detects {TODO}: what happens, who does it and why, what it looks like, and what is not seen.",
        "references:",
        f"    - {scalar(f'{TODO}: the report, tool or documentation that it was written from')}",
        f"author: {scalar(request.author.strip())}",
        f"date: {request.day.isoformat()}",
        *block({"tags": [f"attack.{tactic}", f"attack.{request.technique.lower()}"]}, 0),
        *block({"logsource": log_source}, 0),
        "detection:",
        *_detection(request, source),
        "falsepositives:",
        f"    - {scalar(f'{TODO}: software or work that does the same')}",
        f"level: {request.level}",
    ]
    return "\n".join(lines) + "\n"


def _detection(request: DraftRequest, source: LogSource) -> Iterator[str]:
    """Selections to begin with: the program that the event names, and what else is asked for."""
    row = request.fixture.row if request.fixture else {}
    if _is_defenders(request.category):
        yield "    selection:"
        yield f"        ActionType|cased: {_quoted(str(row.get('ActionType') or TODO))}"
        yield "    condition: selection"
        return
    if request.category == "security":
        yield from ("    selection:", "        EventID: 4624", f"        TargetUserName: '{TODO}'")
        yield "    condition: selection"
        return
    chosen = [each for each in (*_FIRST, _object(request.category)) if each and _has(source, each[0])]
    first, last = chosen[0], chosen[-1]
    program = row.get("FileName" if request.category == "process_creation" else "InitiatingProcessFileName")
    of_program = first[0].endswith("Image")
    name = "selection_img" if of_program else "selection_object"
    yield from _selection(name, first, f"\\{program}" if of_program and program else None)
    if last is not first:
        yield from _selection("selection_what", last, None)
        name = "all of selection_*"
    yield f"    condition: {name}"


def _object(category: str) -> tuple[str, str, str] | None:
    return _OBJECTS.get(category) or next(
        (_OBJECTS[kind] for kind in ("registry", "file") if category.startswith(f"{kind}_")), None
    )


def _has(source: LogSource, name: str) -> bool:
    return name in source.fields and not isinstance(source.fields[name], Lost)


def _selection(name: str, asked: tuple[str, str, str], value: str | None) -> Iterator[str]:
    what, modifier, form = asked
    yield f"    {name}:"
    yield f"        {what}|{modifier}: {_quoted(value if value is not None else form.format(TODO))}"


def _quoted(text: str) -> str:
    """A value of a detection, in the quotes that SigmaHQ writes. What a wildcard would be is meant as itself."""
    escaped = re.sub(r"([*?])", r"\\\1", text)
    return "'" + escaped.replace("'", "''") + "'" if escaped.isprintable() else scalar(escaped)


def _cases_text(request: DraftRequest, source: LogSource) -> str:
    lines = ["cases:"]
    fixture = request.fixture
    if fixture:
        lines += _case(f"{TODO}: what happens", "match", f"{TODO}: where it was recorded; names are replaced")
        lines += block({fixture.kind: dict(fixture.data)}, 6)
    else:
        lines += _case(f"{TODO}: what happens, as it was recorded", "match", f"{TODO}: where it was recorded")
        lines += block({"event": _sample(source)}, 6)
    lines += _case(f"{TODO}: what comes near and isn't it", "no_match", "written for this test")
    lines += block({"event": _sample(source)}, 6)
    return "\n".join(lines) + "\n"


def _case(name: str, expect: str, source: str) -> list[str]:
    return [f"    - name: {scalar(name)}", f"      expect: {expect}", f"      source: {scalar(source)}"]


def _sample(source: LogSource) -> dict[str, str]:
    """A row to be overwritten: a value in a column that every table has."""
    column = "ProcessCommandLine" if source.table == "DeviceProcessEvents" else "DeviceName"
    if source.table.startswith(("Identity", "CloudApp")):
        column = "AccountDisplayName"
    return {column: TODO}


def _with_idea(path: Path, text: str, request: DraftRequest, name: str) -> str:
    found = _IDEA.fullmatch(request.idea or "")
    idea, what = found.groups() if found else ("", None)
    if what:
        entry = {"what": what, "rules": [f"{request.family}/{name}"]}
        return with_entry(path, text, ("ideas",), idea, entry)
    return with_item(path, text, ("ideas", idea, "rules"), f"{request.family}/{name}")


def _changed(path: Path, change: Any) -> tuple[bytes, str]:
    try:
        before = path.read_bytes()
        text = before.decode("utf-8")
    except OSError as error:
        message = f"{path.as_posix()} can't be read: {error.strerror}"
        raise UsageError(Diagnostic("draft", message, "a family has a playbook; write it first")) from None
    except UnicodeDecodeError:
        raise UsageError(Diagnostic("draft", f"{path.as_posix()} isn't UTF-8", "save it as UTF-8")) from None
    return before, change(text)


def _check(rule: Path, cases: Path, rule_text: str, cases_text: str) -> None:
    """A draft that couldn't be read is none. Raises UsageError."""
    _, problems = load_bytes(rule, Path(rule.name), rule_text.encode("utf-8", "replace"))
    _, found = read_documents(source_file(cases, cases_text.encode("utf-8", "replace")))
    wrong = [problem for problem in (*problems, *found) if problem.severity == "error"]
    if wrong:
        raise UsageError(*wrong)
