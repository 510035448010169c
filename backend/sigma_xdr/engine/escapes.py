r"""Escapes in KQL strings that duckdb-kql 1.1.2 reads otherwise than Kusto: it takes ``\u200b`` for ``u200b``."""

from __future__ import annotations

import re

__all__ = ["spell_out"]

#: A comment, a verbatim string, or a string with escapes.
_TOKEN = re.compile(r"""//[^\n]*|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)
_KEPT = {'"': '\\"', "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def spell_out(kql: str) -> str:
    r"""The query with the characters that ``\uXXXX`` stands for in its strings; all else is as it was."""
    return _TOKEN.sub(lambda token: token[0] if token[0][0] in "/@" else _ESCAPE.sub(_character, token[0]), kql)


def _character(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    character = chr(int(escape[1], 16))
    return _KEPT.get(character, character)
