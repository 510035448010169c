"""The site file: what a company's own hosts, accounts and addresses are, for the placeholders of its rules.

A mapping of names to lists of text::

    admin_hosts:
        - ADM-01
        - ADM-02*
"""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.errors import Diagnostic, RuleError, SiteError, UsageError
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.places import RuleSource

__all__ = ["load_site"]


def load_site(path: Path) -> dict[str, tuple[str, ...]]:
    """The values of a site file by name. Wildcards in them are wildcards, as in a rule.

    Raises UsageError for a file that can't be read, SiteError with all problems for one that isn't of the form.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(Diagnostic("site", f"can't read the site file {path}: {error.strerror}")) from None
    try:
        documents, problems = read_documents(source_file(path, data))
    except RuleError as error:
        raise SiteError(*error.diagnostics) from None
    values: dict[str, tuple[str, ...]] = {}
    for source, document in documents:
        for name, listed in document.items():
            values[str(name)] = _values(source, name, listed, problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise SiteError(*errors)
    return values


def _values(source: RuleSource, name: str, listed: object, problems: list[Diagnostic]) -> tuple[str, ...]:
    """The values under one name; a single one counts as a list of one."""
    items = listed if isinstance(listed, list) else [listed]
    values = []
    for index, value in enumerate(items):
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
            message = f"a value of '{name}' is text or a number"
            problems.append(source.diagnostic("site", message, "put it between quotes", name, index))
        else:
            values.append(str(value))
    if not items:
        message = f"'{name}' has no values: a rule that asks for it would find nothing"
        problems.append(source.diagnostic("site", message, "give it a value, or remove it", name))
    return tuple(values)
