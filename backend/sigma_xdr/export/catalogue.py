"""The catalogue page of a pack: every rule with what it is about, where it looks, how it is tested and what it needs.

``python -m sigma_xdr.export.catalogue`` writes ``docs/catalogue.md`` from ``sigma_rules``, ``tests/rules`` and
``docs/coverage.yml``,
which says what ideas and which lines of the founding documents a rule answers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.compiler import CompiledRule, compile_rules
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site_of
from sigma_xdr.rules.documents import read_documents, source_file

__all__ = ["Coverage", "catalogue_page", "load_coverage"]

_LEVELS = ("critical", "high", "medium", "low", "informational")
_TECHNIQUE = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)")
#: How a case's source names the sets of events that were recorded while an attack was run.
_RECORDED = re.compile(
    r"^(?:Security-Datasets|SigmaHQ(?:'s)? regression data|Splunk attack_data|EVTX-to-MITRE-Attack)\b"
)
_PLACEHOLDER = re.compile(r"%([a-z_]+)%")


@dataclass(frozen=True)
class Coverage:
    """What rules answer: ideas, each with its short name and its rules, and lines of the founding documents with theirs."""

    ideas: Mapping[str, tuple[str, tuple[str, ...]]]
    seeds: Mapping[str, tuple[str, ...]]

    def ideas_of(self, rule: str) -> list[str]:
        """The ideas that a rule, by its place in the pack, answers."""
        return [idea for idea, (_, rules) in self.ideas.items() if rule in rules]


def load_coverage(path: Path) -> Coverage:
    """The coverage file. Raises RuleError for one that is no YAML, or not of the form."""
    documents, problems = read_documents(source_file(path, path.read_bytes()))
    if problems or len(documents) != 1:
        raise RuleError(*problems or [Diagnostic("coverage", "the file holds no coverage", file=path.as_posix())])
    [(_, document)] = documents
    odd = [idea for idea, said in document["ideas"].items() if said.keys() != {"what", "rules"}]
    if odd:  # in braces a comma ends a text, and what follows it is another key
        message = f"{', '.join(map(str, odd))}: an idea says what and rules, and nothing else"
        raise RuleError(Diagnostic("coverage", message, "put a text with a comma into quotes", file=path.as_posix()))
    return Coverage(
        {idea: (said["what"], tuple(said["rules"])) for idea, said in document["ideas"].items()},
        {line: tuple(rules) for line, rules in document["seeds"].items()},
    )


def catalogue_page(pack: Path, tests: Path, coverage: Coverage) -> str:
    """The page in Markdown. Raises RuleError for a rule that can't be compiled."""
    rules = load_rules([pack])
    compiled = compile_rules(rules, load_site_of([pack]), check=False)
    return "\n".join(
        [
            "# The pack",
            "",
            "Written by `make catalogue`; a test holds that it is up to date.",
            "",
            *_rules(rules, compiled, tests, coverage),
            "",
            "## Ideas and the rules that answer them",
            "",
            "Tested on recorded events: a case that has to match was recorded where an attack was run (Security-Datasets,",
            "SigmaHQ's regression data, Splunk's attack_data, EVTX-to-MITRE-Attack); else on events that were written for it.",
            "",
            *_table(("idea", "what", "rules", "tested on"), _ideas(coverage, tests)),
            "",
            "## Lines of the founding documents",
            "",
            *_table(("line", "rules"), ((line, _codes(rules)) for line, rules in coverage.seeds.items())),
            "",
        ]
    )


def _rules(rules: RuleSet, compiled: Sequence[CompiledRule], tests: Path, coverage: Coverage) -> Iterator[str]:
    families: dict[str, list[CompiledRule]] = {}
    for each in compiled:
        families.setdefault(each.rule.relative.parent.as_posix(), []).append(each)
    counts = [f"{len(compiled)} rules and correlations in {len(families)} families"]
    silent = sum(not rules.generates(each.rule) for each in compiled)
    yield f"{counts[0]}; {silent} of them only serve correlations."
    for family, members in sorted(families.items()):
        yield from ("", f"## {family.replace('_', ' ')}", "")
        yield from _table(
            ("rule", "level", "table", "ATT&CK", "ideas", "cases", "log source", "needs"),
            (_row(rules, each, tests, coverage) for each in sorted(members, key=_rank)),
        )


def _rank(compiled: CompiledRule) -> tuple[int, str]:
    return _LEVELS.index(compiled.rule.level or "informational"), compiled.rule.title


def _row(rules: RuleSet, compiled: CompiledRule, tests: Path, coverage: Coverage) -> Iterator[str]:
    rule = compiled.rule
    place = rule.relative.with_suffix("").as_posix()
    yield f"**{rule.title}**<br>`{place}`<br>{rule.id}"
    yield rule.level or ""
    yield ", ".join(compiled.tables)
    tags = rule.document.get("tags") or ()
    yield ", ".join(found[1].upper() for tag in tags if (found := _TECHNIQUE.fullmatch(str(tag))))
    yield ", ".join(coverage.ideas_of(place))
    yield _cases(tests / rule.relative)
    yield _log_source(rule)
    yield "; ".join(_needs(rules, compiled))


def _cases(path: Path) -> str:
    """How many cases match and how many don't."""
    cases = _cases_of(path)
    matches = sum(case.get("expect") == "match" for case in cases)
    return f"{matches} match, {len(cases) - matches} don't"


def _cases_of(path: Path) -> list[Mapping[str, Any]]:
    documents, _ = read_documents(source_file(path, path.read_bytes()))
    return [case for _, document in documents for case in document.get("cases", ())]


def _log_source(rule: LoadedRule) -> str:
    source = rule.document.get("logsource")
    if not isinstance(source, Mapping):
        return f"correlation: {rule.document['correlation']['type']}, {rule.document['correlation'].get('timespan')}"
    service = source.get("service")
    return " ".join(str(each) for each in (source.get("category"), service) if each)


def _needs(rules: RuleSet, compiled: CompiledRule) -> Iterator[str]:
    """How it is deployed, and what it asks of the site."""
    if not rules.generates(compiled.rule):
        yield "a correlation: not deployed by itself"
    elif compiled.deployment.near_real_time:
        yield "near-real-time"
    else:
        yield f"every {compiled.deployment.schedule.frequency}"
    if names := sorted(
        {name for text in _texts(compiled.rule.document.get("detection")) for name in _PLACEHOLDER.findall(text)}
    ):
        yield f"site: {', '.join(names)}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if "expand" in str(key).split("|") or isinstance(each, Mapping | list):
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _ideas(coverage: Coverage, tests: Path) -> Iterator[tuple[str, str, str, str]]:
    for idea, (what, rules) in coverage.ideas.items():
        recorded = any(_is_recorded(tests / f"{rule}.yml") for rule in rules)
        yield idea, what, _codes(rules), "recorded events" if recorded else "written events only"


def _is_recorded(path: Path) -> bool:
    return any(
        case.get("expect") == "match" and _RECORDED.search(str(case.get("source") or "")) for case in _cases_of(path)
    )


def _codes(rules: Iterable[str]) -> str:
    return "<br>".join(f"`{rule}`" for rule in rules)


def _table(headings: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield _line(headings)
    yield _line("---" for _ in headings)
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    page = catalogue_page(Path("sigma_rules"), Path("tests/rules"), load_coverage(Path("docs/coverage.yml")))
    Path("docs/catalogue.md").write_text(page, "utf-8")
    sys.stdout.write("docs/catalogue.md written\n")
