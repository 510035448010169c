"""What CONTRIBUTING and the README tell people to type is there: commands, options, targets, files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "README.md")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def typed() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.startswith("$ "):
                    yield page, shlex.split(line[2:], comments=True)


@pytest.mark.parametrize(("page", "words"), [pytest.param(*each, id=" ".join(each[1])[:60]) for each in typed()])
def test_what_is_to_be_typed_is_there(page: str, words: list[str]) -> None:
    match words:
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
        case ["sigma-xdr", name, *rest]:
            command = import_module(f"sigma_xdr.cli.{name}").command
            assert isinstance(command, click.Command)
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert {word for word in rest if re.fullmatch(r"--?[a-z][a-z-]*", word)} <= known
        case _:
            assert words[0] in ("pre-commit", "sigma")


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = re.findall(r"`((?:\.github|docs|sigma_rules|tests|backend)/[\w./-]*)`", (ROOT / page).read_text("utf-8"))
    assert named
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == []


def test_the_readme_leads_here() -> None:
    assert "(CONTRIBUTING.md)" in (ROOT / "README.md").read_text("utf-8")
