"""The playbook: what an analyst does with an alert, one YAML file a family of rules.

::

    title: Remote execution over WMI
    questions: [Was a change announced for this host at that time?]
    check_first:
        - step: Who started it, and from where?
          query: |
              DeviceLogonEvents
              | where DeviceId == device and LogonType == "Network"
    actions: [Read the account's history of remote commands.]
    escalate: [The source is no host of administrators.]
    contain: [Isolate the target.]
    rules:
        proc_creation_win_impacket_wmiexec:
            questions: [Is a penetration test announced?]

What is said of a rule comes before what is said of its family. A query is KQL that may name ``device``, ``alert_time`` and
``account``: whoever uses it fills them in, in the lines that :attr:`Check.kql` puts before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.places import Key, RuleSource

__all__ = ["Check", "Guidance", "Playbook", "load_playbook"]

#: What a query's names stand for until the analyst fills them in. The local engine runs it with these.
SAMPLES = {"device": '"DEVICE-ID"', "alert_time": "datetime(2026-01-01T12:00:00Z)", "account": '"ACCOUNT"'}
#: Longest line of text, and longest query, in characters.
_LONGEST, _LONGEST_QUERY = 600, 4_000


@dataclass(frozen=True)
class Check:
    """A thing to look at first; ``query`` is KQL without the lines that fill in its names, or None."""

    step: str
    query: str | None = None

    @property
    def kql(self) -> str | None:
        """The whole query, with a line for each name in it that is to be filled in."""
        if self.query is None:
            return None
        lines = [f"let {name} = {sample};" for name, sample in SAMPLES.items() if _names(self.query, name)]
        return "\n".join((*lines, self.query))


@dataclass(frozen=True)
class Guidance:
    """What to ask, to look at first (level 1), to do then (level 2), when to escalate, how to contain."""

    questions: tuple[str, ...] = ()
    check_first: tuple[Check, ...] = ()
    actions: tuple[str, ...] = ()
    escalate: tuple[str, ...] = ()
    contain: tuple[str, ...] = ()

    def before(self, other: Guidance) -> Guidance:
        """All of both, this one's first."""
        return Guidance(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(Guidance)))


@dataclass(frozen=True)
class Playbook:
    """A family's guidance. ``rules`` is what is said of single rules beside it, by their file names without the ending."""

    path: Path
    title: str
    family: Guidance
    rules: Mapping[str, Guidance] = field(default_factory=dict)

    def guidance(self, rule: str) -> Guidance:
        """What to do with an alert of a rule, by the rule's file name without its ending."""
        return self.rules.get(rule, Guidance()).before(self.family)


def load_playbook(folder: Path) -> tuple[dict[str, Playbook], list[Diagnostic]]:
    """The playbooks of a folder by family, which is the file's name without its ending, and the problems of the files.

    Of a file with an error there is none.
    """
    playbooks: dict[str, Playbook] = {}
    problems: list[Diagnostic] = []
    for path in sorted(folder.glob("*.yml")):
        found = _Reader(problems).file(path)
        if found is not None:
            playbooks[path.stem] = found
    return playbooks, problems


def _names(query: str, name: str) -> bool:
    words = "".join(char if char.isalnum() or char == "_" else " " for char in query)
    return name in words.split()


