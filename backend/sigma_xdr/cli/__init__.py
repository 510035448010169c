"""The command line: ``sigma-xdr COMMAND``, one thin module a command.

Exit codes everywhere: 0 all well; 1 findings; 2 a rule or an event file is wrong; 3 the call itself is wrong.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from sigma_xdr.errors import SigmaXdrError, render_all

__all__ = ["main"]

#: Commands and their modules; a module is imported when its command runs or shows its help.
_COMMANDS = {
    "compile": "Rules to KQL: checks every query, writes one file a rule.",
    "explain": "Why a rule matches an event or doesn't, a line a condition.",
    "fields": "What a log source maps to.",
    "hunt": "Rules over event files, or over a tenant or a cluster.",
    "lint": "The pack's own checks and SigmaHQ's, each with a page.",
    "mutate": "Changes rules in small ways: which changes do their tests not notice?",
    "new": "The draft of a rule, with its test file and its playbook entry.",
    "review": "What a change to the pack does, and what of it needs a person's eye.",
    "test": "Rule unit tests: every case by every judge.",
    "tune": "Rules that hit ordinary work, and the filters that would silence them.",
}


class _Commands(click.Group):
    """Commands by name, loaded on demand: a start shouldn't cost what another command imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"sigma_xdr.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sigma-xdr", prog_name="sigma-xdr")
def _cli() -> None:
    """Sigma rules to Microsoft Defender XDR, with proof that they do what they say."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code. ``args`` default to the process's own."""
    sys.exit(_run(args))


def _run(args: list[str] | None) -> int:
    try:
        code = _cli.main(args, prog_name="sigma-xdr", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 3
    except SigmaXdrError as error:
        click.echo(render_all(error.diagnostics), err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0
