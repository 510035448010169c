"""Options that mean the same on every command that has them."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["site_option", "tests_option"]

site_option = click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="YAML file with the values of placeholders; default: the pack's site.default.yml.",
)

tests_option = click.option(
    "--tests", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Folder of the test files."
)
