r"""KQL's string literals, where duckdb-kql 1.1.2 reads them otherwise than Kusto: it takes ``\u200b`` for ``u200b``."""

from __future__ import annotations

import re

__all__ = ["literal_problem", "literal_value", "spell_out"]

#: A comment, a verbatim string, or a string with escapes.
_TOKEN = re.compile(r"""//[^\n]*|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_KEPT = {'"': '\\"', "'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


def spell_out(kql: str) -> str:
    r"""The query with the characters that ``\uXXXX`` stands for in its strings; all else is as it was.

    Two surrogates become the character that they are the halves of, and a lone one U+FFFD, as in rows.
    """
    spelt = _TOKEN.sub(lambda token: token[0] if token[0][0] in "/@" else _ESCAPE.sub(_character, token[0]), kql)
    return spelt.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    character = chr(int(escape[1], 16))
    return _KEPT.get(character, character)


def literal_value(token: str) -> str:
    """The text that a string literal stands for; the literal as a query has it, with its quotes."""
    if token.startswith("@"):
        return token[2:-1].replace(token[1] * 2, token[1])
    return _ESCAPE.sub(_meant, token[1:-1])


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _MEANT.get(escape[2], escape[2])


def literal_problem(token: str) -> str | None:
    """What of a string literal isn't read as Kusto reads it; None where all is well."""
    if token.startswith("@"):
        return None
    if token[0] not in "\"'":
        return token[0]
    unknown = next(
        (escape for escape in _ESCAPE.finditer(token) if escape[1] is None and escape[2] not in "\"'\\nrt"), None
    )
    return unknown[0] if unknown else None
