"""The site file: what a company's own hosts, accounts and addresses are, for the placeholders of its rules.

A mapping of names to lists of text::

    admin_hosts:
        - ADM-01
        - ADM-02*

``working_hours`` and ``time_zone`` have a form of their own (see :mod:`sigma_xdr.rules.working_hours`), and the values of a name
that ends in ``_networks`` are networks (``10.0.0.0/8``): an address that is one of ``%scanner_networks%`` lies in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path

from sigma_xdr.errors import Diagnostic, RuleError, SiteError, UsageError
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.places import RuleSource
from sigma_xdr.rules.working_hours import PLACEHOLDER, TIME_ZONE, wrong_hours, wrong_zone

__all__ = ["NETWORKS", "load_site", "load_site_of", "site_beside"]

#: How the name of a list of networks ends.
NETWORKS = "_networks"


def site_beside(rules: Iterable[str | Path]) -> Path | None:
    """The ``site.default.yml`` of the pack that rules, files or folders, belong to: that of the nearest folder that has one, their
    own or one above; None where there is no such file.
    """
    for given in rules:
        whole = Path(given).absolute()
        for folder in (whole, *whole.parents):
            if (site := folder / "site.default.yml").is_file():
                return site.relative_to(Path.cwd()) if site.is_relative_to(Path.cwd()) else site
    return None


def load_site_of(rules: Iterable[str | Path], site: Path | None = None) -> dict[str, tuple[str, ...]]:
    """The values of a site file, by default those of the pack's own. Raises as :func:`load_site` does."""
    path = site or site_beside(rules)
    return load_site(path) if path else {}


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
            if form := _form_of(str(name)):
                check, hint = form
                for index, value in enumerate(values[str(name)]):
                    if wrong := check(value):
                        problems.append(source.diagnostic("site", wrong, hint, name, index))
        if PLACEHOLDER in document and TIME_ZONE not in document:
            message = "working hours are local time, and the file doesn't say where"
            problems.append(
                source.diagnostic("site", message, "add time_zone: Europe/Berlin, or the like", PLACEHOLDER)
            )
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise SiteError(*errors)
    return values


def _wrong_network(text: str) -> str | None:
    try:
        ip_network(text)
    except ValueError:
        return f"'{text[:60]}' is no network"
    return None if "%" not in text else f"'{text[:60]}' is no network"


def _form_of(name: str) -> tuple[Callable[[str], str | None], str] | None:
    """What says what is wrong with a value of that name, and what to do then; None where any text is right."""
    if name.endswith(NETWORKS):
        return _wrong_network, "write 10.0.0.0/8 or fe80::/10, a single address as 10.0.0.1/32"
    if name == PLACEHOLDER:
        return wrong_hours, "write Mon-Fri 07:00-19:00"
    return (wrong_zone, "write Europe/Berlin, or the like") if name == TIME_ZONE else None


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
