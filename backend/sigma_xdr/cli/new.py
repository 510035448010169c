"""``sigma-xdr new``: the draft of a rule, with its test file and its playbook entry."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import click

from sigma_xdr.drafting import DraftRequest, draft_rule, read_fixture, write_all
from sigma_xdr.drafting.drafts import LEVELS, category_of, families
from sigma_xdr.errors import Diagnostic, UsageError, visible

__all__ = ["command"]


@click.command(
    epilog="Example: sigma-xdr new --family execution --category process_creation --title 'WMIC Starts a Script Host' "
    "--level high --technique T1047 --author 'the team' --from hit.json"
)
@click.option("--family", help="The folder of the pack, a family of behaviour.")
@click.option("--category", help="Sigma's log source: sigma-xdr fields lists them. An event of --from says it too.")
@click.option("--title", help="What happens, in Title Case.")
@click.option("--author", help="Who writes the rule.")
@click.option("--level", help=f"{', '.join(LEVELS)}.")
@click.option("--technique", help="ATT&CK's: T1047, T1059.001.")
@click.option("--idea", help="The id of an idea in docs/coverage.yml, or a new one: 'C31: WMI writes a task'.")
@click.option("--name", help="The file's name behind its prefix; default: of the title.")
@click.option(
    "--from",
    "event",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="An event that becomes the first case, redacted: a hit of hunt --format jsonl, a row, a record of Windows.",
)
@click.option("--record", "number", type=click.IntRange(min=1), help="Of several events in that file, this one.")
@click.option("--pack", type=click.Path(path_type=Path, file_okay=False), default="sigma_rules", show_default=True)
@click.option(
    "--tests",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the test files; default: beside the pack.",
)
@click.option("--date", "day", metavar="YYYY-MM-DD", help="The rule's date; default: today.")
@click.option("--id", "rule_id", metavar="UUID", help="The rule's id; default: a new one.")
def command(
    family: str | None,
    category: str | None,
    title: str | None,
    author: str | None,
    level: str | None,
    technique: str | None,
    idea: str | None,
    name: str | None,
    event: Path | None,
    number: int | None,
    pack: Path,
    tests: Path | None,
    day: str | None,
    rule_id: str | None,
) -> int:
    """Write a rule, its test file and its playbook entry: all of them or none, and nothing is overwritten.

    What only a person knows says TODO, and sigma-xdr test and lint name each such place. What isn't given is asked, on a
    terminal. With --from the names of hosts, accounts and networks in the event are replaced; look at it before it is shown.
    """
    fixture = read_fixture(event, number) if event else None
    suggested = category_of(fixture) if fixture else None
    request = DraftRequest(
        family=_asked("family", family, f"Family ({', '.join(families(pack))})"),
        category=category or _asked("category", suggested, "Category, such as process_creation"),
        title=_asked("title", title, "Title, in Title Case"),
        author=_asked("author", author, "Author"),
        level=_asked("level", level, f"Level ({', '.join(LEVELS)})"),
        technique=_asked("technique", technique, "ATT&CK technique, such as T1047"),
        pack=pack,
        tests=tests or pack.parent / "tests" / "rules",
        day=_day(day),
        id=_id(rule_id),
        idea=idea,
        name=name,
        fixture=fixture,
    )
    draft = draft_rule(request)
    write_all(draft.new, draft.changed)
    for path in draft.new:
        click.echo(visible(path.as_posix()))
    for path in draft.changed:
        click.echo(visible(f"{path.as_posix()}: an entry more"))
    for note in fixture.notes if fixture else ():
        click.echo(visible(f"look at the event: {note}"), err=True)
    if fixture:
        click.echo("names of hosts, accounts and networks are replaced; read the event before you show it", err=True)
    click.echo(f"what is left to do: sigma-xdr test {visible(draft.rule.as_posix())}", err=True)
    return 0


def _asked(option: str, given: str | None, question: str) -> str:
    """What was given, or else what a person answers. Raises UsageError where there is none to ask."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(
            Diagnostic("draft", f"the rule's {option} isn't given", f"add --{option}; a terminal is asked for it")
        )
    answer: str = click.prompt(question, err=True)
    return answer.strip()


def _day(text: str | None) -> date:
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(Diagnostic("draft", f"'{text[:60]}' is no date", "write it like 2026-01-31")) from None


def _id(text: str | None) -> UUID:
    try:
        found = UUID(text) if text is not None else uuid4()
    except ValueError:
        found = None
    if found is None or found.version != 4:
        raise UsageError(
            Diagnostic("draft", f"'{str(text)[:60]}' is no random UUID (version 4)", "leave --id out")
        ) from None
    return found
