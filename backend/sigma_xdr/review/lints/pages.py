"""A page on each lint: why it matters, a rule that it finds, and one that it doesn't.

The pages are Markdown in ``pages/``. Each example is a block of YAML that begins with its file's path as a comment; a path under
``base/`` is the state before a change. A test lints them all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sigma_xdr.errors import Diagnostic, UsageError
from sigma_xdr.review.lints import sigmahq
from sigma_xdr.review.lints.linting import CODES
from sigma_xdr.schema import nearest

__all__ = ["Examples", "examples", "explain"]

_FOLDER = Path(__file__).parent / "pages"
_BLOCK = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def explain(code: str) -> str:
    """The page on a lint; ``all`` lists them. Raises UsageError where there is no such lint."""
    if code == "all":
        others = sigmahq.codes()
        width = max(map(len, (*CODES, *others)))
        lines = [f"{each:{width}}  {_title(each)}" for each in CODES]
        return "\n".join([*lines, *(f"{each:{width}}  {said}" for each, said in others.items())]) + "\n"
    if code in CODES:
        return (_FOLDER / f"{code}.md").read_text("utf-8")
    page = sigmahq.about(code)
    if page is None:
        like = nearest(code, (*CODES, *sigmahq.codes()), 1)
        hint = f"did you mean {like[0]}?" if like else "list them: sigma-xdr lint --explain all"
        raise UsageError(Diagnostic("unknown-lint", f"there is no lint '{code[:60]}'", hint))
    return page


def _title(code: str) -> str:
    return explain(code).splitlines()[0].partition(": ")[2]


@dataclass(frozen=True)
class Examples:
    """The files of a page by their paths: those that the lint finds something in, and those that are right."""

    bad: dict[str, str]
    good: dict[str, str]


def examples(code: str) -> Examples:
    """The examples of the page on a lint of the pack's own."""
    bad, _, good = explain(code).partition("\n## Right\n")
    return Examples(dict(_BLOCK.findall(bad)), dict(_BLOCK.findall(good)))
