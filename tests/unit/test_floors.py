"""The house stands: imports only point down, and every reason to refuse is in the closed list."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from sigma_xdr.refusals import REFUSALS, WARNINGS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "backend" / "sigma_xdr"
#: What raises or notes a problem of a rule that is right Sigma, by the position of the code among its arguments.
RAISERS = {
    "FieldProblem": 0,
    "RuleError": 0,
    "refusal": 0,
    "_refusal": 0,
    "problem": 0,
    "Diagnostic": 0,
    "of_item": 1,
    "warn": 0,
}
#: Codes of problems of a file or a call, not of what a rule asks for.
OTHERS = {"filter", "sigma", "unknown-rule", "unknown-selection"}


def test_an_import_only_points_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


def codes(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            position = RAISERS.get(name)
            if position is not None and len(node.args) > position:
                code = node.args[position]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found.add(code.value)
    return found


def test_every_refusal_has_a_reason_from_the_closed_list() -> None:
    files = [
        *(PACKAGE / "pipeline").rglob("*.py"),
        *(PACKAGE / "kql").glob("*.py"),
        *(PACKAGE / "kql/correlations").glob("*.py"),
    ]
    raised = set().union(*(codes(file) for file in files))
    assert raised - set(REFUSALS) - set(WARNINGS) == OTHERS & raised
    assert len(raised) > 25
