"""What the rules of a pack are compiled to, as plain data.

Run as a program it does the same with the package that it finds first, another revision's: it uses only what each revision of the
package has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sigma_xdr.errors import RuleError
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.rules import LoadedRule, RuleSet, load_rules, load_site_of

__all__ = ["Query", "key_of", "queries_of"]


@dataclass(frozen=True)
class Query:
    """A compiled rule: its text without a header, and what deploying it needs. ``generates``: it alerts by itself.

    ``problem`` says why there is no text, the other facts are empty then; ``warnings`` what deserves a look.
    """

    text: str = ""
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    frequency: str = ""
    lookback: str = ""
    near_real_time: bool = False
    obstacles: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    generates: bool = True
    warnings: tuple[str, ...] = ()
    problem: str | None = None

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Query:
        """A query from its plain data."""
        facts: dict[str, Any] = {k: tuple(each) if isinstance(each, list) else each for k, each in data.items()}
        return cls(**facts)


def key_of(rule: LoadedRule) -> str:
    """What a rule is known by in every revision: its id; its file and number in it where it has none."""
    return rule.id or f"{rule.relative.as_posix()}:{rule.source.index + 1}"


def queries_of(
    rules: RuleSet, site: Mapping[str, tuple[str, ...]], filters: Sequence[LoadedRule] = ()
) -> dict[str, Query]:
    """The queries of the rules and correlations of a set, by their keys; with the filters put on."""
    compiler = Compiler(rules, site, filters, check=False)
    return {key_of(rule): _query(compiler, rules, rule) for rule in (*rules.rules, *rules.correlations)}


def _query(compiler: Compiler, rules: RuleSet, rule: LoadedRule) -> Query:
    try:
        facts = compiler.compile(rule).as_data()
    except RuleError as error:
        return Query(problem="; ".join(problem.message for problem in error.diagnostics))
    return Query(
        text=facts["query"],
        tables=tuple(facts["tables"]),
        columns=tuple(facts["columns"]),
        frequency=facts["schedule"]["frequency"],
        lookback=facts["schedule"]["lookback"],
        near_real_time=facts["near_real_time"],
        obstacles=tuple(facts["near_real_time_obstacles"]),
        entities=tuple(
            f"{entity}: {', '.join(f'{name} {column}' for name, column in columns.items())}"
            for entity, columns in facts["entities"].items()
        ),
        generates=rules.generates(rule),
        warnings=tuple(facts["warnings"]),
    )


def _main(pack: Path, filters: Sequence[str]) -> None:
    """Write the queries of the pack in a folder to standard output, with the filters of these keys put on."""
    rules = load_rules([pack])
    put_on = [each for each in rules.filters if key_of(each) in filters]
    queries = queries_of(rules, load_site_of([pack]), put_on)
    json.dump({key: asdict(query) for key, query in queries.items()}, sys.stdout)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
