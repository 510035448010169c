"""``python -m tests.corpus_compile FOLDER``: every rule of a folder compiles, or is refused for a reason that is known.

Prints how many compile and how many are refused, by reason. Exit code 1 if a rule crashes the compiler, gives an empty
query, fails Microsoft's checker, or is refused for a reason outside of the closed list.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sigma_xdr.errors import Diagnostic, RuleError
from sigma_xdr.kql.compiler import Compiler
from sigma_xdr.refusals import REFUSALS
from sigma_xdr.rules import load_rules


@dataclass
class Outcome:
    """What became of a folder's rules."""

    rules: int = 0
    compiled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)


def compile_corpus(folder: Path, check: bool = True, every: int = 1) -> Outcome:
    """Compile the rules of a folder, each by itself; of all files ``every`` so many-th."""
    rules = load_rules(sorted(folder.rglob("*.yml"))[::every] if every > 1 else [folder])
    outcome = Outcome(rules=len(rules.rules) + len(rules.correlations), problems=[*rules.diagnostics])
    for problem in rules.diagnostics:
        (outcome.refused if problem.severity == "error" else outcome.warned)[problem.code] += 1
    compiler = Compiler(rules, check=check)
    for rule in (*rules.rules, *rules.correlations):
        try:
            compiled = compiler.compile(rule)
        except RuleError as error:
            outcome.problems += error.diagnostics
            outcome.refused[error.diagnostics[0].code] += 1
            for problem in error.diagnostics:
                if problem.code not in REFUSALS or problem.code == "kql":
                    outcome.wrong.append(problem.render())
        except Exception:
            outcome.wrong.append(f"{rule.path}: {traceback.format_exc()}")
        else:
            outcome.compiled += 1
            outcome.warned.update(warning.code for warning in compiled.warnings)
            if "| where" not in compiled.bare_kql:
                outcome.wrong.append(f"{rule.path}: the query has no condition")
    return outcome


def main(folder: Path, show: set[str]) -> int:
    """Print the outcome, and the problems of the reasons in ``show``."""
    outcome = compile_corpus(folder, check="--no-check" not in show)
    for problem in outcome.problems:
        if problem.code in show:
            print(problem.render(), end="\n\n")
    table = Table("reason", "rules", "what it means", box=None)
    for code, count in outcome.refused.most_common():
        table.add_row(code, f"{count:,}", REFUSALS.get(code, ""))
    console = Console(width=120)
    console.print(table)
    console.print(
        f"\n{outcome.compiled:,} of {outcome.rules:,} rules compile, {sum(outcome.refused.values()):,} refused"
    )
    console.print(
        "warnings: " + (", ".join(f"{code} {count}" for code, count in sorted(outcome.warned.items())) or "none")
    )
    for text in outcome.wrong:
        print(f"WRONG {text}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: make corpus-compile CORPUS=folder (the folder holds sigmahq/, SigmaHQ's rules)")
    sys.exit(main(Path(sys.argv[1]), set(sys.argv[2:])))
