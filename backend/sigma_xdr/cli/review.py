"""``sigma-xdr review``: what a change to the pack does."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import click

from sigma_xdr.review.compiling import TRUSTED
from sigma_xdr.review.forms import github_annotations, json_review, markdown, sarif, show
from sigma_xdr.review.reviewing import review
from sigma_xdr.review.revisions import Layout

__all__ = ["command"]

_FOLDER = click.Path(path_type=Path, exists=True)


@click.command(epilog="Example: sigma-xdr review --base origin/main")
@click.option("--base", required=True, metavar="REV", help="What the change is to: a git revision, or a folder.")
@click.option("--head", metavar="REV", help="The change: a git revision, or a folder; default: the work tree.")
@click.option("--rules", default="sigma_rules", show_default=True, help="Folder of the rules, from the root on.")
@click.option("--tests", default="tests/rules", show_default=True, help="Folder of the test files, from the root on.")
@click.option("--corpus", type=_FOLDER, help="Recorded attacks, files as hunt reads them, to try both versions on.")
@click.option("--benign", type=_FOLDER, help="Recorded ordinary work: what a rule newly says of it is noise.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json", "sarif", "github"]),
    default="terminal",
    help="markdown is a comment, sarif and github are findings at their lines.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["red", "yellow", "never"]),
    default="red",
    show_default=True,
    help="Exit code 1 if a remark has this colour, or a graver one.",
)
@click.option(
    "--trust",
    type=click.Choice(TRUSTED),
    default="base",
    show_default=True,
    help="Whose compiler may run where the two sides' differ: both only where nothing secret is.",
)
def command(
    base: str,
    head: str | None,
    rules: str,
    tests: str,
    corpus: Path | None,
    benign: Path | None,
    form: str,
    fail_on: str,
    trust: str,
) -> int:
    """Say what a change to the pack does in production: which rules find what else, why, and what needs a person's eye.

    Of two git revisions the base is where they parted. Nothing is checked out, and the work tree isn't touched. Exit code 1 if
    something needs an eye (--fail-on), 2 if rules of the change are wrong.
    """
    layout = Layout(PurePosixPath(rules), PurePosixPath(tests))
    found = review(base, head, layout, corpus, benign, trust)
    match form:
        case "terminal":
            show(found, sys.stdout)
        case "markdown":
            click.echo(markdown(found), nl=False)
        case "json":
            click.echo(json_review(found), nl=False)
        case "sarif":
            click.echo(sarif(found.findings()), nl=False)
        case _:
            click.echo(github_annotations(found.findings()), nl=False)
    return found.exit_code(fail_on)