class _Reader:
    """Reads files, and notes their problems."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems

    def file(self, path: Path) -> Playbook | None:
        """The playbook of a file; None if something is wrong with it."""
        before = len(self.problems)
        try:
            documents, found = read_documents(source_file(path, path.read_bytes()))
        except RuleError as error:
            documents, found = [], list(error.diagnostics)
        except OSError as error:
            documents = []
            found = [Diagnostic("unreadable-file", f"it can't be read: {error.strerror}", file=path.as_posix())]
        self.problems += found
        if len(documents) != 1:
            if not found:
                message = f"the file holds {len(documents)} documents; a playbook is one"
                self.problems.append(Diagnostic("playbook", message, "a file a family", file=path.as_posix()))
            return None
        [(source, document)] = documents
        self.source: RuleSource = source
        playbook = self._playbook(path, document)
        return playbook if len(self.problems) == before else None

    def _playbook(self, path: Path, document: Mapping[str, Any]) -> Playbook:
        self._only(document, ("title", *_PARTS, "rules"), ())
        title = self._text(document.get("title"), ("title",), _LONGEST)
        family = self._guidance({key: value for key, value in document.items() if key in _PARTS}, ())
        for part in _PARTS:
            if not document.get(part):
                self._problem(f"'{part}' is missing or empty", f"say it for the family: {_PARTS[part]}", part)
        rules = document.get("rules") or {}
        if not isinstance(rules, Mapping):
            self._problem("'rules' maps rules' file names, without .yml, to what is said of them", None, "rules")
            rules = {}
        return Playbook(path, title, family, {str(name): self._rule(str(name), said) for name, said in rules.items()})

    def _rule(self, name: str, said: Any) -> Guidance:
        if not isinstance(said, Mapping) or not said:
            self._problem(f"what is said of '{name}' is no mapping", f"its keys are {', '.join(_PARTS)}", "rules", name)
            return Guidance()
        self._only(said, tuple(_PARTS), ("rules", name))
        return self._guidance(said, ("rules", name))

    def _only(self, mapping: Mapping[Any, Any], known: tuple[str, ...], keys: tuple[Key, ...]) -> None:
        for key in mapping:
            if key not in known:
                self._problem(f"'{key}' is no key of a playbook", f"they are {', '.join(known)}", *keys, str(key))

    def _guidance(self, said: Mapping[str, Any], keys: tuple[Key, ...]) -> Guidance:
        texts = {
            part: tuple(
                self._text(text, (*keys, part, index), _LONGEST) for index, text in self._list(said, part, keys)
            )
            for part in _PARTS
            if part != "check_first"
        }
        checks = tuple(
            self._check(check, (*keys, "check_first", index)) for index, check in self._list(said, "check_first", keys)
        )
        return Guidance(check_first=checks, **texts)

    def _list(self, said: Mapping[str, Any], part: str, keys: tuple[Key, ...]) -> Iterator[tuple[int, Any]]:
        listed = said.get(part) or []
        if not isinstance(listed, list):
            self._problem(f"'{part}' is no list", "begin each entry with a dash", *keys, part)
            return
        yield from enumerate(listed)

    def _check(self, check: Any, keys: tuple[Key, ...]) -> Check:
        if not isinstance(check, Mapping):
            self._problem("a check has a 'step', and mostly a 'query'", None, *keys)
            return Check("")
        self._only(check, ("step", "query"), keys)
        step = self._text(check.get("step"), (*keys, "step"), _LONGEST)
        query = check.get("query")
        return Check(step, None if query is None else self._text(query, (*keys, "query"), _LONGEST_QUERY, True))

    def _text(self, text: Any, keys: tuple[Key, ...], longest: int, lines: bool = False) -> str:
        if not isinstance(text, str) or not text.strip():
            self._problem(
                f"'{keys[-1]}' is no text" if isinstance(keys[-1], str) else "an entry is no text", None, *keys
            )
            return ""
        if len(text) > longest or (not lines and "\n" in text.strip()):
            self._problem(f"the text is longer than {longest} characters, or than a line", "shorten or split it", *keys)
        return text.rstrip() if lines else text.strip()

    def _problem(self, message: str, hint: str | None, *keys: Key) -> None:
        self.problems.append(self.source.diagnostic("playbook", message, hint, *keys))


#: The parts of guidance, with what each says.
_PARTS = {
    "questions": "what to ask",
    "check_first": "what to look at first, with queries",
    "actions": "what level 2 does",
    "escalate": "when to escalate",
    "contain": "how to contain it",
}
