from __future__ import annotations

from pathlib import Path

from sigma_xdr.errors import render_all
from sigma_xdr.rules.documents import read_documents, source_file
from sigma_xdr.rules.todos import todos

TEXT = """\
title: Todo Lists Are Read
description: |
    Detects what it detects.
    TODO: say who does it.
detection:
    selection:
        Image|endswith: '\\TODO.exe'
        TODO: x
        CommandLine: [TODOS, METODO, todo, 1, null]
references: # TODO: in a comment
    - https://example.com
    - TODO
"""


def test_each_text_that_says_it_is_shown_at_its_place() -> None:
    [(source, document)], _ = read_documents(source_file(Path("rule.yml"), TEXT.encode()))
    assert render_all(todos(document, source)) == (
        "rule.yml:2:1: error[todo]: something is left to do here: TODO: say who does it.\n"
        "   2 | description: |\n"
        "     | ^^^^^^^^^^^\n"
        "      = only a person knows it\n\n"
        "rule.yml:7:9: error[todo]: something is left to do here: \\TODO.exe\n"
        "   7 |         Image|endswith: '\\TODO.exe'\n"
        "     |         ^^^^^^^^^^^^^^\n"
        "      = only a person knows it\n\n"
        "rule.yml:8:9: error[todo]: something is left to do here: TODO\n"
        "   8 |         TODO: x\n"
        "     |         ^^^^\n"
        "      = only a person knows it\n\n"
        "rule.yml:12:7: error[todo]: something is left to do here: TODO\n"
        "   12 |     - TODO\n"
        "      |       ^^^^\n"
        "       = only a person knows it"
    )
    assert [problem.line for problem in todos(document["references"], source, "references")] == [12]
